#include "base/base64.hpp"

#include <array>

namespace sekisho {
namespace {

constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view std_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base32_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view crockford_alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::string_view hex_alphabet = "0123456789abcdef";

// Writes `bits` wide digits of the whole input, the last one filled with zero bits.
std::string encode(ByteView bytes, std::string_view alphabet, unsigned bits) {
    std::string out;
    out.reserve((bytes.size() * 8 + bits - 1) / bits);
    std::uint32_t pool = 0;
    unsigned held = 0;
    for (const auto byte : bytes) {
        pool = (pool << 8) | byte;
        held += 8;
        while (held >= bits) {
            held -= bits;
            out.push_back(alphabet[(pool >> held) & ((1u << bits) - 1)]);
        }
        pool &= (1u << held) - 1;
    }
    if (held != 0) out.push_back(alphabet[(pool << (bits - held)) & ((1u << bits) - 1)]);
    return out;
}

// Every byte's digit in an alphabet; 255 for bytes outside it.
std::array<std::uint8_t, 256> digits_of(std::string_view alphabet) {
    std::array<std::uint8_t, 256> digits;
    digits.fill(255);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        digits[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return digits;
}

std::optional<Bytes> decode(std::string_view text, const std::array<std::uint8_t, 256>& digits,
                            unsigned bits) {
    Bytes out;
    out.reserve(text.size() * bits / 8);
    std::uint32_t pool = 0;
    unsigned held = 0;
    for (const char c : text) {
        const std::uint8_t digit = digits[static_cast<std::uint8_t>(c)];
        if (digit == 255) return std::nullopt;
        pool = (pool << bits) | digit;
        held += bits;
        if (held >= 8) {
            held -= 8;
            out.push_back(static_cast<std::uint8_t>(pool >> held));
            pool &= (1u << held) - 1;
        }
    }
    if (held >= bits || pool != 0) return std::nullopt;  // a digit too many, or spare bits set
    return out;
}

}  // namespace

std::string base64url(ByteView bytes) { return encode(bytes, url_alphabet, 6); }
std::optional<Bytes> from_base64url(std::string_view text) {
    static const auto digits = digits_of(url_alphabet);
    return decode(text, digits, 6);
}

std::string base64(ByteView bytes) {
    auto out = encode(bytes, std_alphabet, 6);
    while (out.size() % 4 != 0) out.push_back('=');
    return out;
}

std::string hex(ByteView bytes) { return encode(bytes, hex_alphabet, 4); }
std::optional<Bytes> from_hex(std::string_view text) {
    std::string lower(text);
    for (auto& c : lower)
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    if (lower.size() % 2 != 0) return std::nullopt;
    static const auto digits = digits_of(hex_alphabet);
    return decode(lower, digits, 4);
}

std::string base32(ByteView bytes) { return encode(bytes, base32_alphabet, 5); }
std::optional<Bytes> from_base32(std::string_view text) {
    static const auto digits = digits_of(base32_alphabet);
    return decode(text, digits, 5);
}

std::string crockford(std::uint64_t value, int digits) {
    std::string out(static_cast<std::size_t>(digits), '0');
    for (int i = digits - 1; i >= 0; --i, value >>= 5)
        out[static_cast<std::size_t>(i)] = crockford_alphabet[value & 31];
    return out;
}

}  // namespace sekisho
