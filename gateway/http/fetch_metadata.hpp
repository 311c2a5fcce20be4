#pragma once
// Who made this browser ask: requests from neighbouring sites are refused, WebSockets need a listed origin
// (R3; W3C Fetch Metadata; RFC 6455 section 10.2).
#include "gateway/http/message.hpp"

namespace sekisho::gateway {

struct FetchRules {
    std::span<const std::string> websocket_origins;   // exact; empty = the host's own origin only
    std::span<const std::string> cross_site_callers;  // origins declared for the app
    bool websocket_allowed = false;
    // false: what the request is allowed by, no browser adds by itself, so nobody can lend it to another
    // site.
    bool ambient = true;
};

enum class FetchVerdict : std::uint8_t {
    allow,
    cross_site,        // asked by another site, and not by opening a page
    websocket_off,     // this app has none
    websocket_origin,  // no Origin, or one that is not listed
};
std::string_view to_text(FetchVerdict verdict) noexcept;

// judge_fetch judges a request to an app. Refusals are answered with 403.
FetchVerdict judge_fetch(const RequestHead& head, const FetchRules& rules) noexcept;

// is_from_own_origin: a form or API call to the portal must come from the portal's own origin, exactly.
bool is_from_own_origin(const RequestHead& head, std::string_view origin) noexcept;

// is_navigation: a person opens a page, so a redirect is understood: Sec-Fetch-Mode says navigate, or is
// absent while Accept lists text/html.
bool is_navigation(const RequestHead& head) noexcept;

// is_prefetch: Sec-Purpose or Purpose says that nobody looks yet; such a request has no effect (R28).
bool is_prefetch(const RequestHead& head) noexcept;

}  // namespace sekisho::gateway
