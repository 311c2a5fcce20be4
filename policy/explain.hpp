#pragma once
// explain runs the evaluator of decide over every rule and writes down what it saw.
#include "base/ids.hpp"
#include "base/json.hpp"
#include "policy/decide.hpp"
#include "policy/program.hpp"
#include "policy/truth.hpp"

#include <string>
#include <vector>

namespace sekisho::policy {

// One thing that was tested. `wanted` and `actual` are neutral values, the same in every language: "GET,
// HEAD", "mon-fri 08:00-20:00 Asia/Tokyo", "43m".
struct ConditionTrace {
    enum class Kind : std::uint8_t {
        method,
        path,
        factor,
        factor_age,
        network,
        not_network,
        hours,  // of a rule
        app_method,
        kind_of_person,
        contract_from,
        contract_to,
        contract_hours  // of the app and the person
    } kind = Kind::method;
    Truth verdict = Truth::no;
    std::string wanted, actual;
};

struct RuleTrace {
    enum class Verdict : std::uint8_t {
        not_concerned,  // another app, or `who` does not match
        no,             // concerned, and at least one condition does not hold
        yes,            // every condition holds
        unknown,        // nothing fails, but something is not known: no for an allow, yes for a deny
    };
    std::string id;
    bool allow = false;
    bool shadow = false;  // judged, not enforced
    bool app_matched = false, who_matched = false;
    std::vector<ConditionTrace> conditions;  // only where the rule is concerned
    Verdict verdict = Verdict::not_concerned;
};

struct Explanation {
    Decision decision;
    std::string rule;  // name of decision.rule
    std::string user, kind, org, app, method, path, client, at;
    Zone zone = Zone::utc();             // times are shown in it
    std::vector<ConditionTrace> person;  // what binds the person and the app on every allow
    std::vector<RuleTrace> rules;        // every rule, in the order of the configuration
};

// The decision in it is the one decide would give.
Explanation explain(const Program& program, const SubjectFacts& subject, AppId app,
                    const RequestFacts& request);

std::string_view to_text(ConditionTrace::Kind kind) noexcept;
std::string_view to_text(RuleTrace::Verdict verdict) noexcept;

// For a terminal, in the language wanted; control characters of the request are made visible.
std::string explain_text(const Explanation& explanation, Language language);
// The same as one JSON object; never translated.
void explain_json(const Explanation& explanation, JsonWriter& json);

// Obstacle is what a refusal page may tell a person beside the reason. It names no rule.
struct Obstacle {
    std::optional<Date> contract_from, contract_to;
    std::vector<std::string> hours;  // "mon-fri 08:00-20:00 Asia/Tokyo", those that are closed
    std::optional<FactorStrength> strength;
    std::optional<Millis> factor_max_age;
};
Obstacle obstacle_of(const Program& program, const SubjectFacts& subject, const Decision& decision,
                     WallTime now);

// "mon-fri 08:00-20:00 Asia/Tokyo".
std::string window_text(const TimeWindow& window);

}  // namespace sekisho::policy
