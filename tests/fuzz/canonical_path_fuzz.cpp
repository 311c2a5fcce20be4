// Canonical of canonical is itself; a canonical path holds no dot segment, no double slash and no byte that
// readers differ about; what strict accepts, plain reads alike. What a strict reader makes of the forwarded
// path (RFC 3986 sections 5.2.4 and 6.2.2: escapes of ordinary letters undone, dot segments resolved) is what
// we decided on.
#include "gateway/http/canonical_path.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

namespace {

using namespace sekisho::gateway;

void require(bool holds) {
    if (!holds) __builtin_trap();
}

// strict_reading does it the obvious way, segment by segment.
std::string strict_reading(std::string_view path) {
    std::string plain;
    for (std::size_t i = 0; i < path.size(); ++i) {
        int value = -1;
        if (path[i] == '%' && i + 2 < path.size())
            value = std::stoi(std::string(path.substr(i + 1, 2)), nullptr, 16);
        const bool letter = value > 0x20 && value < 0x7f && std::isalnum(value) != 0;
        const bool mark = value == '-' || value == '.' || value == '_' || value == '~';
        if (letter || mark) {
            plain += static_cast<char>(value);
            i += 2;
        } else {
            plain += path[i];
        }
    }
    std::vector<std::string> kept;
    std::size_t at = 1;
    bool folder = true;
    while (at <= plain.size()) {
        const auto end = std::min(plain.find('/', at), plain.size());
        const auto segment = plain.substr(at, end - at);
        folder = segment.empty() || segment == "." || segment == "..";
        if (segment == ".." && !kept.empty()) kept.pop_back();
        if (!folder) kept.push_back(segment);
        at = end + 1;
    }
    std::string out;
    for (const auto& segment : kept) out += "/" + segment;
    return out.empty() || folder ? out + "/" : out;
}

void check_canonical(std::string_view path, PathRules rules) {
    std::string scratch;
    const CanonicalPath again = canonicalise_path(path, rules, scratch);
    require(again && again.path == path);
    require(path.front() == '/');
    require(strict_reading(path) == path);
    const std::string closed = std::string(path) + "/";
    for (const std::string_view part : {"//", "/./", "/../", "%2F", "%5C", "%00", "\\", "/..;"})
        require(closed.substr(0, path.size() > 1 && path.back() == '/' ? path.size() : closed.size())
                        .find(part) == std::string::npos ||
                path == "/");
    for (const char c : path) require(c > 0x20 && c < 0x7f && c != '#' && c != '?');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view raw(reinterpret_cast<const char*>(data), size);
    std::string plain_scratch;
    std::string strict_scratch;
    const CanonicalPath plain = canonicalise_path(raw, PathRules::plain, plain_scratch);
    const CanonicalPath strict = canonicalise_path(raw, PathRules::strict, strict_scratch);
    if (plain) check_canonical(plain.path, PathRules::plain);
    if (strict) {
        check_canonical(strict.path, PathRules::strict);
        require(plain && plain.path == strict.path);
    }
    valid_query(raw);
    return 0;
}
