#include "gateway/http/exchange.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr int interims_max = 16;  // 1xx heads of one response (docs/limits.md)
constexpr Seconds pace_check_every{1};

}  // namespace

bool Exchange::step(SteadyTime now) {
    paused_ = false;
    request_pause_at_ = request_bytes_ + kStepBytesMax;
    response_pause_at_ = response_bytes_ + kStepBytesMax;
    bool moved = pump(now);
    if (state_ == State::running && upstream_.deadline() <= now) {
        // It failed, or began its next attempt; nothing would wake us to see which.
        upstream_.expire(now);
        moved |= pump(now);
    }
    if (state_ == State::running) judge_time(now);
    return moved;
}

bool Exchange::pump(SteadyTime now) {
    bool moved = false;
    while (state_ == State::running) {
        bool again = pump_request(now);
        if (state_ == State::running) again |= pump_response(now);
        if (state_ == State::running) again |= flush_both();
        // A connection found to stand, or a buffer that drained, made room nobody would wake us for.
        if (!again && state_ == State::running && upstream_full_) again = pump_request(now);
        if (!again && state_ == State::running && client_full_) again = pump_response(now);
        if (!again) break;
        moved = true;
        if (paused_) break;
    }
    return moved;
}

bool Exchange::pump_request(SteadyTime now) {
    if (request_ended_ || finished_) return false;
    bool moved = false;
    for (;;) {
        const auto piece = client_.request_body();
        note_waiting(piece.state == BodyPeek::State::wait, now);
        if (piece.state == BodyPeek::State::wait) return moved;
        if (piece.state == BodyPeek::State::failed) {
            state_ = State::client_failed;
            return true;
        }
        if (piece.state == BodyPeek::State::end) {
            upstream_.finish_body(client_.request_trailers());
            request_ended_ = true;
            return true;
        }
        if (request_bytes_ == 0) waited_ = {};
        const auto taken = upstream_.write_body(piece.bytes);
        upstream_full_ = taken == 0;
        if (upstream_full_) return moved;
        client_.consume_request_body(taken);
        request_bytes_ += taken;
        moved = true;
        if (request_bytes_ >= request_pause_at_) {
            paused_ = true;
            return true;
        }
    }
}

// Only the time in which the client owes us bytes counts against it, not what the upstream takes to read
// them.
void Exchange::note_waiting(bool waits, SteadyTime now) noexcept {
    if (waits == request_waits_for_client_) return;
    request_waits_for_client_ = waits;
    if (waits)
        waiting_since_ = now;
    else
        waited_ += now - waiting_since_;
}

bool Exchange::pump_response(SteadyTime now) {
    bool moved = false;
    if (!started_) {
        if (!take_head(now)) return false;
        if (!started_ || state_ != State::running) return true;
        moved = true;  // head and first bytes of the body leave in one record: no flush in between
    }
    if (finished_ || switching_) return moved;
    return take_body() || moved;
}

// True when a head, interim or final, was passed on.
bool Exchange::take_head(SteadyTime now) {
    const auto peek = upstream_.response();
    switch (peek.state) {
        case ResponsePeek::State::wait:
            return false;
        case ResponsePeek::State::failed:
            state_ = State::upstream_failed;
            return true;
        case ResponsePeek::State::interim:
            if (++interims_ <= interims_max) {
                client_.interim(*peek.head);
                // Before its 100 (Continue) it owed us nothing.
                if (peek.head->status == 100 && request_bytes_ == 0) waiting_since_ = now;
            } else {
                interim_storm_ = true;
                state_ = State::upstream_failed;
            }
            return true;
        case ResponsePeek::State::switching:
            client_.start(*peek.head);
            started_ = switching_ = true;
            break;
        case ResponsePeek::State::final:
            if (peek.ours)
                client_.start_ours(*peek.ours);
            else
                client_.start(*peek.head);
            started_ = true;
            break;
    }
    first_byte_at_ = now;
    return true;
}

bool Exchange::take_body() {
    bool moved = false;
    for (;;) {
        const auto piece = upstream_.response_body();
        if (piece.state != BodyPeek::State::data) client_full_ = false;
        if (piece.state == BodyPeek::State::wait) return moved;
        if (piece.state == BodyPeek::State::failed) {
            state_ = State::upstream_failed;
            return true;
        }
        if (piece.state == BodyPeek::State::end) {
            client_.finish(upstream_.response_trailers());
            finished_ = true;
            return true;
        }
        const auto taken = client_.write_body(piece.bytes);
        client_full_ = taken == 0;
        if (client_full_) return moved;
        upstream_.consume_response_body(taken);
        response_bytes_ += taken;
        moved = true;
        if (response_bytes_ >= response_pause_at_) {
            paused_ = true;
            return true;
        }
    }
}

bool Exchange::flush_both() {
    const auto up = upstream_.flush();
    const auto down = client_.flush();
    if (down == Flush::failed) {
        state_ = State::client_failed;
        return true;
    }
    // A failing upstream write is no verdict yet: the response may already stand in its socket.
    (void)up;
    if (down == Flush::done && finished_) {
        state_ = State::completed;
        return true;
    }
    if (down == Flush::done && switching_) {
        state_ = State::switched;
        return true;
    }
    return false;
}

bool Exchange::waits_for_body() const noexcept {
    return pace_.judges_request && request_waits_for_client_ && !request_ended_ && !started_ &&
           !upstream_.withholds_continue();
}

bool Exchange::below_pace(std::uint64_t bytes, SteadyTime::duration spent) const noexcept {
    if (spent < pace_.grace) return false;
    const auto seconds = static_cast<std::uint64_t>(std::chrono::duration_cast<Seconds>(spent).count());
    return bytes < seconds * pace_.bytes_per_second;
}

void Exchange::judge_time(SteadyTime now) {
    judged_at_ = now;
    if (pace_.total.count() != 0 && now - began_ >= pace_.total) {
        state_ = State::upstream_failed;
        return;
    }
    // A client that sends its body, or reads its response, slower than the least rate over all the time we
    // waited.
    if (waits_for_body() && below_pace(request_bytes_, waited_ + (now - waiting_since_))) {
        state_ = State::client_failed;
        too_slow_ = true;
        return;
    }
    const bool stalled =
        started_ && !client_.blocked_by_others() && (client_full_ || client_.flush() == Flush::wait);
    if (!stalled) {
        write_stalled_since_ = SteadyTime::max();
    } else if (write_stalled_since_ == SteadyTime::max()) {
        write_stalled_since_ = now;
        stalled_at_bytes_ = response_bytes_;
    } else if (below_pace(response_bytes_ - stalled_at_bytes_, now - write_stalled_since_)) {
        state_ = State::client_failed;
        too_slow_ = true;
    }
}

SteadyTime Exchange::deadline() const noexcept {
    auto next = upstream_.deadline();
    if (pace_.total.count() != 0) next = std::min<SteadyTime>(next, began_ + pace_.total);
    if (waits_for_body() || write_stalled_since_ != SteadyTime::max())
        next = std::min<SteadyTime>(next, judged_at_ + pace_check_every);
    return next;
}

}  // namespace sekisho::gateway
