#pragma once
// FieldId names the header fields this gateway knows; one table gives each its spelling and what becomes of
// it.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sekisho::gateway {

// What becomes of a known field. Flags of one row of the table below.
inline constexpr std::uint8_t kHopByHop = 1;      // never forwarded, either way (RFC 9110 section 7.6.1)
inline constexpr std::uint8_t kDropUpward = 2;    // never forwarded to an upstream, or set by us alone
inline constexpr std::uint8_t kDropDownward = 4;  // never forwarded to a client, or set by us alone (R10)
inline constexpr std::uint8_t kEdited = 8;        // looked at one by one while rewriting
inline constexpr std::uint8_t kNoTrailer = 16;    // dropped from trailers (RFC 9110 section 6.5.1)
inline constexpr std::uint8_t kBadTrailer =
    32;  // a trailer of this name refuses the message: framing, routing

// clang-format off
#define SEKISHO_FIELDS(X)                                                                  \
    X(accept, "accept", kNoTrailer)                                                        \
    X(accept_encoding, "accept-encoding", kNoTrailer)                                      \
    X(accept_language, "accept-language", kNoTrailer)                                      \
    X(accept_ranges, "accept-ranges", kNoTrailer)                                          \
    X(access_control_allow_credentials, "access-control-allow-credentials", kNoTrailer)    \
    X(access_control_allow_headers, "access-control-allow-headers", kNoTrailer)            \
    X(access_control_allow_methods, "access-control-allow-methods", kNoTrailer)            \
    X(access_control_allow_origin, "access-control-allow-origin", kNoTrailer)              \
    X(access_control_expose_headers, "access-control-expose-headers", kNoTrailer)          \
    X(access_control_max_age, "access-control-max-age", kNoTrailer)                        \
    X(access_control_request_headers, "access-control-request-headers", kNoTrailer)        \
    X(access_control_request_method, "access-control-request-method", kNoTrailer)          \
    X(age, "age", kNoTrailer)                                                              \
    X(allow, "allow", kNoTrailer)                                                          \
    X(alt_svc, "alt-svc", kDropDownward | kNoTrailer)                                      \
    X(authorization, "authorization", kEdited | kNoTrailer)                                \
    X(cache_control, "cache-control", kNoTrailer)                                          \
    X(clear_site_data, "clear-site-data", kEdited | kNoTrailer)                            \
    X(connection, "connection", kHopByHop | kBadTrailer)                                   \
    X(content_disposition, "content-disposition", kNoTrailer)                              \
    X(content_encoding, "content-encoding", kNoTrailer)                                    \
    X(content_language, "content-language", kNoTrailer)                                    \
    X(content_length, "content-length", kHopByHop | kBadTrailer)                           \
    X(content_location, "content-location", kNoTrailer)                                    \
    X(content_range, "content-range", kNoTrailer)                                          \
    X(content_security_policy, "content-security-policy", kNoTrailer)                      \
    X(content_type, "content-type", kNoTrailer)                                            \
    X(cookie, "cookie", kEdited | kNoTrailer)                                              \
    X(cross_origin_embedder_policy, "cross-origin-embedder-policy", kNoTrailer)            \
    X(cross_origin_opener_policy, "cross-origin-opener-policy", kNoTrailer)                \
    X(cross_origin_resource_policy, "cross-origin-resource-policy", kNoTrailer)            \
    X(date, "date", kNoTrailer)                                                            \
    X(dnt, "dnt", kNoTrailer)                                                              \
    X(early_data, "early-data", kDropUpward | kNoTrailer)                                  \
    X(etag, "etag", 0)                                                                     \
    X(expect, "expect", kDropUpward | kNoTrailer)                                          \
    X(expires, "expires", kNoTrailer)                                                      \
    X(forwarded, "forwarded", kDropUpward | kBadTrailer)                                   \
    X(host, "host", kDropUpward | kBadTrailer)                                             \
    X(http2_settings, "http2-settings", kHopByHop | kBadTrailer)                           \
    X(if_match, "if-match", kNoTrailer)                                                    \
    X(if_modified_since, "if-modified-since", kNoTrailer)                                  \
    X(if_none_match, "if-none-match", kNoTrailer)                                          \
    X(if_range, "if-range", kNoTrailer)                                                    \
    X(if_unmodified_since, "if-unmodified-since", kNoTrailer)                              \
    X(keep_alive, "keep-alive", kHopByHop | kBadTrailer)                                   \
    X(last_modified, "last-modified", kNoTrailer)                                          \
    X(link, "link", kNoTrailer)                                                            \
    X(location, "location", kNoTrailer)                                                    \
    X(max_forwards, "max-forwards", kNoTrailer)                                            \
    X(nel, "nel", kDropDownward | kNoTrailer)                                              \
    X(origin, "origin", kNoTrailer)                                                        \
    X(permissions_policy, "permissions-policy", kNoTrailer)                                \
    X(pragma, "pragma", kNoTrailer)                                                        \
    X(priority, "priority", kNoTrailer)                                                    \
    X(proxy, "proxy", kDropUpward | kNoTrailer)                                            \
    X(proxy_authenticate, "proxy-authenticate", kHopByHop | kNoTrailer)                    \
    X(proxy_authentication_info, "proxy-authentication-info", kHopByHop | kNoTrailer)      \
    X(proxy_authorization, "proxy-authorization", kHopByHop | kNoTrailer)                  \
    X(proxy_connection, "proxy-connection", kHopByHop | kBadTrailer)                       \
    X(range, "range", kNoTrailer)                                                          \
    X(referer, "referer", kNoTrailer)                                                      \
    X(referrer_policy, "referrer-policy", kNoTrailer)                                      \
    X(report_to, "report-to", kDropDownward | kNoTrailer)                                  \
    X(reporting_endpoints, "reporting-endpoints", kDropDownward | kNoTrailer)              \
    X(retry_after, "retry-after", kNoTrailer)                                              \
    X(sec_ch_ua, "sec-ch-ua", kNoTrailer)                                                  \
    X(sec_ch_ua_mobile, "sec-ch-ua-mobile", kNoTrailer)                                    \
    X(sec_ch_ua_platform, "sec-ch-ua-platform", kNoTrailer)                                \
    X(sec_fetch_dest, "sec-fetch-dest", kNoTrailer)                                        \
    X(sec_fetch_mode, "sec-fetch-mode", kNoTrailer)                                        \
    X(sec_fetch_site, "sec-fetch-site", kNoTrailer)                                        \
    X(sec_fetch_user, "sec-fetch-user", kNoTrailer)                                        \
    X(sec_gpc, "sec-gpc", kNoTrailer)                                                      \
    X(sec_purpose, "sec-purpose", kNoTrailer)                                              \
    X(sec_websocket_accept, "sec-websocket-accept", kNoTrailer)                            \
    X(sec_websocket_extensions, "sec-websocket-extensions", kNoTrailer)                    \
    X(sec_websocket_key, "sec-websocket-key", kNoTrailer)                                  \
    X(sec_websocket_protocol, "sec-websocket-protocol", kNoTrailer)                        \
    X(sec_websocket_version, "sec-websocket-version", kNoTrailer)                          \
    X(sekisho_token, "sekisho-token", kDropUpward | kDropDownward | kBadTrailer)           \
    X(server, "server", kNoTrailer)                                                        \
    X(server_timing, "server-timing", 0)                                                   \
    X(service_worker, "service-worker", kNoTrailer)                                        \
    X(set_cookie, "set-cookie", kEdited | kNoTrailer)                                      \
    X(strict_transport_security, "strict-transport-security", kDropDownward | kNoTrailer)  \
    X(te, "te", kHopByHop | kBadTrailer)                                                   \
    X(traceparent, "traceparent", kDropUpward | kNoTrailer)                                \
    X(tracestate, "tracestate", kEdited | kNoTrailer)                                      \
    X(trailer, "trailer", kEdited | kBadTrailer)                                           \
    X(transfer_encoding, "transfer-encoding", kHopByHop | kBadTrailer)                     \
    X(upgrade, "upgrade", kHopByHop | kBadTrailer)                                         \
    X(upgrade_insecure_requests, "upgrade-insecure-requests", kNoTrailer)                  \
    X(user_agent, "user-agent", kNoTrailer)                                                \
    X(vary, "vary", kNoTrailer)                                                            \
    X(via, "via", kNoTrailer)                                                              \
    X(www_authenticate, "www-authenticate", kNoTrailer)                                    \
    X(x_content_type_options, "x-content-type-options", kNoTrailer)                        \
    X(x_csrf_token, "x-csrf-token", kNoTrailer)                                            \
    X(x_frame_options, "x-frame-options", kNoTrailer)                                      \
    X(x_powered_by, "x-powered-by", kNoTrailer)                                            \
    X(x_requested_with, "x-requested-with", kNoTrailer)                                    \
    X(x_xss_protection, "x-xss-protection", kNoTrailer)
// clang-format on

enum class FieldId : std::uint8_t {
    other,  // every name that is not in the table
#define SEKISHO_FIELD_ENUM(id, name, flags) id,
    SEKISHO_FIELDS(SEKISHO_FIELD_ENUM)
#undef SEKISHO_FIELD_ENUM
};

struct FieldTraits {
    std::string_view name;  // lower case
    std::uint8_t flags = 0;
};

inline constexpr std::array kFieldTraits = {FieldTraits{"", 0},
#define SEKISHO_FIELD_ROW(id, name, flags) FieldTraits{name, flags},
                                            SEKISHO_FIELDS(SEKISHO_FIELD_ROW)
#undef SEKISHO_FIELD_ROW
};
inline constexpr std::size_t kFieldCount = kFieldTraits.size();
static_assert(kFieldCount <= 128, "FieldSet holds 128");

constexpr std::uint8_t field_flags(FieldId id) noexcept {
    return kFieldTraits[static_cast<std::size_t>(id)].flags;
}

// find_field_id knows a valid field name in any casing; FieldId::other for the rest. Never allocates.
FieldId find_field_id(std::string_view name) noexcept;

// FieldSet is a set of known names in two words.
class FieldSet {
public:
    constexpr FieldSet() noexcept = default;
    template <class... Ids>
    static constexpr FieldSet of(Ids... ids) noexcept {
        FieldSet set;
        (set.add(ids), ...);
        return set;
    }
    constexpr void add(FieldId id) noexcept { words_[word(id)] |= bit(id); }
    constexpr bool has(FieldId id) const noexcept { return (words_[word(id)] & bit(id)) != 0; }
    constexpr bool intersects(const FieldSet& other) const noexcept {
        return ((words_[0] & other.words_[0]) | (words_[1] & other.words_[1])) != 0;
    }

private:
    static constexpr std::size_t word(FieldId id) noexcept { return static_cast<std::size_t>(id) >> 6; }
    static constexpr std::uint64_t bit(FieldId id) noexcept {
        return std::uint64_t{1} << (static_cast<unsigned>(id) & 63U);
    }
    std::array<std::uint64_t, 2> words_{};
};

}  // namespace sekisho::gateway
