#pragma once
// lint finds rules that say something else than their author can have meant. Each finding has a request that
// shows it, asked of the evaluator itself; only a rule that names nobody has none.
#include "policy/space.hpp"

namespace sekisho::policy {

struct LintFinding {
    enum class Kind : std::uint8_t {
        names_nobody,     // no person, or no person who may enter, is named
        unsatisfiable,    // its conditions never hold together
        shadowed,         // an allow that denies always beat
        redundant,        // taken away, nobody would gain or lose anything
        unreachable_app,  // nobody can open it
        no_age_limit,     // opens a critical app however old the second factor is
        no_factor,        // opens an important or critical app without a second factor
        for_anybody,      // opens an important or critical app to everybody who is signed in
    } kind = Kind::unsatisfiable;
    std::string rule;   // empty for unreachable_app
    std::string other;  // shadowed, redundant: the rule that decides in its place
    std::string app;    // empty for rules of no app in particular
    std::optional<Probe> witness;
    Decision decision;  // what the evaluator says to it
};

std::string_view to_text(LintFinding::Kind kind) noexcept;
std::string sentence(const LintFinding& finding, Language language);

// lint looks at one policy within a horizon. Errors: as Space::walk.
Result<std::vector<LintFinding>> lint(const View& view, Horizon horizon);

}  // namespace sekisho::policy
