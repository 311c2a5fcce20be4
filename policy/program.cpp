#include "policy/program.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace sekisho::policy {
namespace {

bool term_holds(const Term& term, const Person& person) noexcept {
    switch (term.kind) {
        case config::WhoTerm::Kind::any:
            return true;
        case config::WhoTerm::Kind::user:
            return term.index == person.index;
        case config::WhoTerm::Kind::group:
            return std::binary_search(person.groups.begin(), person.groups.end(), term.index);
        case config::WhoTerm::Kind::org:
            return person.org == term.index;
        case config::WhoTerm::Kind::kind:
            return term.person == person.kind;
    }
    return false;
}

}  // namespace

MethodMask Tables::bit_of(std::string_view method) const noexcept {
    for (std::size_t i = 0; i < methods.size(); ++i)
        if (methods[i] == method) return MethodMask{1} << i;
    return MethodMask{1} << named_methods_max;
}

std::optional<AppId> Program::find_app(std::string_view name) const {
    const auto found = app_by_name_.find(name);
    if (found == app_by_name_.end()) return std::nullopt;
    return AppId{found->second};
}

const Person* Program::find_person(std::string_view name) const {
    const auto found = person_by_name_.find(name);
    return found == person_by_name_.end() ? nullptr : &people_[found->second];
}

std::string_view Program::org_name(const Person& person) const {
    return person.org ? std::string_view(orgs_[*person.org].name) : std::string_view();
}

const Contract* Program::contract_of(const Person& person) const {
    return person.org ? &orgs_[*person.org].contract : nullptr;
}

std::vector<RuleId> Program::rules_of(AppId id) const {
    std::vector<RuleId> rules;
    const auto* named = app(id);
    if (named == nullptr) return rules;
    rules.reserve(named->rules.size() + rules_for_any_app_.size());
    std::merge(named->rules.begin(), named->rules.end(), rules_for_any_app_.begin(), rules_for_any_app_.end(),
               std::back_inserter(rules));
    return rules;
}

bool who_matches(const Rule& rule, const Person& person) noexcept {
    return std::any_of(rule.who.begin(), rule.who.end(), [&](const std::vector<Term>& clause) {
        return !clause.empty() && std::all_of(clause.begin(), clause.end(),
                                              [&](const Term& term) { return term_holds(term, person); });
    });
}

bool path_matches(std::string_view prefix, std::string_view path, bool fold) noexcept {
    if (path.size() < prefix.size()) return false;
    const auto front = path.substr(0, prefix.size());
    if (fold ? !equals_ignoring_case(front, prefix) : front != prefix) return false;
    return path.size() == prefix.size() ? !path.empty() : path[prefix.size()] == '/';
}

}  // namespace sekisho::policy
