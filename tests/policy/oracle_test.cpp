// Goal: decide, explain and the obvious evaluator give one answer; an allow holds until its valid_until;
// next_open is the first time the clock no longer stands in the way. Method: random policies and facts from
// one seed, drawn from small sets so that everything meets everything.
#include "tests/oracle/naive_policy.hpp"
#include "tests/support/random_policies.hpp"

#include <gtest/gtest.h>

namespace sekisho::policy {
namespace {

using testing::addresses;
using testing::asked_paths;
using testing::days;
using testing::Dice;
using testing::methods;
using testing::random_world;
using testing::strengths;
using testing::World;
using testing::zones;

constexpr int policies = 5'000, questions = 100;  // half a million answers

struct Case {
    std::string user, app;
    SubjectFacts subject;
    RequestFacts request;
};

WallTime random_time(Dice& dice) {
    const auto day = start_of_day(parse_date(dice.of(days)).value(), Zone::find(dice.of(zones)).value());
    auto time =
        day + std::chrono::minutes(15 * static_cast<int>(dice.below(96 * 3))) - std::chrono::hours(24);
    if (dice.one_in(3)) time -= Millis{1};
    return time + Seconds{dice.one_in(2) ? dice.below(900) : 0};
}

Case random_case(Dice& dice) {
    constexpr const char* users[] = {"p0", "p1", "p2", "p3", "p4", "stranger"};
    constexpr const char* apps[] = {"wiki", "files", "chat", "absent"};
    Case it{users[dice.below(dice.one_in(10) ? 6 : 4)], apps[dice.below(dice.one_in(20) ? 4 : 3)], {}, {}};
    it.request.now = random_time(dice);
    it.request.method = dice.of(methods);
    it.request.path = dice.of(asked_paths);
    if (!dice.one_in(8)) it.request.client = parse_ip(dice.of(addresses));
    it.subject.strength = strengths[dice.one_in(3) ? dice.below(4) : 3];
    if (!dice.one_in(8))
        it.subject.proven_at = it.request.now - Seconds{dice.below(4 * 3600)} + Seconds{dice.below(180)};
    if (it.subject.proven_at && it.subject.strength > FactorStrength::otp && dice.one_in(2)) {
        it.subject.lesser = FactorStrength::otp;
        it.subject.lesser_at = *it.subject.proven_at + Seconds{dice.below(4 * 3600)};
    }
    return it;
}

struct Seen {
    int allowed = 0, ended = 0, opened = 0;
    std::array<int, 12> reasons{};
};

// An allow with the same rule and end on all of [now, valid_until).
void probe_allow(const Residual& residual, oracle::NaivePolicy& naive, const Case& it,
                 const Decision& decision, Dice& dice) {
    const auto end = std::min(decision.valid_until, it.request.now + std::chrono::days(3));
    const auto span = static_cast<std::uint64_t>((end - it.request.now).count());
    for (int probe = 0; probe < 3; ++probe) {
        auto later = it.request;
        later.now = probe == 0
                        ? end - Millis{1}
                        : it.request.now + Millis{static_cast<std::int64_t>(span * dice.below(1000) / 1000)};
        ASSERT_TRUE(naive.ask(it.subject, it.app, later).allow) << to_rfc3339_utc(later.now);
        ASSERT_TRUE(decide(residual, later).allow) << to_rfc3339_utc(later.now);
    }
}

void probe_open(oracle::NaivePolicy& naive, const Case& it, const Decision& decision, Dice& dice) {
    auto later = it.request;
    later.now = *decision.next_open;
    const auto then = naive.ask(it.subject, it.app, later).reason;
    ASSERT_TRUE(then != Reason::contract_not_started && then != Reason::contract_ended) << to_text(then);
    ASSERT_TRUE(decision.reason != Reason::outside_hours || then != Reason::outside_hours);
    const auto span = static_cast<std::uint64_t>((later.now - it.request.now).count());
    later.now = it.request.now + Millis{static_cast<std::int64_t>(span * dice.below(1000) / 1000)};
    ASSERT_FALSE(naive.ask(it.subject, it.app, later).allow) << to_rfc3339_utc(later.now);
}

void compare(const World& world, const Program& program, const Case& base, Dice& dice, Seen& seen) {
    auto it = base;
    it.subject.user = it.user;
    oracle::NaivePolicy naive(world.model);
    const auto app = program.find_app(it.app).value_or(AppId{99});
    const auto residual = specialise(program, it.subject, app);
    const auto decision = decide(*residual, it.request);
    const auto expected = naive.ask(it.subject, it.app, it.request);
    ASSERT_EQ(to_text(decision.reason), to_text(expected.reason));
    ASSERT_EQ(decision.allow, expected.allow);
    ASSERT_EQ(decision.who_matched, expected.who_matched);
    ASSERT_EQ(decision.rule ? program.rule_name(*decision.rule) : "", expected.rule);
    ASSERT_EQ(lists(program, it.subject, app), expected.who_matched);
    const auto explained = explain(program, it.subject, app, it.request).decision;
    ASSERT_EQ(explained.allow, decision.allow);
    ASSERT_EQ(explained.rule, decision.rule);
    ASSERT_EQ(explained.reason, decision.reason);
    ASSERT_EQ(explained.valid_until, decision.valid_until);
    ASSERT_EQ(explained.next_open, decision.next_open);
    ASSERT_EQ(explained.who_matched, decision.who_matched);
    ++seen.reasons[static_cast<std::size_t>(decision.reason)];
    if (decision.allow) {
        ++seen.allowed;
        ASSERT_GT(decision.valid_until, it.request.now);
        probe_allow(*residual, naive, it, decision, dice);
        if (decision.valid_until != WallTime::max()) ++seen.ended;
    } else {
        ASSERT_EQ(decision.valid_until, it.request.now);
    }
    if (!decision.next_open) return;
    ++seen.opened;
    ASSERT_GT(*decision.next_open, it.request.now);
    probe_open(naive, it, decision, dice);
}

TEST(Oracle, DecideExplainAndTheObviousEvaluatorAgree) {
    Seen seen;
    for (int i = 0; i < policies; ++i) {
        Dice dice(static_cast<std::uint64_t>(i) + 1);
        const auto world = random_world(dice);
        const auto program = compile(world.model);
        ASSERT_TRUE(program) << program.error().detail();
        for (int k = 0; k < questions; ++k) {
            const auto it = random_case(dice);
            compare(world, **program, it, dice, seen);
            ASSERT_FALSE(HasFatalFailure())
                << "policy " << i << " question " << k << ": " << it.user << " " << it.app << " "
                << it.request.method << " " << it.request.path << " at " << to_rfc3339_utc(it.request.now);
        }
    }
    // The draw must meet every reason often, or the comparison says little.
    for (std::size_t reason = 0; reason < seen.reasons.size(); ++reason)
        EXPECT_GT(seen.reasons[reason], 500) << to_text(static_cast<Reason>(reason));
    EXPECT_GT(seen.allowed, 20'000);
    EXPECT_GT(seen.ended, 10'000);
    EXPECT_GT(seen.opened, 5'000);
}

}  // namespace
}  // namespace sekisho::policy
