// The section of rules: who may open what, and under which conditions.
#include "base/edit_distance.hpp"
#include "config/sections.hpp"

#include <map>

namespace sekisho::config {
namespace {

struct Mfa {
    FactorStrength strength = FactorStrength::otp;
    std::optional<Seconds> max_age;
};

constexpr Field<Mfa> mfa_fields[] = {
    field<&Mfa::strength>("strength"),
    field<&Mfa::max_age>("max_age"),
};

void read_mfa(Decoder& decoder, const Key& key, const Node& node, Condition& out) {
    Mfa mfa;
    read_record(decoder, key.path, node, mfa_fields, mfa);
    out.kind = Condition::Kind::mfa;
    out.strength = mfa.strength;
    out.max_age = mfa.max_age;
}

// "!" before every name turns "in any of these" into "in none of these".
void read_network(Decoder& decoder, const Key& key, const Node& node, Condition& out) {
    out.kind = Condition::Kind::network;
    read_value(decoder, key, node, out.networks);
    std::size_t negated = 0;
    for (auto& name : out.networks) {
        if (name[0] != '!') continue;
        name.erase(0, 1);
        ++negated;
    }
    out.negated = negated > 0;
    if (negated > 0 && negated < out.networks.size()) decoder.fault("rule.network_mixed", node);
    if (node.kind == Node::Kind::list && node.items.empty()) decoder.fault("value.empty_list", node);
}

void read_condition_hours(Decoder& decoder, const Key& key, const Node& node, Condition& out) {
    out.kind = Condition::Kind::hours;
    read_hours(decoder, key.path, node, out.hours);
}

constexpr Field<Condition> condition_fields[] = {
    {"mfa", read_mfa, nullptr},
    {"network", read_network, nullptr},
    {"hours", read_condition_hours, nullptr},
};

// A plain name among conditions is a level's; expand_levels puts that level's conditions in its place.
void read_condition_list(Decoder& decoder, const Key& key, const Node& node, std::vector<Condition>& out) {
    if (!expect_list(decoder, key, node)) return;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        const auto& item = node.items[i];
        Step step(decoder, "[" + std::to_string(i) + "]");
        decoder.places.put(decoder.path, item.place);
        Condition condition;
        condition.place = item.place;
        if (item.is_scalar()) {
            condition.kind = Condition::Kind::level;
            if (read_one(decoder, key_of("people.*", "org"), item, condition.level)) out.push_back(condition);
            continue;
        }
        read_record(decoder, "rules[].allow.if[]", item, condition_fields, condition);
        if (item.kind == Node::Kind::map && item.items.size() != 1) decoder.fault("rule.condition", item);
        out.push_back(std::move(condition));
    }
}

void read_conditions(Decoder& decoder, const Key& key, const Node& node, Rule& out) {
    read_condition_list(decoder, key, node, out.conditions);
}

template <auto Member>
constexpr Field<Rule> filter(std::string_view name) {
    // An empty list would mean "any" to the program and "none" to a reader: it is refused.
    return {name,
            [](Decoder& decoder, const Key& key, const Node& node, Rule& out) {
                if (node.kind == Node::Kind::list && node.items.empty()) {
                    decoder.fault("value.empty_list", node);
                    return;
                }
                read_value(decoder, key, node, out.*Member);
            },
            nullptr};
}

constexpr Field<Rule> body_fields[] = {
    filter<&Rule::who>("who"),     filter<&Rule::apps>("app"),       filter<&Rule::methods>("methods"),
    filter<&Rule::paths>("paths"), {"if", read_conditions, nullptr},
};

template <Rule::Effect effect>
void read_effect(Decoder& decoder, const Key&, const Node& node, Rule& out) {
    out.effect = effect;
    read_record(decoder, "rules[].allow", node, body_fields, out);
}

void read_mode(Decoder& decoder, const Key& key, const Node& node, Rule& out) {
    if (node.is_scalar() && (node.text == "enforce" || node.text == "shadow"))
        out.shadow = node.text == "shadow";
    else
        decoder.fault("value.choice", node, {type_words(key.type), node.text});
}

constexpr Field<Rule> fields_of_rule[] = {
    field<&Rule::id>("id"),
    {"mode", read_mode, nullptr},
    field<&Rule::reason>("reason"),
    {"allow", read_effect<Rule::Effect::allow>, nullptr},
    {"deny", read_effect<Rule::Effect::deny>, nullptr},
};

void read_rule(Decoder& decoder, const Node& node, std::size_t index, Rule& out) {
    const auto* id = node.find("id");
    Step step(decoder,
              id != nullptr && is_name(id->text, Type::name) ? id->text : "[" + std::to_string(index) + "]");
    out.place = id != nullptr ? id->place : node.place;
    decoder.places.put(decoder.path, out.place);
    read_record(decoder, "rules[]", node, fields_of_rule, out);
    const bool one = (node.find("allow") != nullptr) != (node.find("deny") != nullptr);
    if (node.kind == Node::Kind::map && !one) decoder.fault("rule.effect", node, {out.id});
}

std::string place_text(const Decoder& decoder, Place place) {
    const auto name = place.file < decoder.sources.size() ? decoder.sources[place.file].name : std::string();
    return name + ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
}

void read_rules(Decoder& decoder, const Key& key, const Node& node, Model& out) {
    if (!expect_list(decoder, key, node)) return;
    std::map<std::string, Place, std::less<>> first;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        Rule rule;
        read_rule(decoder, node.items[i], i, rule);
        const auto [other, fresh] = first.emplace(rule.id, rule.place);
        if (!fresh && !rule.id.empty()) {
            auto& finding = decoder.findings.add("rule.duplicate", rule.place,
                                                 {rule.id, place_text(decoder, other->second)});
            finding.width = static_cast<std::uint32_t>(rule.id.size());
        }
        out.rules.push_back(std::move(rule));
    }
}

void read_levels(Decoder& decoder, const Key& key, const Node& node, Model& out) {
    if (!expect_map(decoder, node, type_words(key.type))) return;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        if (!good_name(decoder, node.keys[i], Type::name)) continue;
        Step step(decoder, node.keys[i].text);
        decoder.places.put(decoder.path, node.keys[i].place);
        Level level{node.keys[i].text, {}, node.keys[i].place};
        read_condition_list(decoder, key_of("levels", "*"), node.items[i], level.conditions);
        out.levels.push_back(std::move(level));
    }
}

constexpr Field<Acceptance> acceptance_fields[] = {
    field<&Acceptance::rule>("rule"),
    field<&Acceptance::at>("at"),
    field<&Acceptance::reason>("reason"),
    field<&Acceptance::until>("until"),
};

void read_accepted(Decoder& decoder, const Key& key, const Node& node, Model&) {
    if (!expect_list(decoder, key, node)) return;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        Step step(decoder, "[" + std::to_string(i) + "]");
        decoder.places.put(decoder.path, node.items[i].place);
        Acceptance acceptance;
        acceptance.place = node.items[i].place;
        read_record(decoder, "accept[]", node.items[i], acceptance_fields, acceptance);
        decoder.accepted.push_back(std::move(acceptance));
    }
}

constexpr Field<Model> fields[] = {
    {"levels", read_levels, nullptr}, {"rules", read_rules, nullptr}, {"accept", read_accepted, nullptr}};

// LevelExpander puts what levels stand for where their names stand, each level once.
class LevelExpander {
public:
    LevelExpander(Decoder& decoder, std::vector<Level>& levels) : decoder_(decoder), levels_(levels) {
        states_.resize(levels.size());
    }

    void run(std::vector<Rule>& rules) {
        for (std::size_t i = 0; i < levels_.size(); ++i) open(i, levels_[i].place);
        for (auto& rule : rules) expand(rule.conditions);
    }

private:
    enum class State : std::uint8_t { untouched, at_work, done };

    // Nesting is as deep as there are levels at most, and each is entered once.
    bool open(std::size_t index, Place asked_from) {
        if (states_[index] == State::at_work) {
            decoder_.findings.add("level.cycle", asked_from, {levels_[index].name});
            return false;
        }
        if (states_[index] == State::done) return true;
        states_[index] = State::at_work;
        expand(levels_[index].conditions);
        states_[index] = State::done;
        return true;
    }

    void expand(std::vector<Condition>& conditions) {
        std::vector<Condition> out;
        for (auto& condition : conditions) {
            if (condition.level.empty() || condition.kind != Condition::Kind::level) {
                out.push_back(std::move(condition));
                continue;
            }
            const auto found = std::find_if(levels_.begin(), levels_.end(),
                                            [&](const Level& each) { return each.name == condition.level; });
            if (found == levels_.end()) {
                unknown(condition);
            } else if (open(static_cast<std::size_t>(found - levels_.begin()), condition.place)) {
                for (auto inner : found->conditions) {
                    inner.level = condition.level;
                    out.push_back(std::move(inner));
                }
            }
            if (out.size() > conditions_max) {
                decoder_.findings.add("level.too_many", condition.place, {std::to_string(conditions_max)});
                break;
            }
        }
        conditions = std::move(out);
    }

    void unknown(const Condition& condition) {
        auto& finding = decoder_.findings.add("name.level", condition.place, {condition.level});
        finding.width = static_cast<std::uint32_t>(condition.level.size());
        std::vector<std::string_view> names;
        for (const auto& level : levels_) names.push_back(level.name);
        if (const auto meant = nearest(condition.level, names)) finding.meant = *meant;
    }

    static constexpr std::size_t conditions_max = 256;  // of one rule or level
    Decoder& decoder_;
    std::vector<Level>& levels_;
    std::vector<State> states_;
};

}  // namespace

std::span<const Field<Model>> rule_fields() { return fields; }

void expand_levels(Decoder& decoder, Model& model) { LevelExpander(decoder, model.levels).run(model.rules); }

}  // namespace sekisho::config
