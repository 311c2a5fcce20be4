#pragma once
// The HTTP/1 head codec: bytes to heads, without sockets (RFC 9112 sections 2 to 5).
#include "gateway/http/head_rules.hpp"

namespace sekisho::gateway {

// HeadScan remembers, per connection, how far an incomplete head has been looked at, so that a head that
// arrives byte by byte costs linear time. A fresh one for each head.
struct HeadScan {
    std::size_t searched_bytes = 0;
};

struct HeadStep {
    enum class State : std::uint8_t { more, done, fault };
    State state = State::more;
    HeadFault fault = HeadFault::none;
    std::size_t head_bytes = 0;  // when done: size of the head, empty line included
};

// parse_request_head reads one request head at the front of `buffer` into `head`.
//
// `more` while the buffer is a proper prefix of a head; call again with the same bytes and more behind them.
// On `done` every rule has been applied and `head` views `buffer` and `scratch`. After `fault` the
// connection is answered with status_of(fault) and closed. Resets `scratch`; allocates only while that grows
// to its working size.
HeadStep parse_request_head(std::string_view buffer, const HeadLimits& limits, HeadScan& scan,
                            HeadScratch& scratch, RequestHead& head);

// parse_response_head does the same for an upstream's response to `asked`.
HeadStep parse_response_head(std::string_view buffer, const HeadLimits& limits, const AskedFor& asked,
                             HeadScan& scan, HeadScratch& scratch, ResponseHead& head);

// parse_field_lines reads complete field lines, each with its CRLF, into `fields`; used for trailers.
HeadFault parse_field_lines(std::string_view lines, std::size_t fields_max, std::vector<Field>& fields);

}  // namespace sekisho::gateway
