#pragma once
// Files that stand beside a configuration and speak of its rules: properties a policy must have, and cases it
// must decide in a certain way. They are read as strictly as the configuration, and are no part of it.
#include "config/load.hpp"

namespace sekisho::config {

inline constexpr std::size_t cases_max = 20'000;

// read_properties adds the denies of a file (`rules:` and `levels:` as in a configuration) to the rules of
// `model`, in shadow; the number added, or nothing when there were errors.
struct Properties {
    std::optional<std::size_t> added;
    std::vector<Diagnostic> diagnostics;
};
Properties read_properties(const Files& files, const std::string& path, Model& model);

// CaseText is one entry of a file of cases (policy/cases.hpp).
struct CaseText {
    std::string name, why, user, app, method = "GET", path = "/";
    std::optional<IpAddress> client;
    WallTime now;
    FactorStrength strength = FactorStrength::otp;
    std::optional<Millis> age = Millis{0};
    bool allow = false;
    std::optional<std::string> rule, reason;
    std::optional<WallTime> until;
    std::string place;
};
struct CasesFile {
    std::optional<std::vector<CaseText>> cases;  // absent when any diagnostic is an error
    std::vector<Diagnostic> diagnostics;
};
CasesFile read_cases(const Files& files, const std::string& path);

}  // namespace sekisho::config
