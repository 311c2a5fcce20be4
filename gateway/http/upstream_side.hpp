#pragma once
// UpstreamSide is where an exchange gets its response from: an app over HTTP, the portal, or a
// reply of our own. Like ClientSide it never blocks.
#include "base/clock.hpp"
#include "gateway/http/client_side.hpp"
#include "gateway/http/message_fault.hpp"

namespace sekisho::gateway {

// ResponsePeek says whether a response head is there. `head` stays valid until the body is asked for,
// or, for an interim one, until the next call.
struct ResponsePeek {
    enum class State : std::uint8_t { wait, interim, final, switching, failed };
    State state = State::wait;
    const ResponseHead* head = nullptr;  // interim, final, switching
    const LocalReply* ours = nullptr;    // final, instead of head: an answer of our own
};

// Why an upstream gave no, or no whole, response.
enum class UpstreamFault : std::uint8_t {
    none,
    refused,       // could not connect, no address, or turned the request away unread
    tls,           // the certificate could not be verified
    protocol,      // speaks something else than what is configured
    closed_early,  // went away before the response head
    malformed,     // broke HTTP: nothing of it was passed on
    truncated,     // broke off inside the body
    timed_out,
    busy,             // our own limit of connections or queue
    connection_auth,  // asked for NTLM or Negotiate (R4)
};

class UpstreamSide {
public:
    virtual ~UpstreamSide() = default;

    // write_body takes a prefix of the request body; 0 when there is no room now.
    virtual std::size_t write_body(ByteView bytes) = 0;
    // finish_body ends it properly; without it the upstream must see a truncation.
    virtual void finish_body(std::string_view trailers) = 0;
    virtual Flush flush() = 0;

    virtual ResponsePeek response() = 0;
    virtual BodyPeek response_body() = 0;
    virtual void consume_response_body(std::size_t bytes) = 0;
    virtual std::string_view response_trailers() const = 0;

    // connected_at: when this request had its connection; zero before, and where there is none.
    virtual SteadyTime connected_at() const noexcept { return {}; }

    virtual UpstreamFault fault() const = 0;
    // withholds_continue: the client said that it waits for 100 (Continue) before it sends its body (RFC 9110
    // section 10.1.1), none has come from this side yet, and no byte of the body: it is this side that is
    // slow.
    virtual bool withholds_continue() const noexcept { return false; }
    // message_fault: with fault() malformed or truncated, what was wrong with the response.
    virtual MessageFault message_fault() const { return {}; }
    // When we stop waiting for this side (connect, response head, ...); SteadyTime::max() for never.
    virtual SteadyTime deadline() const = 0;
    // expire is called when deadline() has passed: the side fails, or begins its next attempt.
    virtual void expire(SteadyTime now) = 0;
};

}  // namespace sekisho::gateway
