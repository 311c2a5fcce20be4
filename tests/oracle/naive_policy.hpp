#pragma once
// The slow, obvious policy evaluator: reads the configuration as written, rule by rule, and shares no code
// with the compiled one but the reading of clocks and addresses.
#include "base/civil_time.hpp"
#include "base/japan_holidays.hpp"
#include "config/model.hpp"
#include "policy/decide.hpp"

#include <algorithm>
#include <string>

namespace sekisho::oracle {

struct Answer {
    bool allow = false;
    policy::Reason reason = policy::Reason::unknown;
    std::string rule;
    bool who_matched = false;
};

enum class Three { no, maybe, yes };

class NaivePolicy {
public:
    explicit NaivePolicy(const config::Model& model) : model_(model) {}

    Answer ask(const policy::SubjectFacts& subject, const std::string& app_name,
               const policy::RequestFacts& request) {
        using policy::Reason;
        const auto* person = find(model_.people, std::string(subject.user));
        const auto* app = find(model_.apps, app_name);
        if (person == nullptr || !enters(*person)) return {false, Reason::no_kind, "", false};
        bool named = false;
        for (const auto& rule : model_.rules)
            if (app != nullptr && rule.effect == config::Rule::Effect::allow && concerns(rule, *person, *app))
                named = true;
        if (!named) return {false, Reason::unknown, "", false};
        bool in_hours = true;
        if (!person->org.empty()) {
            const auto& org = *find(model_.orgs, person->org);
            const auto today = date_at(request.now, zone(org.timezone, model_.timezone));
            if (today > org.contract_to) return {false, Reason::contract_ended, "", true};
            if (today < org.contract_from) return {false, Reason::contract_not_started, "", true};
            const auto& otherwise = org.timezone.empty() ? model_.timezone : org.timezone;
            in_hours = org.hours.empty();
            for (const auto& hours : org.hours)
                in_hours = in_hours || open(hours, otherwise, request.now) == Three::yes;
        }
        for (const auto& rule : model_.rules)
            if (rule.effect == config::Rule::Effect::deny && concerns(rule, *person, *app) &&
                method_fits(rule.methods, request.method) && path_fits(rule, *app, request.path) &&
                all(rule, subject, request) != Three::no)
                return {false, Reason::denied, rule.id, true};
        const bool app_takes = method_fits(app->methods, request.method);
        Answer best{false, Reason::part, "", true};
        for (const auto& rule : model_.rules) {
            if (rule.effect != config::Rule::Effect::allow || !concerns(rule, *person, *app)) continue;
            if (!path_fits(rule, *app, request.path)) continue;
            const auto obstacle = hardest(rule, subject, request, in_hours, app_takes);
            if (obstacle == Reason::none) return {true, Reason::none, rule.id, true};
            if (obstacle < best.reason) best = {false, obstacle, rule.id, true};
        }
        return best;
    }

private:
    template <class Section>
    static auto find(const Section& section, const std::string& name) -> decltype(&section[0]) {
        for (const auto& each : section)
            if (each.name == name) return &each;
        return nullptr;
    }

    static bool enters(const config::Person& person) {
        if (person.kind == PersonKind::contractor) return !person.org.empty();
        return person.kind != PersonKind::none;
    }

    static Zone zone(const std::string& name, const std::string& otherwise) {
        return Zone::find(name.empty() ? otherwise : name).value();
    }

    static bool term(const config::WhoTerm& term, const config::Person& person) {
        switch (term.kind) {
            case config::WhoTerm::Kind::any:
                return true;
            case config::WhoTerm::Kind::user:
                return person.name == term.name;
            case config::WhoTerm::Kind::org:
                return person.org == term.name;
            case config::WhoTerm::Kind::kind:
                return person.kind == term.person;
            case config::WhoTerm::Kind::group:
                return std::find(person.groups.begin(), person.groups.end(), term.name) !=
                       person.groups.end();
        }
        return false;
    }

    static bool concerns(const config::Rule& rule, const config::Person& person, const config::App& app) {
        if (!rule.apps.empty() && std::find(rule.apps.begin(), rule.apps.end(), app.name) == rule.apps.end())
            return false;
        for (const auto& clause : rule.who) {
            bool every = true;
            for (const auto& each : clause) every = every && term(each, person);
            if (every) return true;
        }
        return false;
    }

    static bool method_fits(const std::vector<std::string>& methods, std::string_view method) {
        if (methods.empty()) return true;
        for (const auto& each : methods)
            if (each == method || (each == "GET" && method == "HEAD")) return true;
        return false;
    }

    // With one slash added behind both, "is the path or a part below it" is "starts with".
    static bool path_fits(const config::Rule& rule, const config::App& app, std::string_view path) {
        if (rule.paths.empty()) return true;
        const auto spelled = [&](std::string_view text) {
            std::string out(text);
            if (out.empty() || out.back() != '/') out += '/';
            if (app.path_case == config::PathCase::insensitive)
                for (auto& c : out)
                    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
            return out;
        };
        for (const auto& prefix : rule.paths)
            if (spelled(path).rfind(spelled(prefix), 0) == 0) return true;
        return false;
    }

    static bool in(const std::vector<Date>& dates, Date date) {
        return std::find(dates.begin(), dates.end(), date) != dates.end();
    }

    static bool is_holiday(const config::Calendar& calendar, Date date) {
        if (in(calendar.workdays, date)) return false;
        bool found = in(calendar.holidays, date);
        for (const auto& event : calendar.events)
            found = found || (event.all_day && event.first <= date && date <= event.last);
        if (calendar.base == CalendarBase::none) return found;
        for (const auto& each : holidays_by_law(static_cast<int>(date.year())))
            found = found || each.date == date;
        const auto face = to_text(date).substr(5);
        return found || (calendar.base == CalendarBase::japan_bank &&
                         (face == "12-31" || face == "01-01" || face == "01-02" || face == "01-03"));
    }

    static bool is_worked(const config::Calendar& calendar, Date date) {
        const auto weekday = std::chrono::weekday{std::chrono::sys_days{date}}.iso_encoding() - 1;
        if (in(calendar.workdays, date)) return true;
        return (calendar.weekend >> weekday & 1) == 0 && !is_holiday(calendar, date);
    }

    static bool is_day(const config::Calendar& calendar, DaysOf on, Date date) {
        const bool half = is_worked(calendar, date) && in(calendar.half_days, date);
        switch (on) {
            case DaysOf::business_days:
                return is_worked(calendar, date);
            case DaysOf::closed_days:
                return !is_worked(calendar, date);
            case DaysOf::holidays:
                return is_holiday(calendar, date);
            case DaysOf::half_days:
                return half;
            case DaysOf::maintenance:
                return false;
        }
        return false;
    }

    // A window of a calendar, as its two days are written; unknown outside the calendar's years.
    Three open_by_calendar(const config::Hours& hours, const std::string& otherwise, WallTime now) const {
        const auto& calendar = *find(model_.calendars, hours.calendar);
        const auto on = hours.on.value_or(DaysOf::business_days);
        if (on == DaysOf::maintenance) {
            auto week = hours;
            week.calendar.clear();
            bool inside = false;
            for (const auto& event : calendar.events)
                inside = inside || (!event.all_day && event.begin <= now && now < event.end);
            return inside ? open(week, otherwise, now) : Three::no;
        }
        const auto today = date_at(now, zone(hours.timezone, otherwise));
        if (today.year() < std::chrono::year{2020} || today.year() > std::chrono::year{2099})
            return Three::maybe;
        const auto face = to_rfc3339(now, zone(hours.timezone, otherwise));
        const int minute = std::stoi(face.substr(11, 2)) * 60 + std::stoi(face.substr(14, 2));
        for (const int back : {0, 1}) {
            const Date begun{std::chrono::sys_days{today} - std::chrono::days{back}};
            const auto weekday = std::chrono::weekday{std::chrono::sys_days{begun}}.iso_encoding() - 1;
            if (begun.year() < std::chrono::year{2020}) continue;
            if ((hours.days >> weekday & 1) == 0 || !is_day(calendar, on, begun)) continue;
            int end = hours.to_minute + (hours.to_minute <= hours.from_minute ? 1440 : 0);
            if (on == DaysOf::business_days && is_day(calendar, DaysOf::half_days, begun))
                end = std::min<int>(end, calendar.half_day_until);
            const int since = minute + 1440 * back;
            if (since >= hours.from_minute && since < end) return Three::yes;
        }
        return Three::no;
    }

    // Reads the clock's face as text: weekday and minute of that place.
    Three open(const config::Hours& hours, const std::string& otherwise, WallTime now) const {
        if (!hours.calendar.empty()) return open_by_calendar(hours, otherwise, now);
        return open_in_week(hours, otherwise, now) ? Three::yes : Three::no;
    }

    bool open_in_week(const config::Hours& hours, const std::string& otherwise, WallTime now) const {
        const auto place = zone(hours.timezone, otherwise);
        const auto face = to_rfc3339(now, place);
        const int minute = std::stoi(face.substr(11, 2)) * 60 + std::stoi(face.substr(14, 2));
        const auto weekday =
            std::chrono::weekday{std::chrono::sys_days{date_at(now, place)}}.iso_encoding() - 1;
        const auto on = [&](unsigned day) { return (hours.days >> (day % 7) & 1) != 0; };
        if (hours.from_minute < hours.to_minute)
            return on(weekday) && minute >= hours.from_minute && minute < hours.to_minute;
        return (on(weekday) && minute >= hours.from_minute) || (on(weekday + 6) && minute < hours.to_minute);
    }

    Three mfa(const config::Condition& condition, const policy::SubjectFacts& subject, WallTime now) const {
        if (subject.strength < condition.strength) return Three::no;
        if (!condition.max_age) return Three::yes;
        // Any proof that is strong enough will do, the newest is asked.
        auto proven = subject.proven_at;
        if (subject.lesser_at && subject.lesser >= condition.strength) proven = subject.lesser_at;
        if (!proven) return Three::maybe;
        const auto age = now - *proven;
        if (age < -std::chrono::minutes(1)) return Three::maybe;
        return age < *condition.max_age ? Three::yes : Three::no;
    }

    Three network(const config::Condition& condition, const policy::RequestFacts& request) const {
        if (!request.client) return Three::maybe;
        bool inside = false;
        for (const auto& name : condition.networks)
            for (const auto& prefix : find(model_.networks, name)->prefixes)
                inside = inside || prefix.contains(*request.client);
        return inside != condition.negated ? Three::yes : Three::no;
    }

    Three one(const config::Condition& condition, const policy::SubjectFacts& subject,
              const policy::RequestFacts& request) const {
        switch (condition.kind) {
            case config::Condition::Kind::mfa:
                return mfa(condition, subject, request.now);
            case config::Condition::Kind::network:
                return network(condition, request);
            case config::Condition::Kind::hours:
                return open(condition.hours, model_.timezone, request.now);
            case config::Condition::Kind::level:
                break;
        }
        return Three::maybe;
    }

    Three all(const config::Rule& rule, const policy::SubjectFacts& subject,
              const policy::RequestFacts& request) const {
        auto result = Three::yes;
        for (const auto& condition : rule.conditions)
            result = std::min(result, one(condition, subject, request));
        return result;
    }

    // What a person would have to overcome last: the part, the method, the clock, the network, the factor,
    // its age.
    policy::Reason hardest(const config::Rule& rule, const policy::SubjectFacts& subject,
                           const policy::RequestFacts& request, bool in_hours, bool app_takes) const {
        using policy::Reason;
        if (!app_takes || !method_fits(rule.methods, request.method)) return Reason::view_only;
        if (!in_hours) return Reason::outside_hours;
        const auto fails = [&](config::Condition::Kind kind, bool strength_only) {
            for (const auto& condition : rule.conditions) {
                if (condition.kind != kind || one(condition, subject, request) == Three::yes) continue;
                if (!strength_only || subject.strength < condition.strength) return true;
            }
            return false;
        };
        if (fails(config::Condition::Kind::hours, false)) return Reason::outside_hours;
        if (fails(config::Condition::Kind::network, false)) return Reason::network;
        if (fails(config::Condition::Kind::mfa, true)) return Reason::factor_missing;
        if (fails(config::Condition::Kind::mfa, false)) return Reason::factor_too_old;
        return Reason::none;
    }

    const config::Model& model_;
};

}  // namespace sekisho::oracle
