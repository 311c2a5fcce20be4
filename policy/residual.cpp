#include "policy/residual.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <set>

namespace sekisho::policy {
namespace {

// Where rules without paths are placed; a compiled prefix holds no control byte.
constexpr const char* any_target = "\n";

}  // namespace

Residual::Residual(const Program& program, const SubjectFacts& subject, AppId id)
    : tables_(program.tables()),
      strength_(subject.strength),
      lesser_(subject.lesser),
      proven_at_(subject.proven_at),
      lesser_at_(subject.lesser_at) {
    const auto* person = program.find_person(subject.user);
    const auto* app = program.app(id);
    if (person == nullptr || app == nullptr || !person->may_enter()) {
        bounds_.may_enter = person != nullptr && person->may_enter();
        return;
    }
    bounds_.may_enter = true;
    bounds_.app_methods = app->methods;
    fold_path_ = app->fold_path;
    if (const auto* contract = program.contract_of(*person)) {
        contract_ = *contract;
        bounds_.contract = &contract_;
    }
    std::vector<std::pair<std::string, Entry>> placed;
    for (const auto rule_id : program.rules_of(id)) {
        const auto& rule = program.rule(rule_id);
        if (who_matches(rule, *person)) add_rule(rule, placed);
    }
    lay_out(std::move(placed));
}

// A factor's strength cannot change while the residual lives: a test that holds is dropped here, and a deny
// that asks for more never comes true.
void Residual::add_rule(const Rule& rule, std::vector<std::pair<std::string, Entry>>& placed) {
    const bool allow = rule.effect == config::Rule::Effect::allow;
    bounds_.who_matched = bounds_.who_matched || allow;
    const auto first = conditions_.size();
    for (const auto& condition : rule.conditions) {
        const bool constant = condition.kind == Condition::Kind::factor;
        if (constant && strength_ >= condition.strength) continue;
        if (constant && !allow) {
            conditions_.resize(first);
            return;
        }
        conditions_.push_back(condition);
    }
    const Entry entry{rule.id, rule.effect, static_cast<std::uint32_t>(first),
                      static_cast<std::uint32_t>(conditions_.size() - first), rule.methods};
    if (rule.paths.empty()) placed.emplace_back(any_target, entry);
    for (const auto& prefix : rule.paths) placed.emplace_back(fold_path_ ? lower(prefix) : prefix, entry);
}

// Of rules with the same prefix, effect, methods and conditions only the first can ever be the one that is
// named, and all of them begin and end together: one entry stands for them.
void Residual::lay_out(std::vector<std::pair<std::string, Entry>> placed) {
    std::stable_sort(placed.begin(), placed.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    const auto less = [this](const Entry& a, const Entry& b) {
        if (a.effect != b.effect) return a.effect < b.effect;
        if (a.methods != b.methods) return a.methods < b.methods;
        const auto one = conditions_of(a), other = conditions_of(b);
        return std::lexicographical_compare(one.begin(), one.end(), other.begin(), other.end());
    };
    std::set<Entry, decltype(less)> seen(less);  // of the prefix at hand
    for (std::size_t i = 0; i < placed.size(); ++i) {
        const auto& [prefix, entry] = placed[i];
        if (i == 0 || placed[i - 1].first != prefix) {
            seen.clear();
            begin_group(prefix);
        }
        if (!seen.insert(entry).second) continue;
        entries_.push_back(entry);
        ++(prefix == any_target ? any_target_ : groups_.back().entries).count;
    }
    std::sort(groups_.begin(), groups_.end(), [](const Group& a, const Group& b) { return a.hash < b.hash; });
}

void Residual::begin_group(const std::string& prefix) {
    const auto first = static_cast<std::uint32_t>(entries_.size());
    if (prefix == any_target) {
        any_target_.first = first;
        return;
    }
    auto hash = hash_seed;
    for (const char c : prefix) hash = mixed(hash, c);
    groups_.push_back({hash, prefix, {first, 0}});
    longest_prefix_ = std::max(longest_prefix_, prefix.size());
}

Moment Residual::moment_of(const RequestFacts& request) const noexcept {
    return {tables_.get(), strength_,
            proven_at_,    tables_->bit_of(request.method),
            request.path,  request.client ? &*request.client : nullptr,
            request.now,   lesser_,
            lesser_at_};
}

std::shared_ptr<const Residual> specialise(const Program& program, const SubjectFacts& subject, AppId app) {
    return std::make_shared<const Residual>(program, subject, app);
}

}  // namespace sekisho::policy
