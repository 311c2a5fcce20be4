#pragma once
// Program is the policy of one configuration generation, compiled: names are indices, paths are prefixes
// without a last slash, networks are sorted ranges. Immutable; any thread may read it.
#include "base/ip.hpp"
#include "config/model.hpp"
#include "policy/contractor.hpp"
#include "policy/facts.hpp"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace sekisho::policy {

// MethodMask holds a bit for each method some rule or app names; the last bit stands for every other method.
using MethodMask = std::uint64_t;
inline constexpr MethodMask any_method = ~MethodMask{0};
inline constexpr std::size_t named_methods_max = 63;

// Condition is one thing to be found out for each request.
struct Condition {
    enum class Kind : std::uint8_t { factor, factor_age, network, hours } kind = Kind::factor;
    bool negated = false;                           // network: in none of them
    FactorStrength strength = FactorStrength::otp;  // factor: at least this
    std::uint32_t index = 0;                        // network, hours: which of Tables
    Millis max_age{0};                              // factor_age: younger than this
    friend auto operator<=>(const Condition&, const Condition&) = default;
};

// Tables are shared by the program and every residual made from it.
struct Tables {
    std::vector<std::string> methods;  // bit i of a MethodMask
    std::vector<NetworkSet> networks;
    std::vector<std::string> network_names;  // the names behind networks[i]: "office, vpn"
    std::vector<TimeWindow> windows;

    // The one bit that stands for the method. HEAD without rules of its own counts as GET: it discloses no
    // more.
    MethodMask bit_of(std::string_view method) const noexcept;
};

struct Term {
    config::WhoTerm::Kind kind = config::WhoTerm::Kind::any;
    PersonKind person = PersonKind::none;
    std::uint32_t index = 0;  // of a person, group or org
};

struct Rule {
    RuleId id;
    config::Rule::Effect effect = config::Rule::Effect::deny;
    bool shadow = false;                 // not enforced here
    std::vector<std::vector<Term>> who;  // any clause of which every term holds
    std::vector<AppId> apps;             // sorted; empty = any
    MethodMask methods = any_method;
    std::vector<std::string> paths;  // without a last slash: "" is the whole app; no entry = any target
    std::vector<Condition> conditions;
};

struct Person {
    std::uint32_t index = 0;
    PersonKind kind = PersonKind::none;
    std::vector<std::uint32_t> groups;  // sorted
    std::optional<std::uint32_t> org;
    bool may_enter() const noexcept {  // R1
        return kind == PersonKind::staff || kind == PersonKind::ops ||
               (kind == PersonKind::contractor && org);
    }
};

struct App {
    std::string name;
    MethodMask methods = any_method;
    bool fold_path = false;     // path_case: insensitive
    std::vector<RuleId> rules;  // those that name it
};

struct Org {
    std::string name;
    Contract contract;
};

class Program {
public:
    std::optional<AppId> find_app(std::string_view name) const;
    const Person* find_person(std::string_view name) const;  // nullptr: nobody the configuration knows
    const App* app(AppId id) const noexcept { return id.value < apps_.size() ? &apps_[id.value] : nullptr; }
    const Rule& rule(RuleId id) const { return rules_.at(id.value); }
    std::string_view rule_name(RuleId id) const { return rule_names_.at(id.value); }
    std::size_t rule_count() const noexcept { return rules_.size(); }
    std::size_t app_count() const noexcept { return apps_.size(); }
    const std::vector<Person>& people() const noexcept { return people_; }
    std::string_view org_name(const Person& person) const;
    // The contract that binds the person; nullptr for people of no organisation.
    const Contract* contract_of(const Person& person) const;
    Zone zone() const noexcept { return zone_; }  // of the configuration, for times shown
    const std::shared_ptr<const Tables>& tables() const noexcept { return tables_; }

    // shadow: this policy with the rules in shadow enforced too; nullptr when there are none.
    const Program* shadow() const noexcept { return shadow_.get(); }

    // rules_of lists the rules that concern an app, in the order of the configuration; those in shadow do
    // not.
    std::vector<RuleId> rules_of(AppId app) const;

private:
    friend class Compiler;
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    Zone zone_ = Zone::utc();
    std::shared_ptr<const Tables> tables_;
    std::shared_ptr<const Program> shadow_;
    std::vector<Rule> rules_;
    std::vector<std::string> rule_names_;
    std::vector<RuleId> rules_for_any_app_;
    std::vector<App> apps_;
    std::vector<Org> orgs_;
    std::vector<Person> people_;
    std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> person_by_name_;
    std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> app_by_name_;
};

// who_matches: some clause of the rule names the person.
bool who_matches(const Rule& rule, const Person& person) noexcept;

// path_matches: the prefix is the path or ends at one of its segment borders. `prefix` has no last slash.
bool path_matches(std::string_view prefix, std::string_view path, bool fold) noexcept;

}  // namespace sekisho::policy
