#include "policy/what_if.hpp"

#include "base/crypto.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::policy {

std::string WhatIf::pseudonym(std::string_view user) const {
    const auto digest = hmac_sha256(secret_, as_bytes(user));
    return fmt::format("person-{:02x}{:02x}{:02x}{:02x}", digest[0], digest[1], digest[2], digest[3]);
}

// One session asks the same app again and again: its residual is kept.
const Residual& WhatIf::residual_of(const Recorded& recorded, AppId app) {
    const auto proven = recorded.proven_at ? recorded.proven_at->time_since_epoch().count() : -1;
    auto key =
        fmt::format("{}\n{}\n{}\n{}", recorded.user, app.value, static_cast<int>(recorded.strength), proven);
    if (residuals_.size() >= residuals_max) residuals_.clear();
    auto& kept = residuals_[std::move(key)];
    if (!kept) kept = specialise(candidate_, {recorded.user, recorded.strength, recorded.proven_at}, app);
    return *kept;
}

void WhatIf::add(const Recorded& recorded) {
    ++judged_;
    const auto app = candidate_.find_app(recorded.app);
    if (!app || candidate_.find_person(recorded.user) == nullptr) ++unknown_;
    Decision decision;
    if (app)
        decision = decide(residual_of(recorded, *app),
                          {recorded.method, recorded.path, recorded.client, recorded.at});
    if (decision.allow == recorded.allowed) return;
    ++(decision.allow ? gained_ : lost_);
    const std::string rule(decision.rule ? candidate_.rule_name(*decision.rule) : std::string_view());
    const auto key = fmt::format("{}\n{}\n{}\n{}", recorded.user, recorded.app, rule, decision.allow);
    auto found = flips_.find(key);
    if (found == flips_.end()) {
        if (flips_.size() >= kinds_max) {
            ++not_listed_;
            return;
        }
        found = flips_
                    .emplace(key, Flip{pseudonym(recorded.user), std::string(recorded.app), rule,
                                       decision.allow, 0, recorded.at, recorded.at})
                    .first;
    }
    auto& flip = found->second;
    ++flip.count;
    flip.first = std::min(flip.first, recorded.at);
    flip.last = std::max(flip.last, recorded.at);
}

std::vector<WhatIf::Flip> WhatIf::flips() const {
    std::vector<Flip> list;
    for (const auto& [key, flip] : flips_) list.push_back(flip);
    std::stable_sort(list.begin(), list.end(),
                     [](const Flip& a, const Flip& b) { return a.count > b.count; });
    return list;
}

}  // namespace sekisho::policy
