#pragma once
// Addresses and networks. An IPv4 address is held as IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2).
#include "base/bytes.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho {

struct IpAddress {
    std::array<std::uint8_t, 16> octets{};  // network order
    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
    bool is_v4() const noexcept;
    bool is_loopback() const noexcept;
    // source_key is what throttles count by: the address itself for IPv4, its /64 for IPv6.
    IpAddress source_key() const noexcept;
};

// Strict: no leading zeros, no zone, no brackets.
std::optional<IpAddress> parse_ip(std::string_view text);
std::string to_text(const IpAddress& address);

struct Prefix {
    IpAddress network;
    std::uint8_t bits = 0;  // of the 128-bit form: IPv4 /8 is 104
    friend bool operator==(const Prefix&, const Prefix&) = default;
    bool contains(const IpAddress& address) const noexcept;
};

// "10.0.0.0/8", "2001:db8::/32", or an address alone. Bits below the prefix must be zero.
std::optional<Prefix> parse_prefix(std::string_view text);
std::string to_text(const Prefix& prefix);

// NetworkSet answers "is the address in any of them" for at most some thousand prefixes, without allocation.
class NetworkSet {
public:
    NetworkSet() = default;
    explicit NetworkSet(std::vector<Prefix> prefixes);
    bool contains(const IpAddress& address) const noexcept;
    bool empty() const noexcept { return ranges_.empty(); }

private:
    struct Range {
        IpAddress first, last;
    };
    std::vector<Range> ranges_;  // sorted, disjoint
};

}  // namespace sekisho
