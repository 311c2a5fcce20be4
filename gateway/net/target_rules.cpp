#include "gateway/net/target_rules.hpp"

#include <algorithm>
#include <optional>

namespace sekisho::gateway {
namespace {

using Octets = std::array<std::uint8_t, 16>;

bool starts_with(const Octets& octets, std::initializer_list<std::uint8_t> prefix) {
    return std::equal(prefix.begin(), prefix.end(), octets.begin());
}

bool forbidden_v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    if (a == 0) return true;                                        // "this network", unspecified
    if (a == 169 && b == 254) return true;                          // link-local; most metadata services
    if (a >= 224) return true;                                      // multicast, reserved, broadcast
    if (a == 100 && b == 100 && c == 100 && d == 200) return true;  // metadata, Alibaba
    return a == 192 && b == 0 && c == 0 && d == 192;                // metadata, Oracle
}

bool forbidden_v6(const Octets& octets) {
    if (std::ranges::all_of(octets, [](std::uint8_t octet) { return octet == 0; })) return true;
    if (octets[0] == 0xff) return true;                                // multicast
    if (octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80) return true;  // link-local
    // fd00:ec2::254 metadata, Amazon
    return octets == Octets{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
}

// embedded_v4_at: where an IPv4 address is hidden in this one.
std::optional<std::size_t> embedded_v4_at(const Octets& octets) {
    if (starts_with(octets, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff})) return 12;        // mapped
    if (starts_with(octets, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return 12;  // NAT64
    if (starts_with(octets, {0x20, 0x02})) return 2;                                       // 6to4
    return std::nullopt;
}

}  // namespace

bool forbidden_target(const IpAddress& address) noexcept {
    const auto& octets = address.octets;
    if (const auto at = embedded_v4_at(octets))
        return forbidden_v4(octets[*at], octets[*at + 1], octets[*at + 2], octets[*at + 3]);
    return forbidden_v6(octets);
}

}  // namespace sekisho::gateway
