#include "gateway/forward/rewrite.hpp"

#include "gateway/http/cookies.hpp"
#include "gateway/http/field_filter.hpp"
#include "gateway/http/service_token_field.hpp"

namespace sekisho::gateway {
namespace {

// Room for everything we add that does not depend on lengths of ours or theirs.
constexpr std::size_t kFixedBytes = 640;
constexpr std::string_view kHsts = "Strict-Transport-Security: max-age=31536000\r\n";

// passes_upward decides one field of a client's head, except for cookies, which are written apart.
bool passes_upward(const Field& field, const RequestHead& head, const UpstreamFacts& facts) noexcept {
    constexpr std::uint8_t kNever = kHopByHop | kDropUpward;
    if (field.id == FieldId::other) {
        if (claim_of(field.name) != NameClaim::none) return false;
    } else {
        const std::uint8_t flags = field_flags(field.id);
        if ((flags & kNever) != 0) return false;
        if (field.id == FieldId::sec_websocket_key && !facts.websocket_key.empty()) return false;
        if ((flags & kEdited) != 0) {
            if (field.id == FieldId::cookie) return false;
            if (field.id == FieldId::authorization && !bearer_service_token(field.value).empty())
                return false;
            if (field.id == FieldId::tracestate && !facts.keep_tracestate) return false;
            if (field.id == FieldId::trailer && head.framing != Framing::chunked) return false;
        }
    }
    return !head.connection_names_fields || !head.names_in_connection(field.name);
}

void put_forwarded(std::string_view host, const UpstreamFacts& facts, HeadWriter& out) noexcept {
    const bool v6 = facts.client_address.find(':') != std::string_view::npos;
    out.put(v6 ? "Forwarded: for=\"[" : "Forwarded: for=");
    out.put(facts.client_address);
    out.put(v6 ? "]\"" : "");
    if (!host.empty()) {
        out.put(";host=\"");  // quoted: a Host may hold ':', which no token does
        out.put(host);
        out.put("\"");
    }
    out.put(";proto=");
    out.put(facts.scheme);
    out.put("\r\n");
}

// put_ours comes behind the client's fields; none of these names got past passes_upward.
void put_ours(const RequestHead& head, const UpstreamFacts& facts, HeadWriter& out) noexcept {
    put_forwarded(head.host, facts, out);
    out.field("X-Forwarded-For", facts.client_address);
    out.field("X-Real-IP", facts.client_address);
    out.field("X-Forwarded-Proto", facts.scheme);
    if (!head.host.empty()) out.field("X-Forwarded-Host", head.host);
    if (!facts.via.empty()) {
        out.put(head.version == HttpVersion::http2    ? "Via: 2 "
                : head.version == HttpVersion::http11 ? "Via: 1.1 "
                                                      : "Via: 1.0 ");
        out.put(facts.via);
        out.put("\r\n");
    }
    if (!facts.traceparent.empty()) out.field("traceparent", facts.traceparent);
    if (!facts.request_id.empty()) out.field("Sekisho-Request-Id", facts.request_id);
    if (!facts.assertion.empty()) out.field("Sekisho-Assertion", facts.assertion);
}

void put_length(std::uint64_t bytes, HeadWriter& out) noexcept {
    out.put("Content-Length: ");
    out.number(bytes);
    out.put("\r\n");
}

void put_upgrade(const Head& head, HeadWriter& out) noexcept {
    out.put("Connection: upgrade\r\n");
    out.field("Upgrade", head.upgrade_token);
}

void put_upstream_framing(const RequestHead& head, const UpstreamFacts& facts, HeadWriter& out) noexcept {
    const bool streams = facts.version == HttpVersion::http2;
    if (head.framing == Framing::chunked && !streams) out.put("Transfer-Encoding: chunked\r\n");
    if (head.framing == Framing::length) put_length(head.content_length, out);
    if (head.expect_continue && facts.forward_expect) out.put("Expect: 100-continue\r\n");
    if (!facts.websocket_key.empty()) out.field("Sec-WebSocket-Key", facts.websocket_key);
    if (head.upgrade != Upgrade::none)
        put_upgrade(head, out);
    else if (head.te_trailers)
        out.put(streams ? "TE: trailers\r\n" : "Connection: TE\r\nTE: trailers\r\n");
}

void put_request_line(const RequestHead& head, const UpstreamFacts& facts, HeadWriter& out) noexcept {
    out.put(head.method);
    out.put(" ");
    out.put(facts.path);
    if (head.has_query) {
        out.put("?");
        out.put(head.query);
    }
    out.put(" HTTP/1.1\r\n");
    out.field("Host", facts.host.empty() ? head.host : facts.host);
}

// clears_beyond_host: "cookies" takes the portal's too, and "*" means all of them (R10).
bool clears_beyond_host(std::string_view value) noexcept {
    while (!value.empty()) {
        std::string_view item = next_list_item(value);
        item = item.substr(0, item.find(';'));
        if (item.find('*') != std::string_view::npos) return true;
        if (item.size() >= 2 && item.front() == '"') item = item.substr(1, item.size() - 2);
        if (equal_ignoring_case(item, "cookies")) return true;
    }
    return false;
}

// passes_downward decides one field of an upstream's head, except for Set-Cookie. An accepted key answers one
// that the wire of the client has (RFC 6455 section 4.2.2; not RFC 8441).
bool passes_downward(const Field& field, const ResponseHead& head, HttpVersion client,
                     bool chunked) noexcept {
    constexpr std::uint8_t kNever = kHopByHop | kDropDownward;
    if (field.id == FieldId::other) {
        const NameClaim claim = claim_of(field.name);
        if (claim == NameClaim::gateway || claim == NameClaim::session || claim == NameClaim::framing)
            return false;
    } else {
        if ((field_flags(field.id) & kNever) != 0) return false;
        if (field.id == FieldId::trailer && !chunked) return false;
        if (field.id == FieldId::sec_websocket_accept && client == HttpVersion::http2) return false;
        if (field.id == FieldId::clear_site_data && clears_beyond_host(field.value)) return false;
    }
    return !head.connection_names_fields || !head.names_in_connection(field.name);
}

// client_framing: HTTP/1.0 knows no chunks, so there the end of the connection ends the body.
Framing client_framing(const ResponseHead& head, HttpVersion client) noexcept {
    const bool unbounded = head.framing == Framing::chunked || head.framing == Framing::until_close;
    if (!unbounded) return head.framing;
    return client == HttpVersion::http10 ? Framing::until_close : Framing::chunked;
}

void put_status_line(const ResponseHead& head, HeadWriter& out) noexcept {
    out.put("HTTP/1.1 ");
    out.number(head.status);
    out.put(" ");
    out.put(head.reason);
    out.put("\r\n");
}

void put_client_framing(const ResponseHead& head, const ClientFacts& facts, const ClientHead& result,
                        HeadWriter& out) noexcept {
    const bool streams = facts.version == HttpVersion::http2;
    if (head.status == 101) {
        if (!streams) put_upgrade(head, out);
        return;
    }
    if (head.is_interim()) return;
    if (result.framing == Framing::chunked && !streams) out.put("Transfer-Encoding: chunked\r\n");
    if (result.framing == Framing::length || (result.framing == Framing::none && head.has_length))
        put_length(head.content_length, out);
    if (streams) return;
    if (!result.keep_alive)
        out.put("Connection: close\r\n");
    else if (facts.version == HttpVersion::http10)
        out.put("Connection: keep-alive\r\n");
}

std::size_t field_bytes(const Head& head) noexcept {
    std::size_t bytes = 0;
    for (const Field& field : head.fields) bytes += field.name.size() + field.value.size() + 4;
    return bytes;
}

// speaks_connection_auth: a scheme whose proof stays with the connection (R4; RFC 4559 section 6).
bool speaks_connection_auth(std::string_view value) noexcept {
    const std::string_view scheme = value.substr(0, value.find_first_of(" \t"));
    return equal_ignoring_case(scheme, "ntlm") || equal_ignoring_case(scheme, "negotiate") ||
           equal_ignoring_case(scheme, "kerberos") || equal_ignoring_case(scheme, "nego2");
}

bool offers_connection_auth(std::string_view challenges) noexcept {
    while (!challenges.empty())
        if (speaks_connection_auth(next_list_item(challenges))) return true;
    return false;
}

// What is left of a list of cookies or attributes is joined anew by two bytes, where one may have stood.
std::size_t rejoined_bytes(std::span<const Field> fields, FieldId id) noexcept {
    std::size_t bytes = 0;
    for (const Field& field : fields)
        if (field.id == id) bytes += field.value.size() / 2 + 1;
    return bytes;
}

}  // namespace

std::size_t upstream_head_bound(const RequestHead& head, const UpstreamFacts& facts) noexcept {
    return kFixedBytes + field_bytes(head) + head.method.size() + facts.path.size() + head.query.size() +
           facts.host.size() + 3 * head.host.size() + 3 * facts.client_address.size() +
           2 * facts.scheme.size() + facts.assertion.size() + facts.traceparent.size() +
           facts.request_id.size() + facts.via.size() + 2 * head.upgrade_token.size() +
           facts.websocket_key.size() +
           (head.present.has(FieldId::cookie) ? rejoined_bytes(head.fields, FieldId::cookie) : 0);
}

std::optional<std::size_t> write_upstream_head(const RequestHead& head, const UpstreamFacts& facts,
                                               std::span<char> buffer) {
    HeadWriter out(buffer);
    if (facts.version != HttpVersion::http2) put_request_line(head, facts, out);
    for (const Field& field : head.fields)
        if (passes_upward(field, head, facts)) out.field(field.name, field.value);
    if (!head.connection_names_fields || !head.names_in_connection("cookie"))
        write_cookies_without_ours(head, out);
    put_ours(head, facts, out);
    put_upstream_framing(head, facts, out);
    out.put("\r\n");
    if (out.overflowed()) return std::nullopt;
    return out.size_bytes();
}

std::size_t client_head_bound(const ResponseHead& head, const ClientFacts& facts) noexcept {
    return kFixedBytes + field_bytes(head) + head.reason.size() + facts.request_id.size() +
           2 * head.upgrade_token.size() +
           (head.present.has(FieldId::set_cookie) ? rejoined_bytes(head.fields, FieldId::set_cookie) : 0);
}

std::optional<ClientHead> write_client_head(const ResponseHead& head, const ClientFacts& facts,
                                            std::span<char> buffer) {
    HeadWriter out(buffer);
    ClientHead result;
    result.framing = client_framing(head, facts.version);
    result.keep_alive = facts.keep_alive && result.framing != Framing::until_close && head.status != 101;
    const bool streams = facts.version == HttpVersion::http2;
    if (!streams) put_status_line(head, out);
    for (const Field& field : head.fields) {
        if (field.id == FieldId::set_cookie)
            write_filtered_set_cookie(field, facts.cookie_domains, out);
        else if (passes_downward(field, head, facts.version, result.framing == Framing::chunked))
            out.field(field.name, field.value);
    }
    if (!head.is_interim()) {
        if (facts.hsts) out.put(kHsts);
        if (!facts.request_id.empty()) out.field("Sekisho-Request-Id", facts.request_id);
        if (facts.access_ends_in != 0) {
            out.put("Sekisho-Access-Ends: ");
            out.number(facts.access_ends_in);
            out.put("\r\n");
        }
    }
    put_client_framing(head, facts, result, out);
    if (!streams) out.put("\r\n");
    if (out.overflowed()) return std::nullopt;
    result.bytes = out.size_bytes();
    return result;
}

bool uses_connection_auth(const RequestHead& head) noexcept {
    return head.present.has(FieldId::authorization) &&
           speaks_connection_auth(head.value(FieldId::authorization));
}

bool uses_connection_auth(const ResponseHead& head) noexcept {
    if (!head.present.has(FieldId::www_authenticate)) return false;
    for (const Field& field : head.fields)
        if (field.id == FieldId::www_authenticate && offers_connection_auth(field.value)) return true;
    return false;
}

TrailerVerdict judge_trailer(const Field& field, Direction direction) noexcept {
    const std::uint8_t flags = field_flags(field.id);
    if (refuses_message(field)) return TrailerVerdict::refuse;
    const std::uint8_t drop = direction == Direction::to_upstream ? kDropUpward : kDropDownward;
    return (flags & (kNoTrailer | kHopByHop | drop)) != 0 ? TrailerVerdict::drop : TrailerVerdict::pass;
}

std::optional<std::size_t> write_trailers(std::span<const Field> trailers, Direction direction,
                                          std::span<char> buffer) {
    HeadWriter out(buffer);
    for (const Field& field : trailers) {
        const TrailerVerdict verdict = judge_trailer(field, direction);
        if (verdict == TrailerVerdict::refuse) return std::nullopt;
        if (verdict == TrailerVerdict::pass) out.field(field.name, field.value);
    }
    out.put("\r\n");
    if (out.overflowed()) return std::nullopt;
    return out.size_bytes();
}

}  // namespace sekisho::gateway
