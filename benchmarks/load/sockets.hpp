#pragma once
// What the load client and the app share: sockets, epoll, and stopping with a sentence when the kernel
// refuses.
#include <arpa/inet.h>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace load {

[[noreturn]] inline void stop(const char* what) {
    std::fprintf(stderr, "load: %s: %s\n", what, std::strerror(errno));
    std::exit(2);
}

inline std::int64_t now_ns() {
    timespec at{};
    ::clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1'000'000'000ll + at.tv_nsec;
}

inline sockaddr_in loopback(std::uint16_t port, std::uint32_t host = INADDR_LOOPBACK) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(host);
    return address;
}

inline void send_at_once(int fd) {
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

inline void watch(int epoll, int fd, void* owner,
                  std::uint32_t events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = owner;
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) stop("epoll_ctl");
}

// header_number reads a field such as "content-length" out of a head; -1 when it is not there.
std::int64_t header_number(std::string_view head, std::string_view name);

int run_app(std::uint16_t port);

}  // namespace load
