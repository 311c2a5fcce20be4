#include "gateway/portal/message.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

template <class Items>
std::string_view sole(const Items& items, std::string_view name) noexcept {
    std::string_view found;
    bool seen = false;
    for (const auto& item : items) {
        if (item.name != name) continue;
        if (seen) return {};
        seen = true;
        found = item.value;
    }
    return found;
}

std::string cookie_line(std::string_view name, std::string_view value) {
    std::string line(name);
    line.append("=").append(value).append("; Path=/; Secure; HttpOnly; SameSite=Lax");
    return line;
}

}  // namespace

std::string_view PortalRequest::field(std::string_view name) const noexcept { return sole(fields, name); }

std::string_view PortalRequest::cookie(std::string_view name) const noexcept { return sole(cookies, name); }

Language PortalRequest::language() const noexcept {
    const auto chosen = cookie(cookie_names::language);
    if (chosen == "ja") return Language::ja;
    if (chosen == "en") return Language::en;
    return pick_language(field("accept-language"));
}

bool PortalRequest::is_navigation() const noexcept {
    const auto mode = field("sec-fetch-mode");
    if (!mode.empty()) return mode == "navigate";
    // A browser without fetch metadata asks for HTML when it opens a page.
    return field("accept").find("text/html") != std::string_view::npos && field("x-requested-with").empty();
}

std::string_view PortalResponse::field(std::string_view name) const noexcept {
    const auto at = std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.name == name; });
    return at == fields.end() ? std::string_view{} : std::string_view(at->value);
}

void set_cookie(PortalResponse& response, std::string_view name, std::string_view value, Seconds max_age) {
    std::string line = cookie_line(name, value);
    if (max_age.count() > 0) line.append("; Max-Age=").append(std::to_string(max_age.count()));
    response.fields.push_back({"set-cookie", std::move(line)});
}

void drop_cookie(PortalResponse& response, std::string_view name) {
    response.fields.push_back({"set-cookie", cookie_line(name, "") + "; Max-Age=0"});
}

}  // namespace sekisho::gateway
