#pragma once
// Cases are decisions written down beside the rules: facts, and what must come of them. run_cases asks the
// evaluator, and says which rules no case ever decides with.
#include "base/result.hpp"
#include "policy/explain.hpp"

#include <string>
#include <vector>

namespace sekisho::policy {

struct Case {
    std::string name;
    std::string why;  // the need, complaint or rule it comes from
    std::string user, app, method = "GET", path = "/";
    std::optional<IpAddress> client;  // nothing: unknown
    WallTime now;
    FactorStrength strength = FactorStrength::otp;
    std::optional<Millis> age = Millis{0};  // of the factor; nothing: unknown
    bool allow = false;
    std::optional<std::string> rule;    // id of the rule that decides; "" for none
    std::optional<std::string> reason;  // as to_text(Reason)
    std::optional<WallTime> until;      // valid_until
    std::string place;                  // "cases.yaml:12:5"
};

struct CaseResult {
    bool passed = false;
    std::string wanted, got;  // neutral: "allow rule wiki-staff", "deny rule no-archive reason denied"
    Explanation explanation;
};

struct CasesReport {
    std::vector<CaseResult> results;    // as the cases
    std::vector<std::string> never;     // enforced rules that decide no case
    std::size_t rules = 0, passed = 0;  // enforced rules; cases
};

CasesReport run_cases(const Program& program, const std::vector<Case>& cases);

}  // namespace sekisho::policy
