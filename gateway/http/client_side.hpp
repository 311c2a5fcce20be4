#pragma once
// ClientSide is one request as its exchange sees it, whatever protocol brought it: the request's
// body comes out of it, the response goes into it. It never blocks: what cannot happen now
// answers `wait` or takes nothing, and the exchange is stepped again when the socket moves.
#include "base/bytes.hpp"
#include "gateway/http/body.hpp"
#include "gateway/http/local_reply.hpp"
#include "gateway/http/message.hpp"

namespace sekisho::gateway {

// BodyPeek is what a body has for us now. `bytes` stay valid until consumed or asked for again.
struct BodyPeek {
    enum class State : std::uint8_t {
        data,    // bytes is not empty
        wait,    // more will come
        end,     // all of it was consumed
        failed,  // malformed, over a limit, or the peer went away before the end
    };
    State state = State::wait;
    ByteView bytes;
};

enum class Flush : std::uint8_t { done, wait, failed };

class ClientSide {
public:
    virtual ~ClientSide() = default;

    virtual BodyPeek request_body() = 0;
    virtual void consume_request_body(std::size_t bytes) = 0;
    // After State::end: the trailers that passed the rules, as field lines with CRLF; else empty.
    virtual std::string_view request_trailers() const = 0;

    // interim passes a 1xx on (never 101); does nothing for a client that must not get one.
    virtual void interim(const ResponseHead& head) = 0;
    // start writes the head of an upstream's response, less what does not pass. Called once, or start_ours.
    virtual void start(const ResponseHead& head) = 0;
    // start_ours writes the head of an answer of our own as it is; its body follows through write_body.
    virtual void start_ours(const LocalReply& reply) = 0;
    // write_body takes a prefix of the bytes and returns its length; 0 when there is no room now.
    virtual std::size_t write_body(ByteView bytes) = 0;
    // finish ends the body properly. Called once, after start; without it the client sees a truncation.
    virtual void finish(std::string_view trailers) = 0;
    // flush moves what is buffered towards the socket.
    virtual Flush flush() = 0;

    // status of the head that start or start_ours wrote; 0 before.
    virtual std::uint16_t status() const noexcept = 0;
    // body_fault: why request_body() failed.
    virtual BodyFault body_fault() const noexcept = 0;
    // keeps_connection: the response allows another request on this connection.
    virtual bool keeps_connection() const noexcept = 0;
    // blocked_by_others: what it waits for is room that other exchanges of its connection take.
    virtual bool blocked_by_others() const noexcept { return false; }
};

}  // namespace sekisho::gateway
