#include "gateway/net/dial_io.hpp"

#include "gateway/net/reactor_io.hpp"
#include "gateway/net/socket_address_io.hpp"
#include "gateway/net/target_rules.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace sekisho::gateway {

Dial::Dial(Reactor& reactor, Waiter& waiter, std::vector<IpAddress> addresses, std::uint16_t port,
           Millis attempt_timeout)
    : reactor_(reactor),
      waiter_(waiter),
      addresses_(std::move(addresses)),
      port_(port),
      attempt_timeout_(attempt_timeout),
      error_(Errc::not_found, "no address to connect to") {}

IoState Dial::step() {
    for (;;) {
        if (!socket_ && !begin()) {
            if (next_ < addresses_.size()) continue;
            return IoState::failed;
        }
        if (socket_.writable() || socket_.hung_up()) {
            int error = 0;
            socklen_t size = sizeof error;
            ::getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
            if (error == 0 && socket_.writable()) return IoState::done;
            give_up(Errc::unavailable, fault_text(error));
        } else if (reactor_.now() >= deadline_) {
            give_up(Errc::timed_out, "no answer in time");
        } else {
            return IoState::would_block;
        }
    }
}

// begin starts the next attempt; false when it failed at once or none is left.
bool Dial::begin() {
    if (next_ >= addresses_.size()) return false;
    address_ = addresses_[next_++];
    deadline_ = reactor_.now() + attempt_timeout_;
    if (forbidden_target(address_)) {
        give_up(Errc::denied, "an address no upstream may have");
        return false;
    }
    UniqueFd fd(
        ::socket(address_.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) {
        give_up(Errc::unavailable, fault_text(errno));
        return false;
    }
    if (fd.get() >= reactor_.descriptors_end()) {
        give_up(Errc::unavailable, fault_text(EMFILE));
        return false;
    }
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto target = to_socket_address(address_, port_);
    const bool connected = ::connect(fd.get(), target.raw(), target.size) == 0;
    if (!connected && errno != EINPROGRESS) {
        give_up(Errc::unavailable, fault_text(errno));
        return false;
    }
    socket_ = reactor_.adopt(std::move(fd), connected);
    socket_.attach(waiter_);
    return true;
}

void Dial::give_up(Errc code, std::string_view why) {
    socket_.close();
    error_ = Error(code, fmt::format("{} port {}: {}", to_text(address_), port_, why));
}

}  // namespace sekisho::gateway
