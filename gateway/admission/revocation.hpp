#pragma once
// Revocation names what ended access to something that was open, and says how long ending it took.
#include "auth/session.hpp"
#include "base/clock.hpp"
#include "policy/decide.hpp"

#include <optional>

namespace sekisho::gateway {

// The acts and moments behind the published bound: label_values::trigger, in this order.
enum class Trigger : std::uint8_t {
    sign_out,
    ended_by_person,  // from "my sessions"
    ended_by_ops,
    account,        // disabled
    credentials,    // password or factors changed
    device,         // given up as lost
    idle,           // nobody used the session for its limit
    session_end,    // its longest life is over
    session_count,  // made room for a newer one
    policy,         // a generation that no longer allows it
    contract,
    hours,
    factor_age,
    other,
};

// What asking again about an open exchange found.
struct Recheck {
    enum class Outcome : std::uint8_t { holds, session_ended, policy_changed, time_over, certificate_ended };
    Outcome outcome = Outcome::holds;
    policy::Reason reason = policy::Reason::none;  // what the decision says now, where it was asked
};

// trigger_of: `end` is what the session log knows of a session that ended.
Trigger trigger_of(const Recheck& recheck, const std::optional<auth::SessionLog::End>& end) noexcept;

// The ways a moment of the past is known, each on its own clock.
struct RevocationTimes {
    SteadyTime now{};
    WallTime wall{};
    WallTime valid_until{};        // of the permit that ran out
    SteadyTime policy_accepted{};  // of the generation in force
};
// delay_of: nanoseconds from the act or moment to now; never negative.
std::int64_t delay_of(const Recheck& recheck, const std::optional<auth::SessionLog::End>& end,
                      const RevocationTimes& times) noexcept;

}  // namespace sekisho::gateway
