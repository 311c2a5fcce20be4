#pragma once
// Tunnel carries bytes both ways between two streams once an upgrade was validated, each
// direction held back when the other end is slow. A pure machine over ByteStream.
#include "base/clock.hpp"
#include "gateway/http/buffer_pool.hpp"
#include "gateway/net/byte_stream.hpp"
#include "gateway/tunnel/websocket_frames.hpp"

namespace sekisho::gateway {

class Tunnel {
public:
    enum class State : std::uint8_t { running, ended, failed, idle_too_long };

    // What is spoken inside: only in a WebSocket can the gateway say why it ends it.
    enum class Protocol : std::uint8_t { other, websocket };

    // client_in and upstream_in may hold bytes that came behind the upgrade; they are carried first.
    Tunnel(ByteStream& client, FlatBuffer& client_in, ByteStream& upstream, FlatBuffer& upstream_in,
           Millis idle_timeout, SteadyTime now, Protocol protocol = Protocol::other) noexcept
        : up_{client, upstream, client_in},
          down_{upstream, client, upstream_in},
          idle_timeout_(idle_timeout),
          moved_at_(now) {
        down_.watched = protocol == Protocol::websocket;
    }

    // step does all that can be done now, up to a bound each way; true when anything moved.
    bool step(SteadyTime now);
    // paused: there was more to do; step again when others had their turn.
    bool paused() const noexcept { return paused_; }
    State state() const noexcept { return state_; }
    SteadyTime deadline() const noexcept { return moved_at_ + idle_timeout_; }
    std::uint64_t client_bytes() const noexcept { return up_.bytes; }
    std::uint64_t upstream_bytes() const noexcept { return down_.bytes; }

    // say_why sends the client a Close frame with this code and reason, if that can be done now: between two
    // frames and without waiting. The caller ends the connection either way.
    bool say_why(std::uint16_t code, std::string_view reason);

private:
    struct Direction {
        ByteStream& from;
        ByteStream& to;
        FlatBuffer& held;
        std::uint64_t bytes = 0, pause_at = 0;
        bool source_ended = false, sink_told = false, failed = false, watched = false;
    };
    bool pump(Direction& direction);

    Direction up_, down_;
    WebSocketFrames frames_;  // that went to the client
    Millis idle_timeout_;
    SteadyTime moved_at_;
    State state_ = State::running;
    bool paused_ = false;
};

}  // namespace sekisho::gateway
