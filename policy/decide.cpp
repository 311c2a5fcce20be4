#include "policy/decide.hpp"

#include "policy/residual.hpp"

#include <algorithm>
#include <array>

namespace sekisho::policy {

std::string_view to_text(Reason reason) noexcept {
    static constexpr std::array<std::string_view, 12> names{
        "none", "factor_too_old", "factor_missing",       "network",        "outside_hours", "view_only",
        "part", "denied",         "contract_not_started", "contract_ended", "unknown",       "no_kind"};
    return names[static_cast<std::size_t>(reason)];
}

Decision decide(const Residual& residual, const RequestFacts& request) noexcept {
    const auto moment = residual.moment_of(request);
    Verdict verdict(residual.bounds(), moment);
    NoTrace trace;
    residual.for_each_candidate(request.path,
                                [&](const Tests& tests) { verdict.add(tests, judge(tests, moment, trace)); });
    auto decision = verdict.finish();
    if (decision.reason != Reason::outside_hours) return decision;
    auto open = WallTime::max();
    residual.for_each_candidate(request.path, [&](const Tests& tests) {
        open = std::min(open, verdict.opens(tests, judge(tests, moment, trace)));
    });
    if (open != WallTime::max()) decision.next_open = open;
    return decision;
}

bool lists(const Program& program, const SubjectFacts& subject, AppId app) {
    const auto* person = program.find_person(subject.user);
    if (person == nullptr || !person->may_enter()) return false;
    const auto rules = program.rules_of(app);
    return std::any_of(rules.begin(), rules.end(), [&](RuleId id) {
        const auto& rule = program.rule(id);
        return rule.effect == config::Rule::Effect::allow && who_matches(rule, *person);
    });
}

}  // namespace sekisho::policy
