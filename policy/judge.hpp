#pragma once
// The evaluator behind decide and explain: one condition, one rule, all rules together. Both feed it the same
// way, so they cannot disagree.
#include "policy/contractor.hpp"
#include "policy/decide.hpp"
#include "policy/program.hpp"
#include "policy/truth.hpp"

#include <span>

namespace sekisho::policy {

// Moment is one request as conditions see it.
struct Moment {
    const Tables* tables;
    FactorStrength strength;
    std::optional<WallTime> proven_at;
    MethodMask method;
    std::string_view path;
    const IpAddress* client;  // nullptr: unknown
    WallTime now;
    FactorStrength lesser = FactorStrength::none;  // SubjectFacts
    std::optional<WallTime> lesser_at = std::nullopt;

    // proven: when a factor of at least this strength was last proven.
    std::optional<WallTime> proven(FactorStrength wanted) const noexcept {
        return lesser != FactorStrength::none && lesser >= wanted && lesser_at ? lesser_at : proven_at;
    }
};

// Tests is what a rule whose `who`, app and path match still asks.
struct Tests {
    RuleId rule;
    config::Rule::Effect effect;
    MethodMask methods;
    std::span<const Condition> conditions;
};

// NoTrace is the tracer of decide: it sees nothing.
struct NoTrace {
    void method(const Tests&, Truth) const noexcept {}
    void condition(const Condition&, Truth) const noexcept {}
};

Truth holds(const Condition& condition, const Moment& moment);

// Which obstacle a condition is when it does not hold.
Reason obstacle_of(const Condition& condition) noexcept;

// until_when: the first instant at which the condition, that holds now, may hold no more.
WallTime until_when(const Condition& condition, const Moment& moment);
// from_when: the first instant at which the condition, that does not hold now, may hold.
WallTime from_when(const Condition& condition, const Moment& moment);

// Judgement is a rule's answer. `obstacle` is the hardest to overcome of the tests that do not hold.
struct Judgement {
    Truth verdict = Truth::yes;
    Reason obstacle = Reason::none;
};

// judge shows the tracer every test, whatever came before it.
template <class Trace>
Judgement judge(const Tests& tests, const Moment& moment, Trace& trace) {
    Judgement result;
    const auto see = [&](Truth verdict, Reason obstacle) {
        if (verdict != Truth::yes) result.obstacle = std::max(result.obstacle, obstacle);
        result.verdict = both(result.verdict, verdict);
    };
    const auto method = truth((tests.methods & moment.method) != 0);
    trace.method(tests, method);
    see(method, Reason::view_only);
    for (const auto& condition : tests.conditions) {
        const auto verdict = holds(condition, moment);
        trace.condition(condition, verdict);
        see(verdict, obstacle_of(condition));
    }
    return result;
}

// Bounds is what holds for the person and the app on every allow.
struct Bounds {
    bool may_enter = false;              // R1
    bool who_matched = false;            // by some allow
    const Contract* contract = nullptr;  // nullptr: bound by none
    MethodMask app_methods = any_method;
};

// Verdict gathers the judgements of all rules, in any order, into one Decision.
class Verdict {
public:
    Verdict(const Bounds& bounds, const Moment& moment) noexcept;

    // add takes the judgement of a rule that concerns the person, the app and the path.
    void add(const Tests& tests, const Judgement& judgement);

    Decision finish() const;

    // After finish said outside_hours: the earliest time at which the clock stands in the way of this allow
    // no more. WallTime::max() where it is not the clock alone.
    WallTime opens(const Tests& tests, const Judgement& judgement) const;

private:
    WallTime end_of(const Tests& tests) const;
    WallTime start_of(const Tests& tests) const;
    WallTime next_open(std::span<const Condition> conditions, WallTime from) const;

    const Bounds& bounds_;
    const Moment& moment_;
    Standing standing_ = Standing::in_force;
    Reason floor_ = Reason::none;  // the obstacle that every allow meets
    std::optional<RuleId> allow_, deny_, nearest_;
    Reason nearest_reason_ = Reason::part;  // of the allow that came nearest
    WallTime allow_until_ = WallTime::min();
    WallTime deny_from_ = WallTime::max();
};

}  // namespace sekisho::policy
