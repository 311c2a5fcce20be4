#pragma once
// The canonical path: one spelling of each path, decided on and forwarded alike (R13; RFC 3986
// section 6.2.2).
#include <cstdint>
#include <string>
#include <string_view>

namespace sekisho::gateway {

enum class PathRules : std::uint8_t {
    plain,   // the app owns its whole host and no rule speaks of paths
    strict,  // some rule depends on the path: spellings that upstreams read differently are refused too
};

enum class PathFault : std::uint8_t {
    none,
    not_absolute,        // does not begin with '/'
    byte_forbidden,      // control, blank, '#', '?', backslash, DEL or non-ASCII
    escape_invalid,      // '%' without two hex digits
    escape_forbidden,    // %2F, %5C, %00 and every other escaped control byte
    above_root,          // ".." that climbs out
    dot_parameter,       // ';' in a dot segment ("..;")
    strict_parameter,    // strict: ';'
    strict_double,       // strict: an escape inside an escape (%25 and two hex digits, or %25u)
    strict_segment_end,  // strict: a segment that ends in a dot or a space
    strict_short_name,   // strict: '~' and a digit
    strict_colon,        // strict: ':'
    strict_not_utf8,     // strict: escapes that are not UTF-8
};

// to_text names a fault as it stands in logs: "above_root". All are answered with 400.
std::string_view to_text(PathFault fault) noexcept;

struct CanonicalPath {
    std::string_view path;  // valid when fault is none; views `raw` or `scratch`
    PathFault fault = PathFault::none;
    explicit operator bool() const noexcept { return fault == PathFault::none; }
};

// canonicalise_path: unreserved escapes decoded, other escapes in upper case, bytes that URLs may not hold
// raw escaped, repeated slashes merged, dot segments resolved. The canonical form of a canonical path is
// itself; such a path is returned as a view of `raw` and costs one pass.
CanonicalPath canonicalise_path(std::string_view raw, PathRules rules, std::string& scratch);

// valid_query: printable ASCII without '#'. Queries are forwarded as sent.
bool valid_query(std::string_view query) noexcept;

}  // namespace sekisho::gateway
