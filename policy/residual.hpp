#pragma once
// Residual is what specialise leaves of a program for one session and app, laid out for decide: tests in one
// array, grouped by path prefix, the groups found by hash.
#include "policy/judge.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace sekisho::policy {

class Residual {
public:
    Residual(const Program& program, const SubjectFacts& subject, AppId app);

    Residual(const Residual&) = delete;
    Residual& operator=(const Residual&) = delete;

    const Bounds& bounds() const noexcept { return bounds_; }
    Moment moment_of(const RequestFacts& request) const noexcept;

    // for_each_candidate calls `see(Tests)` for each rule whose path prefix fits; for one with several such
    // prefixes more than once.
    template <class See>
    void for_each_candidate(std::string_view path, See&& see) const {
        see_all(any_target_, see);
        if (groups_.empty()) return;
        auto hash = hash_seed;
        const auto end = std::min(path.size(), longest_prefix_);
        for (std::size_t i = 0; i <= end; ++i) {
            const bool border = i == path.size() ? i != 0 : path[i] == '/';
            if (border) see_group(hash, path.substr(0, i), see);
            if (i < end) hash = mixed(hash, path[i]);
        }
    }

private:
    struct Entry {
        RuleId rule;
        config::Rule::Effect effect;
        std::uint32_t first_condition, condition_count;
        MethodMask methods;
    };
    struct Span {
        std::uint32_t first = 0, count = 0;
    };
    struct Group {
        std::uint64_t hash;
        std::string prefix;
        Span entries;
    };

    // FNV-1a. The prefixes are the operator's, so no one can aim for collisions; equality is checked all the
    // same.
    static constexpr std::uint64_t hash_seed = 0xcbf29ce484222325;
    std::uint64_t mixed(std::uint64_t hash, char c) const noexcept {
        const char folded = fold_path_ && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        return (hash ^ static_cast<unsigned char>(folded)) * 0x100000001b3;
    }

    std::span<const Condition> conditions_of(const Entry& entry) const noexcept {
        return std::span(conditions_).subspan(entry.first_condition, entry.condition_count);
    }

    template <class See>
    void see_all(Span span, See& see) const {
        for (auto i = span.first; i < span.first + span.count; ++i) {
            const auto& entry = entries_[i];
            see(Tests{entry.rule, entry.effect, entry.methods, conditions_of(entry)});
        }
    }
    template <class See>
    void see_group(std::uint64_t hash, std::string_view front, See& see) const {
        auto group = std::lower_bound(groups_.begin(), groups_.end(), hash,
                                      [](const Group& g, std::uint64_t h) { return g.hash < h; });
        for (; group != groups_.end() && group->hash == hash; ++group)
            if (group->prefix.size() == front.size() &&
                (front.empty() || path_matches(group->prefix, front, fold_path_)))
                see_all(group->entries, see);
    }

    void add_rule(const Rule& rule, std::vector<std::pair<std::string, Entry>>& placed);
    void begin_group(const std::string& prefix);
    void lay_out(std::vector<std::pair<std::string, Entry>> placed);

    std::shared_ptr<const Tables> tables_;
    Contract contract_;
    Bounds bounds_;  // points into this object
    FactorStrength strength_, lesser_;
    std::optional<WallTime> proven_at_, lesser_at_;
    bool fold_path_ = false;
    std::size_t longest_prefix_ = 0;
    Span any_target_;            // entries of rules without paths
    std::vector<Group> groups_;  // by hash
    std::vector<Entry> entries_;
    std::vector<Condition> conditions_;
};

}  // namespace sekisho::policy
