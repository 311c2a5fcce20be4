#include "gateway/portal/page_policy.hpp"

#include "base/base64.hpp"
#include "gateway/portal/assets.hpp"

namespace sekisho::gateway {
namespace {

void add_common(PortalResponse& response, std::string_view referrer, Script script = Script::none) {
    auto& fields = response.fields;
    const bool passkeys = script == Script::passkeys;
    std::string policy(content_security_policy());
    if (passkeys) policy += "; script-src 'self'; connect-src 'self'";
    fields.push_back({"cache-control", "no-store"});
    fields.push_back({"content-security-policy", std::move(policy)});
    fields.push_back({"permissions-policy",
                      passkeys ? "publickey-credentials-create=(self), publickey-credentials-get=(self)"
                               : "publickey-credentials-create=(), publickey-credentials-get=()"});
    fields.push_back({"cross-origin-opener-policy", "same-origin"});
    fields.push_back({"cross-origin-resource-policy", "same-origin"});
    fields.push_back({"referrer-policy", std::string(referrer)});
    fields.push_back({"x-content-type-options", "nosniff"});
    fields.push_back({"x-frame-options", "DENY"});
}

Bytes big_endian(std::int64_t value) {
    Bytes out(8);
    for (std::size_t i = 0; i < 8; ++i)
        out[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (56 - 8 * i));
    return out;
}

std::int64_t seconds_of(WallTime time) {
    return std::chrono::duration_cast<Seconds>(time.time_since_epoch()).count();
}

}  // namespace

std::string_view content_security_policy() noexcept {
    return "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
           "frame-ancestors 'none'";
}

PortalResponse html_response(int status, Language language, std::string html, Script script) {
    PortalResponse response;
    response.status = status;
    response.body = std::move(html);
    response.fields.push_back({"content-type", "text/html; charset=utf-8"});
    response.fields.push_back({"content-language", std::string(to_text(language))});
    add_common(response, "same-origin", script);
    return response;
}

PortalResponse json_response(std::string json) {
    PortalResponse response;
    response.body = std::move(json);
    response.fields.push_back({"content-type", "application/json"});
    add_common(response, "no-referrer");
    return response;
}

PortalResponse see_other(const Url& absolute) {
    PortalResponse response;
    response.status = 303;
    response.fields.push_back({"location", absolute.str()});
    add_common(response, "no-referrer");
    return response;
}

PortalResponse see_other(std::string_view origin, const Url& path) {
    PortalResponse response = see_other(path);
    response.fields.front().value.insert(0, origin);
    return response;
}

PortalResponse nothing_response() {
    PortalResponse response;
    response.status = 503;
    add_common(response, "no-referrer");
    return response;
}

PortalResponse asset_response(std::string_view path, std::string_view if_none_match) {
    PortalResponse response;
    const Asset* asset = find_asset(path);
    if (asset == nullptr) {
        response.status = 404;
        add_common(response, "no-referrer");
        return response;
    }
    auto& fields = response.fields;
    fields.push_back({"content-type", std::string(asset->type)});
    fields.push_back({"cache-control", "public, max-age=31536000, immutable"});
    fields.push_back({"etag", asset->etag});
    fields.push_back({"x-content-type-options", "nosniff"});
    fields.push_back({"cross-origin-resource-policy", "same-origin"});
    fields.push_back({"content-security-policy", "default-src 'none'; frame-ancestors 'none'"});
    if (if_none_match == asset->etag) {
        response.status = 304;
    } else {
        response.static_body = asset->bytes;
    }
    return response;
}

bool is_prefetch(const PortalRequest& request) noexcept {
    for (const std::string_view name : {"sec-purpose", "purpose", "x-moz"}) {
        if (request.field(name).find("prefetch") != std::string_view::npos) return true;
    }
    return false;
}

bool read_allowed(const PortalRequest& request) noexcept {
    const auto site = request.field("sec-fetch-site");
    if (site.empty() || site == "same-origin" || site == "none") return true;
    // Browsers name the destination since they tell a frame's navigation from a tab's.
    const auto destination = request.field("sec-fetch-dest");
    return request.field("sec-fetch-mode") == "navigate" &&
           (destination.empty() || destination == "document");
}

bool form_allowed(const PortalRequest& request, std::string_view portal_origin) noexcept {
    if (request.method != "POST" || request.field("origin") != portal_origin) return false;
    const auto type = request.field("content-type");
    return type.substr(0, type.find(';')) == "application/x-www-form-urlencoded";
}

std::string FormTokens::bound(std::string_view purpose, const Digest& browser) const {
    return base64url(
        keys_.mac(auth::KeyPurpose::browser_seal, std::string("form:").append(purpose), browser));
}

bool FormTokens::bound_holds(std::string_view token, std::string_view purpose, const Digest& browser) const {
    const auto mac = from_base64url(token);
    return mac && keys_.mac_matches(auth::KeyPurpose::browser_seal, std::string("form:").append(purpose),
                                    browser, *mac);
}

std::string FormTokens::stamp(std::string_view purpose, WallTime now) const {
    Bytes bytes = big_endian(seconds_of(now));
    const Digest mac =
        keys_.mac(auth::KeyPurpose::browser_seal, std::string("stamp:").append(purpose), bytes);
    bytes.insert(bytes.end(), mac.begin(), mac.end());
    return base64url(bytes);
}

bool FormTokens::stamp_holds(std::string_view token, std::string_view purpose, WallTime now,
                             Seconds lifetime) const {
    const auto bytes = from_base64url(token);
    if (!bytes || bytes->size() != 8 + sizeof(Digest)) return false;
    const ByteView all(*bytes);
    if (!keys_.mac_matches(auth::KeyPurpose::browser_seal, std::string("stamp:").append(purpose),
                           all.first(8), all.subspan(8)))
        return false;
    std::uint64_t made = 0;
    for (std::size_t i = 0; i < 8; ++i) made = made << 8 | all[i];
    const auto age = seconds_of(now) - static_cast<std::int64_t>(made);
    return age >= -60 && age <= lifetime.count();
}

}  // namespace sekisho::gateway
