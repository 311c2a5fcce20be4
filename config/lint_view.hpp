#pragma once
// What lint rules share: look-ups in the model, and the report they write to.
#include "config/lint.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sekisho::config {

constexpr int rank_important = 2, rank_critical = 3;

// LintView answers questions about one model. A name nobody defined matches nothing.
class LintView {
public:
    LintView(const Model& model, const LintFacts& facts);
    const Model& model;
    const LintFacts& facts;

    int rank(const App& app) const;  // of its tier; 1 when unknown
    const Upstream* upstream_of(const App& app) const;
    const Person* person(std::string_view name) const;
    // applies: the rule is about this app.
    bool applies(const Rule& rule, const App& app) const;
    // matches: the rule's `who` can mean this person.
    bool matches(const Rule& rule, const Person& person) const;
    bool matches(const WhoClause& clause, const Person& person) const;
    // may_mean: some clause can mean people of this kind, judged by its words and by who there is.
    bool may_mean(const Rule& rule, PersonKind kind) const;
    // highest_rank of the apps a rule is about; 0 when it is about none.
    int highest_rank(const Rule& rule) const;

private:
    std::unordered_map<std::string_view, int> ranks_;
    std::unordered_map<std::string_view, const Upstream*> upstreams_;
    std::unordered_map<std::string_view, const Person*> people_;
};

// LintReport collects the findings of one rule after the other; accepted ones are left out.
class LintReport {
public:
    LintReport(const Model& model, const LintFacts& facts, Findings& findings);
    void begin(const LintRule& rule) { rule_ = &rule; }
    // at: a finding about the value at `path`.
    void at(std::string_view path, std::vector<Argument> arguments = {});
    // at: the same where the value's own place is known better than its path tells.
    void at(std::string_view path, Place place, std::vector<Argument> arguments = {});
    // in_force: the acceptance's last day has not passed. Without a clock every acceptance is.
    bool in_force(const Acceptance& acceptance) const;
    bool used(std::size_t acceptance) const { return used_[acceptance]; }
    // full: looking further is of no use.
    bool full() const noexcept { return findings_.full(); }

private:
    bool accepted(std::string_view path);

    const Model& model_;
    const LintFacts& facts_;
    Findings& findings_;
    const LintRule* rule_ = nullptr;
    std::vector<bool> used_;
};

// allows / denies: what a rule's path begins with in Places.
std::string path_of(const Rule& rule);
const Condition* second_factor(const Rule& rule);
bool has_condition(const Rule& rule, Condition::Kind kind);
bool is_under(std::string_view path, std::string_view folder);  // file paths: folder itself counts
// registrable_domain: the part of a host name that one owner registers, by the shapes of common suffixes;
// empty for addresses and single labels. "portal.localhost" stands for itself, as browsers have it.
std::string_view registrable_domain(std::string_view host);
std::string days_text(WallTime until, WallTime now);  // whole days left
bool is_origin_host(std::string_view origin, std::string_view host);

// The rules by subject; each list is in one file.
std::span<const LintRule> lint_rules_apps();
std::span<const LintRule> lint_rules_upstreams();
std::span<const LintRule> lint_rules_rules();
std::span<const LintRule> lint_rules_people();
std::span<const LintRule> lint_rules_tls();
std::span<const LintRule> lint_rules_service();
std::span<const LintRule> lint_rules_limits();
std::span<const LintRule> lint_rules_accepted();  // run after all others

}  // namespace sekisho::config
