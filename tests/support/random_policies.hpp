#pragma once
// Random policies, drawn from small sets so that everything meets everything.
#include "tests/support/policies.hpp"

#include <algorithm>
#include <random>

namespace sekisho::testing {

class Dice {
public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    bool one_in(unsigned n) { return below(n) == 0; }
    template <std::size_t N>
    const char* of(const char* const (&list)[N]) {
        return list[below(N)];
    }

private:
    std::mt19937_64 random_;
};

inline constexpr const char* zones[] = {"Asia/Tokyo", "America/New_York", "Africa/Cairo", "UTC"};
inline constexpr const char* methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PROPFIND"};
inline constexpr const char* paths[] = {"/", "/a", "/a/", "/a/b", "/a/b/c", "/ab", "/A/B", "/x", "/x/y/"};
inline constexpr const char* asked_paths[] = {"/",    "/a",   "/a/",  "/a/b", "/a/b/c/d", "/ab",
                                              "/A/b", "/abc", "/x/y", "/z",   "*"};
inline constexpr const char* addresses[] = {"10.1.2.3", "10.9.9.9", "192.0.2.1", "2001:db8::1",
                                            "2001:db9::1"};
inline constexpr const char* whos[] = {"any",
                                       "kind:staff",
                                       "kind:contractor",
                                       "kind:ops",
                                       "group:g0",
                                       "group:g1",
                                       "group:g2",
                                       "org:o0",
                                       "org:o1",
                                       "user:p0",
                                       "user:p2",
                                       "kind:contractor & group:g0",
                                       "org:o0 & group:g1",
                                       "kind:staff & group:g1 & group:g2"};
// Clocks change in March, April, October and November; 2026-05-06 and 2026-09-22 are days off by article 3.
inline constexpr const char* days[] = {"2026-03-07", "2026-03-08", "2026-03-09", "2026-04-24", "2026-05-06",
                                       "2026-09-22", "2026-10-30", "2026-11-01", "2026-12-31"};
inline constexpr FactorStrength strengths[] = {FactorStrength::none, FactorStrength::password,
                                               FactorStrength::recovery, FactorStrength::otp};

inline config::Hours random_hours(Dice& dice) {
    config::Hours hours;
    hours.days = static_cast<std::uint8_t>(dice.one_in(3) ? 0x7f : dice.below(127) + 1);
    hours.from_minute = static_cast<std::uint16_t>(dice.one_in(4) ? 0 : dice.below(96) * 15);
    hours.to_minute = static_cast<std::uint16_t>(dice.one_in(4) ? 1440 : dice.below(97) * 15);
    if (dice.one_in(2)) hours.timezone = dice.of(zones);
    if (!dice.one_in(3)) return hours;
    hours.calendar = dice.one_in(2) ? "bank" : "own";
    hours.on = static_cast<DaysOf>(dice.below(5));
    return hours;
}

// Holidays, half days and maintenance about the days that are asked for.
inline void add_calendars(World& world, Dice& dice) {
    for (const auto* name : {"bank", "own"}) {
        config::Calendar calendar;
        calendar.name = name;
        calendar.base = static_cast<CalendarBase>(dice.below(3));
        calendar.weekend = dice.one_in(3) ? 0x20 : 0x60;
        for (auto* list : {&calendar.holidays, &calendar.workdays, &calendar.half_days})
            for (unsigned n = dice.below(4); n > 0; --n) list->push_back(parse_date(dice.of(days)).value());
        std::erase_if(calendar.holidays, [&](Date date) {
            return std::find(calendar.workdays.begin(), calendar.workdays.end(), date) !=
                   calendar.workdays.end();
        });
        calendar.half_day_until = static_cast<std::uint16_t>(dice.below(96) * 15);
        for (unsigned n = dice.below(3); n > 0; --n) {
            CalendarEvent event;
            event.begin = start_of_day(parse_date(dice.of(days)).value(), Zone::utc()) +
                          std::chrono::hours{dice.below(30)};
            event.end = event.begin + std::chrono::minutes{15 + 15 * dice.below(96)};
            calendar.events.push_back(event);
        }
        world.model.calendars.push_back(calendar);
    }
}

inline void add_people(World& world, Dice& dice) {
    for (const auto* group : {"g0", "g1", "g2"}) world.add_group(group);
    for (int i = 0; i < 2; ++i) {
        config::Org org;
        org.name = "o" + std::to_string(i);
        org.contract_from = parse_date(days[dice.below(3)]).value();
        org.contract_to = parse_date(days[3 + dice.below(6)]).value();
        if (dice.one_in(2)) org.timezone = dice.of(zones);
        for (unsigned n = dice.below(3); n > 0; --n) org.hours.push_back(random_hours(dice));
        world.model.orgs.push_back(org);
    }
    constexpr PersonKind kinds[] = {PersonKind::staff, PersonKind::ops, PersonKind::contractor,
                                    PersonKind::contractor, PersonKind::none};
    for (unsigned i = 0; i < 5; ++i) {
        config::Person person;
        person.name = "p" + std::to_string(i);
        person.kind = kinds[i];
        if (person.kind == PersonKind::contractor && !dice.one_in(8))
            person.org = dice.one_in(2) ? "o0" : "o1";
        for (const auto* group : {"g0", "g1", "g2"})
            if (dice.one_in(2)) person.groups.emplace_back(group);
        world.model.people.push_back(person);
    }
}

inline void add_condition(RuleWords& rule, Dice& dice) {
    switch (dice.below(4)) {
        case 0: {
            std::optional<Seconds> age;
            if (!dice.one_in(3)) age = Seconds{(dice.below(3) + 1) * 3600};
            rule.mfa(strengths[dice.below(4)], age);
            return;
        }
        case 1:
            rule.network({dice.one_in(2) ? "office" : "lab"}, dice.one_in(2));
            return;
        case 2:
            rule.network({"lab", "office"}, dice.one_in(2));
            return;
        default:
            rule.during(random_hours(dice));
            return;
    }
}

inline World random_world(Dice& dice) {
    World world;
    world.model.timezone = dice.of(zones);
    world.app("files").path_case = config::PathCase::insensitive;
    auto& chat = world.app("chat");
    if (dice.one_in(2)) chat.methods = {"GET", dice.of(methods)};
    world.network("office", {"10.0.0.0/13", "2001:db8::/32"}).network("lab", {"10.1.0.0/16"});
    add_calendars(world, dice);
    add_people(world, dice);
    const unsigned rules = dice.below(9);
    for (unsigned i = 0; i < rules; ++i) {
        constexpr const char* apps[] = {"wiki", "files", "chat", ""};
        auto id = "r";
        auto rule = dice.one_in(4) ? world.deny(id + std::to_string(i), dice.of(whos), dice.of(apps))
                                   : world.allow(id + std::to_string(i), dice.of(whos), dice.of(apps));
        if (dice.one_in(4)) rule.or_who(dice.of(whos));
        if (dice.one_in(3)) rule.methods({dice.of(methods), dice.of(methods)});
        if (dice.one_in(2)) rule.paths({dice.of(paths)});
        if (dice.one_in(6)) rule.paths({dice.of(paths), dice.of(paths), dice.of(paths)});
        for (unsigned n = dice.below(4); n > 0; --n) add_condition(rule, dice);
    }
    return world;
}

}  // namespace sekisho::testing
