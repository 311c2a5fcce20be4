#include "base/json.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <cmath>

namespace sekisho {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

constexpr bool stands_for_itself(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

void escape(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out.push_back('"');
    while (!text.empty()) {
        std::size_t plain = 0;
        while (plain < text.size() && stands_for_itself(text[plain])) ++plain;
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) break;
        const auto length = utf8_sequence(text);
        const auto taken = text.substr(0, length == 0 ? 1 : length);
        if (length == 1)
            escape(out, text[0]);
        else if (taken == "\xe2\x80\xa8" || taken == "\xe2\x80\xa9")
            out += taken[2] == '\xa8' ? "\\u2028" : "\\u2029";
        else
            out.append(length == 0 ? replacement : taken);
        text.remove_prefix(taken.size());
    }
    out.push_back('"');
}

JsonWriter& JsonWriter::key(std::string_view name) {
    comma();
    append_json_string(out_, name);
    out_.push_back(':');
    comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
    comma();
    append_json_string(out_, text);
    return *this;
}

JsonWriter& JsonWriter::value(double number) {
    if (!std::isfinite(number)) return raw("null");
    comma();
    fmt::format_to(std::back_inserter(out_), "{}", number);
    return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
    comma();
    out_.append(json);
    return *this;
}

JsonWriter& JsonWriter::open(char bracket) {
    comma();
    out_.push_back(bracket);
    comma_ = false;
    return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
    out_.push_back(bracket);
    comma_ = true;
    return *this;
}

JsonWriter& JsonWriter::integer(std::int64_t number) {
    comma();
    fmt::format_to(std::back_inserter(out_), "{}", number);
    return *this;
}

JsonWriter& JsonWriter::natural(std::uint64_t number) {
    comma();
    fmt::format_to(std::back_inserter(out_), "{}", number);
    return *this;
}

}  // namespace sekisho
