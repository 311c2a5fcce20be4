#pragma once
// The rules of a message head: what is refused and why (RFC 9110, RFC 9112), whatever wire it came by.
#include "config/model.hpp"
#include "gateway/http/message.hpp"

namespace sekisho::gateway {

// Every reason a head is refused for. One row each in head_rules.cpp: status for the client, text for logs.
enum class HeadFault : std::uint8_t {
    none,
    // lexical
    method_invalid,
    method_refused,
    target_invalid,
    target_too_long,
    fragment_in_target,
    version_malformed,
    version_unsupported,
    http09,
    line_end,       // bare CR or LF
    field_name,     // empty, invalid byte, blank before the colon
    field_value,    // NUL or another control byte
    obsolete_fold,  // a line that begins with a blank
    head_too_large,
    too_many_fields,
    status_line,
    // meaning
    host_missing,
    host_invalid,
    host_repeated,
    host_disagrees,
    target_form,
    field_repeated,
    length_invalid,
    length_repeated,
    length_and_coding,
    coding_unknown,
    coding_repeated,
    coding_in_http10,
    connection_invalid,
    expectation_unknown,
    upgrade_invalid,
    pseudo_field,  // HTTP/2 only: unknown, missing, twice, behind a field or where none may be
    // upstream only
    switching_unasked,
    switching_invalid,
    length_forbidden,
};

// status_of is what the client is told when its own request is at fault: 400, 414, 417, 431, 501 or 505.
// A faulty upstream response is always 502.
std::uint16_t status_of(HeadFault fault) noexcept;
// to_text names a fault as it stands in logs and metrics: "host_repeated".
std::string_view to_text(HeadFault fault) noexcept;

// Bounds of one head; reaching one is a fault, one below is not.
struct HeadLimits {
    std::uint32_t head_bytes = 32u << 10;  // from the first byte to the empty line
    std::uint32_t fields = 128;
    std::uint32_t target_bytes = 8u << 10;
};
HeadLimits client_head_limits(const config::Limits& limits) noexcept;
HeadLimits portal_head_limits(const config::Limits& limits) noexcept;  // R10: room for 64 KiB of Cookie
HeadLimits upstream_head_limits(const config::Limits& limits) noexcept;

// has_connection_fields: fields that speak of a connection, which HTTP/2 never has (RFC 9113 section 8.2.2).
bool has_connection_fields(const Head& head) noexcept;

// apply_request_rules reads method, target, version and fields of `head`, fills everything else in it, and
// says what is wrong. Source: RFC 9112 sections 3, 6; RFC 9110 sections 5.3, 7.2, 7.6.1, 7.8, 10.1.1.
HeadFault apply_request_rules(RequestHead& head) noexcept;

// What the request was, as far as its response's framing depends on it (RFC 9112 section 6.3).
struct AskedFor {
    Method method = Method::get;
    std::string_view upgrade_token;     // what we asked to switch to; empty = nothing
    std::string_view websocket_accept;  // what Sec-WebSocket-Accept must be; empty = anything of its size
};

// apply_response_rules does the same for an upstream's response. The caller bounds how many interim
// responses it takes.
HeadFault apply_response_rules(ResponseHead& head, const AskedFor& asked) noexcept;

// parse_content_length: 1 to 18 digits, nothing else; nothing when invalid.
std::optional<std::uint64_t> parse_content_length(std::string_view text) noexcept;

// valid_host: "name", "name:port", "[IPv6]" or "[IPv6]:port" with the bytes those may hold.
bool valid_host(std::string_view host) noexcept;

}  // namespace sekisho::gateway
