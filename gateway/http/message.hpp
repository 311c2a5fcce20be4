#pragma once
// RequestHead and ResponseHead are message heads whatever wire they came by: views into the caller's buffer.
// They stay valid while that buffer stands still and the HeadScratch is not reset.
#include "gateway/http/field_id.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::gateway {

// One header field as sent: the name's casing kept, the value without the blanks around it.
struct Field {
    std::string_view name, value;
    FieldId id = FieldId::other;
};

enum class HttpVersion : std::uint8_t { http10, http11, http2 };

enum class Method : std::uint8_t { other, get, head, post, put, patch, delete_, options, trace, connect };

// to_method knows the exact spelling only: methods are case-sensitive.
Method to_method(std::string_view text) noexcept;
// is_safe: GET, HEAD, OPTIONS, TRACE (RFC 9110 section 9.2.1).
bool is_safe(Method method) noexcept;
// may_repeat: idempotent, so a request that met a dead pooled connection may be sent again.
bool may_repeat(Method method) noexcept;

enum class Framing : std::uint8_t {
    none,         // no body at all
    length,       // content_length bytes
    chunked,      // chunks, then trailers
    until_close,  // responses only: whatever comes until the connection ends
};

enum class TargetForm : std::uint8_t { origin, absolute, asterisk };

enum class Upgrade : std::uint8_t {
    none,       // none asked, or one that is ignored (h2c, TLS, lists, HTTP/1.0)
    websocket,  // a well-formed RFC 6455 opening handshake
    other,      // another single token; upgrade_token names it
};

// What both kinds of head share. Only the codec and head_rules fill these.
struct Head {
    std::span<const Field> fields;  // in order
    FieldSet present, repeated;     // known names seen; seen more than once
    std::uint64_t content_length = 0;
    std::string_view upgrade_token;  // as sent, when upgrade != none
    HttpVersion version = HttpVersion::http11;
    Framing framing = Framing::none;
    Upgrade upgrade = Upgrade::none;
    bool keep_alive = false;
    bool connection_names_fields = false;  // Connection lists more than close, keep-alive, upgrade, te

    // find gives the first field of that name, or null.
    const Field* find(FieldId id) const noexcept;
    // value gives the first field's value, or an empty view.
    std::string_view value(FieldId id) const noexcept;
    // names_in_connection: some Connection field lists this name, in any casing.
    bool names_in_connection(std::string_view name) const noexcept;
};

struct RequestHead : Head {
    std::string_view method;
    std::string_view target;  // as sent
    std::string_view path;    // of the target, as sent; "/" when an absolute form has none; "*" for OPTIONS *
    std::string_view query;   // after '?', as sent and valid; see has_query
    std::string_view host;    // valid "host" or "host:port", as sent; empty only in HTTP/1.0
    Method method_id = Method::other;
    TargetForm form = TargetForm::origin;
    bool has_query = false;
    bool expect_continue = false;
    bool te_trailers = false;  // TE lists "trailers": the client reads trailers

    bool has_body() const noexcept {
        return framing == Framing::chunked || (framing == Framing::length && content_length > 0);
    }
    // body_is_unusual: content on a method that gives it no meaning. An upstream that ignores it would read
    // it as the next request (CL.0), so such an exchange's upstream connection is never reused.
    bool body_is_unusual() const noexcept {
        return has_body() && (is_safe(method_id) || method_id == Method::delete_);
    }
};

struct ResponseHead : Head {
    std::uint16_t status = 0;
    std::string_view reason;  // as sent, may be empty
    // has_length: Content-Length was sent; with framing none (HEAD, 304) it describes what was not sent.
    bool has_length = false;
    bool is_interim() const noexcept { return status < 200 && status != 101; }
};

// HeadScratch is a worker's reusable memory for one head at a time; nothing in it outlives the next reset.
struct HeadScratch {
    std::vector<Field> fields;
    std::string path;  // canonical path, when it differs from what was sent
    void reset() noexcept { fields.clear(); }
};

// equal_ignoring_case compares ASCII letters without case, all else byte by byte.
bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;
// trim_blanks removes SP and HTAB at both ends, nothing else.
std::string_view trim_blanks(std::string_view text) noexcept;
// next_list_item cuts the first element off a comma list and trims it; empty elements are given too.
std::string_view next_list_item(std::string_view& list) noexcept;
// is_token: one or more tchar (RFC 9110 section 5.6.2).
bool is_token(std::string_view text) noexcept;

}  // namespace sekisho::gateway
