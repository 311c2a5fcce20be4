// Differences of two models, by their printed values; rules are compared by what they match.
#include "config/diff.hpp"

#include "base/text.hpp"
#include "config/sections.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace sekisho::config {
namespace {

using Values = std::vector<std::string>;

std::string joined(const Values& values) {
    std::string out;
    for (const auto& value : values) out += (out.empty() ? "" : ", ") + value;
    return out;
}

// Whether `b` holds something `a` does not.
bool gained(const Values& a, const Values& b) {
    return std::any_of(b.begin(), b.end(),
                       [&](const auto& value) { return std::find(a.begin(), a.end(), value) == a.end(); });
}

// As gained, where an empty list means "any".
bool opened(const Values& a, const Values& b) { return !a.empty() && (b.empty() || gained(a, b)); }

// A value's rank where more and less make sense; text that orders as text (dates) ranks by itself.
std::pair<std::uint64_t, std::string> rank(const Key& key, const Values& values) {
    const auto text = values.empty() ? std::string() : values.front();
    if (key.type == Type::boolean) return {text == "true" ? 1u : 0u, {}};
    if (key.type == Type::duration)
        return {static_cast<std::uint64_t>(parse_duration(text).value_or(Millis(0)).count()), {}};
    if (key.type == Type::count) return {parse_unsigned(text).value_or(0), {}};
    return {0, text};
}

bool loosened(const Key& key, const Values& before, const Values& now) {
    switch (key.loosens) {
        case Loosens::never:
            return false;
        case Loosens::any:
            return true;
        case Loosens::more:
            return rank(key, now) > rank(key, before);
        case Loosens::less:
            return rank(key, now) < rank(key, before);
        case Loosens::added:
            return gained(before, now);
        case Loosens::open:
            return opened(before, now);
    }
    return true;
}

// "people.sato" of "people.sato.groups"; empty for values outside named entries.
std::string entry_of(const Flat& flat) {
    const auto star = flat.key->path.find('*');
    if (star == std::string_view::npos) return {};
    const auto after = flat.key->path.size() - star - 1;
    return flat.path.substr(0, flat.path.size() - after);
}

struct Index {
    std::map<std::string, Flat> values;
    std::map<std::string, const Key*> entries;
};

Index index_of(const Model& model) {
    Index index;
    for (auto& flat : flatten(model)) {
        if (const auto entry = entry_of(flat); !entry.empty()) index.entries.emplace(entry, flat.key);
        index.values.emplace(flat.path, flat);
    }
    return index;
}

std::string_view section_of(const Key& key) { return key.path.substr(0, key.path.find('.')); }

bool shares_host(const Model& model, const std::string& host) {
    return std::any_of(model.apps.begin(), model.apps.end(),
                       [&](const App& app) { return app.host == host; });
}

// Without "/admin" as an app of its own, its paths fall to the app that holds "/" on the same host.
bool removal_loosens(const Model& before, const Model& now, const std::string& entry) {
    return std::any_of(before.apps.begin(), before.apps.end(), [&](const App& app) {
        return "apps." + app.name == entry && shares_host(now, app.host);
    });
}

class Comparer {
public:
    Comparer(const Model& before, const Model& now) : before_(before), now_(now) {}

    Difference run() {
        const auto a = index_of(before_), b = index_of(now_);
        for (const auto& [entry, key] : b.entries)
            if (a.entries.count(entry) == 0) added(entry, *key);
        for (const auto& [entry, key] : a.entries)
            if (b.entries.count(entry) == 0) removed(entry);
        for (const auto& [path, flat] : b.values) {
            const auto old = a.values.find(path);
            if (old != a.values.end() && old->second.values != flat.values) changed(flat, old->second.values);
        }
        compare_rules();
        return std::move(out_);
    }

private:
    void added(const std::string& entry, const Key& key) {
        const auto* section = find_key(section_of(key));
        out_.changes.push_back({Change::Kind::added,
                                entry,
                                {},
                                {},
                                false,
                                section != nullptr && section->loosens == Loosens::added});
    }

    void removed(const std::string& entry) {
        out_.changes.push_back(
            {Change::Kind::removed, entry, {}, {}, false, removal_loosens(before_, now_, entry)});
    }

    void changed(const Flat& flat, const Values& old) {
        out_.changes.push_back({Change::Kind::changed, flat.path, joined(old), joined(flat.values),
                                flat.key->reload == Reload::restart, loosened(*flat.key, old, flat.values)});
    }

    static std::map<std::string_view, const Rule*> by_id(const Model& model) {
        std::map<std::string_view, const Rule*> rules;
        for (const auto& rule : model.rules) rules.emplace(rule.id, &rule);
        return rules;
    }

    void compare_rules() {
        const auto a = by_id(before_), b = by_id(now_);
        for (const auto& [id, rule] : b)
            if (a.count(id) == 0)
                rule_change(Change::Kind::added, *rule, !rule->shadow && rule->effect == Rule::Effect::allow);
        for (const auto& [id, rule] : a)
            if (b.count(id) == 0)
                rule_change(Change::Kind::removed, *rule,
                            !rule->shadow && rule->effect == Rule::Effect::deny);
        for (const auto& [id, rule] : b) {
            const auto old = a.find(id);
            if (old != a.end()) compare_rule(*old->second, *rule);
        }
    }

    void rule_change(Change::Kind kind, const Rule& rule, bool loosens) {
        out_.changes.push_back({kind, "rules." + rule.id, {}, {}, false, loosens});
    }

    static std::string condition_text(const Condition& condition) {
        static const Key& factor = *find_key("rules[].allow.if[].mfa.strength");
        switch (condition.kind) {
            case Condition::Kind::mfa:
                return "mfa " + print_one(factor, condition.strength) +
                       (condition.max_age ? " within " + duration_text(*condition.max_age) : "");
            case Condition::Kind::network:
                return std::string("network ") + (condition.negated ? "none of " : "") +
                       joined(condition.networks);
            case Condition::Kind::hours:
                return "hours " + hours_text(condition.hours);
            case Condition::Kind::level:
                break;
        }
        return {};
    }

    struct Parts {
        Values who, conditions;
    };
    static Parts parts_of(const Rule& rule) {
        static const Key& key = *find_key("rules[].allow.who");
        Parts parts;
        for (const auto& clause : rule.who) parts.who.push_back(print_one(key, clause));
        for (const auto& condition : rule.conditions) parts.conditions.push_back(condition_text(condition));
        return parts;
    }

    static std::string rule_text(const Rule& rule) {
        const auto parts = parts_of(rule);
        const auto or_any = [](const Values& values) { return values.empty() ? "any" : joined(values); };
        return std::string(rule.shadow ? "shadow " : "") +
               (rule.effect == Rule::Effect::allow ? "allow" : "deny") + " who " + joined(parts.who) +
               "; app " + or_any(rule.apps) + "; methods " + or_any(rule.methods) + "; paths " +
               or_any(rule.paths) + "; if " +
               (parts.conditions.empty() ? "always" : joined(parts.conditions));
    }

    // Whether `b` matches anything `a` did not, as far as can be told without looking at other rules.
    static bool wider(const Rule& a, const Rule& b) {
        const auto x = parts_of(a), y = parts_of(b);
        return gained(x.who, y.who) || opened(a.apps, b.apps) || opened(a.methods, b.methods) ||
               opened(a.paths, b.paths) || gained(y.conditions, x.conditions);
    }

    void compare_rule(const Rule& old, const Rule& rule) {
        const auto before = rule_text(old), now = rule_text(rule);
        if (before == now) return;
        const bool allow = rule.effect == Rule::Effect::allow;
        // In shadow a rule is not there.
        const bool gone = !old.shadow && old.effect == Rule::Effect::deny;
        const bool loosens = rule.shadow                               ? gone
                             : old.shadow || old.effect != rule.effect ? allow || gone
                             : allow                                   ? wider(old, rule)
                                                                       : wider(rule, old);
        out_.changes.push_back({Change::Kind::changed, "rules." + rule.id, before, now, false, loosens});
    }

    const Model& before_;
    const Model& now_;
    Difference out_;
};

}  // namespace

bool Difference::loosens() const noexcept {
    return std::any_of(changes.begin(), changes.end(), [](const Change& change) { return change.loosens; });
}
bool Difference::needs_restart() const noexcept {
    return std::any_of(changes.begin(), changes.end(),
                       [](const Change& change) { return change.needs_restart; });
}

Difference diff(const Model& before, const Model& now) { return Comparer(before, now).run(); }

std::string sentence(const Change& change, Language language) {
    const bool ja = language == Language::ja;
    const auto path = printable(change.path);
    std::string text;
    if (change.kind == Change::Kind::added) text = ja ? path + " を追加します" : path + " is added";
    if (change.kind == Change::Kind::removed) text = ja ? path + " を削除します" : path + " is removed";
    if (change.kind == Change::Kind::changed) {
        const auto or_none = [&](const std::string& value) {
            return value.empty() ? std::string(ja ? "なし" : "none") : printable(value);
        };
        text =
            ja ? path + " を「" + or_none(change.before) + "」から「" + or_none(change.now) + "」に変えます"
               : path + " changes from \"" + or_none(change.before) + "\" to \"" + or_none(change.now) + "\"";
    }
    if (change.loosens) text += ja ? "。アクセスが広がります" : "; this loosens access";
    if (change.needs_restart) text += ja ? "。再起動後に有効です" : "; it takes effect after a restart";
    return text;
}

}  // namespace sekisho::config
