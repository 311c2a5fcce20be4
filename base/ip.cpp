#include "base/ip.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho {
namespace {

constexpr std::array<std::uint8_t, 12> v4_head{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::uint8_t v4_head_bits = 96;

// Four decimal numbers into `out`.
bool parse_v4(std::string_view text, std::uint8_t* out) {
    std::optional<std::string_view> rest = text;
    for (int i = 0; i < 4; ++i) {
        const auto part = next_part(rest, '.');
        const auto number = part ? parse_unsigned(*part, 255) : std::nullopt;
        if (!number) return false;
        out[i] = static_cast<std::uint8_t>(*number);
    }
    return !rest;
}

std::optional<std::uint16_t> parse_hex_group(std::string_view text) {
    if (text.empty() || text.size() > 4) return std::nullopt;
    unsigned value = 0;
    for (const char c : text) {
        const char folded = to_lower(c);
        if (!is_digit(folded) && !(folded >= 'a' && folded <= 'f')) return std::nullopt;
        value = value * 16 + static_cast<unsigned>(is_digit(folded) ? folded - '0' : folded - 'a' + 10);
    }
    return static_cast<std::uint16_t>(value);
}

// Groups separated by ":", the last perhaps an IPv4 address when `tail`; how many octets, or nothing.
std::optional<std::size_t> parse_groups(std::string_view text, bool tail, std::array<std::uint8_t, 16>& out) {
    if (text.empty()) return 0;
    std::size_t used = 0;
    std::optional<std::string_view> rest = text;
    while (const auto part = next_part(rest, ':')) {
        if (tail && !rest && part->find('.') != std::string_view::npos) {
            if (used > 12 || !parse_v4(*part, out.data() + used)) return std::nullopt;
            return used + 4;
        }
        const auto group = parse_hex_group(*part);
        if (!group || used > 14) return std::nullopt;
        out[used++] = static_cast<std::uint8_t>(*group >> 8);
        out[used++] = static_cast<std::uint8_t>(*group & 0xff);
    }
    return used;
}

// Source: RFC 4291 section 2.2.
std::optional<IpAddress> parse_v6(std::string_view text) {
    std::array<std::uint8_t, 16> head{}, tail{};
    const auto gap = text.find("::");
    if (gap == std::string_view::npos) {
        if (parse_groups(text, true, head) != 16) return std::nullopt;
        return IpAddress{head};
    }
    const auto front = parse_groups(text.substr(0, gap), false, head);
    const auto back = parse_groups(text.substr(gap + 2), true, tail);
    if (!front || !back || *front + *back > 14) return std::nullopt;
    std::copy_n(tail.begin(), *back, head.end() - static_cast<std::ptrdiff_t>(*back));
    return IpAddress{head};
}

// The longest run of at least two zero groups, the first of equals: what "::" stands for (RFC 5952
// section 4.2).
std::pair<int, int> longest_gap(const std::array<unsigned, 8>& groups) {
    std::pair<int, int> best{-1, 1};
    for (int at = 0; at < 8;) {
        int end = at;
        while (end < 8 && groups[static_cast<std::size_t>(end)] == 0) ++end;
        if (end - at > best.second) best = {at, end - at};
        at = end + 1;
    }
    return best;
}

std::array<std::uint8_t, 16> with_tail(const Prefix& prefix, std::uint8_t fill) {
    auto octets = prefix.network.octets;
    for (unsigned bit = prefix.bits; bit < 128; ++bit) {
        const auto mask = static_cast<std::uint8_t>(0x80u >> (bit % 8));
        auto& octet = octets[bit / 8];
        octet = static_cast<std::uint8_t>(fill != 0 ? octet | mask : octet & ~mask);
    }
    return octets;
}

// The address one above; false past the last one.
bool increment(IpAddress& address) {
    for (auto octet = address.octets.rbegin(); octet != address.octets.rend(); ++octet)
        if (++*octet != 0) return true;
    return false;
}

}  // namespace

bool IpAddress::is_v4() const noexcept { return std::equal(v4_head.begin(), v4_head.end(), octets.begin()); }

bool IpAddress::is_loopback() const noexcept {
    if (is_v4()) return octets[12] == 127;
    return std::all_of(octets.begin(), octets.end() - 1, [](auto o) { return o == 0; }) && octets[15] == 1;
}

IpAddress IpAddress::source_key() const noexcept {
    auto key = *this;
    if (!is_v4()) std::fill(key.octets.begin() + 8, key.octets.end(), std::uint8_t{0});
    return key;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
    if (text.size() > 45) return std::nullopt;  // the longest form: six groups and an IPv4 address
    if (text.find(':') != std::string_view::npos) return parse_v6(text);
    IpAddress address;
    std::copy(v4_head.begin(), v4_head.end(), address.octets.begin());
    if (!parse_v4(text, address.octets.data() + 12)) return std::nullopt;
    return address;
}

std::string to_text(const IpAddress& address) {
    const auto& o = address.octets;
    if (address.is_v4()) return fmt::format("{}.{}.{}.{}", o[12], o[13], o[14], o[15]);
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < 8; ++i) groups[i] = static_cast<unsigned>(o[2 * i] << 8 | o[2 * i + 1]);
    const auto [gap, length] = longest_gap(groups);
    std::string out;
    for (int i = 0; i < 8; ++i) {
        if (i == gap) {
            out += "::";
            i += length - 1;
            continue;
        }
        if (!out.empty() && out.back() != ':') out += ':';
        out += fmt::format("{:x}", groups[static_cast<std::size_t>(i)]);
    }
    return out;
}

bool Prefix::contains(const IpAddress& address) const noexcept {
    const auto whole = static_cast<std::size_t>(bits / 8);
    if (!std::equal(network.octets.begin(), network.octets.begin() + static_cast<std::ptrdiff_t>(whole),
                    address.octets.begin()))
        return false;
    if (bits % 8 == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff00u >> (bits % 8));
    return ((network.octets[whole] ^ address.octets[whole]) & mask) == 0;
}

std::optional<Prefix> parse_prefix(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = parse_ip(text.substr(0, slash));
    if (!address) return std::nullopt;
    // "::ffff:10.0.0.0" is written as IPv6, so its length counts from the first of 128 bits.
    const bool v4 = text.substr(0, slash).find(':') == std::string_view::npos;
    Prefix prefix{*address, 128};
    if (slash != std::string_view::npos) {
        const auto bits = parse_unsigned(text.substr(slash + 1), v4 ? 32 : 128);
        if (!bits) return std::nullopt;
        prefix.bits = static_cast<std::uint8_t>(*bits + (v4 ? v4_head_bits : 0));
    }
    if (with_tail(prefix, 0) != address->octets) return std::nullopt;
    return prefix;
}

std::string to_text(const Prefix& prefix) {
    const bool v4 = prefix.network.is_v4() && prefix.bits >= v4_head_bits;
    return fmt::format("{}/{}", to_text(prefix.network), prefix.bits - (v4 ? v4_head_bits : 0));
}

NetworkSet::NetworkSet(std::vector<Prefix> prefixes) {
    std::vector<Range> ranges;
    ranges.reserve(prefixes.size());
    for (const auto& prefix : prefixes)
        ranges.push_back({IpAddress{with_tail(prefix, 0)}, IpAddress{with_tail(prefix, 1)}});
    std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
    for (const auto& range : ranges) {
        auto above = ranges_.empty() ? IpAddress{} : ranges_.back().last;
        const bool joined = !ranges_.empty() && (!increment(above) || range.first <= above);
        if (!joined)
            ranges_.push_back(range);
        else if (ranges_.back().last < range.last)
            ranges_.back().last = range.last;
    }
}

bool NetworkSet::contains(const IpAddress& address) const noexcept {
    const auto after =
        std::upper_bound(ranges_.begin(), ranges_.end(), address,
                         [](const IpAddress& a, const Range& range) { return a < range.first; });
    return after != ranges_.begin() && !(std::prev(after)->last < address);
}

}  // namespace sekisho
