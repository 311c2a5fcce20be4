#pragma once
// What the tools for policies print, for people and as JSON.
#include "gateway/cli/cli.hpp"
#include "policy/cases.hpp"
#include "policy/compare.hpp"
#include "policy/lint.hpp"
#include "policy/prove.hpp"
#include "policy/what_if.hpp"

namespace sekisho::gateway::cli {

enum class Form : std::uint8_t { text, json };

// Each prints one report.
void say_lint(const Context& context, const std::vector<policy::LintFinding>& findings, Zone zone, Form form);
void say_proofs(const Context& context, const std::vector<policy::Proof>& proofs, policy::Horizon horizon,
                Zone zone, Form form);
void say_comparison(const Context& context, const policy::Comparison& comparison, policy::Horizon horizon,
                    Zone zone, Form form);
void say_cases(const Context& context, const std::vector<policy::Case>& cases,
               const policy::CasesReport& report, Form form);
void say_what_if(const Context& context, const policy::WhatIf& what_if, Form form);

}  // namespace sekisho::gateway::cli
