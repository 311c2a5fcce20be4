// The section of rules: who may open what, and under which conditions.
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

void read_conditions(Decoder& decoder, const Key& key, const Node& node, Rule& out) {
    if (!expect_list(decoder, key, node)) return;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        const auto& item = node.items[i];
        Step step(decoder, "[" + std::to_string(i) + "]");
        decoder.places.put(decoder.path, item.place);
        Condition condition;
        condition.place = item.place;
        read_record(decoder, "rules[].allow.if[]", item, condition_fields, condition);
        if (item.kind == Node::Kind::map && item.items.size() != 1) decoder.fault("rule.condition", item);
        out.conditions.push_back(std::move(condition));
    }
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

constexpr Field<Rule> fields_of_rule[] = {
    field<&Rule::id>("id"),
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

constexpr Field<Model> fields[] = {{"rules", read_rules, nullptr}};

}  // namespace

std::span<const Field<Model>> rule_fields() { return fields; }

}  // namespace sekisho::config
