#include "policy/compile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace sekisho::policy {
namespace {

using Names = std::unordered_map<std::string_view, std::uint32_t>;

template <class Section>
Names names_of(const Section& section) {
    Names names;
    for (const auto& each : section) names.emplace(each.name, static_cast<std::uint32_t>(names.size()));
    return names;
}

// The spelling that canonical paths have: bytes that a URL cannot hold are escaped, and no slash stands last.
std::string prefix_of(std::string_view path) {
    std::string prefix;
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte >= 0x7f)
            prefix += fmt::format("%{:02X}", byte);
        else
            prefix += c;
    }
    while (!prefix.empty() && prefix.back() == '/') prefix.pop_back();
    return prefix;
}

void add_once(std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

// Rules in shadow stand apart from the policy, or are enforced in its twin.
enum class Shadow : std::uint8_t { apart, enforced };

}  // namespace

// Compiler holds what the sections of one model refer to each other by.
class Compiler {
public:
    Compiler(const config::Model& model, Shadow shadow, std::shared_ptr<const Program> twin)
        : model_(model),
          shadow_(shadow),
          twin_(std::move(twin)),
          people_(names_of(model.people)),
          groups_(names_of(model.groups)),
          orgs_(names_of(model.orgs)),
          networks_(names_of(model.networks)),
          calendars_(names_of(model.calendars)),
          apps_(names_of(model.apps)) {}

    Result<std::shared_ptr<const Program>> run() {
        refuse_twins();
        program_->zone_ = zone_named({}, model_.timezone);
        collect_methods();
        add_orgs();
        add_people();
        add_apps();
        add_rules();
        program_->tables_ = tables_;
        program_->shadow_ = std::move(twin_);
        if (fault_) return *fault_;
        return std::shared_ptr<const Program>(program_);
    }

private:
    // The first fault is the one told; what was built beside it is thrown away.
    template <class... Args>
    void fail(Errc code, fmt::format_string<Args...> text, Args&&... args) {
        if (!fault_) fault_.emplace(code, fmt::format(text, std::forward<Args>(args)...));
    }

    std::uint32_t index_of(const Names& names, std::string_view what, const std::string& name,
                           std::string_view where) {
        const auto found = names.find(name);
        if (found != names.end()) return found->second;
        fail(Errc::malformed, "{}: there is no {} \"{}\"", where, what, name);
        return 0;
    }

    Zone zone_named(const std::string& name, const std::string& otherwise) {
        const auto zone = Zone::find(name.empty() ? otherwise : name);
        if (zone) return *zone;
        if (!fault_) fault_ = zone.error();
        return Zone::utc();
    }

    TimeWindow window_of(const config::Hours& hours, const std::string& timezone, std::string_view where) {
        const WeeklyWindow weekly{hours.days, hours.from_minute, hours.to_minute,
                                  zone_named(hours.timezone, timezone)};
        if (hours.calendar.empty()) return weekly;
        const auto at = index_of(calendars_, "calendar", hours.calendar, where);
        if (at >= model_.calendars.size()) return weekly;  // said already
        return {weekly, calendar_at(at), hours.on.value_or(DaysOf::business_days)};
    }

    // Made when first named: each holds eighty years of days.
    std::shared_ptr<const Calendar> calendar_at(std::uint32_t index) {
        auto& made = made_calendars_[index];
        if (!made) made = std::make_shared<const Calendar>(spec_of(model_.calendars[index]));
        return made;
    }

    // Of two things with one name, which one a rule means would be a guess.
    void refuse_twins() {
        const auto twins = [&](const Names& names, std::size_t count, std::string_view what) {
            if (names.size() != count) fail(Errc::malformed, "two {} have one name", what);
        };
        twins(people_, model_.people.size(), "people");
        twins(groups_, model_.groups.size(), "groups");
        twins(orgs_, model_.orgs.size(), "organisations");
        twins(networks_, model_.networks.size(), "networks");
        twins(calendars_, model_.calendars.size(), "calendars");
        twins(apps_, model_.apps.size(), "apps");
    }

    void collect_methods() {
        auto& methods = tables_->methods;
        for (const auto& app : model_.apps)
            for (const auto& method : app.methods) add_once(methods, method);
        for (const auto& rule : model_.rules)
            for (const auto& method : rule.methods) add_once(methods, method);
        if (std::find(methods.begin(), methods.end(), "GET") != methods.end()) add_once(methods, "HEAD");
        if (methods.size() <= named_methods_max) return;
        fail(Errc::too_large, "rules and apps name {} methods, at most {} can be told apart", methods.size(),
             named_methods_max);
        methods.resize(named_methods_max);
    }

    MethodMask mask_of(const std::vector<std::string>& methods) const {
        if (methods.empty()) return any_method;
        MethodMask mask = 0;
        for (const auto& method : methods) {
            mask |= tables_->bit_of(method);
            if (method == "GET") mask |= tables_->bit_of("HEAD");
        }
        return mask;
    }

    void add_orgs() {
        for (const auto& org : model_.orgs) {
            const auto& timezone = org.timezone.empty() ? model_.timezone : org.timezone;
            if (!org.contract_from.ok() || !org.contract_to.ok() || org.contract_to < org.contract_from) {
                fail(Errc::malformed, "org {}: the contract's days are not a period", org.name);
                continue;
            }
            std::vector<TimeWindow> hours;
            for (const auto& each : org.hours) hours.push_back(window_of(each, timezone, org.name));
            const auto zone = zone_named(timezone, timezone);
            program_->orgs_.push_back(
                {org.name, make_contract(org.contract_from, org.contract_to, zone, std::move(hours))});
        }
    }

    void add_people() {
        for (const auto& person : model_.people) {
            Person added;
            added.index = static_cast<std::uint32_t>(program_->people_.size());
            added.kind = person.kind;
            for (const auto& group : person.groups)
                added.groups.push_back(index_of(groups_, "group", group, person.name));
            std::sort(added.groups.begin(), added.groups.end());
            if (!person.org.empty()) added.org = index_of(orgs_, "org", person.org, person.name);
            program_->person_by_name_.emplace(person.name, added.index);
            program_->people_.push_back(std::move(added));
        }
    }

    void add_apps() {
        for (const auto& app : model_.apps) {
            program_->app_by_name_.emplace(app.name, static_cast<std::uint32_t>(program_->apps_.size()));
            program_->apps_.push_back(
                {app.name, mask_of(app.methods), app.path_case == config::PathCase::insensitive, {}});
        }
    }

    void add_rules() {
        for (const auto& rule : model_.rules) {
            Rule added;
            added.id = RuleId{static_cast<std::uint32_t>(program_->rules_.size())};
            added.effect = rule.effect;
            for (const auto& clause : rule.who) added.who.push_back(clause_of(clause, rule));
            for (const auto& app : rule.apps)
                added.apps.push_back(AppId{index_of(apps_, "app", app, rule.id)});
            std::sort(added.apps.begin(), added.apps.end());
            added.apps.erase(std::unique(added.apps.begin(), added.apps.end()), added.apps.end());
            added.methods = mask_of(rule.methods);
            for (const auto& path : rule.paths) add_once(added.paths, prefix_of(path));
            for (const auto& condition : rule.conditions) add_condition(added, condition, rule);
            added.shadow = rule.shadow && shadow_ == Shadow::apart;
            if (added.shadow) {
                program_->rule_names_.push_back(rule.id);
                program_->rules_.push_back(std::move(added));
                continue;
            }
            if (added.apps.empty()) program_->rules_for_any_app_.push_back(added.id);
            for (const auto app : added.apps)
                if (app.value < program_->apps_.size()) program_->apps_[app.value].rules.push_back(added.id);
            program_->rule_names_.push_back(rule.id);
            program_->rules_.push_back(std::move(added));
        }
    }

    std::vector<Term> clause_of(const config::WhoClause& clause, const config::Rule& rule) {
        if (clause.empty()) fail(Errc::malformed, "{}: an entry of who is empty", rule.id);
        std::vector<Term> terms;
        for (const auto& term : clause) {
            Term added{term.kind, term.person, 0};
            if (term.kind == config::WhoTerm::Kind::user)
                added.index = index_of(people_, "person", term.name, rule.id);
            if (term.kind == config::WhoTerm::Kind::group)
                added.index = index_of(groups_, "group", term.name, rule.id);
            if (term.kind == config::WhoTerm::Kind::org)
                added.index = index_of(orgs_, "org", term.name, rule.id);
            terms.push_back(added);
        }
        return terms;
    }

    void add_condition(Rule& rule, const config::Condition& condition, const config::Rule& from) {
        using Kind = Condition::Kind;
        switch (condition.kind) {
            case config::Condition::Kind::mfa:
                rule.conditions.push_back({Kind::factor, false, condition.strength, 0, Millis{0}});
                if (condition.max_age)
                    rule.conditions.push_back(
                        {Kind::factor_age, false, condition.strength, 0, *condition.max_age});
                return;
            case config::Condition::Kind::network:
                rule.conditions.push_back({Kind::network, condition.negated, FactorStrength::none,
                                           networks_index(condition.networks, from.id), Millis{0}});
                return;
            case config::Condition::Kind::hours:
                rule.conditions.push_back({Kind::hours, false, FactorStrength::none,
                                           window_index(window_of(condition.hours, model_.timezone, from.id)),
                                           Millis{0}});
                return;
            case config::Condition::Kind::level:
                return fail(Errc::malformed, "{}: the level {} was not put in place", from.id,
                            condition.level);
        }
    }

    // The same window is one table entry however many rules name it; so rules with equal conditions are seen
    // as equal.
    std::uint32_t window_index(const TimeWindow& window) {
        const auto index = static_cast<std::uint32_t>(tables_->windows.size());
        const auto& weekly = window.weekly();
        const auto [known, is_new] =
            windows_.emplace(std::tuple(weekly.days, weekly.from_minute, weekly.to_minute, weekly.zone.raw(),
                                        static_cast<const void*>(window.calendar()), window.on()),
                             index);
        if (is_new) tables_->windows.push_back(window);
        return known->second;
    }

    // The same list of networks, in the same order, is one table entry however many rules name it.
    std::uint32_t networks_index(const std::vector<std::string>& names, std::string_view where) {
        const auto joined = fmt::format("{}", fmt::join(names, ", "));
        const auto index = static_cast<std::uint32_t>(tables_->networks.size());
        const auto [known, is_new] = network_lists_.emplace(joined, index);
        if (!is_new) return known->second;
        std::vector<Prefix> prefixes;
        for (const auto& name : names) {
            const auto at = index_of(networks_, "network", name, where);
            if (at >= model_.networks.size()) continue;  // said already
            const auto& network = model_.networks[at];
            prefixes.insert(prefixes.end(), network.prefixes.begin(), network.prefixes.end());
        }
        tables_->networks.emplace_back(std::move(prefixes));
        tables_->network_names.push_back(joined);
        return index;
    }

    const config::Model& model_;
    const Shadow shadow_;
    std::shared_ptr<const Program> twin_;
    const Names people_, groups_, orgs_, networks_, calendars_, apps_;
    std::unordered_map<std::string, std::uint32_t> network_lists_;
    std::map<std::tuple<std::uint8_t, std::uint16_t, std::uint16_t, const void*, const void*, DaysOf>,
             std::uint32_t>
        windows_;
    std::map<std::uint32_t, std::shared_ptr<const Calendar>> made_calendars_;
    std::optional<Error> fault_;
    std::shared_ptr<Tables> tables_ = std::make_shared<Tables>();
    std::shared_ptr<Program> program_ = std::make_shared<Program>();
};

// Imported events of whole days are holidays, those with times are maintenance.
CalendarSpec spec_of(const config::Calendar& from) {
    CalendarSpec spec;
    spec.name = from.name;
    spec.base = from.base;
    spec.weekend = from.weekend;
    for (const auto date : from.holidays) spec.holidays.push_back({date, {}});
    spec.workdays = from.workdays;
    spec.half_days = from.half_days;
    spec.half_day_until = from.half_day_until;
    for (const auto& event : from.events) {
        if (!event.all_day) {
            spec.maintenance.push_back({event.begin, event.end, event.summary});
            continue;
        }
        for (auto day = std::chrono::sys_days{event.first}; day <= std::chrono::sys_days{event.last};
             day += std::chrono::days{1})
            spec.holidays.push_back({Date{day}, event.summary});
    }
    return spec;
}

Result<std::shared_ptr<const Program>> compile(const config::Model& model) {
    const bool any = std::any_of(model.rules.begin(), model.rules.end(),
                                 [](const config::Rule& rule) { return rule.shadow; });
    if (!any) return Compiler(model, Shadow::apart, nullptr).run();
    auto twin = Compiler(model, Shadow::enforced, nullptr).run();
    if (!twin) return twin;
    return Compiler(model, Shadow::apart, std::move(*twin)).run();
}

}  // namespace sekisho::policy
