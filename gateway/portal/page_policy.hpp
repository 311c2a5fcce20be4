#pragma once
// Page policy: the fields every answer of ours carries, who may send a form, and the tokens that prove it.
#include "auth/keyring.hpp"
#include "gateway/portal/message.hpp"
#include "gateway/portal/url.hpp"

namespace sekisho::gateway {

// content_security_policy: nothing but our own style and images; forms only to ourselves. A form's answer may
// redirect only within the portal (Chromium 156 applies form-action to redirects too), so a sign-in ends on a
// page of the portal that goes on by GET.
std::string_view content_security_policy() noexcept;

// Script: a page that offers a passkey may load our one script and let it ask the portal; no other page runs
// anything, or may speak to an authenticator.
enum class Script : std::uint8_t { none, passkeys };

// html_response and the rest make whole answers with their security fields.
// Pages send Referrer-Policy: same-origin, since under no-referrer a browser sends "Origin: null" with our
// own forms (Fetch standard, "append a request Origin header"); nothing ever reaches another origin either
// way.
PortalResponse html_response(int status, Language language, std::string html, Script script = Script::none);
// json_response: for our script, never kept.
PortalResponse json_response(std::string json);
// see_other: 303 to an address that is absolute in Location (R28). `origin` is "https://host[:port]".
PortalResponse see_other(std::string_view origin, const Url& path);
PortalResponse see_other(const Url& absolute);
PortalResponse asset_response(std::string_view path, std::string_view if_none_match);
// nothing_response: no content and no effect, for prefetches (R28).
PortalResponse nothing_response();

// is_prefetch: a browser guesses; such a request changes nothing.
bool is_prefetch(const PortalRequest& request) noexcept;

// read_allowed: what another site, or a neighbour of ours, may make a browser read here is a page in a tab of
// its own: no fetch by script, no frame, no image (R3). A browser that says nothing of where a request comes
// from is believed.
bool read_allowed(const PortalRequest& request) noexcept;

// form_allowed: POST, urlencoded, and exactly our own Origin (R3). A browser sends Origin with every POST.
bool form_allowed(const PortalRequest& request, std::string_view portal_origin) noexcept;

// Tokens prove that a form was made by us for this browser (bound) or at all and lately (stamp).
class FormTokens {
public:
    explicit FormTokens(const auth::Keyring& keys) : keys_(keys) {}

    // bound: to a browser's secret (the hash of a cookie) and to one purpose.
    std::string bound(std::string_view purpose, const Digest& browser) const;
    bool bound_holds(std::string_view token, std::string_view purpose, const Digest& browser) const;

    // stamp: only that we made the form within `lifetime`. For the first step of a sign-in alone, which
    // proves nothing yet: ten tabs opened at once leave nine of them with an overwritten cookie (R27).
    std::string stamp(std::string_view purpose, WallTime now) const;
    bool stamp_holds(std::string_view token, std::string_view purpose, WallTime now, Seconds lifetime) const;

private:
    const auth::Keyring& keys_;
};

}  // namespace sekisho::gateway
