#pragma once
// Conversation is one delivery over a connection as a pure machine: bytes in, bytes out, no socket. The
// courier (courier_io) carries what it says and tells it what came.
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace sekisho::gateway {

class Conversation {
public:
    enum class Next : std::uint8_t {
        talk,    // send what take_output() gives, then read on
        secure,  // after that begin TLS, drop whatever else was read before it, and call secured()
        done,    // delivered
        failed,  // error() says why
    };
    virtual ~Conversation() = default;

    virtual Next begin() = 0;  // connected; over TLS already where the route begins with it
    virtual Next received(std::string_view bytes) = 0;
    virtual Next secured() = 0;
    virtual Next closed() = 0;  // the peer ended the connection

    std::string take_output() noexcept { return std::exchange(output_, {}); }
    // Errc::denied: this notice will never be taken. Anything else may pass.
    const Error& error() const noexcept { return error_; }

protected:
    Next fail(Errc code, std::string why) {
        error_ = Error(code, std::move(why));
        return Next::failed;
    }
    std::string output_;

private:
    Error error_{Errc::unavailable, "not delivered"};
};

}  // namespace sekisho::gateway
