#pragma once
// Policies and requests in words, for tests:
//     World world;
//     world.add(contractor("ishii").of("aoba").until("2026-03-31").in("aoba-dev"));
//     world.allow("wiki-all", "any", "wiki").methods({"GET"});
//     EXPECT_TRUE(world.asks("ishii").of_app("wiki").at("2026-03-31T12:00:00+09:00").decide().allow);
#include "base/text.hpp"
#include "config/model.hpp"
#include "policy/compile.hpp"
#include "policy/decide.hpp"
#include "policy/explain.hpp"

#include <initializer_list>
#include <string>

namespace sekisho::testing {

inline WallTime at(std::string_view text) { return parse_rfc3339(text).value(); }

inline config::Hours hours(std::string_view days, std::string_view from, std::string_view to,
                           std::string zone = {}) {
    return {parse_days(days).value(),
            parse_minute_of_day(from).value(),
            parse_minute_of_day(to).value(),
            std::move(zone),
            {}};
}

// "kind:contractor & group:aoba-dev", "any", "user:sato".
inline config::WhoClause who(std::string_view text) {
    using Kind = config::WhoTerm::Kind;
    config::WhoClause clause;
    for (auto part : split(text, '&')) {
        part = trim(part);
        const auto colon = part.find(':');
        const auto key = part.substr(0, colon);
        const std::string name(colon == std::string_view::npos ? "" : part.substr(colon + 1));
        config::WhoTerm term{Kind::any, name, PersonKind::none};
        if (key == "user") term.kind = Kind::user;
        if (key == "group") term.kind = Kind::group;
        if (key == "org") term.kind = Kind::org;
        if (key == "kind") {
            term.kind = Kind::kind;
            term.person = name == "staff" ? PersonKind::staff
                          : name == "ops" ? PersonKind::ops
                                          : PersonKind::contractor;
        }
        clause.push_back(term);
    }
    return clause;
}

// Someone, and the organisation that comes along.
class Who {
public:
    Who(std::string name, PersonKind kind) {
        person_.name = std::move(name);
        person_.kind = kind;
    }
    Who&& in(std::string group) && {
        person_.groups.push_back(std::move(group));
        return std::move(*this);
    }
    Who&& of(std::string org) && {
        person_.org = org;
        org_.name = std::move(org);
        return std::move(*this);
    }
    Who&& from(std::string_view date) && {
        org_.contract_from = parse_date(date).value();
        return std::move(*this);
    }
    Who&& until(std::string_view date) && {
        org_.contract_to = parse_date(date).value();
        return std::move(*this);
    }
    Who&& working(config::Hours hours) && {
        org_.hours.push_back(std::move(hours));
        return std::move(*this);
    }
    Who&& at_zone(std::string zone) && {
        org_.timezone = std::move(zone);
        return std::move(*this);
    }

private:
    friend class World;
    config::Person person_;
    config::Org org_{{}, {}, {}, parse_date("2020-01-01").value(), parse_date("2099-12-31").value(),
                     {}, {}, {}};
};

inline Who staff(std::string name) { return {std::move(name), PersonKind::staff}; }
inline Who ops(std::string name) { return {std::move(name), PersonKind::ops}; }
inline Who contractor(std::string name) { return {std::move(name), PersonKind::contractor}; }
inline Who nobody(std::string name) { return {std::move(name), PersonKind::none}; }

// Names a rule while it stands in the model; used up before the next rule is added.
class RuleWords {
public:
    explicit RuleWords(config::Rule& rule) : rule_(rule) {}
    RuleWords& or_who(std::string_view text) { return rule_.who.push_back(who(text)), *this; }
    RuleWords& methods(std::initializer_list<std::string> list) { return rule_.methods = list, *this; }
    RuleWords& paths(std::initializer_list<std::string> list) { return rule_.paths = list, *this; }
    RuleWords& mfa(FactorStrength strength, std::optional<Seconds> max_age = {}) {
        config::Condition condition;
        condition.kind = config::Condition::Kind::mfa;
        condition.strength = strength;
        condition.max_age = max_age;
        return rule_.conditions.push_back(condition), *this;
    }
    RuleWords& network(std::initializer_list<std::string> names, bool negated = false) {
        config::Condition condition;
        condition.kind = config::Condition::Kind::network;
        condition.networks = names;
        condition.negated = negated;
        return rule_.conditions.push_back(condition), *this;
    }
    RuleWords& during(config::Hours open) {
        config::Condition condition;
        condition.kind = config::Condition::Kind::hours;
        condition.hours = std::move(open);
        return rule_.conditions.push_back(condition), *this;
    }

private:
    config::Rule& rule_;
};

class World;

// One person asking one thing. By default: GET / from 192.0.2.1, one-time code proven a minute ago.
class Question {
public:
    Question(const World& world, std::string user) : world_(world), user_(std::move(user)) {}
    Question& of_app(std::string name) { return app_ = std::move(name), *this; }
    Question& does(std::string method, std::string path) {
        method_ = std::move(method);
        path_ = std::move(path);
        return *this;
    }
    Question& from(std::string_view address) { return client_ = parse_ip(address).value(), *this; }
    Question& from_unknown() { return client_.reset(), *this; }
    Question& at(std::string_view time) { return now_ = testing::at(time), *this; }
    Question& proven(FactorStrength strength, Millis ago) { return strength_ = strength, ago_ = ago, *this; }
    Question& proven_unknown() { return ago_.reset(), *this; }

    inline policy::Decision decide() const;
    inline policy::Explanation explain() const;
    inline policy::Obstacle obstacle() const;
    inline bool listed() const;

private:
    policy::SubjectFacts subject() const {
        return {user_, strength_, ago_ ? std::optional(now_ - *ago_) : std::nullopt};
    }
    policy::RequestFacts request() const { return {method_, path_, client_, now_}; }
    inline AppId app_id(const policy::Program& program) const;

    const World& world_;
    std::string user_, app_ = "wiki", method_ = "GET", path_ = "/";
    std::optional<IpAddress> client_ = parse_ip("192.0.2.1");
    WallTime now_ = testing::at("2026-11-24T10:00:00+09:00");  // a Tuesday
    FactorStrength strength_ = FactorStrength::otp;
    std::optional<Millis> ago_ = Millis{60'000};
};

class World {
public:
    // The app wiki is there from the beginning.
    World() {
        model.timezone = "Asia/Tokyo";
        app("wiki");
    }
    World& add(Who&& words) {
        for (const auto& group : words.person_.groups) add_group(group);
        if (!words.org_.name.empty()) {
            const bool known = std::any_of(model.orgs.begin(), model.orgs.end(), [&](const config::Org& org) {
                return org.name == words.org_.name;
            });
            if (!known) model.orgs.push_back(words.org_);
        }
        model.people.push_back(words.person_);
        return *this;
    }
    World& add_group(const std::string& name) {
        for (const auto& group : model.groups)
            if (group.name == name) return *this;
        model.groups.push_back({name, {}, {}});
        return *this;
    }
    config::App& app(std::string name) {
        config::App added;
        added.name = std::move(name);
        return model.apps.emplace_back(std::move(added));
    }
    World& network(std::string name, std::initializer_list<std::string_view> prefixes) {
        config::Network added{std::move(name), {}, {}};
        for (const auto prefix : prefixes) added.prefixes.push_back(parse_prefix(prefix).value());
        model.networks.push_back(std::move(added));
        return *this;
    }
    // An empty `app` means any.
    RuleWords allow(std::string id, std::string_view whom, std::string app = "wiki") {
        return rule(std::move(id), config::Rule::Effect::allow, whom, std::move(app));
    }
    RuleWords deny(std::string id, std::string_view whom, std::string app = "wiki") {
        return rule(std::move(id), config::Rule::Effect::deny, whom, std::move(app));
    }
    Question asks(std::string user) const { return {*this, std::move(user)}; }

    config::Model model;

private:
    RuleWords rule(std::string id, config::Rule::Effect effect, std::string_view whom, std::string app) {
        auto& added = model.rules.emplace_back();
        added.id = std::move(id);
        added.effect = effect;
        added.who.push_back(who(whom));
        if (!app.empty()) added.apps.push_back(std::move(app));
        return RuleWords(added);
    }
};

AppId Question::app_id(const policy::Program& program) const {
    return program.find_app(app_).value_or(AppId{0xffffffff});
}
policy::Decision Question::decide() const {
    const auto program = policy::compile(world_.model).value();
    return policy::decide(*policy::specialise(*program, subject(), app_id(*program)), request());
}
policy::Explanation Question::explain() const {
    const auto program = policy::compile(world_.model).value();
    return policy::explain(*program, subject(), app_id(*program), request());
}
policy::Obstacle Question::obstacle() const {
    const auto program = policy::compile(world_.model).value();
    return policy::obstacle_of(*program, subject(), decide(), now_);
}
bool Question::listed() const {
    const auto program = policy::compile(world_.model).value();
    return policy::lists(*program, subject(), app_id(*program));
}

}  // namespace sekisho::testing
