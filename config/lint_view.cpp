// Look-ups that several lint rules need.
#include "config/lint_view.hpp"

#include "base/ip.hpp"

#include <algorithm>
#include <array>

namespace sekisho::config {
namespace {

// Second-level labels under which a country's registrants stand one label further down.
constexpr std::array<std::string_view, 12> second_levels{"co", "or", "ne", "ac",  "go",  "ad",
                                                         "ed", "gr", "lg", "com", "org", "net"};

bool matches_term(const WhoTerm& term, const Person& person) {
    switch (term.kind) {
        case WhoTerm::Kind::any:
            return true;
        case WhoTerm::Kind::user:
            return person.name == term.name;
        case WhoTerm::Kind::group:
            return std::find(person.groups.begin(), person.groups.end(), term.name) != person.groups.end();
        case WhoTerm::Kind::org:
            return person.org == term.name;
        case WhoTerm::Kind::kind:
            return person.kind == term.person;
    }
    return false;
}

}  // namespace

LintView::LintView(const Model& m, const LintFacts& f) : model(m), facts(f) {
    for (const auto& tier : m.tiers) ranks_.emplace(tier.name, tier.rank);
    for (const auto& upstream : m.upstreams) upstreams_.emplace(upstream.name, &upstream);
    for (const auto& person : m.people) people_.emplace(person.name, &person);
}

int LintView::rank(const App& app) const {
    const auto found = ranks_.find(app.tier);
    return found == ranks_.end() ? 1 : found->second;
}

const Upstream* LintView::upstream_of(const App& app) const {
    const auto found = upstreams_.find(app.upstream);
    return found == upstreams_.end() ? nullptr : found->second;
}

const Person* LintView::person(std::string_view name) const {
    const auto found = people_.find(name);
    return found == people_.end() ? nullptr : found->second;
}

bool LintView::applies(const Rule& rule, const App& app) const {
    return rule.apps.empty() || std::find(rule.apps.begin(), rule.apps.end(), app.name) != rule.apps.end();
}

bool LintView::matches(const WhoClause& clause, const Person& person) const {
    return std::all_of(clause.begin(), clause.end(),
                       [&](const WhoTerm& term) { return matches_term(term, person); });
}

bool LintView::matches(const Rule& rule, const Person& person) const {
    return std::any_of(rule.who.begin(), rule.who.end(),
                       [&](const WhoClause& clause) { return matches(clause, person); });
}

bool LintView::may_mean(const Rule& rule, PersonKind kind) const {
    const auto by_words = [&](const WhoClause& clause) {
        return std::all_of(clause.begin(), clause.end(), [&](const WhoTerm& term) {
            return term.kind == WhoTerm::Kind::any ||
                   (term.kind == WhoTerm::Kind::kind && term.person == kind);
        });
    };
    if (std::any_of(rule.who.begin(), rule.who.end(), by_words)) return true;
    return std::any_of(model.people.begin(), model.people.end(),
                       [&](const Person& person) { return person.kind == kind && matches(rule, person); });
}

int LintView::highest_rank(const Rule& rule) const {
    int highest = 0;
    for (const auto& app : model.apps)
        if (applies(rule, app)) highest = std::max(highest, rank(app));
    return highest;
}

std::string path_of(const Rule& rule) {
    return "rules." + rule.id + (rule.effect == Rule::Effect::allow ? ".allow" : ".deny");
}

const Condition* second_factor(const Rule& rule) {
    const auto found = std::find_if(rule.conditions.begin(), rule.conditions.end(),
                                    [](const Condition& c) { return c.kind == Condition::Kind::mfa; });
    return found == rule.conditions.end() ? nullptr : &*found;
}

bool has_condition(const Rule& rule, Condition::Kind kind) {
    return std::any_of(rule.conditions.begin(), rule.conditions.end(),
                       [&](const Condition& condition) { return condition.kind == kind; });
}

bool is_under(std::string_view path, std::string_view folder) {
    while (folder.size() > 1 && folder.back() == '/') folder.remove_suffix(1);
    if (folder.empty() || path.substr(0, folder.size()) != folder) return false;
    return path.size() == folder.size() || folder == "/" || path[folder.size()] == '/';
}

std::string_view registrable_domain(std::string_view host) {
    if (parse_ip(host)) return {};
    const auto last = host.rfind('.');
    if (last == std::string_view::npos || last == 0) return {};
    auto cut = host.rfind('.', last - 1);
    if (cut == std::string_view::npos) return host;
    const auto second = host.substr(cut + 1, last - cut - 1);
    const bool country = host.size() - last - 1 == 2;
    const bool below =
        country && std::find(second_levels.begin(), second_levels.end(), second) != second_levels.end();
    if (below) {
        if (cut == 0) return host;
        cut = host.rfind('.', cut - 1);
        if (cut == std::string_view::npos) return host;
    }
    return host.substr(cut + 1);
}

std::string days_text(WallTime until, WallTime now) {
    const auto left = std::chrono::duration_cast<std::chrono::hours>(until - now).count() / 24;
    return std::to_string(left);
}

bool is_origin_host(std::string_view origin, std::string_view host) {
    const auto begin = origin.find("://");
    if (begin == std::string_view::npos) return false;
    auto rest = origin.substr(begin + 3);
    if (rest.substr(0, host.size()) != host) return false;
    rest.remove_prefix(host.size());
    return rest.empty() || rest.front() == ':';
}

}  // namespace sekisho::config
