#pragma once
// Addresses in the form the kernel wants them.
#include "base/ip.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

namespace sekisho::gateway {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);
    sockaddr* raw() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
    const sockaddr* raw() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

SocketAddress to_socket_address(const IpAddress& address, std::uint16_t port) noexcept;
IpAddress address_of(const SocketAddress& from) noexcept;
std::uint16_t port_of(const SocketAddress& from) noexcept;
IpAddress address_v4(const in_addr& from) noexcept;
IpAddress address_v6(const in6_addr& from) noexcept;

}  // namespace sekisho::gateway
