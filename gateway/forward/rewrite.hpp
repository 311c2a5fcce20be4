#pragma once
// Rewriting: the head an upstream is sent, the head a client is sent, and trailers both ways. Whatever a peer
// said about identity, routing or this hop is gone; what we say is set last and cannot be taken away.
#include "gateway/http/head_writer.hpp"
#include "gateway/http/message.hpp"

#include <optional>
#include <string>

namespace sekisho::gateway {

// What we know that the upstream is told. Views outlive the call.
struct UpstreamFacts {
    std::string_view path;            // canonical; what was decided on
    std::string_view host;            // Host to send; empty = what the client asked for
    std::string_view client_address;  // text, IPv6 without brackets
    std::string_view scheme = "https";
    std::string_view assertion;      // Sekisho-Assertion; empty = none
    std::string_view traceparent;    // empty = none; the client's never passes by itself
    std::string_view request_id;     // Sekisho-Request-Id; empty = none
    std::string_view via;            // our name in Via; empty = no Via of ours
    std::string_view websocket_key;  // for a client whose wire has none (RFC 8441); empty = the client's own
    HttpVersion version = HttpVersion::http11;  // the upstream's
    bool keep_tracestate = false;               // the client's trace is continued
    bool forward_expect = true;                 // pass Expect: 100-continue on
};

// write_upstream_head puts the HTTP/1.1 request head for an upstream into `out`: request line with the
// canonical path and the query as sent, Host, the client's fields less those that are not its to send, ours,
// framing, empty line. For HTTP/2 it is field lines alone, nothing of a connection. Nothing when `out` is too
// small: upstream_head_bound() says how much is enough. Source: RFC 9110 sections 7.2, 7.6; RFC 7239; R2, R5,
// R13.
std::optional<std::size_t> write_upstream_head(const RequestHead& head, const UpstreamFacts& facts,
                                               std::span<char> out);
std::size_t upstream_head_bound(const RequestHead& head, const UpstreamFacts& facts) noexcept;

// What decides the head a client is sent.
struct ClientFacts {
    HttpVersion version = HttpVersion::http11;    // the client's
    bool keep_alive = true;                       // we would keep the client's connection
    bool hsts = true;                             // we speak TLS and the portal says so
    std::span<const std::string> cookie_domains;  // approved for Domain=
    std::string_view request_id;                  // Sekisho-Request-Id; empty = none
    std::uint32_t access_ends_in = 0;             // Sekisho-Access-Ends, in seconds; 0 = no warning
};

// What was written, which the exchange must keep to.
struct ClientHead {
    std::size_t bytes = 0;
    Framing framing = Framing::none;  // how the body must be framed towards the client
    bool keep_alive = false;          // false: close after this response
};

// write_client_head puts the response head for a client into `out`. Interim heads and a validated 101 too;
// HTTP/1.0 clients get no interim ones (the caller skips them). For HTTP/2 it is field lines alone, nothing
// of a connection, no empty line. Nothing when `out` is too small.
std::optional<ClientHead> write_client_head(const ResponseHead& head, const ClientFacts& facts,
                                            std::span<char> out);
std::size_t client_head_bound(const ResponseHead& head, const ClientFacts& facts) noexcept;

// uses_connection_auth: the head speaks NTLM, Negotiate or another scheme that signs in the *connection*,
// which a pooled connection would hand to the next user; the caller refuses (R4).
bool uses_connection_auth(const RequestHead& head) noexcept;
bool uses_connection_auth(const ResponseHead& head) noexcept;

enum class Direction : std::uint8_t { to_upstream, to_client };
enum class TrailerVerdict : std::uint8_t { pass, drop, refuse };
// judge_trailer: framing, routing and identity names refuse the message; fields that only make sense in a
// head are dropped.
TrailerVerdict judge_trailer(const Field& field, Direction direction) noexcept;
// write_trailers puts the lines that may pass and the empty line that ends the message. Nothing when one of
// them refuses the message or `out` is too small.
std::optional<std::size_t> write_trailers(std::span<const Field> trailers, Direction direction,
                                          std::span<char> out);

}  // namespace sekisho::gateway
