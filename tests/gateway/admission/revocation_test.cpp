// Goal: every end of access is named and timed from the moment it was accepted or ran out.
// Method: each outcome, each reason of a session's end and of a decision; a lease on a clock moved by hand.
#include "gateway/admission/revocation.hpp"

#include "gateway/control/lease.hpp"
#include "telemetry/metrics_table.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

using namespace std::chrono_literals;
using auth::EndReason;
using Outcome = Recheck::Outcome;
using policy::Reason;

std::string_view name_of(Trigger trigger) {
    return telemetry::label_values::trigger[static_cast<std::size_t>(trigger)];
}

std::string_view ended(EndReason reason) {
    return name_of(trigger_of({Outcome::session_ended}, auth::SessionLog::End{reason, {}}));
}

TEST(Revocation, NamesWhyASessionEnded) {
    EXPECT_EQ(ended(EndReason::signed_out), "sign_out");
    EXPECT_EQ(ended(EndReason::ended_by_person), "ended_by_person");
    EXPECT_EQ(ended(EndReason::ended_by_admin), "ended_by_ops");
    EXPECT_EQ(ended(EndReason::account), "account");
    EXPECT_EQ(ended(EndReason::changed), "credentials");
    EXPECT_EQ(ended(EndReason::device), "device");
    EXPECT_EQ(ended(EndReason::idle), "idle");
    EXPECT_EQ(ended(EndReason::absolute), "session_end");
    EXPECT_EQ(ended(EndReason::too_many), "session_count");
    EXPECT_EQ(ended(EndReason::rotated), "other");
    EXPECT_EQ(name_of(trigger_of({Outcome::session_ended}, std::nullopt)), "other");
    EXPECT_EQ(std::size(telemetry::label_values::trigger), static_cast<std::size_t>(Trigger::other) + 1);
}

TEST(Revocation, NamesWhatRanOut) {
    const auto over = [](Reason reason) { return name_of(trigger_of({Outcome::time_over, reason}, {})); };
    EXPECT_EQ(over(Reason::none), "session_end");
    EXPECT_EQ(over(Reason::contract_ended), "contract");
    EXPECT_EQ(over(Reason::outside_hours), "hours");
    EXPECT_EQ(over(Reason::factor_too_old), "factor_age");
    EXPECT_EQ(over(Reason::network), "policy");
    EXPECT_EQ(name_of(trigger_of({Outcome::policy_changed, Reason::outside_hours}, {})), "policy");
}

TEST(Revocation, CountsFromTheActOrTheMoment) {
    const SteadyTime now{10s};
    const WallTime wall{100s};
    const RevocationTimes times{now, wall, wall - 30ms, now - 40ms};
    const auto end = auth::SessionLog::End{EndReason::account, now - 20ms};
    const auto milliseconds = [](std::int64_t nanoseconds) { return nanoseconds / 1'000'000; };
    EXPECT_EQ(milliseconds(delay_of({Outcome::session_ended}, end, times)), 20);
    EXPECT_EQ(milliseconds(delay_of({Outcome::policy_changed}, {}, times)), 40);
    EXPECT_EQ(milliseconds(delay_of({Outcome::time_over, Reason::contract_ended}, {}, times)), 30);
    EXPECT_EQ(delay_of({Outcome::session_ended}, {}, times), 0) << "the act is not known any more";
    auto early = times;
    early.valid_until = wall + 5ms;
    EXPECT_EQ(delay_of({Outcome::time_over}, {}, early), 0) << "a clock that was stepped back";
    early.valid_until = WallTime::max();
    EXPECT_EQ(delay_of({Outcome::time_over}, {}, early), 0);
}

TEST(Lease, HoldsHalfASecondFromEachRenewal) {
    ManualClock clock{WallTime{}};
    Lease lease(clock);
    EXPECT_TRUE(lease.holds());
    clock.advance(499ms);
    EXPECT_TRUE(lease.holds());
    clock.advance(1ms);
    EXPECT_FALSE(lease.holds());
    EXPECT_EQ(lease.age(), 500ms);
    lease.renew();
    EXPECT_TRUE(lease.holds());
    EXPECT_EQ(lease.age(), 0ms);
    clock.step_wall(10h);
    EXPECT_TRUE(lease.holds()) << "the wall clock has no say in it";
}

}  // namespace
}  // namespace sekisho::gateway
