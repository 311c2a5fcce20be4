#include "base/text.hpp"

#include <fmt/format.h>

#include <array>

namespace sekisho {
namespace {

constexpr std::int64_t hundred_years_ms = 100ll * 366 * 24 * 3600 * 1000;

struct Unit {
    std::string_view name;
    std::uint64_t size;
};
constexpr std::array<Unit, 5> time_units{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 5> size_units{
    {{"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"B", 1}}};

// A whole number followed by exactly one of the units, at most `max` of the smallest.
std::optional<std::uint64_t> parse_quantity(std::string_view text, const std::array<Unit, 5>& units,
                                            std::uint64_t max) noexcept {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    for (const auto& unit : units) {
        if (text.substr(digits) != unit.name) continue;
        const auto number = parse_unsigned(text.substr(0, digits), max / unit.size);
        if (!number) return std::nullopt;
        return *number * unit.size;
    }
    return std::nullopt;
}

std::string quantity_text(std::uint64_t value, const std::array<Unit, 5>& units, std::string_view zero) {
    if (value == 0) return std::string(zero);
    for (const auto& unit : units)
        if (value % unit.size == 0) return fmt::format("{}{}", value / unit.size, unit.name);
    return {};
}

bool continues(std::string_view text, std::size_t from, std::size_t count) noexcept {
    if (text.size() < from + count) return false;
    for (std::size_t i = from; i < from + count; ++i)
        if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return false;
    return true;
}

bool moves_the_cursor(std::string_view sequence) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
    if (sequence.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
    if (sequence.size() == 2) return byte(0) == 0xc2 && byte(1) < 0xa0;  // C1
    if (sequence.size() != 3 || byte(0) != 0xe2) return false;
    return (byte(1) == 0x80 &&
            (byte(2) == 0x8e || byte(2) == 0x8f || (byte(2) >= 0xa8 && byte(2) <= 0xae))) ||
           (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);  // marks, line ends, overrides, isolates
}

}  // namespace

std::string lower(std::string_view text) {
    std::string out(text);
    for (auto& c : out) c = to_lower(c);
    return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && starts_with_ignoring_case(a, b);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
    if (text.size() < prefix.size()) return false;
    for (std::size_t i = 0; i < prefix.size(); ++i)
        if (to_lower(text[i]) != to_lower(prefix[i])) return false;
    return true;
}

std::string_view trim(std::string_view text) noexcept {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
}

std::optional<std::string_view> next_part(std::optional<std::string_view>& rest, char separator) noexcept {
    if (!rest) return std::nullopt;
    const auto end = rest->find(separator);
    const auto part = rest->substr(0, end);
    if (end == std::string_view::npos)
        rest.reset();
    else
        rest->remove_prefix(end + 1);
    return part;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    std::optional<std::string_view> rest = text;
    while (const auto part = next_part(rest, separator)) parts.push_back(*part);
    return parts;
}

// Source: The Unicode Standard, table 3-7 (well-formed UTF-8 byte sequences).
std::size_t utf8_sequence(std::string_view text) noexcept {
    if (text.empty()) return 0;
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80) return 1;
    if (first < 0xc2 || first > 0xf4) return 0;
    if (first < 0xe0) return continues(text, 1, 1) ? 2 : 0;
    const std::size_t length = first < 0xf0 ? 3 : 4;
    if (!continues(text, 1, length - 1)) return 0;
    const auto second = static_cast<unsigned char>(text[1]);
    if (first == 0xe0 && second < 0xa0) return 0;   // overlong
    if (first == 0xed && second >= 0xa0) return 0;  // surrogate
    if (first == 0xf0 && second < 0x90) return 0;   // overlong
    if (first == 0xf4 && second >= 0x90) return 0;  // above U+10FFFF
    return length;
}

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const auto length = utf8_sequence(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) noexcept {
    if (text.size() <= bytes_max) return text;
    auto end = bytes_max;
    for (std::size_t back = 0; back < 3 && end > 0; ++back, --end)
        if ((static_cast<unsigned char>(text[end]) & 0xc0) != 0x80) break;
    if ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) end = bytes_max;  // not UTF-8 anyway
    return text.substr(0, end);
}

std::string printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto length = utf8_sequence(text);
        const auto taken = text.substr(0, length == 0 ? 1 : length);
        if (length != 0 && !moves_the_cursor(taken))
            out.append(taken);
        else
            for (const char c : taken) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        text.remove_prefix(taken.size());
    }
    return out;
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t max) noexcept {
    if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (value > (max - std::min(digit, max)) / 10 || digit > max) return std::nullopt;
        value = value * 10 + digit;
    }
    return value;
}

std::optional<Millis> parse_duration(std::string_view text) noexcept {
    const auto value = parse_quantity(text, time_units, static_cast<std::uint64_t>(hundred_years_ms));
    if (!value) return std::nullopt;
    return Millis(static_cast<std::int64_t>(*value));
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
    return parse_quantity(text, size_units, std::numeric_limits<std::uint64_t>::max());
}

std::string duration_text(Millis duration) {
    const auto text = quantity_text(static_cast<std::uint64_t>(std::abs(duration.count())), time_units, "0s");
    return duration.count() < 0 ? "-" + text : text;
}

std::string size_text(std::uint64_t bytes) { return quantity_text(bytes, size_units, "0B"); }

}  // namespace sekisho
