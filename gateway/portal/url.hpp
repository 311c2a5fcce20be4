#pragma once
// Url is an address that our own pages may carry: a path of ours or an https address, never any other scheme.
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sekisho::gateway {

struct QueryItem {
    std::string_view name;
    std::string_view value;
};

// is_local_path: one leading "/", no second one, printable ASCII without backslash.
constexpr bool is_local_path(std::string_view text) {
    if (text.empty() || text[0] != '/' || (text.size() > 1 && text[1] == '/')) return false;
    for (const char c : text) {
        if (c <= ' ' || c > '~' || c == '\\') return false;
    }
    return true;
}

// LocalPath is a literal of ours, "/.sekisho/sign-in" or "#main"; anything else does not compile.
struct LocalPath {
    consteval LocalPath(const char* literal) : text(literal) {
        if (!is_local_path(text) && text != "#main") throw "not a path of our own";
    }
    std::string_view text;
};

class Url {
public:
    Url(LocalPath path) : text_(path.text) {}
    // local reads a path with its query that came from outside: it begins with one "/", holds no backslash,
    // blank or control, and so can't leave this host. Nothing for anything else.
    static std::optional<Url> local(std::string_view text);
    // https reads "https://host[:port][/path]". Nothing for anything else.
    static std::optional<Url> https(std::string_view text);

    // with adds query items, percent-encoded.
    Url with(std::initializer_list<QueryItem> items) const;
    const std::string& str() const noexcept { return text_; }

private:
    struct Checked {};
    Url(Checked, std::string text) : text_(std::move(text)) {}
    std::string text_;
};

// percent_encode leaves the unreserved characters of RFC 3986 section 2.3 as they are.
std::string percent_encode(std::string_view text);

}  // namespace sekisho::gateway
