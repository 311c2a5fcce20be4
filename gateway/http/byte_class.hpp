#pragma once
// Byte classes of HTTP text, as tables: one look-up per byte.
#include <array>
#include <cstdint>
#include <string_view>

namespace sekisho::gateway {

namespace byte_class {
inline constexpr std::uint8_t kToken = 1;       // tchar, RFC 9110 section 5.6.2
inline constexpr std::uint8_t kTarget = 2;      // visible ASCII but '#' and '\': a request target
inline constexpr std::uint8_t kUnreserved = 4;  // RFC 3986 section 2.3
inline constexpr std::uint8_t kPath =
    8;  // stands raw in a canonical path: pchar, '/' and the '%' of an escape
inline constexpr std::uint8_t kHost = 16;  // letters, digits, '-', '.', '_'
inline constexpr std::uint8_t kAlnum = 32;

constexpr std::array<std::uint8_t, 256> make_table() noexcept {
    std::array<std::uint8_t, 256> table{};
    const auto add = [&table](std::string_view bytes, unsigned flags) {
        for (const char c : bytes) {
            auto& entry = table[static_cast<unsigned char>(c)];
            entry = static_cast<std::uint8_t>(entry | flags);
        }
    };
    for (unsigned c = 0x21; c < 0x7f; ++c)
        if (c != '#' && c != '\\') table[c] = kTarget;
    constexpr std::string_view kLettersAndDigits =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    add(kLettersAndDigits, kToken | kUnreserved | kPath | kHost | kAlnum);
    add("!#$%&'*+-.^_`|~", kToken);
    add("-._~", kUnreserved | kPath);
    add("!$&'()*+,;=:@/%", kPath);
    add("-._", kHost);
    return table;
}
inline constexpr std::array<std::uint8_t, 256> kTable = make_table();
}  // namespace byte_class

constexpr bool has_class(char c, std::uint8_t flag) noexcept {
    return (byte_class::kTable[static_cast<unsigned char>(c)] & flag) != 0;
}
constexpr bool is_token_byte(char c) noexcept { return has_class(c, byte_class::kToken); }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// hex_value of a hex digit, or -1.
constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace sekisho::gateway
