#pragma once
// The cheap way to write one JSON line: literal keys, no state, at the end of a string.
#include "base/clock.hpp"
#include "base/json.hpp"

#include <charconv>

namespace sekisho::telemetry {

inline void append_number(std::string& out, std::uint64_t number) {
    char text[20];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    out.append(text, static_cast<std::size_t>(end - text));
}

// append_time writes "2026-11-24T01:42:07.123Z", the quotes left to the caller.
void append_time(std::string& out, WallTime time);
// append_hex writes lower case.
void append_hex(std::string& out, std::string_view bytes);

// `key` is a literal with its comma, quotes and colon: `,"app":`. Nothing is written for an empty value or a
// zero.
inline void append_text_field(std::string& out, std::string_view key, std::string_view value) {
    if (value.empty()) return;
    out.append(key);
    append_json_string(out, value);
}
inline void append_number_field(std::string& out, std::string_view key, std::uint64_t value) {
    if (value == 0) return;
    out.append(key);
    append_number(out, value);
}

}  // namespace sekisho::telemetry
