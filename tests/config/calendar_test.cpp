// Goal: calendars, levels and rules in shadow are read strictly, a damaged calendar is told with its line,
// and an imported file is part of the configuration. Method: small configurations in memory.
#include "config/check.hpp"
#include "config/diff.hpp"
#include "config/sections.hpp"

#include <gtest/gtest.h>

namespace sekisho::config {
namespace {

const std::string frame =
    "version: 1\n"
    "timezone: Asia/Tokyo\n"
    "listen: {https: [\"127.0.0.1:8443\"]}\n"
    "portal: {url: \"https://portal.example:8443\"}\n"
    "tls: {certificates: [{chain: a.pem, key: a.key}]}\n"
    "store: {data: data, master_key: {file: master.key}}\n"
    "people: {sato: {kind: staff}}\n"
    "networks: {office: [10.0.0.0/8]}\n"
    "upstreams: {u: {url: \"http://127.0.0.1:9001\"}}\n"
    "apps: {wiki: {title: Wiki, host: wiki.example, upstream: u, tier: general}}\n";

const std::string holiday =
    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Founding day\r\nDTSTART;VALUE=DATE:20260601\r\nEND:VEVENT\r\n"
    "END:VCALENDAR\r\n";

Loaded load(const std::string& more, const std::string& imported = holiday) {
    MemoryFiles files;
    files.put("etc/main.yaml", frame + more + "...\n").put("etc/bank.ics", imported);
    return load_checked_from(files, "etc/main.yaml", {{}, false});
}

std::string first_error(const Loaded& loaded) {
    for (const auto& found : loaded.diagnostics)
        if (found.severity() == Severity::error)
            return std::string(found.id()) + " " + found.file + ":" + std::to_string(found.line);
    return {};
}

TEST(Calendars, AreReadWithTheirFiles) {
    const auto loaded = load(
        "calendars:\n"
        "  bank: {base: japan_bank, holidays: [2026-06-02], workdays: [2026-11-28], half_days: "
        "[2026-12-30],\n"
        "         half_day_until: \"15:00\", import: [bank.ics]}\n"
        "rules: [{id: r, allow: {who: any, if: [{hours: {calendar: bank}}]}}]\n");
    ASSERT_TRUE(loaded.model) << to_text(loaded.diagnostics, Language::en);
    const auto& calendar = loaded.model->calendars.at(0);
    EXPECT_EQ(calendar.base, CalendarBase::japan_bank);
    EXPECT_EQ(calendar.weekend, 0x60);
    EXPECT_EQ(calendar.half_day_until, 15 * 60);
    ASSERT_EQ(calendar.events.size(), 1u);
    EXPECT_EQ(calendar.events[0].summary, "Founding day");
    EXPECT_EQ(loaded.model->rules[0].conditions[0].hours.on, DaysOf::business_days);
    EXPECT_EQ(loaded.model->files, (std::vector<std::string>{"etc/main.yaml", "etc/bank.ics"}));
    EXPECT_TRUE(loaded.complete());
}

TEST(Calendars, AnImportedFileIsPartOfTheConfiguration) {
    const std::string yaml = "calendars: {bank: {base: none, import: [bank.ics]}}\n";
    const auto before = load(yaml);
    auto moved = holiday;
    moved.replace(moved.find("20260601"), 8, "20260602");
    const auto after = load(yaml, moved);
    ASSERT_TRUE(before.model && after.model);
    EXPECT_NE(before.model->digest, after.model->digest);
    const auto difference = diff(*before.model, *after.model);
    ASSERT_EQ(difference.changes.size(), 1u);
    EXPECT_EQ(difference.changes[0].path, "calendars.bank.import");
    EXPECT_TRUE(difference.loosens());
}

TEST(Calendars, FaultsAreToldWithTheirPlace) {
    const std::string bank = "calendars: {bank: {base: none, import: [bank.ics]}}\n";
    EXPECT_EQ(first_error(load(
                  bank,
                  "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260601\r\nRRULE:FREQ=DAILY\r\n"
                  "END:VEVENT\r\nEND:VCALENDAR\r\n")),
              "calendar.damaged etc/bank.ics:4");
    EXPECT_EQ(first_error(load(bank, holiday.substr(0, holiday.size() - 5))),
              "calendar.damaged etc/bank.ics:6");
    EXPECT_EQ(first_error(load("calendars: {bank: {base: none, import: [absent.ics]}}\n")),
              "file.missing etc/main.yaml:11");
    EXPECT_EQ(first_error(load("calendars: {bank: {base: moon}}\n")), "value.choice etc/main.yaml:11");
    EXPECT_EQ(first_error(load("calendars: {bank: {}}\n")), "key.missing etc/main.yaml:11");
    EXPECT_EQ(first_error(load("calendars: {bank: {base: none, holidays: [2026-02-30]}}\n")),
              "value.form etc/main.yaml:11");
    EXPECT_EQ(first_error(load("calendars: {bank: {base: none, holidays: [2119-01-01]}}\n")),
              "calendar.range etc/main.yaml:11");
    EXPECT_EQ(first_error(
                  load("calendars: {bank: {base: none, holidays: [2026-01-05], workdays: [2026-01-05]}}\n")),
              "calendar.both etc/main.yaml:11");
    EXPECT_EQ(first_error(load("rules: [{id: r, allow: {who: any, if: [{hours: {calendar: bank}}]}}]\n")),
              "name.calendar etc/main.yaml:11");
    EXPECT_EQ(first_error(load("rules: [{id: r, allow: {who: any, if: [{hours: {\"on\": holidays}}]}}]\n")),
              "hours.on etc/main.yaml:11");
}

TEST(Levels, NestAndStandForTheirConditions) {
    const auto loaded = load(
        "levels:\n"
        "  strong: [proven, {network: office}]\n"
        "  proven: [{mfa: {max_age: 1h}}]\n"
        "rules: [{id: r, allow: {who: any, if: [strong, {hours: {days: mon-fri}}]}}]\n");
    ASSERT_TRUE(loaded.model) << to_text(loaded.diagnostics, Language::en);
    const auto& conditions = loaded.model->rules[0].conditions;
    ASSERT_EQ(conditions.size(), 3u);
    EXPECT_EQ(conditions[0].kind, Condition::Kind::mfa);
    EXPECT_EQ(conditions[0].level, "strong");
    EXPECT_EQ(conditions[1].kind, Condition::Kind::network);
    EXPECT_EQ(conditions[2].level, "");
    EXPECT_EQ(conditions[2].hours.timezone, "Asia/Tokyo");
}

TEST(Levels, FaultsAreTold) {
    EXPECT_EQ(first_error(load("rules: [{id: r, allow: {who: any, if: [strong]}}]\n")),
              "name.level etc/main.yaml:11");
    EXPECT_EQ(first_error(load("levels: {a: [b], b: [a]}\n")), "level.cycle etc/main.yaml:11");
    EXPECT_EQ(first_error(load("levels: {a: [a]}\n")), "level.cycle etc/main.yaml:11");
    EXPECT_EQ(first_error(load("levels: {a: []}\n")), "value.empty_list etc/main.yaml:11");
    EXPECT_EQ(first_error(
                  load("levels: {a: [{network: nowhere}]}\nrules: [{id: r, allow: {who: any, if: [a]}}]\n")),
              "name.network etc/main.yaml:11");
}

// Doubling forty times would be a million million conditions.
TEST(Levels, StayBounded) {
    std::string text = "levels:\n  l0: [{network: office}, {network: office}]\n";
    for (int i = 1; i < 40; ++i)
        text += "  l" + std::to_string(i) + ": [l" + std::to_string(i - 1) + ", l" + std::to_string(i - 1) +
                "]\n";
    EXPECT_EQ(first_error(load(text)).substr(0, 14), "level.too_many");
}

TEST(Shadow, ARuleInShadowIsNotThere) {
    const auto rule = [](const char* mode, const char* effect) {
        const auto loaded =
            load("rules: [{id: r, mode: " + std::string(mode) + ", " + effect + ": {who: any}}]\n");
        EXPECT_TRUE(loaded.model) << to_text(loaded.diagnostics, Language::en);
        return *loaded.model;
    };
    const auto none = *load("").model;
    EXPECT_FALSE(diff(none, rule("shadow", "allow")).loosens());
    EXPECT_FALSE(diff(rule("shadow", "deny"), none).loosens());
    EXPECT_TRUE(diff(rule("enforce", "deny"), rule("shadow", "deny")).loosens());
    EXPECT_TRUE(diff(rule("enforce", "deny"), rule("shadow", "allow")).loosens());
    EXPECT_TRUE(diff(rule("shadow", "allow"), rule("enforce", "allow")).loosens());
    EXPECT_FALSE(diff(rule("shadow", "deny"), rule("enforce", "deny")).loosens());
    EXPECT_FALSE(diff(rule("enforce", "allow"), rule("shadow", "allow")).loosens());
    EXPECT_EQ(first_error(load("rules: [{id: r, mode: maybe, deny: {who: any}}]\n")),
              "value.choice etc/main.yaml:11");
}

}  // namespace
}  // namespace sekisho::config
