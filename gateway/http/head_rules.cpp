#include "gateway/http/head_rules.hpp"

#include "gateway/http/byte_class.hpp"

#include <array>

namespace sekisho::gateway {
namespace {

struct FaultRow {
    std::string_view name;
    std::uint16_t status;
};

// One row per HeadFault, in its order.
constexpr std::array kFaults = {
    FaultRow{"none", 200},
    FaultRow{"method_invalid", 400},
    FaultRow{"method_refused", 501},
    FaultRow{"target_invalid", 400},
    FaultRow{"target_too_long", 414},
    FaultRow{"fragment_in_target", 400},
    FaultRow{"version_malformed", 400},
    FaultRow{"version_unsupported", 505},
    FaultRow{"http09", 400},
    FaultRow{"line_end", 400},
    FaultRow{"field_name", 400},
    FaultRow{"field_value", 400},
    FaultRow{"obsolete_fold", 400},
    FaultRow{"head_too_large", 431},
    FaultRow{"too_many_fields", 431},
    FaultRow{"status_line", 502},
    FaultRow{"host_missing", 400},
    FaultRow{"host_invalid", 400},
    FaultRow{"host_repeated", 400},
    FaultRow{"host_disagrees", 400},
    FaultRow{"target_form", 400},
    FaultRow{"field_repeated", 400},
    FaultRow{"length_invalid", 400},
    FaultRow{"length_repeated", 400},
    FaultRow{"length_and_coding", 400},
    FaultRow{"coding_unknown", 501},
    FaultRow{"coding_repeated", 400},
    FaultRow{"coding_in_http10", 400},
    FaultRow{"connection_invalid", 400},
    FaultRow{"expectation_unknown", 417},
    FaultRow{"upgrade_invalid", 400},
    FaultRow{"pseudo_field", 400},
    FaultRow{"switching_unasked", 502},
    FaultRow{"switching_invalid", 502},
    FaultRow{"length_forbidden", 502},
};
static_assert(kFaults.size() == static_cast<std::size_t>(HeadFault::length_forbidden) + 1);

// What the Connection, TE and Upgrade fields of one head said.
struct HopFacts {
    bool close = false;
    bool keep_alive = false;
    bool upgrade = false;
};

// Fields that are read once: a second one is another reading of the message.
constexpr FieldSet kSingleInRequest =
    FieldSet::of(FieldId::host, FieldId::content_length, FieldId::transfer_encoding, FieldId::authorization,
                 FieldId::content_type, FieldId::expect, FieldId::origin, FieldId::sec_fetch_dest,
                 FieldId::sec_fetch_mode, FieldId::sec_fetch_site, FieldId::sekisho_token,
                 FieldId::sec_websocket_key, FieldId::sec_websocket_version, FieldId::upgrade);
constexpr FieldSet kSingleInResponse = FieldSet::of(FieldId::content_length, FieldId::transfer_encoding,
                                                    FieldId::sec_websocket_accept, FieldId::location);

// Fields that speak of the connection: never in HTTP/2 (RFC 9113 section 8.2.2).
constexpr FieldSet kConnectionSpecific =
    FieldSet::of(FieldId::connection, FieldId::keep_alive, FieldId::proxy_connection,
                 FieldId::transfer_encoding, FieldId::upgrade, FieldId::http2_settings);

HeadFault repeated_fault(const FieldSet& repeated, const FieldSet& single) noexcept {
    if (!repeated.intersects(single)) return HeadFault::none;
    if (repeated.has(FieldId::host)) return HeadFault::host_repeated;
    if (repeated.has(FieldId::content_length)) return HeadFault::length_repeated;
    if (repeated.has(FieldId::transfer_encoding)) return HeadFault::coding_repeated;
    return HeadFault::field_repeated;
}

HeadFault read_connection(std::string_view list, HopFacts& hop, Head& head) noexcept {
    while (!list.empty()) {
        const std::string_view item = next_list_item(list);
        if (item.empty()) continue;
        if (!is_token(item)) return HeadFault::connection_invalid;
        if (equal_ignoring_case(item, "keep-alive"))
            hop.keep_alive = true;
        else if (equal_ignoring_case(item, "close"))
            hop.close = true;
        else if (equal_ignoring_case(item, "upgrade"))
            hop.upgrade = true;
        else if (!equal_ignoring_case(item, "te"))
            head.connection_names_fields = true;
    }
    return HeadFault::none;
}

HeadFault read_connections(HopFacts& hop, Head& head) noexcept {
    if (!head.present.has(FieldId::connection)) return HeadFault::none;
    for (const Field& field : head.fields) {
        if (field.id != FieldId::connection) continue;
        const HeadFault fault = read_connection(field.value, hop, head);
        if (fault != HeadFault::none) return fault;
    }
    return HeadFault::none;
}

bool lists_trailers(const RequestHead& head) noexcept {
    for (const Field& field : head.fields) {
        if (field.id != FieldId::te) continue;
        std::string_view list = field.value;
        while (!list.empty())
            if (equal_ignoring_case(next_list_item(list), "trailers")) return true;
    }
    return false;
}

// read_framing decides how the body ends; the same for both kinds of message (RFC 9112 section 6.3).
HeadFault read_framing(Head& head, bool& has_length) noexcept {
    const Field* coding = head.find(FieldId::transfer_encoding);
    const Field* length = head.find(FieldId::content_length);
    if (coding != nullptr) {
        if (length != nullptr) return HeadFault::length_and_coding;
        if (head.version == HttpVersion::http10) return HeadFault::coding_in_http10;
        if (!equal_ignoring_case(coding->value, "chunked")) return HeadFault::coding_unknown;
        head.framing = Framing::chunked;
    }
    if (length != nullptr) {
        const auto bytes = parse_content_length(length->value);
        if (!bytes) return HeadFault::length_invalid;
        head.framing = Framing::length;
        head.content_length = *bytes;
        has_length = true;
    }
    return HeadFault::none;
}

void split_query(std::string_view text, RequestHead& head) noexcept {
    const std::size_t mark = text.find('?');
    head.path = text.substr(0, mark);
    head.has_query = mark != std::string_view::npos;
    if (head.has_query) head.query = text.substr(mark + 1);
}

HeadFault read_absolute(RequestHead& head, std::string_view& authority) noexcept {
    const std::size_t colon = head.target.find("://");
    if (colon == std::string_view::npos) return HeadFault::target_form;
    const std::string_view scheme = head.target.substr(0, colon);
    if (!equal_ignoring_case(scheme, "https") && !equal_ignoring_case(scheme, "http"))
        return HeadFault::target_form;
    std::string_view rest = head.target.substr(colon + 3);
    const std::size_t end = rest.find_first_of("/?");
    authority = rest.substr(0, end);
    split_query(end == std::string_view::npos ? std::string_view{} : rest.substr(end), head);
    if (head.path.empty()) head.path = "/";
    head.form = TargetForm::absolute;
    return HeadFault::none;
}

// read_target_form tells the four forms apart; CONNECT's authority form is not ours (RFC 9112 section 3.2).
HeadFault read_target_form(RequestHead& head, std::string_view& authority) noexcept {
    if (head.target.empty()) return HeadFault::target_invalid;
    if (head.target.front() == '/') {
        head.form = TargetForm::origin;
        split_query(head.target, head);
        return HeadFault::none;
    }
    if (head.target == "*") {
        if (head.method_id != Method::options) return HeadFault::target_form;
        head.form = TargetForm::asterisk;
        head.path = head.target;
        return HeadFault::none;
    }
    return read_absolute(head, authority);
}

HeadFault read_host(RequestHead& head, std::string_view authority) noexcept {
    const Field* host = head.find(FieldId::host);
    if (host == nullptr) {
        if (head.version == HttpVersion::http11) return HeadFault::host_missing;
        if (!authority.empty() && !valid_host(authority)) return HeadFault::host_invalid;
        head.host = authority;
        return HeadFault::none;
    }
    if (!valid_host(host->value)) return HeadFault::host_invalid;
    if (head.form == TargetForm::absolute && !equal_ignoring_case(authority, host->value))
        return HeadFault::host_disagrees;
    head.host = host->value;
    return HeadFault::none;
}

// valid_websocket_key: 16 bytes in base64 (RFC 6455 section 4.1).
bool valid_websocket_key(std::string_view key) noexcept {
    if (key.size() != 24 || key.substr(22) != "==") return false;
    for (const char c : key.substr(0, 22))
        if (!has_class(c, byte_class::kAlnum) && c != '+' && c != '/') return false;
    return true;
}

bool valid_websocket_opening(const RequestHead& head) noexcept {
    return head.method_id == Method::get && !head.has_body() &&
           head.value(FieldId::sec_websocket_version) == "13" &&
           valid_websocket_key(head.value(FieldId::sec_websocket_key));
}

// ignored_upgrade: protocols that would carry requests past us; RFC 9110 section 7.8 lets us ignore them.
bool ignored_upgrade(std::string_view token) noexcept {
    const std::string_view name = token.substr(0, token.find('/'));
    return equal_ignoring_case(name, "h2c") || equal_ignoring_case(name, "h2") ||
           equal_ignoring_case(name, "http") || equal_ignoring_case(name, "tls");
}

bool valid_upgrade_token(std::string_view token) noexcept {
    const std::size_t slash = token.find('/');
    if (!is_token(token.substr(0, slash))) return false;
    return slash == std::string_view::npos || is_token(token.substr(slash + 1));
}

HeadFault read_upgrade(RequestHead& head, const HopFacts& hop) noexcept {
    const Field* field = head.find(FieldId::upgrade);
    if (field == nullptr || !hop.upgrade || head.version != HttpVersion::http11) return HeadFault::none;
    const std::string_view token = field->value;
    if (token.find(',') != std::string_view::npos || ignored_upgrade(token)) return HeadFault::none;
    if (!valid_upgrade_token(token)) return HeadFault::upgrade_invalid;
    if (equal_ignoring_case(token, "websocket")) {
        if (!valid_websocket_opening(head)) return HeadFault::upgrade_invalid;
        head.upgrade = Upgrade::websocket;
    } else {
        if (head.framing == Framing::chunked || head.content_length > 0) return HeadFault::upgrade_invalid;
        head.upgrade = Upgrade::other;
    }
    head.upgrade_token = token;
    return HeadFault::none;
}

HeadFault read_expect(RequestHead& head) noexcept {
    const Field* field = head.find(FieldId::expect);
    if (field == nullptr || head.version == HttpVersion::http10) return HeadFault::none;
    if (!equal_ignoring_case(field->value, "100-continue")) return HeadFault::expectation_unknown;
    head.expect_continue = true;
    return HeadFault::none;
}

bool keeps_alive(HttpVersion version, const HopFacts& hop) noexcept {
    if (hop.close) return false;
    return version != HttpVersion::http10 || hop.keep_alive;
}

HeadFault read_switching(ResponseHead& head, const HopFacts& hop, const AskedFor& asked) noexcept {
    if (asked.upgrade_token.empty()) return HeadFault::switching_unasked;
    const bool framed =
        head.present.has(FieldId::content_length) || head.present.has(FieldId::transfer_encoding);
    const std::string_view token = head.value(FieldId::upgrade);
    if (framed || !hop.upgrade || head.version != HttpVersion::http11 ||
        head.repeated.has(FieldId::upgrade) || !equal_ignoring_case(token, asked.upgrade_token))
        return HeadFault::switching_invalid;
    const bool websocket = equal_ignoring_case(token, "websocket");
    const std::string_view accept = head.value(FieldId::sec_websocket_accept);
    if (websocket &&
        (accept.size() != 28 || (!asked.websocket_accept.empty() && accept != asked.websocket_accept)))
        return HeadFault::switching_invalid;
    head.upgrade = websocket ? Upgrade::websocket : Upgrade::other;
    head.upgrade_token = token;
    head.keep_alive = false;
    return HeadFault::none;
}

// read_response_framing: RFC 9112 section 6.3, in its order. A 204 with "Content-Length: 0" is common and
// says nothing wrong; any other length or coding where there can be no body would desynchronise a laxer
// reader.
HeadFault read_response_framing(ResponseHead& head, const AskedFor& asked) noexcept {
    const HeadFault fault = read_framing(head, head.has_length);
    if (fault != HeadFault::none) return fault;
    const bool never = head.status < 200 || head.status == 204;
    if (never && (head.framing == Framing::chunked ||
                  (head.has_length && (head.status < 200 || head.content_length > 0))))
        return HeadFault::length_forbidden;
    if (never || head.status == 304 || asked.method == Method::head) {
        if (never) head.has_length = false;
        head.framing = Framing::none;
    } else if (head.framing == Framing::none) {
        head.framing = Framing::until_close;
        head.keep_alive = false;
    }
    return HeadFault::none;
}

bool valid_port(std::string_view port) noexcept {
    if (port.empty() || port.size() > 5) return false;
    for (const char c : port)
        if (!is_digit(c)) return false;
    return true;
}

}  // namespace

std::uint16_t status_of(HeadFault fault) noexcept { return kFaults[static_cast<std::size_t>(fault)].status; }
std::string_view to_text(HeadFault fault) noexcept { return kFaults[static_cast<std::size_t>(fault)].name; }

HeadLimits client_head_limits(const config::Limits& limits) noexcept {
    return {limits.head_bytes, limits.head_fields, limits.target_bytes};
}
HeadLimits portal_head_limits(const config::Limits& limits) noexcept {
    return {limits.portal_head_bytes, limits.head_fields, limits.target_bytes};
}
HeadLimits upstream_head_limits(const config::Limits& limits) noexcept {
    return {limits.upstream_head_bytes, limits.head_fields, limits.target_bytes};
}

bool has_connection_fields(const Head& head) noexcept { return head.present.intersects(kConnectionSpecific); }

HeadFault apply_request_rules(RequestHead& head) noexcept {
    head.method_id = to_method(head.method);
    // CONNECT would tunnel past every rule; TRACE would show the caller what only the upstream may see.
    if (head.method_id == Method::connect || head.method_id == Method::trace)
        return HeadFault::method_refused;
    HeadFault fault = repeated_fault(head.repeated, kSingleInRequest);
    if (fault != HeadFault::none) return fault;
    if (head.version == HttpVersion::http2 && has_connection_fields(head))
        return HeadFault::connection_invalid;

    std::string_view authority;
    HopFacts hop;
    bool has_length = false;
    if ((fault = read_target_form(head, authority)) != HeadFault::none) return fault;
    if ((fault = read_host(head, authority)) != HeadFault::none) return fault;
    if ((fault = read_connections(hop, head)) != HeadFault::none) return fault;
    if ((fault = read_framing(head, has_length)) != HeadFault::none) return fault;
    if ((fault = read_expect(head)) != HeadFault::none) return fault;
    if ((fault = read_upgrade(head, hop)) != HeadFault::none) return fault;
    head.te_trailers = head.present.has(FieldId::te) && lists_trailers(head);
    head.keep_alive = keeps_alive(head.version, hop);
    return HeadFault::none;
}

HeadFault apply_response_rules(ResponseHead& head, const AskedFor& asked) noexcept {
    HeadFault fault = repeated_fault(head.repeated, kSingleInResponse);
    if (fault != HeadFault::none) return fault;
    HopFacts hop;
    if ((fault = read_connections(hop, head)) != HeadFault::none) return fault;
    head.keep_alive = keeps_alive(head.version, hop);
    if (head.status == 101) return read_switching(head, hop, asked);
    return read_response_framing(head, asked);
}

std::optional<std::uint64_t> parse_content_length(std::string_view text) noexcept {
    if (text.empty() || text.size() > 18) return std::nullopt;  // below 2^63 whatever the digits
    std::uint64_t value = 0;
    for (const char c : text) {
        if (!is_digit(c)) return std::nullopt;
        value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
}

bool valid_host(std::string_view host) noexcept {
    if (host.empty() || host.size() > 262) return false;  // 255 for a name, ':' and a port
    std::size_t at = 0;
    if (host.front() == '[') {
        at = host.find(']');
        if (at == std::string_view::npos || at < 3) return false;
        for (const char c : host.substr(1, at - 1))
            if (hex_value(c) < 0 && c != ':' && c != '.') return false;
        ++at;
    } else {
        while (at < host.size() && has_class(host[at], byte_class::kHost)) ++at;
        if (at == 0) return false;
    }
    return at == host.size() || (host[at] == ':' && valid_port(host.substr(at + 1)));
}

}  // namespace sekisho::gateway
