#include "policy/judge.hpp"

namespace sekisho::policy {
namespace {

// A wall clock may be set back a little after a factor was proven; farther back, its age is unknown.
constexpr Millis clock_slack{60'000};

constexpr int hops_max = 32;  // of next_open, from one window to the next

// time + by, held at the ends of what a WallTime can say.
WallTime later(WallTime time, Millis by) noexcept {
    if (by > Millis{0} && time > WallTime::max() - by) return WallTime::max();
    if (by < Millis{0} && time < WallTime::min() - by) return WallTime::min();
    return time + by;
}

void keep_first(std::optional<RuleId>& kept, RuleId rule) noexcept {
    if (!kept || rule < *kept) kept = rule;
}

}  // namespace

Truth holds(const Condition& condition, const Moment& moment) {
    switch (condition.kind) {
        case Condition::Kind::factor:
            return truth(moment.strength >= condition.strength);
        case Condition::Kind::factor_age: {
            const auto proven = moment.proven(condition.strength);
            if (!proven || moment.now < later(*proven, -clock_slack)) return Truth::unknown;
            return truth(moment.now < later(*proven, condition.max_age));
        }
        case Condition::Kind::network: {
            if (moment.client == nullptr) return Truth::unknown;
            const auto inside = truth(moment.tables->networks[condition.index].contains(*moment.client));
            return condition.negated ? negate(inside) : inside;
        }
        case Condition::Kind::hours:
            return truth(moment.tables->windows[condition.index].open_at(moment.now));
    }
    return Truth::unknown;
}

Reason obstacle_of(const Condition& condition) noexcept {
    switch (condition.kind) {
        case Condition::Kind::factor:
            return Reason::factor_missing;
        case Condition::Kind::factor_age:
            return Reason::factor_too_old;
        case Condition::Kind::network:
            return Reason::network;
        case Condition::Kind::hours:
            return Reason::outside_hours;
    }
    return Reason::denied;
}

WallTime until_when(const Condition& condition, const Moment& moment) {
    if (condition.kind == Condition::Kind::factor_age)
        return later(*moment.proven(condition.strength), condition.max_age);
    if (condition.kind == Condition::Kind::hours)
        return moment.tables->windows[condition.index].next_edge(moment.now);
    return WallTime::max();
}

WallTime from_when(const Condition& condition, const Moment& moment) {
    if (condition.kind == Condition::Kind::hours)
        return moment.tables->windows[condition.index].next_edge(moment.now);
    return WallTime::max();  // a factor only grows older; the address and the strength stay
}

Verdict::Verdict(const Bounds& bounds, const Moment& moment) noexcept : bounds_(bounds), moment_(moment) {
    if (bounds.contract != nullptr) standing_ = standing_of(*bounds.contract, moment.now);
    if (standing_ == Standing::outside_hours) floor_ = Reason::outside_hours;
    if ((bounds.app_methods & moment.method) == 0) floor_ = Reason::view_only;
}

void Verdict::add(const Tests& tests, const Judgement& judgement) {
    if (tests.effect == config::Rule::Effect::deny) {
        if (judgement.verdict != Truth::no)
            keep_first(deny_, tests.rule);
        else if (!deny_)
            deny_from_ = std::min(deny_from_, start_of(tests));
        return;
    }
    if (judgement.verdict == Truth::yes && floor_ == Reason::none) {
        keep_first(allow_, tests.rule);
        if (allow_until_ != WallTime::max()) allow_until_ = std::max(allow_until_, end_of(tests));
        return;
    }
    const auto obstacle = std::max(judgement.obstacle, floor_);
    if (obstacle > nearest_reason_) return;
    if (obstacle < nearest_reason_) nearest_.reset();
    nearest_reason_ = obstacle;
    keep_first(nearest_, tests.rule);
}

Decision Verdict::finish() const {
    Decision decision;
    decision.who_matched = bounds_.may_enter && bounds_.who_matched;
    decision.valid_until = moment_.now;
    const auto refuse = [&](Reason reason, std::optional<RuleId> rule) {
        decision.reason = reason;
        decision.rule = rule;
        return decision;
    };
    if (!bounds_.may_enter) return refuse(Reason::no_kind, std::nullopt);
    if (!bounds_.who_matched) return refuse(Reason::unknown, std::nullopt);
    if (standing_ == Standing::ended) return refuse(Reason::contract_ended, std::nullopt);
    if (standing_ == Standing::not_started) {
        const auto open = next_open({}, bounds_.contract->begin);
        if (open != WallTime::max()) decision.next_open = open;
        return refuse(Reason::contract_not_started, std::nullopt);
    }
    if (deny_) return refuse(Reason::denied, deny_);
    if (!allow_) return refuse(nearest_reason_, nearest_);
    decision.allow = true;
    decision.valid_until = std::min(allow_until_, deny_from_);
    if (bounds_.contract != nullptr)
        decision.valid_until = std::min(decision.valid_until, holds_until(*bounds_.contract, moment_.now));
    return refuse(Reason::none, allow_);
}

WallTime Verdict::opens(const Tests& tests, const Judgement& judgement) const {
    if (tests.effect == config::Rule::Effect::deny) return WallTime::max();
    if (std::max(judgement.obstacle, floor_) != Reason::outside_hours) return WallTime::max();
    return next_open(tests.conditions, moment_.now);
}

// An allow that holds ends with the first of its conditions.
WallTime Verdict::end_of(const Tests& tests) const {
    auto end = WallTime::max();
    for (const auto& condition : tests.conditions) end = std::min(end, until_when(condition, moment_));
    return end;
}

// A deny that does not hold begins no earlier than the last of its conditions that fail.
WallTime Verdict::start_of(const Tests& tests) const {
    if ((tests.methods & moment_.method) == 0) return WallTime::max();
    auto start = WallTime::min();
    for (const auto& condition : tests.conditions)
        if (holds(condition, moment_) == Truth::no) start = std::max(start, from_when(condition, moment_));
    return start;
}

// The first instant from `from` on at which all hours of the rule and of the contract are open together.
WallTime Verdict::next_open(std::span<const Condition> conditions, WallTime from) const {
    for (int hop = 0; hop < hops_max; ++hop) {
        auto open = from;
        if (bounds_.contract != nullptr) open = opens_at(bounds_.contract->hours, from);
        for (const auto& condition : conditions) {
            if (condition.kind != Condition::Kind::hours) continue;
            const auto& window = moment_.tables->windows[condition.index];
            if (!window.contains(from)) open = std::max(open, window.next_edge(from));
        }
        if (bounds_.contract != nullptr && open >= bounds_.contract->end) return WallTime::max();
        if (open == from) return open;
        from = open;
    }
    return WallTime::max();
}

}  // namespace sekisho::policy
