// Looking over text before it is parsed.
#include "config/scan.hpp"

#include "base/text.hpp"

namespace sekisho::config {
namespace {

constexpr int faults_max = 10;

std::uint32_t decode(std::string_view sequence) noexcept {
    std::uint32_t value = static_cast<unsigned char>(sequence[0]);
    if (sequence.size() > 1) value &= 0x7Fu >> sequence.size();
    for (std::size_t i = 1; i < sequence.size(); ++i)
        value = value << 6 | (static_cast<unsigned char>(sequence[i]) & 0x3Fu);
    return value;
}

bool is_control(std::uint32_t point) noexcept {
    return (point < 0x20 && point != '\n' && point != '\t') || (point >= 0x7F && point < 0xA0);
}

// Bidirectional controls, zero-width characters, line separators other parsers may honour, and byte order
// marks in the middle of a text.
bool is_invisible(std::uint32_t point) noexcept {
    return (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
           (point >= 0x2060 && point <= 0x2069) || point == 0xFEFF || point == 0x00AD || point == 0x061C ||
           (point >= 0xE0000 && point <= 0xE007F);
}

std::string hex_point(std::uint32_t point) {
    std::string out;
    for (int shift = point > 0xFFFF ? 20 : 12; shift >= 0; shift -= 4)
        out += "0123456789ABCDEF"[point >> shift & 15];
    return out;
}

}  // namespace

bool scan_text(const Source& source, std::uint32_t file, Findings& findings) {
    const std::string_view text = source.text;
    Place place{file, 1, 1};
    int faults = 0;
    for (std::size_t at = 0; at < text.size() && faults < faults_max;) {
        const auto length = utf8_sequence(text.substr(at));
        const auto point = length == 0 ? 0 : decode(text.substr(at, length));
        const bool line_end = point == '\r' && text.substr(at, 2) == "\r\n";
        if (length == 0) {
            findings.add("text.not_utf8", place);
            return false;
        }
        if (is_control(point) && !line_end) {
            findings.add("text.control", place, {hex_point(point)});
            ++faults;
        } else if (is_invisible(point)) {
            findings.add("text.invisible", place, {hex_point(point)});
            ++faults;
        } else if (point == '%' && place.column == 1) {
            findings.add("yaml.directive", place);
            ++faults;
        }
        at += length;
        ++place.column;
        if (point == '\n') place = {file, place.line + 1, 1};
    }
    return faults == 0;
}

}  // namespace sekisho::config
