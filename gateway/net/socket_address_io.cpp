#include "gateway/net/socket_address_io.hpp"

#include <cstring>

namespace sekisho::gateway {

SocketAddress to_socket_address(const IpAddress& address, std::uint16_t port) noexcept {
    SocketAddress made;
    if (address.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, address.octets.data() + 12, 4);
        std::memcpy(&made.storage, &v4, sizeof v4);
        made.size = sizeof v4;
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&v6.sin6_addr, address.octets.data(), 16);
        std::memcpy(&made.storage, &v6, sizeof v6);
        made.size = sizeof v6;
    }
    return made;
}

IpAddress address_v4(const in_addr& from) noexcept {
    IpAddress address;
    address.octets[10] = address.octets[11] = 0xff;
    std::memcpy(address.octets.data() + 12, &from, 4);
    return address;
}

IpAddress address_v6(const in6_addr& from) noexcept {
    IpAddress address;
    std::memcpy(address.octets.data(), &from, 16);
    return address;
}

IpAddress address_of(const SocketAddress& from) noexcept {
    if (from.storage.ss_family == AF_INET)
        return address_v4(reinterpret_cast<const sockaddr_in&>(from.storage).sin_addr);
    if (from.storage.ss_family == AF_INET6)
        return address_v6(reinterpret_cast<const sockaddr_in6&>(from.storage).sin6_addr);
    return {};
}

std::uint16_t port_of(const SocketAddress& from) noexcept {
    if (from.storage.ss_family == AF_INET)
        return ntohs(reinterpret_cast<const sockaddr_in&>(from.storage).sin_port);
    if (from.storage.ss_family == AF_INET6)
        return ntohs(reinterpret_cast<const sockaddr_in6&>(from.storage).sin6_port);
    return 0;
}

}  // namespace sekisho::gateway
