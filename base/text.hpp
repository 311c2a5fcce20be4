#pragma once
// Text as protocols and files carry it: splitting, ASCII case, UTF-8, and strict reading of numbers,
// durations and sizes.
//
// Nothing here depends on a locale, and nothing but `lower`, `split` and the *_text functions allocates.
#include "base/clock.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho {

constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// lower folds ASCII letters only; every other byte stays.
std::string lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept;

// trim drops SP and HTAB at both ends and no other space (RFC 9110 section 5.6.3).
std::string_view trim(std::string_view text) noexcept;

// split gives every part between separators, empty ones too: "a,,b" has three parts, "" has one.
std::vector<std::string_view> split(std::string_view text, char separator);

// next_part takes the part before the next separator off the front of `rest`; nothing when all parts were
// taken. Start with `std::optional<std::string_view> rest = text`. The same parts as split, without
// allocation.
std::optional<std::string_view> next_part(std::optional<std::string_view>& rest, char separator) noexcept;

// is_utf8 holds for well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
bool is_utf8(std::string_view text) noexcept;

// utf8_sequence is the length of the well-formed sequence at the front of `text`: 1 to 4, or 0 when there is
// none.
std::size_t utf8_sequence(std::string_view text) noexcept;

// cut_utf8 is the longest front of at most `bytes_max` bytes that does not end within a sequence.
std::string_view cut_utf8(std::string_view text, std::size_t bytes_max) noexcept;

// printable shows text of unknown origin on a terminal or in a diagnostic: control characters (C0, DEL, C1,
// the bidirectional overrides) and bytes that are not UTF-8 become \xNN.
std::string printable(std::string_view text);

// parse_unsigned takes decimal digits only: no sign, no space, no leading zero but "0" itself.
std::optional<std::uint64_t> parse_unsigned(
    std::string_view text, std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) noexcept;

// "250ms", "15m", "12h", "30d", "0s": a whole number and one unit of ms, s, m, h, d. At most 100 years.
std::optional<Millis> parse_duration(std::string_view text) noexcept;

// "512B", "64KiB", "16MiB", "1GiB", "2TiB": a whole number and one unit; powers of 1,024 only.
std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

// The largest unit that divides the value: duration_text(900s) is "15m", size_text(65536) is "64KiB".
std::string duration_text(Millis duration);
std::string size_text(std::uint64_t bytes);

}  // namespace sekisho
