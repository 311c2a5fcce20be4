#include "policy/prove.hpp"

#include "policy/compile.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::policy {

Result<std::vector<Proof>> prove(const config::Model& model, std::size_t properties, Horizon horizon) {
    const auto first = static_cast<std::uint32_t>(model.rules.size() - properties);
    std::vector<Proof> proofs;
    for (std::size_t i = first; i < model.rules.size(); ++i) {
        const auto& rule = model.rules[i];
        if (!rule.shadow || rule.effect != config::Rule::Effect::deny)
            return Error(Errc::malformed, fmt::format("{}: a property is written as a deny", rule.id));
        proofs.emplace_back().property = rule.id;
    }
    if (proofs.empty()) return proofs;
    const auto program = compile(model);
    if (!program) return program.error();
    const auto& twin = *(*program)->shadow();
    const View policy{&model, program->get()}, with{&model, &twin};
    Space space({policy, with}, horizon);
    for (const auto& app : space.apps())
        for (const auto& people : space.classes(app)) {
            const auto& user = people.users.front();
            const Observer base(**program, user, app), properly(twin, user, app);
            const auto concerned = std::any_of(properly.rules().begin(), properly.rules().end(),
                                               [&](RuleId id) { return id.value >= first; });
            if (!concerned) continue;
            const auto walked = space.walk(user, app, [&](const Probe& probe) {
                if (!probe.client || !probe.age) return true;  // a fact that is always known
                const auto forbidden = properly.ask(probe).denies;
                std::optional<Outcome> outcome;
                for (const auto id : forbidden) {
                    if (id.value < first) continue;
                    auto& proof = proofs[id.value - first];
                    ++proof.looked_at;
                    if (proof.counter) continue;
                    if (!outcome) outcome = base.ask(probe);
                    if (!outcome->decision.allow) continue;
                    proof.counter = probe;
                    proof.decision = outcome->decision;
                    proof.rule = (*program)->rule_name(*outcome->decision.rule);
                }
                return true;
            });
            if (!walked) return walked.error();
        }
    return proofs;
}

}  // namespace sekisho::policy
