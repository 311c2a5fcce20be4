#pragma once
// Exchange moves one request and its response between a client side and an upstream side, both ways
// at once, each direction held back when the other end is slow. A pure machine: no socket, no clock.
#include "base/clock.hpp"
#include "gateway/http/upstream_side.hpp"

#include <cstdint>

namespace sekisho::gateway {

// Rates below which a peer that is allowed to be slow becomes one that holds resources.
struct PaceLimits {
    Millis grace{10'000};  // before a rate is judged
    std::uint32_t bytes_per_second = 512;
    Millis total{0};             // longest life of the whole exchange; 0 = none
    bool judges_request = true;  // false where a request may rest for as long as it likes (gRPC streams)
};

class Exchange {
public:
    enum class State : std::uint8_t {
        running,
        completed,        // the whole response went out, or in
        switched,         // a validated 101 stands at the client; bytes flow raw from now on
        client_failed,    // the client went away, sent a bad body, or is too slow
        upstream_failed,  // see UpstreamSide::fault(); response_started() tells whether a reply of ours may
                          // still be sent
    };

    Exchange(ClientSide& client, UpstreamSide& upstream, PaceLimits pace, SteadyTime now) noexcept
        : client_(client), upstream_(upstream), pace_(pace), began_(now), waiting_since_(now) {}

    // step does all that can be done now, up to kStepBytesMax each way; true when anything moved.
    bool step(SteadyTime now);
    static constexpr std::uint64_t kStepBytesMax = 512u << 10;
    // paused: there was more to do; step again when others had their turn.
    bool paused() const noexcept { return paused_; }
    State state() const noexcept { return state_; }

    bool response_started() const noexcept { return started_; }
    // request_done: the request body was read to its end, so the connection may carry another request.
    bool request_done() const noexcept { return request_ended_; }
    bool client_too_slow() const noexcept { return too_slow_; }
    // interim_storm: the upstream failed by more 1xx heads than are passed on.
    bool interim_storm() const noexcept { return interim_storm_; }
    std::uint64_t request_bytes() const noexcept { return request_bytes_; }
    std::uint64_t response_bytes() const noexcept { return response_bytes_; }
    SteadyTime first_byte_at() const noexcept { return first_byte_at_; }

    // deadline: when step must be called again even if no socket moves.
    SteadyTime deadline() const noexcept;

private:
    bool pump(SteadyTime now);
    bool pump_request(SteadyTime now);
    void note_waiting(bool waits, SteadyTime now) noexcept;
    bool pump_response(SteadyTime now);
    bool take_head(SteadyTime now);
    bool take_body();
    bool flush_both();
    void judge_time(SteadyTime now);
    bool waits_for_body() const noexcept;
    bool below_pace(std::uint64_t bytes, SteadyTime::duration spent) const noexcept;

    ClientSide& client_;
    UpstreamSide& upstream_;
    PaceLimits pace_;
    SteadyTime began_;
    SteadyTime waiting_since_;        // while request_waits_for_client_
    SteadyTime::duration waited_{0};  // for the client's body, before that
    SteadyTime judged_at_{};
    SteadyTime write_stalled_since_ = SteadyTime::max();
    std::uint64_t stalled_at_bytes_ = 0;
    SteadyTime first_byte_at_ = SteadyTime::max();
    std::uint64_t request_bytes_ = 0, response_bytes_ = 0;
    std::uint64_t request_pause_at_ = 0, response_pause_at_ = 0;  // in this step
    int interims_ = 0;
    State state_ = State::running;
    bool request_ended_ = false, request_waits_for_client_ = false;
    bool started_ = false, finished_ = false, switching_ = false, too_slow_ = false, interim_storm_ = false;
    bool paused_ = false;
    bool upstream_full_ = false, client_full_ = false;  // the last bytes that way found no room
};

}  // namespace sekisho::gateway
