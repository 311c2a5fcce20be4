#pragma once
// Markup is HTML that can only be built, never pasted: text is escaped by becoming Markup, attribute values
// by becoming Attributes, addresses by being a Url. Element and attribute names are literals, and those that
// would let a page run or style itself (script, style, on*) do not compile.
#include "gateway/portal/url.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::gateway {

// may_be_element and may_be_attribute: the closed lists behind the names below.
constexpr bool may_be_element(std::string_view name) {
    if (name.empty()) return false;
    for (const char c : name)
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))) return false;
    for (const std::string_view no :
         {"script", "style", "iframe", "object", "embed", "base", "template", "noscript"})
        if (name == no) return false;
    return true;
}
constexpr bool may_be_attribute(std::string_view name) {
    if (name.empty() || name.substr(0, 2) == "on") return false;
    for (const char c : name)
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    for (const std::string_view no :
         {"style", "srcdoc", "href", "src", "action", "formaction", "srcset", "ping"})
        if (name == no) return false;
    return true;
}

struct ElementName {
    consteval ElementName(const char* name) : text(name) {
        if (!may_be_element(text)) throw "no such element on our pages";
    }
    std::string_view text;
};
struct AttributeName {
    consteval AttributeName(const char* name) : text(name) {
        if (!may_be_attribute(text))
            throw "no such attribute; addresses are given as href(), src(), action()";
    }
    std::string_view text;
};

class Attribute {
public:
    Attribute(AttributeName name, std::string_view value);
    explicit Attribute(AttributeName name);  // without a value: "required"
    friend Attribute href(const Url& url);
    friend Attribute src(const Url& url);
    friend Attribute action(const Url& url);
    const std::string& html() const noexcept { return html_; }

private:
    struct Address {};
    Attribute(Address, std::string_view name, const Url& url);
    std::string html_;  // with a leading blank
};
Attribute href(const Url& url);
Attribute src(const Url& url);
Attribute action(const Url& url);
inline Attribute href(LocalPath path) { return href(Url{path}); }
inline Attribute action(LocalPath path) { return action(Url{path}); }
inline Attribute cls(std::string_view names) { return {"class", names}; }

using Attributes = std::vector<Attribute>;

class Markup {
public:
    Markup() = default;
    Markup(std::string_view text);  // escaped
    Markup(const std::string& text) : Markup(std::string_view(text)) {}
    Markup(const char* text) : Markup(std::string_view(text)) {}
    Markup& operator+=(const Markup& more);
    const std::string& html() const noexcept { return html_; }
    bool empty() const noexcept { return html_.empty(); }

private:
    friend Markup el(ElementName name, const Attributes& attributes, std::initializer_list<Markup> children);
    friend Markup void_el(ElementName name, const Attributes& attributes);
    friend Markup doctype();
    friend Markup module_script(const Url& url);
    std::string html_;
};

Markup el(ElementName name, const Attributes& attributes, std::initializer_list<Markup> children);
inline Markup el(ElementName name, std::initializer_list<Markup> children) {
    return el(name, Attributes{}, children);
}
Markup void_el(ElementName name, const Attributes& attributes);  // input, meta, link
Markup doctype();
// module_script loads a module of our own; no page holds script of its own.
Markup module_script(const Url& url);

// escape_html: & < > " ' as references; used for text and attribute values alike.
std::string escape_html(std::string_view text);

}  // namespace sekisho::gateway
