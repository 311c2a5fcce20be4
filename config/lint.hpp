#pragma once
// The lint finds what is valid but dangerous: settings that let a named mistake of somebody else happen
// again.
//
// Every rule is one row of a table: what it says, why, which mistake it comes from, and the function that
// looks. Rules are pure: they read the model and the facts config/lint_facts_io gathered, nothing else. A
// finding that is meant is accepted in the configuration under `accept`, with a reason and an end date.
#include "config/diagnostics.hpp"
#include "config/lint_facts.hpp"
#include "config/model.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::config {

class LintView;
class LintReport;

struct LintRule {
    Message message;           // the id is stable: documents, acceptances and code review know it
    std::string_view why;      // what goes wrong, for the rule's page
    std::string_view mistake;  // where it went wrong before: a CVE, an incident, a vendor's warning
    void (*look)(const LintView&, LintReport&);
};

// lint_rules: every rule, in the order of their ids.
std::span<const LintRule* const> lint_rules();
const LintRule* find_lint_rule(std::string_view id);

// Lint::errors is what start and reload ask for: only rules whose findings no gateway may run with.
enum class Lint : std::uint8_t { none, errors, all };

// lint adds findings. It ends for every model the loader accepts; past Findings::findings_max it only counts.
void lint(const Model& model, const LintFacts& facts, Lint level, Findings& findings);

// The pages docs/lint/ID.md, without their examples, and the index.
std::string lint_page(const LintRule& rule);
std::string lint_index();

}  // namespace sekisho::config
