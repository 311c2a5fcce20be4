#include "base/uuid.hpp"

namespace sekisho {
namespace {

int digit_of(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::optional<std::array<std::uint8_t, 16>> parse_uuid(std::string_view text) noexcept {
    constexpr std::size_t length = 36, digits = 32;
    if (text.size() != length) return std::nullopt;
    std::array<std::uint8_t, 16> out{};
    std::size_t at = 0;
    for (std::size_t i = 0; i < length; ++i) {
        const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (hyphen != (text[i] == '-')) return std::nullopt;
        if (hyphen) continue;
        const int digit = digit_of(text[i]);
        if (digit < 0 || at >= digits) return std::nullopt;
        out[at / 2] = static_cast<std::uint8_t>(out[at / 2] << 4 | digit);
        ++at;
    }
    return out;
}

}  // namespace sekisho
