#include "gateway/net/passed_sockets_io.hpp"

#include "gateway/net/listener_io.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sekisho::gateway {
namespace {

constexpr int first_descriptor = 3, descriptors_max = 64;

std::optional<long> number_in(const char* variable) {
    const char* text = std::getenv(variable);
    if (text == nullptr || *text == 0) return std::nullopt;
    char* end = nullptr;
    errno = 0;
    const long value = std::strtol(text, &end, 10);
    if (errno != 0 || *end != 0) return std::nullopt;
    return value;
}

int option_of(int fd, int level, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, level, option, &value, &size) == 0 ? value : -1;
}

Error unfit(int fd, std::string_view why) {
    return Error(Errc::malformed, fmt::format("descriptor {} passed to the gateway {}", fd, why));
}

// What a socket must be before it may serve people.
Result<> inspect(int fd) {
    const int domain = option_of(fd, SOL_SOCKET, SO_DOMAIN);
    if (domain != AF_INET && domain != AF_INET6) return unfit(fd, "is no TCP socket");
    if (option_of(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM || option_of(fd, SOL_SOCKET, SO_ACCEPTCONN) != 1)
        return unfit(fd, "does not listen: use ListenStream= and Accept=no");
    if (domain == AF_INET6 && option_of(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 1)
        return unfit(fd, "takes IPv4 on an IPv6 address: set BindIPv6Only=ipv6-only");
    const int one = 1;
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return unfit(fd, "cannot be made non-blocking");
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return {};
}

std::string text_of(const config::Endpoint& endpoint) {
    const auto address = to_text(endpoint.address);
    return endpoint.address.is_v4() ? fmt::format("{}:{}", address, endpoint.port)
                                    : fmt::format("[{}]:{}", address, endpoint.port);
}

}  // namespace

Result<PassedSockets> PassedSockets::take() {
    const auto pid = number_in("LISTEN_PID"), count = number_in("LISTEN_FDS");
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(name);
    if (!pid || *pid != ::getpid() || !count || *count <= 0) return PassedSockets();
    if (*count > descriptors_max)
        return Error(Errc::malformed,
                     fmt::format("{} sockets were passed, at most {} are taken", *count, descriptors_max));
    std::vector<UniqueFd> sockets;
    for (int fd = first_descriptor; fd < first_descriptor + static_cast<int>(*count); ++fd) {
        if (auto fit = inspect(fd); !fit) return fit.error();
        sockets.emplace_back(fd);
#ifdef SEKISHO_TEST_HOOKS
        if (!bound_endpoint(sockets.back()).address.is_loopback())
            return unfit(fd, "is off loopback: a build with test hooks listens on loopback only");
#endif
    }
    return PassedSockets(std::move(sockets));
}

PassedSockets::PassedSockets(std::vector<UniqueFd> sockets) {
    for (auto& socket : sockets) {
        const auto endpoint = bound_endpoint(socket);
        passed_.push_back({std::move(socket), endpoint});
    }
}

Result<std::vector<UniqueFd>> PassedSockets::sockets_for(const config::Endpoint& endpoint,
                                                         std::size_t count) {
    std::vector<UniqueFd> found;
    for (auto& passed : passed_)
        if (passed.socket && passed.endpoint.address == endpoint.address &&
            passed.endpoint.port == endpoint.port)
            found.push_back(std::move(passed.socket));
    if (found.empty()) return found;
    for (std::size_t i = 0; found.size() < count; ++i) {
        UniqueFd copy(::fcntl(found[i].get(), F_DUPFD_CLOEXEC, first_descriptor));
        if (!copy) return Error(Errc::unavailable, text_of(endpoint) + ": no descriptor left for a copy");
        found.push_back(std::move(copy));
    }
    return found;
}

Result<> PassedSockets::all_taken() const {
    for (const auto& passed : passed_)
        if (passed.socket)
            return Error(Errc::malformed,
                         fmt::format("the service manager opened {} for the gateway, but listen.https and "
                                     "listen.http_redirect do not name it: change one of the two",
                                     text_of(passed.endpoint)));
    return {};
}

}  // namespace sekisho::gateway
