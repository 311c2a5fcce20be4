#include "gateway/admission/revocation.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

Trigger trigger_of(auth::EndReason reason) noexcept {
    switch (reason) {
        case auth::EndReason::signed_out:
            return Trigger::sign_out;
        case auth::EndReason::ended_by_person:
            return Trigger::ended_by_person;
        case auth::EndReason::ended_by_admin:
            return Trigger::ended_by_ops;
        case auth::EndReason::account:
            return Trigger::account;
        case auth::EndReason::changed:
            return Trigger::credentials;
        case auth::EndReason::device:
            return Trigger::device;
        case auth::EndReason::idle:
            return Trigger::idle;
        case auth::EndReason::absolute:
            return Trigger::session_end;
        case auth::EndReason::too_many:
            return Trigger::session_count;
        case auth::EndReason::rotated:
            break;
    }
    return Trigger::other;
}

}  // namespace

Trigger trigger_of(const Recheck& recheck, const std::optional<auth::SessionLog::End>& end) noexcept {
    switch (recheck.outcome) {
        case Recheck::Outcome::holds:
            return Trigger::other;
        case Recheck::Outcome::session_ended:
            return end ? trigger_of(end->reason) : Trigger::other;
        case Recheck::Outcome::policy_changed:
            return Trigger::policy;
        case Recheck::Outcome::certificate_ended:
            return Trigger::credentials;
        case Recheck::Outcome::time_over:
            break;
    }
    switch (recheck.reason) {
        case policy::Reason::none:
            return Trigger::session_end;
        case policy::Reason::contract_ended:
        case policy::Reason::contract_not_started:
            return Trigger::contract;
        case policy::Reason::outside_hours:
            return Trigger::hours;
        case policy::Reason::factor_too_old:
        case policy::Reason::factor_missing:
            return Trigger::factor_age;
        default:
            return Trigger::policy;
    }
}

std::int64_t delay_of(const Recheck& recheck, const std::optional<auth::SessionLog::End>& end,
                      const RevocationTimes& times) noexcept {
    using std::chrono::nanoseconds;
    nanoseconds delay{0};
    if (recheck.outcome == Recheck::Outcome::session_ended) {
        if (end && end->accepted != SteadyTime{}) delay = times.now - end->accepted;
    } else if (recheck.outcome == Recheck::Outcome::policy_changed) {
        delay = times.now - times.policy_accepted;
    } else if (times.valid_until != WallTime::max()) {
        delay = times.wall - times.valid_until;
    }
    return std::max<std::int64_t>(delay.count(), 0);
}

}  // namespace sekisho::gateway
