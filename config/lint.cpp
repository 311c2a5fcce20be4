// Running the rules, and leaving out what was accepted.
#include "config/lint.hpp"

#include "base/civil_time.hpp"
#include "config/lint_view.hpp"

#include <algorithm>

namespace sekisho::config {
namespace {

std::vector<const LintRule*> every_rule() {
    std::vector<const LintRule*> all;
    for (const auto rules :
         {lint_rules_apps(), lint_rules_upstreams(), lint_rules_rules(), lint_rules_people(),
          lint_rules_tls(), lint_rules_service(), lint_rules_limits(), lint_rules_accepted()})
        for (const auto& rule : rules) all.push_back(&rule);
    std::sort(all.begin(), all.end(),
              [](const LintRule* a, const LintRule* b) { return a->message.id < b->message.id; });
    return all;
}

// "upstreams.wiki" is around "upstreams.wiki.url" and "upstreams.wiki[0]", not around "upstreams.wiki2".
bool is_around(std::string_view outer, std::string_view path) {
    if (outer.empty()) return true;
    if (path.substr(0, outer.size()) != outer) return false;
    return path.size() == outer.size() || path[outer.size()] == '.' || path[outer.size()] == '[';
}

}  // namespace

std::span<const LintRule* const> lint_rules() {
    static const auto all = every_rule();
    return all;
}

const LintRule* find_lint_rule(std::string_view id) {
    const auto rules = lint_rules();
    const auto found = std::lower_bound(
        rules.begin(), rules.end(), id,
        [](const LintRule* rule, std::string_view wanted) { return rule->message.id < wanted; });
    return found != rules.end() && (*found)->message.id == id ? *found : nullptr;
}

LintReport::LintReport(const Model& model, const LintFacts& facts, Findings& findings)
    : model_(model), facts_(facts), findings_(findings), used_(facts.accepted.size()) {}

bool LintReport::in_force(const Acceptance& acceptance) const {
    const auto zone = Zone::find(model_.timezone);
    return facts_.now == WallTime{} || !zone || date_at(facts_.now, *zone) <= acceptance.until;
}

bool LintReport::accepted(std::string_view path) {
    bool any = false;
    for (std::size_t i = 0; i < facts_.accepted.size(); ++i) {
        const auto& acceptance = facts_.accepted[i];
        if (acceptance.rule != rule_->message.id || !is_around(acceptance.at, path)) continue;
        used_[i] = true;
        any = any || in_force(acceptance);
    }
    return any;
}

void LintReport::at(std::string_view path, std::vector<Argument> arguments) {
    at(path, model_.places.find(path), std::move(arguments));
}

void LintReport::at(std::string_view path, Place place, std::vector<Argument> arguments) {
    if (!accepted(path)) findings_.add(rule_->message, place, std::move(arguments));
}

void lint(const Model& model, const LintFacts& facts, Lint level, Findings& findings) {
    if (level == Lint::none) return;
    const LintView view(model, facts);
    LintReport report(model, facts, findings);
    const auto run = [&](const LintRule& rule) {
        if (level == Lint::errors && rule.message.severity != Severity::error) return;
        report.begin(rule);
        rule.look(view, report);
    };
    // What looks at acceptances comes last: by then it is known which of them were of use.
    const auto last = lint_rules_accepted();
    for (const auto* rule : lint_rules())
        if (rule < last.data() || rule >= last.data() + last.size()) run(*rule);
    for (const auto& rule : last) run(rule);
}

}  // namespace sekisho::config
