#include "gateway/net/listener_io.hpp"

#include "gateway/net/proxy_header.hpp"
#include "gateway/net/reactor_io.hpp"
#include "gateway/net/socket_address_io.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace sekisho::gateway {
namespace {

constexpr int backlog = 4096;
constexpr int accepts_per_turn = 64;

void set(int fd, int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); }

UniqueFd spare_descriptor() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

Error unavailable(const config::Endpoint& endpoint, std::string_view what) {
    const bool v4 = endpoint.address.is_v4();
    return Error(Errc::unavailable, fmt::format("{}{}{}:{}: {}", v4 ? "" : "[", to_text(endpoint.address),
                                                v4 ? "" : "]", endpoint.port, what));
}

Result<UniqueFd> open_one(const config::Endpoint& endpoint) {
    const int family = endpoint.address.is_v4() ? AF_INET : AF_INET6;
    UniqueFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return unavailable(endpoint, fault_text(errno));
    set(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    set(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
    if (family == AF_INET6) set(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
    // Inherited by accepted sockets: saves a call for each.
    set(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    const auto address = to_socket_address(endpoint.address, endpoint.port);
    if (::bind(fd.get(), address.raw(), address.size) != 0 || ::listen(fd.get(), backlog) != 0)
        return unavailable(endpoint, fault_text(errno));
    return fd;
}

// A port without SO_REUSEPORT of our own making belongs to another program; with it, two gateways would share
// it in silence. So the first socket is bound once without.
Result<void> free_to_take(const config::Endpoint& endpoint) {
    if (endpoint.port == 0) return {};
    const int family = endpoint.address.is_v4() ? AF_INET : AF_INET6;
    const UniqueFd probe(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!probe) return unavailable(endpoint, fault_text(errno));
    set(probe.get(), SOL_SOCKET, SO_REUSEADDR, 1);
    if (family == AF_INET6) set(probe.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
    const auto address = to_socket_address(endpoint.address, endpoint.port);
    if (::bind(probe.get(), address.raw(), address.size) != 0)
        return unavailable(endpoint, fault_text(errno));
    return {};
}

}  // namespace

Result<std::vector<UniqueFd>> open_listeners(const config::Endpoint& endpoint, std::uint32_t count) {
#ifdef SEKISHO_TEST_HOOKS
    if (!endpoint.address.is_loopback())
        return unavailable(endpoint, "a build with test hooks listens on loopback addresses only");
#endif
    if (auto free = free_to_take(endpoint); !free) return free.error();
    std::vector<UniqueFd> sockets;
    config::Endpoint wanted = endpoint;
    for (std::uint32_t i = 0; i < count; ++i) {
        auto one = open_one(wanted);
        if (!one) return one.error();
        wanted.port = bound_endpoint(*one).port;
        sockets.push_back(std::move(*one));
    }
    return sockets;
}

config::Endpoint bound_endpoint(const UniqueFd& socket) {
    SocketAddress bound;
    config::Endpoint endpoint;
    if (::getsockname(socket.get(), bound.raw(), &bound.size) != 0) return endpoint;
    endpoint.address = address_of(bound);
    endpoint.port = port_of(bound);
    return endpoint;
}

Listener::Listener(Reactor& reactor, UniqueFd socket, ListenerRules rules, Handler handler)
    : reactor_(reactor),
      rules_(std::move(rules)),
      handler_(std::move(handler)),
      local_(bound_endpoint(socket)),
      spare_(spare_descriptor()) {
    socket_ = reactor.adopt_listening(std::move(socket), *this);
}

void Listener::stop() noexcept {
    if (!socket_) return;
    for (int i = 0; i < backlog && accept_one() == Accepted::one; ++i) {
    }
    socket_.close();
}

void Listener::ready() noexcept {
    for (int i = 0; i < accepts_per_turn && accept_one() == Accepted::one; ++i) {
    }
}

Listener::Accepted Listener::accept_one() noexcept {
    SocketAddress from;
    UniqueFd fd(::accept4(socket_.fd(), from.raw(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) return Accepted::none;
        // The peer was gone before we came: the next one may be there.
        if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) return Accepted::one;
        if (errno == EMFILE || errno == ENFILE) return shed();
        ++counts_.failed;
        return Accepted::failed;
    }
    if (fd.get() >= reactor_.descriptors_end()) {
        refuse(Refusal::descriptors);
        return Accepted::one;
    }
    AcceptedSocket socket{std::move(fd), {}, address_of(from), port_of(from), {}};
    if (rules_.is_balancer && rules_.is_balancer(socket.peer))
        hear_balancer(reactor_, std::move(socket));
    else
        hand_over(std::move(socket));
    return Accepted::one;
}

void Listener::hand_over(AcceptedSocket socket) {
    auto admission = rules_.limits->admit(socket.peer, reactor_.now());
    if (!admission.lease) return refuse(admission.refusal);
    socket.lease = std::move(admission.lease);
    ++counts_.accepted;
    handler_(std::move(socket));
}

// Who connects is not known before the header stands: only then is the connection counted, as the client's.
Flow Listener::hear_balancer(Reactor& reactor, AcceptedSocket socket) {
    if (headers_awaited_ >= proxy_headers_awaited_max) {
        refuse(Refusal::total);
        co_return;
    }
    ++headers_awaited_;
    Waiter waiter(reactor);
    socket.descriptor = reactor.adopt(std::move(socket.fd), true);
    socket.descriptor.attach(waiter);
    const auto until = reactor.now() + proxy_header_within;
    bool known = false, waits = true;
    while (!known && waits && !waiter.cancelled()) {
        known = heard(socket, waits);
        if (!known && waits) co_await waiter.wait(until);
        waits = waits && reactor.now() < until;
    }
    --headers_awaited_;
    socket.descriptor.detach();
    if (known)
        hand_over(std::move(socket));
    else
        refuse(Refusal::proxy_header);
}

// True when the header stood there; it is taken out, and what follows is the client's.
bool Listener::heard(AcceptedSocket& socket, bool& waits) {
    std::array<std::uint8_t, proxy_header_bytes_max> bytes;
    const auto seen = socket.descriptor.peek(bytes);
    if (seen.state == IoState::would_block) return false;
    const auto header = read_proxy_header(ByteView(bytes).first(seen.bytes));
    waits = seen.state == IoState::done && header && seen.bytes < bytes.size();
    if (seen.state != IoState::done || !header || !*header) return false;
    socket.descriptor.look_again();
    if (socket.descriptor.read(std::span(bytes).first((*header)->size_bytes)).bytes != (*header)->size_bytes)
        return false;
    if ((*header)->source) {
        socket.peer = *(*header)->source;
        socket.peer_port = (*header)->source_port;
    }
    return true;
}

// Without a descriptor the connection would stay in the kernel's queue and wake us for ever: take it with the
// spare one and close it, so that the client learns at once.
Listener::Accepted Listener::shed() noexcept {
    ++counts_.out_of_descriptors;
    spare_.reset();
    UniqueFd victim(::accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    const bool took = static_cast<bool>(victim);
    victim.reset();
    spare_ = spare_descriptor();
    return took ? Accepted::one : Accepted::failed;
}

}  // namespace sekisho::gateway
