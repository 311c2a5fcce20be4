#include "gateway/ops/ops_probe_io.hpp"

#include "gateway/net/descriptor_io.hpp"
#include "gateway/net/socket_address_io.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <sys/socket.h>
#include <sys/time.h>

namespace sekisho::gateway {
namespace {

constexpr std::size_t answer_max = 64 * 1024;

// The listener may wait on every address; then loopback leads there.
IpAddress reachable(const IpAddress& address) {
    const auto text = to_text(address);
    if (text == "0.0.0.0") return *parse_ip("127.0.0.1");
    if (text == "::") return *parse_ip("::1");
    return address;
}

void give_patience(int fd, Millis patience) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(patience).count();
    const timeval limit{micros / 1'000'000, micros % 1'000'000};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Result<OpsAnswer> read_answer(const std::string& text) {
    OpsAnswer answer;
    constexpr std::string_view start = "HTTP/1.1 ";
    const auto body = text.find("\r\n\r\n");
    if (!text.starts_with(start) || body == std::string::npos || text.size() < start.size() + 3)
        return Error(Errc::malformed, "what answers on ops.listen does not speak HTTP");
    const char* digits = text.data() + start.size();
    if (std::from_chars(digits, digits + 3, answer.status).ptr != digits + 3)
        return Error(Errc::malformed, "what answers on ops.listen does not speak HTTP");
    answer.body = text.substr(body + 4);
    return answer;
}

}  // namespace

Result<OpsAnswer> probe_ops(const config::Ops& ops, std::string_view path, Millis patience) {
    const auto address = reachable(ops.listen.address);
    const bool v4 = address.is_v4();
    const auto host = v4 ? fmt::format("{}:{}", to_text(address), ops.listen.port)
                         : fmt::format("[{}]:{}", to_text(address), ops.listen.port);
    const auto until = std::chrono::steady_clock::now() + patience;
    const UniqueFd fd(::socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return Error(Errc::unavailable, host + ": no socket");
    give_patience(fd.get(), patience);
    const auto to = to_socket_address(address, ops.listen.port);
    if (::connect(fd.get(), to.raw(), to.size) != 0)
        return Error(errno == EINPROGRESS ? Errc::timed_out : Errc::unavailable, host + ": nobody answers");
    const auto request = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", path, host);
    if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
        return Error(Errc::unavailable, host + ": hung up");
    std::string text;
    char part[4096];
    while (text.size() < answer_max) {
        const auto got = ::recv(fd.get(), part, sizeof part, 0);
        if (got == 0) break;
        if (got < 0 || std::chrono::steady_clock::now() > until)
            return Error(Errc::timed_out, host + ": no whole answer in time");
        text.append(part, static_cast<std::size_t>(got));
    }
    return read_answer(text);
}

}  // namespace sekisho::gateway
