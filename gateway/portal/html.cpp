#include "gateway/portal/html.hpp"

namespace sekisho::gateway {

std::string escape_html(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            case '\0':
                break;  // no HTML text holds one
            default:
                out += c;
        }
    }
    return out;
}

Attribute::Attribute(AttributeName name, std::string_view value) {
    html_.append(" ").append(name.text).append("=\"").append(escape_html(value)).append("\"");
}

Attribute::Attribute(AttributeName name) { html_.append(" ").append(name.text); }

Attribute::Attribute(Address, std::string_view name, const Url& url) {
    html_.append(" ").append(name).append("=\"").append(escape_html(url.str())).append("\"");
}

Attribute href(const Url& url) { return Attribute(Attribute::Address{}, "href", url); }
Attribute src(const Url& url) { return Attribute(Attribute::Address{}, "src", url); }
Attribute action(const Url& url) { return Attribute(Attribute::Address{}, "action", url); }

Markup::Markup(std::string_view text) : html_(escape_html(text)) {}

Markup& Markup::operator+=(const Markup& more) {
    html_ += more.html_;
    return *this;
}

Markup void_el(ElementName name, const Attributes& attributes) {
    Markup out;
    out.html_.append("<").append(name.text);
    for (const auto& attribute : attributes) out.html_ += attribute.html();
    out.html_ += '>';
    return out;
}

Markup el(ElementName name, const Attributes& attributes, std::initializer_list<Markup> children) {
    Markup out = void_el(name, attributes);
    for (const auto& child : children) out.html_ += child.html_;
    out.html_.append("</").append(name.text).append(">");
    return out;
}

Markup module_script(const Url& url) {
    Markup out;
    out.html_.append("<script type=\"module\"").append(src(url).html()).append("></script>");
    return out;
}

Markup doctype() {
    Markup out;
    out.html_ = "<!doctype html>\n";
    return out;
}

}  // namespace sekisho::gateway
