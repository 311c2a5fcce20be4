#include "gateway/portal/url.hpp"

namespace sekisho::gateway {

std::string percent_encode(std::string_view text) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::optional<Url> Url::local(std::string_view text) {
    if (!is_local_path(text)) return std::nullopt;
    return Url(Checked{}, std::string(text));
}

std::optional<Url> Url::https(std::string_view text) {
    constexpr std::string_view scheme = "https://";
    if (text.substr(0, scheme.size()) != scheme) return std::nullopt;
    const auto rest = text.substr(scheme.size());
    const auto slash = rest.find('/');
    const auto authority = rest.substr(0, slash);
    if (authority.empty()) return std::nullopt;
    for (const char c : authority) {
        const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                          c == ':' || c == '[' || c == ']';
        if (!good) return std::nullopt;
    }
    if (slash != std::string_view::npos && !is_local_path(rest.substr(slash))) return std::nullopt;
    return Url(Checked{}, std::string(text));
}

Url Url::with(std::initializer_list<QueryItem> items) const {
    std::string text = text_;
    char joint = text.find('?') == std::string::npos ? '?' : '&';
    for (const auto& item : items) {
        text += joint;
        text += percent_encode(item.name);
        text += '=';
        text += percent_encode(item.value);
        joint = '&';
    }
    return Url(Checked{}, std::move(text));
}

}  // namespace sekisho::gateway
