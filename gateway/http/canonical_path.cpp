#include "gateway/http/canonical_path.hpp"

#include "gateway/http/byte_class.hpp"

#include <array>
#include <cstring>

namespace sekisho::gateway {
namespace {

constexpr std::array<std::string_view, 13> kFaultNames = {"none",
                                                          "not_absolute",
                                                          "byte_forbidden",
                                                          "escape_invalid",
                                                          "escape_forbidden",
                                                          "above_root",
                                                          "dot_parameter",
                                                          "strict_parameter",
                                                          "strict_double",
                                                          "strict_segment_end",
                                                          "strict_short_name",
                                                          "strict_colon",
                                                          "strict_not_utf8"};

constexpr std::string_view kUpperHex = "0123456789ABCDEF";

void put_escape(std::string& out, unsigned char byte) {
    out.push_back('%');
    out.push_back(kUpperHex[byte >> 4U]);
    out.push_back(kUpperHex[byte & 15U]);
}

// escaped_byte decodes the escape at `at`, or -1.
int escaped_byte(std::string_view text, std::size_t at) noexcept {
    if (text.size() - at < 3) return -1;
    const int high = hex_value(text[at + 1]);
    const int low = hex_value(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool is_forbidden_escape(int byte) noexcept {
    return byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\';
}

// is_canonical: nothing to decode, merge, resolve or refuse; the one pass that most paths take. Escapes, and
// a slash before a slash or a dot, go the long way.
bool is_canonical(std::string_view raw) noexcept {
    char before = 0;
    for (const char c : raw) {
        if (!has_class(c, byte_class::kPath) || c == '%') return false;
        if (before == '/' && (c == '/' || c == '.')) return false;
        before = c;
    }
    return true;
}

// decode_into writes every byte in its one spelling; dot segments and slashes stay for later.
PathFault decode_into(std::string_view raw, std::string& out) {
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const char c = raw[i];
        if (c == '%') {
            const int byte = escaped_byte(raw, i);
            if (byte < 0) return PathFault::escape_invalid;
            if (is_forbidden_escape(byte)) return PathFault::escape_forbidden;
            if (has_class(static_cast<char>(byte), byte_class::kUnreserved))
                out.push_back(static_cast<char>(byte));
            else
                put_escape(out, static_cast<unsigned char>(byte));
            i += 2;
        } else if (has_class(c, byte_class::kPath)) {
            out.push_back(c);
        } else if (has_class(c, byte_class::kTarget) && c != '?') {
            put_escape(out, static_cast<unsigned char>(c));
        } else {
            return PathFault::byte_forbidden;
        }
    }
    return PathFault::none;
}

// is_dot_with_parameter: "." or ".." and then ';' in either spelling, which some upstreams read as a dot
// segment.
bool is_dot_with_parameter(std::string_view segment) noexcept {
    std::size_t dots = 0;
    while (dots < segment.size() && segment[dots] == '.') ++dots;
    if (dots == 0 || dots > 2) return false;
    const std::string_view rest = segment.substr(dots);
    return rest.substr(0, 1) == ";" || rest.substr(0, 3) == "%3B";
}

// resolve_in_place merges slashes and resolves dot segments of a decoded path; it only ever shortens.
PathFault resolve_in_place(std::string& path) noexcept {
    std::size_t kept = 1;  // bytes of the result so far; it always ends in '/' between segments
    std::size_t at = 1;
    while (at < path.size()) {
        const std::size_t slash = path.find('/', at);
        const std::size_t end = slash == std::string::npos ? path.size() : slash;
        const std::string_view segment(path.data() + at, end - at);
        const bool last = slash == std::string::npos;
        if (is_dot_with_parameter(segment)) return PathFault::dot_parameter;
        if (segment == "..") {
            if (kept == 1) return PathFault::above_root;
            kept = path.rfind('/', kept - 2) + 1;
        } else if (!segment.empty() && segment != ".") {
            std::memmove(path.data() + kept, segment.data(), segment.size());
            kept += segment.size();
            if (!last) path[kept++] = '/';
        }
        at = end + 1;
    }
    path.resize(kept);
    return PathFault::none;
}

PathFault judge_strict_escape(std::string_view path, std::size_t at) noexcept {
    const int byte = escaped_byte(path, at);
    if (byte == ';') return PathFault::strict_parameter;
    if (byte == ':') return PathFault::strict_colon;
    if (byte != '%') return PathFault::none;
    const bool wide = at + 3 < path.size() && (path[at + 3] == 'u' || path[at + 3] == 'U');
    const bool narrow = path.size() - at >= 5 && hex_value(path[at + 3]) >= 0 && hex_value(path[at + 4]) >= 0;
    return wide || narrow ? PathFault::strict_double : PathFault::none;
}

bool ends_badly(std::string_view segment) noexcept {
    return !segment.empty() &&
           (segment.back() == '.' || (segment.size() >= 3 && segment.substr(segment.size() - 3) == "%20"));
}

// judge_strict judges a canonical path by R13: spellings that upstreams on various systems read as another
// path.
PathFault judge_strict(std::string_view path) noexcept {
    std::size_t segment = 0;
    for (std::size_t i = 0; i < path.size(); ++i) {
        const char c = path[i];
        if (c == ';') return PathFault::strict_parameter;
        if (c == ':') return PathFault::strict_colon;
        if (c == '~' && i + 1 < path.size() && is_digit(path[i + 1])) return PathFault::strict_short_name;
        if (c == '%') {
            const PathFault fault = judge_strict_escape(path, i);
            if (fault != PathFault::none) return fault;
        }
        if (c == '/') {
            if (ends_badly(path.substr(segment, i - segment))) return PathFault::strict_segment_end;
            segment = i + 1;
        }
    }
    return ends_badly(path.substr(segment)) ? PathFault::strict_segment_end : PathFault::none;
}

// Utf8Check takes decoded bytes one by one (RFC 3629 section 4: no overlong forms, no surrogates).
class Utf8Check {
public:
    bool take(unsigned char byte) noexcept {
        if (left_ > 0) {
            if (byte < low_ || byte > high_) return false;
            low_ = 0x80;
            high_ = 0xbf;
            --left_;
            return true;
        }
        if (byte < 0x80) return true;
        if (byte < 0xc2 || byte > 0xf4) return false;
        left_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        low_ = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
        high_ = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
        return true;
    }
    bool whole() const noexcept { return left_ == 0; }

private:
    int left_ = 0;
    unsigned char low_ = 0x80;
    unsigned char high_ = 0xbf;
};

bool escapes_are_utf8(std::string_view path) noexcept {
    Utf8Check check;
    for (std::size_t i = 0; i < path.size(); ++i) {
        const bool escape = path[i] == '%';
        const int byte = escape ? escaped_byte(path, i) : static_cast<unsigned char>(path[i]);
        if (!check.take(static_cast<unsigned char>(byte))) return false;
        if (escape) i += 2;
    }
    return check.whole();
}

CanonicalPath judged(std::string_view path, PathRules rules) noexcept {
    if (rules == PathRules::plain) return {path, PathFault::none};
    PathFault fault = judge_strict(path);
    if (fault == PathFault::none && !escapes_are_utf8(path)) fault = PathFault::strict_not_utf8;
    return fault == PathFault::none ? CanonicalPath{path, fault} : CanonicalPath{{}, fault};
}

}  // namespace

std::string_view to_text(PathFault fault) noexcept { return kFaultNames[static_cast<std::size_t>(fault)]; }

CanonicalPath canonicalise_path(std::string_view raw, PathRules rules, std::string& scratch) {
    if (raw.empty() || raw.front() != '/') return {{}, PathFault::not_absolute};
    if (is_canonical(raw)) return judged(raw, rules);
    scratch.clear();
    PathFault fault = decode_into(raw, scratch);
    if (fault == PathFault::none) fault = resolve_in_place(scratch);
    if (fault != PathFault::none) return {{}, fault};
    return judged(scratch, rules);
}

bool valid_query(std::string_view query) noexcept {
    for (const char c : query)
        if (!has_class(c, byte_class::kTarget) && c != '\\') return false;
    return true;
}

}  // namespace sekisho::gateway
