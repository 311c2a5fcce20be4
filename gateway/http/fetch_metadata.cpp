#include "gateway/http/fetch_metadata.hpp"

#include "gateway/http/byte_class.hpp"

#include <algorithm>
#include <array>

namespace sekisho::gateway {
namespace {

constexpr std::array<std::string_view, 4> kVerdictNames = {"allow", "cross_site", "websocket_off",
                                                           "websocket_origin"};

bool lists(std::span<const std::string> origins, std::string_view origin) noexcept {
    return std::find(origins.begin(), origins.end(), origin) != origins.end();
}

// is_own: the origin is https on the very host asked for; browsers leave out the same default port in both.
bool is_own(std::string_view origin, std::string_view host) noexcept {
    constexpr std::string_view kScheme = "https://";
    return origin.starts_with(kScheme) && !host.empty() &&
           equal_ignoring_case(origin.substr(kScheme.size()), host);
}

FetchVerdict judge_websocket(const RequestHead& head, const FetchRules& rules) noexcept {
    if (!rules.websocket_allowed) return FetchVerdict::websocket_off;
    if (!rules.ambient) return FetchVerdict::allow;
    const std::string_view origin = head.value(FieldId::origin);
    const bool listed =
        rules.websocket_origins.empty() ? is_own(origin, head.host) : lists(rules.websocket_origins, origin);
    return listed && !origin.empty() ? FetchVerdict::allow : FetchVerdict::websocket_origin;
}

// opens_page: a navigation that only reads, and not one into a plug-in, which the page around it would own.
bool opens_page(const RequestHead& head) noexcept {
    const std::string_view dest = head.value(FieldId::sec_fetch_dest);
    return head.method_id == Method::get && head.value(FieldId::sec_fetch_mode) == "navigate" &&
           dest != "object" && dest != "embed";
}

bool accepts_html(const RequestHead& head) noexcept {
    for (const Field& field : head.fields) {
        if (field.id != FieldId::accept) continue;
        std::string_view list = field.value;
        while (!list.empty()) {
            const std::string_view item = next_list_item(list);
            if (equal_ignoring_case(trim_blanks(item.substr(0, item.find(';'))), "text/html")) return true;
        }
    }
    return false;
}

bool says_prefetch(std::string_view purpose) noexcept {
    while (!purpose.empty()) {
        const std::string_view item = next_list_item(purpose);
        if (equal_ignoring_case(trim_blanks(item.substr(0, item.find(';'))), "prefetch")) return true;
    }
    return false;
}

}  // namespace

std::string_view to_text(FetchVerdict verdict) noexcept {
    return kVerdictNames[static_cast<std::size_t>(verdict)];
}

FetchVerdict judge_fetch(const RequestHead& head, const FetchRules& rules) noexcept {
    if (head.upgrade == Upgrade::websocket) return judge_websocket(head, rules);
    if (!rules.ambient) return FetchVerdict::allow;
    const std::string_view origin = head.value(FieldId::origin);
    if (!head.present.has(FieldId::sec_fetch_site)) {
        // An older browser, or no browser: the Origin of a request that changes something must be ours.
        const bool foreign = head.present.has(FieldId::origin) && !is_safe(head.method_id) &&
                             !is_own(origin, head.host) && !lists(rules.cross_site_callers, origin);
        return foreign ? FetchVerdict::cross_site : FetchVerdict::allow;
    }
    const std::string_view site = head.value(FieldId::sec_fetch_site);
    if (site == "same-origin" || site == "none") return FetchVerdict::allow;
    if (opens_page(head)) return FetchVerdict::allow;
    const bool declared = !origin.empty() && lists(rules.cross_site_callers, origin);
    return declared ? FetchVerdict::allow : FetchVerdict::cross_site;
}

bool is_from_own_origin(const RequestHead& head, std::string_view origin) noexcept {
    const std::string_view site = head.value(FieldId::sec_fetch_site);
    if (!site.empty() && site != "same-origin") return false;
    return !origin.empty() && head.value(FieldId::origin) == origin;
}

bool is_navigation(const RequestHead& head) noexcept {
    if (head.present.has(FieldId::sec_fetch_mode)) return head.value(FieldId::sec_fetch_mode) == "navigate";
    return accepts_html(head);
}

bool is_prefetch(const RequestHead& head) noexcept {
    if (says_prefetch(head.value(FieldId::sec_purpose))) return true;
    for (const Field& field : head.fields)
        if (field.id == FieldId::other && equal_ignoring_case(field.name, "purpose") &&
            says_prefetch(field.value))
            return true;
    return false;
}

}  // namespace sekisho::gateway
