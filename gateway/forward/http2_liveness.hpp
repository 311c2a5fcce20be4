#pragma once
// Http2Liveness judges whether a shared connection to an upstream still lives. A dead one would cost every
// request on it its whole time-out, one after the other; too many PINGs make servers hang up.
#include "base/clock.hpp"

#include <algorithm>

namespace sekisho::gateway {

class Http2Liveness {
public:
    // Silence, while requests are open, after which a PING asks. Servers of gRPC bear one in five minutes.
    static constexpr Seconds kPingAfter{300};
    // The answer, or any other byte, comes within this time, or the connection is dead.
    static constexpr Seconds kAnswerWithin{15};

    enum class Verdict : std::uint8_t { alive, ask, dead };

    explicit Http2Liveness(SteadyTime now) noexcept : heard_at_(now) {}
    void heard(SteadyTime now) noexcept {
        heard_at_ = now;
        asked_at_ = SteadyTime::max();
        doubted_ = false;
    }
    // doubt: somebody waited in vain since `since`. Bytes that came later clear the connection of it.
    void doubt(SteadyTime since) noexcept { doubted_ = doubted_ || heard_at_ <= since; }
    bool doubted() const noexcept { return doubted_; }
    // asked: the PING that `ask` wanted was sent.
    void asked(SteadyTime now) noexcept { asked_at_ = now; }

    Verdict judge(SteadyTime now, bool in_use) const noexcept {
        if (asked_at_ != SteadyTime::max())
            return now - asked_at_ >= kAnswerWithin ? Verdict::dead : Verdict::alive;
        return doubted_ || (in_use && now - heard_at_ >= kPingAfter) ? Verdict::ask : Verdict::alive;
    }
    // deadline: when to judge again.
    SteadyTime deadline(bool in_use) const noexcept {
        if (asked_at_ != SteadyTime::max()) return asked_at_ + kAnswerWithin;
        return in_use ? heard_at_ + kPingAfter : SteadyTime::max();
    }

private:
    SteadyTime heard_at_, asked_at_ = SteadyTime::max();
    bool doubted_ = false;
};

}  // namespace sekisho::gateway
