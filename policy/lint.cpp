#include "policy/lint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sekisho::policy {
namespace {

using Kind = LintFinding::Kind;

constexpr Millis a_year{365ll * 86'400'000};

// What was seen of one rule over all requests.
struct Seen {
    bool concerns = false;          // some person who may enter, and some app
    bool effective = false;         // an allow: it let somebody in
    bool needed = false;            // without it the answer would be another
    std::optional<Probe> near;      // some request it concerns
    std::optional<Probe> held;      // one it held for
    std::optional<RuleId> instead;  // what decided there
};

class Linter {
public:
    Linter(const View& view, Horizon horizon)
        : view_(view), space_({view}, horizon), seen_(view.program->rule_count()) {}

    Result<std::vector<LintFinding>> run() {
        for (const auto& app : view_.model->apps) {
            if (const auto done = look_at(app); !done) return done.error();
        }
        for (std::uint32_t i = 0; i < seen_.size(); ++i) judge_rule(RuleId{i});
        return std::move(findings_);
    }

private:
    const config::Rule& written(RuleId id) const { return view_.model->rules[id.value]; }
    bool allows(RuleId id) const { return written(id).effect == config::Rule::Effect::allow; }

    Result<void> look_at(const config::App& app) {
        std::optional<Probe> refused;
        bool reachable = false;
        std::vector<bool> broad(seen_.size());
        for (const auto& people : space_.classes(app.name)) {
            const Observer observer(*view_.program, people.users.front(), app.name);
            for (const auto id : observer.rules()) seen_[id.value].concerns = true;
            const auto walked = space_.walk(people.users.front(), app.name, [&](const Probe& probe) {
                const auto outcome = observer.ask(probe);
                note(observer, probe, outcome);
                reachable = reachable || outcome.decision.allow;
                if (!outcome.decision.allow && !refused) refused = probe;
                if (outcome.decision.allow)
                    check_breadth(app, observer, probe, *outcome.decision.rule, broad);
                return true;
            });
            if (!walked) return walked;
        }
        if (!reachable) add(Kind::unreachable_app, {}, {}, app.name, refused);
        return {};
    }

    void note(const Observer& observer, const Probe& probe, const Outcome& outcome) {
        for (const auto id : observer.rules())
            if (!seen_[id.value].near) seen_[id.value].near = probe;
        for (const auto id : outcome.allows) note_allow(id, probe, outcome);
        for (const auto id : outcome.denies) {
            auto& seen = seen_[id.value];
            if (!seen.held) seen.held = probe;
            if (outcome.denies.size() == 1 && outcome.floor && !outcome.allows.empty()) seen.needed = true;
            if (outcome.denies.size() > 1 && !seen.instead)
                seen.instead = outcome.denies[outcome.denies[0] == id ? 1 : 0];
        }
    }

    void note_allow(RuleId id, const Probe& probe, const Outcome& outcome) {
        auto& seen = seen_[id.value];
        const bool beaten = !outcome.denies.empty();
        // A request at which the rule holds and something else decides says more than one at which it does
        // not.
        if (!seen.held) seen.held = probe;
        if (!outcome.floor) return;
        if (beaten) {
            if (!seen.instead) {
                seen.instead = outcome.denies.front();
                seen.held = probe;
            }
            return;
        }
        if (!seen.effective) seen.instead.reset();
        seen.effective = true;
        if (outcome.allows.size() == 1) seen.needed = true;
        if (outcome.allows.size() > 1 && !seen.instead) {
            seen.instead = outcome.allows[outcome.allows[0] == id ? 1 : 0];
            seen.held = probe;
        }
    }

    std::uint8_t rank_of(const config::App& app) const {
        for (const auto& tier : view_.model->tiers)
            if (tier.name == app.tier) return tier.rank;
        return 1;
    }

    // What an app matters is what may be asked of those who open it.
    void check_breadth(const config::App& app, const Observer& observer, const Probe& probe, RuleId id,
                       std::vector<bool>& broad) {
        const auto rank = rank_of(app);
        if (rank < 2 || broad[id.value]) return;
        const auto& rule = written(id);
        const auto& name = rule.id;
        const bool anybody =
            std::any_of(rule.who.begin(), rule.who.end(), [](const config::WhoClause& clause) {
                return clause.size() == 1 && clause[0].kind == config::WhoTerm::Kind::any;
            });
        auto older = probe;
        older.age = a_year;
        auto bare = probe;
        bare.strength = FactorStrength::none;
        const auto still = [&](const Probe& other) {
            const auto decision = observer.ask(other).decision;
            return decision.allow && decision.rule == id;
        };
        if (anybody)
            add(Kind::for_anybody, name, {}, app.name, probe);
        else if (still(bare))
            add(Kind::no_factor, name, {}, app.name, bare);
        else if (rank >= 3 && still(older))
            add(Kind::no_age_limit, name, {}, app.name, older);
        else
            return;
        broad[id.value] = true;
    }

    void judge_rule(RuleId id) {
        const auto& seen = seen_[id.value];
        if (view_.program->rule(id).shadow) return;
        const auto& name = written(id).id;
        const auto instead = seen.instead ? written(*seen.instead).id : std::string();
        if (!seen.concerns)
            add(Kind::names_nobody, name, {}, {}, std::nullopt);
        else if (!seen.held)
            add(Kind::unsatisfiable, name, {}, seen.near ? seen.near->app : std::string(), seen.near);
        else if (allows(id) && !seen.effective && seen.instead)
            add(Kind::shadowed, name, instead, seen.held->app, seen.held);
        else if (!seen.needed)
            add(Kind::redundant, name, instead, seen.held->app, seen.held);
    }

    void add(Kind kind, std::string rule, std::string other, std::string app, std::optional<Probe> witness) {
        LintFinding finding{kind, std::move(rule), std::move(other), std::move(app), std::move(witness), {}};
        if (finding.witness) {
            const auto id = view_.program->find_app(finding.witness->app);
            const auto residual =
                specialise(*view_.program, finding.witness->subject(), id.value_or(AppId{}));
            finding.decision = decide(*residual, finding.witness->request());
        }
        findings_.push_back(std::move(finding));
    }

    const View view_;
    Space space_;
    std::vector<Seen> seen_;
    std::vector<LintFinding> findings_;
};

struct Text {
    std::string_view id, en, ja;
};
constexpr std::array<Text, 8> texts{{
    {"names_nobody", "rule {0} names nobody who may enter", "規則 {0} に当てはまる人がいません"},
    {"unsatisfiable", "rule {0} never holds: no request meets all its conditions",
     "規則 {0} の条件がすべて満たされることはありません"},
    {"shadowed", "rule {0} lets nobody in: {1} always denies what it allows",
     "規則 {0} は誰も通しません。許す相手を {1} が常に拒みます"},
    {"redundant", "rule {0} changes nothing: without it every answer would be the same",
     "規則 {0} を除いても、答えは何も変わりません"},
    {"unreachable_app", "nobody can open the app {2}", "アプリ {2} を開ける人がいません"},
    {"no_age_limit", "rule {0} opens the critical app {2} however long ago the second factor was proven",
     "規則 {0} は、確認がどれほど古くても最重要のアプリ {2} を開きます"},
    {"no_factor", "rule {0} opens the app {2} without a second factor",
     "規則 {0} は、追加の確認なしでアプリ {2} を開きます"},
    {"for_anybody", "rule {0} opens the app {2} to everybody who is signed in",
     "規則 {0} は、サインインした全員にアプリ {2} を開きます"},
}};

}  // namespace

std::string_view to_text(LintFinding::Kind kind) noexcept { return texts[static_cast<std::size_t>(kind)].id; }

std::string sentence(const LintFinding& finding, Language language) {
    const auto& text = texts[static_cast<std::size_t>(finding.kind)];
    return fmt::format(fmt::runtime(language == Language::ja ? text.ja : text.en), finding.rule,
                       finding.other, finding.app);
}

Result<std::vector<LintFinding>> lint(const View& view, Horizon horizon) {
    return Linter(view, horizon).run();
}

}  // namespace sekisho::policy
