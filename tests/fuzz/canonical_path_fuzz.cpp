// Canonical of canonical is itself; a canonical path holds no dot segment, no double slash and no byte that
// readers differ about; what strict accepts, plain reads alike.
#include "gateway/http/canonical_path.hpp"

#include <string>

namespace {

using namespace sekisho::gateway;

void require(bool holds) {
    if (!holds) __builtin_trap();
}

void check_canonical(std::string_view path, PathRules rules) {
    std::string scratch;
    const CanonicalPath again = canonicalise_path(path, rules, scratch);
    require(again && again.path == path);
    require(path.front() == '/');
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
