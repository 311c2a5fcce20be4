#include "policy/cases.hpp"

#include <fmt/format.h>

#include <set>

namespace sekisho::policy {
namespace {

std::string wanted_text(const Case& it, Zone zone) {
    std::string text = it.allow ? "allow" : "deny";
    if (it.rule) text += fmt::format(" rule {}", it.rule->empty() ? "none" : *it.rule);
    if (it.reason) text += fmt::format(" reason {}", *it.reason);
    if (it.until) text += fmt::format(" until {}", to_rfc3339(*it.until, zone));
    return text;
}

// Says as much as was asked.
std::string got_text(const Case& it, const Explanation& explanation, Zone zone) {
    const auto& decision = explanation.decision;
    std::string text = decision.allow ? "allow" : "deny";
    if (it.rule) text += fmt::format(" rule {}", explanation.rule.empty() ? "none" : explanation.rule);
    if (it.reason) text += fmt::format(" reason {}", to_text(decision.reason));
    if (it.until)
        text += fmt::format(" until {}", decision.valid_until == WallTime::max()
                                             ? std::string("ever")
                                             : to_rfc3339(decision.valid_until, zone));
    return text;
}

}  // namespace

CasesReport run_cases(const Program& program, const std::vector<Case>& cases) {
    CasesReport report;
    std::set<std::string, std::less<>> deciding;
    for (const auto& it : cases) {
        const SubjectFacts subject{it.user, it.strength,
                                   it.age ? std::optional<WallTime>(it.now - *it.age) : std::nullopt};
        const auto app = program.find_app(it.app).value_or(AppId{0xffffffff});
        CaseResult result;
        result.explanation = explain(program, subject, app, {it.method, it.path, it.client, it.now});
        result.wanted = wanted_text(it, program.zone());
        result.got = got_text(it, result.explanation, program.zone());
        result.passed = result.wanted == result.got;
        report.passed += result.passed ? 1 : 0;
        deciding.insert(result.explanation.rule);
        report.results.push_back(std::move(result));
    }
    for (std::uint32_t i = 0; i < program.rule_count(); ++i) {
        if (program.rule(RuleId{i}).shadow) continue;
        ++report.rules;
        if (deciding.count(program.rule_name(RuleId{i})) == 0)
            report.never.emplace_back(program.rule_name(RuleId{i}));
    }
    return report;
}

}  // namespace sekisho::policy
