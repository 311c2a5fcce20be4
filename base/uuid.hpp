#pragma once
// A UUID as it is written: 8-4-4-4-12 hexadecimal digits (RFC 9562 section 4). Makers publish the models of
// their authenticators so.
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sekisho {

// parse_uuid: digits of either case, hyphens in their places. Nothing for anything else.
std::optional<std::array<std::uint8_t, 16>> parse_uuid(std::string_view text) noexcept;

}  // namespace sekisho
