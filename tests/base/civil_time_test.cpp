// Goal: windows, dates and stamps are right where clocks jump.
// Method: known changes of America/New_York, Asia/Tokyo, Africa/Cairo (jumps at midnight) and Pacific/Apia
// (skipped a day); next_edge compared with a scan by the minute.
#include "base/civil_time.hpp"

#include <gtest/gtest.h>

#include <random>

namespace sekisho {
namespace {

using namespace std::chrono_literals;

Zone zone(const char* name) { return Zone::find(name).value(); }
WallTime at(const char* text) { return parse_rfc3339(text).value(); }
Date day(const char* text) { return parse_date(text).value(); }

TEST(CivilTime, FindsZonesAndHintsAtNearOnes) {
    EXPECT_EQ(zone("Asia/Tokyo").name(), "Asia/Tokyo");
    EXPECT_EQ(zone("UTC"), Zone::utc());
    const auto missing = Zone::find("Asia/Tokio");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code(), Errc::not_found);
    EXPECT_NE(missing.error().detail().find("Asia/Tokyo"), std::string_view::npos);
    for (const auto* name : {"", "../etc/passwd", "asia/tokyo", "/etc/localtime"})
        EXPECT_FALSE(Zone::find(name));
}

TEST(CivilTime, ReadsOnlyDatesThatExist) {
    for (const auto* text : {"2026-04-01", "2024-02-29", "0001-01-01", "9999-12-31"})
        EXPECT_EQ(to_text(day(text)), text);
    for (const auto* text : {"", "2026-4-1", "2026-02-29", "2026-13-01", "2026-00-10", "2026-04-31",
                             "26-04-01", "2026/04/01", "2026-04-01 ", "0000-01-01", "-026-04-01"})
        EXPECT_FALSE(parse_date(text)) << text;
}

TEST(CivilTime, StampsReadBack) {
    EXPECT_EQ(to_rfc3339(at("2026-11-24T01:42:07Z"), zone("Asia/Tokyo")), "2026-11-24T10:42:07+09:00");
    EXPECT_EQ(to_rfc3339(at("2026-07-01T00:00:00Z"), zone("America/New_York")), "2026-06-30T20:00:00-04:00");
    EXPECT_EQ(to_rfc3339(at("2026-07-01T00:00:00Z"), zone("America/St_Johns")), "2026-06-30T21:30:00-02:30");
    EXPECT_EQ(to_rfc3339_utc(at("2026-11-24T10:42:07.1239+09:00")), "2026-11-24T01:42:07.123Z");
    EXPECT_EQ(to_rfc3339_utc(at("1969-12-31T23:59:59.5Z")), "1969-12-31T23:59:59.500Z");
    EXPECT_EQ(at("2026-11-24T01:42:07.001Z") - at("2026-11-24T01:42:07Z"), 1ms);
    const auto old = at("1887-06-01T00:00:00Z");  // Tokyo kept mean solar time then: +09:18:59
    EXPECT_EQ(parse_rfc3339(to_rfc3339(old, zone("Asia/Tokyo"))), old);
    for (const auto* text :
         {"", "2026-11-24", "2026-11-24T01:42:07", "2026-11-24 01:42:07Z", "2026-11-24T24:00:00Z",
          "2026-11-24T01:60:00Z", "2026-11-24T01:42:60Z", "2026-11-24T01:42:07.Z", "2026-11-24T01:42:07z",
          "2026-11-24T01:42:07+9:00", "2026-11-24T01:42:07+09:60", "2026-11-24T01:42:07+24:00",
          "2026-11-24T01:42:07ZZ", "2026-02-30T01:42:07Z"})
        EXPECT_FALSE(parse_rfc3339(text)) << text;
}

TEST(CivilTime, DaysBeginWhereClocksSaySo) {
    EXPECT_EQ(start_of_day(day("2026-04-01"), zone("Asia/Tokyo")), at("2026-03-31T15:00:00Z"));
    EXPECT_EQ(start_of_day(day("2026-03-08"), zone("America/New_York")), at("2026-03-08T05:00:00Z"));
    EXPECT_EQ(start_of_day(day("2026-03-09"), zone("America/New_York")), at("2026-03-09T04:00:00Z"));
    // Cairo, 24 April 2026: 00:00 does not exist, the day begins at 01:00.
    const auto cairo = zone("Africa/Cairo");
    const auto jump = start_of_day(day("2026-04-24"), cairo);
    EXPECT_EQ(to_rfc3339(jump, cairo), "2026-04-24T01:00:00+03:00");
    EXPECT_EQ(date_at(jump, cairo), day("2026-04-24"));
    EXPECT_EQ(date_at(jump - 1ms, cairo), day("2026-04-23"));
    // Havana, 1 November 2026: 00:00 comes twice, the day begins with the first.
    const auto havana = zone("America/Havana");
    EXPECT_EQ(start_of_day(day("2026-11-01"), havana), at("2026-11-01T04:00:00Z"));
    // Apia had no 30 December 2011.
    const auto apia = zone("Pacific/Apia");
    EXPECT_EQ(start_of_day(day("2011-12-30"), apia), start_of_day(day("2011-12-31"), apia));
}

TEST(CivilTime, ExtremeTimesGiveAnswers) {
    const WeeklyWindow window{0x1f, 480, 1200, zone("America/New_York")};
    for (const auto time : {WallTime::min(), WallTime::max(), WallTime{}}) {
        window.contains(time);
        EXPECT_GE(window.next_edge(time), time);
        EXPECT_FALSE(to_rfc3339_utc(time).empty());
        EXPECT_TRUE(date_at(time, window.zone).ok());
    }
}

TEST(WeeklyWindow, OfficeHours) {
    const WeeklyWindow window{0x1f, 8 * 60, 20 * 60, zone("Asia/Tokyo")};  // 2026-11-20 is a Friday
    EXPECT_FALSE(window.contains(at("2026-11-20T07:59:59.999+09:00")));
    EXPECT_TRUE(window.contains(at("2026-11-20T08:00:00+09:00")));
    EXPECT_TRUE(window.contains(at("2026-11-20T19:59:59.999+09:00")));
    EXPECT_FALSE(window.contains(at("2026-11-20T20:00:00+09:00")));
    EXPECT_FALSE(window.contains(at("2026-11-21T12:00:00+09:00")));
    EXPECT_EQ(window.next_edge(at("2026-11-20T12:00:00+09:00")), at("2026-11-20T20:00:00+09:00"));
    EXPECT_EQ(window.next_edge(at("2026-11-20T20:00:00+09:00")), at("2026-11-23T08:00:00+09:00"));
    EXPECT_EQ(window.next_edge(at("2026-11-20T07:59:59.999+09:00")), at("2026-11-20T08:00:00+09:00"));
}

TEST(WeeklyWindow, CrossesMidnightIntoTheDayAfter) {
    const WeeklyWindow night{1u << 4, 22 * 60, 6 * 60, zone("Asia/Tokyo")};  // Friday night
    EXPECT_TRUE(night.contains(at("2026-11-20T23:00:00+09:00")));
    EXPECT_TRUE(night.contains(at("2026-11-21T05:59:59+09:00")));
    EXPECT_FALSE(night.contains(at("2026-11-20T05:00:00+09:00")));
    EXPECT_FALSE(night.contains(at("2026-11-21T22:30:00+09:00")));
    EXPECT_EQ(night.next_edge(at("2026-11-20T23:00:00+09:00")), at("2026-11-21T06:00:00+09:00"));
    EXPECT_EQ(night.next_edge(at("2026-11-21T06:00:00+09:00")), at("2026-11-27T22:00:00+09:00"));
}

TEST(WeeklyWindow, AlwaysAndNever) {
    EXPECT_EQ((WeeklyWindow{0x7f, 0, 1440, Zone::utc()}).next_edge(at("2026-01-01T00:00:00Z")),
              WallTime::max());
    EXPECT_EQ((WeeklyWindow{0x7f, 600, 600, Zone::utc()}).next_edge(at("2026-01-01T00:00:00Z")),
              WallTime::max());
    EXPECT_TRUE((WeeklyWindow{0x7f, 600, 600, Zone::utc()}).contains(at("2026-01-01T09:59:00Z")));
    EXPECT_EQ((WeeklyWindow{0, 0, 1440, Zone::utc()}).next_edge(at("2026-01-01T00:00:00Z")), WallTime::max());
    EXPECT_FALSE((WeeklyWindow{0, 0, 1440, Zone::utc()}).contains(at("2026-01-01T00:00:00Z")));
    // Whole weekdays join at midnight: the next edge after Monday noon is Saturday.
    EXPECT_EQ((WeeklyWindow{0x1f, 0, 1440, Zone::utc()}).next_edge(at("2026-11-16T12:00:00Z")),
              at("2026-11-21T00:00:00Z"));
}

TEST(WeeklyWindow, SkippedHourOpensAtTheJump) {
    // New York, 8 March 2026: 02:00 becomes 03:00.
    const WeeklyWindow window{0x7f, 2 * 60 + 30, 4 * 60, zone("America/New_York")};
    EXPECT_FALSE(window.contains(at("2026-03-08T06:59:59.999Z")));
    EXPECT_TRUE(window.contains(at("2026-03-08T07:00:00Z")));
    EXPECT_EQ(window.next_edge(at("2026-03-08T06:00:00Z")), at("2026-03-08T07:00:00Z"));
    EXPECT_EQ(window.next_edge(at("2026-03-08T07:00:00Z")), at("2026-03-08T08:00:00Z"));
    // A window wholly within the skipped hour does not open that day.
    const WeeklyWindow skipped{0x7f, 2 * 60 + 10, 2 * 60 + 50, zone("America/New_York")};
    EXPECT_EQ(skipped.next_edge(at("2026-03-08T05:00:00Z")), at("2026-03-09T06:10:00Z"));
}

TEST(WeeklyWindow, RepeatedHourOpensTwice) {
    // New York, 1 November 2026: 02:00 becomes 01:00.
    const WeeklyWindow window{0x7f, 60 + 15, 60 + 45, zone("America/New_York")};
    EXPECT_EQ(window.next_edge(at("2026-11-01T05:00:00Z")), at("2026-11-01T05:15:00Z"));
    EXPECT_EQ(window.next_edge(at("2026-11-01T05:15:00Z")), at("2026-11-01T05:45:00Z"));
    EXPECT_EQ(window.next_edge(at("2026-11-01T05:45:00Z")), at("2026-11-01T06:15:00Z"));
    EXPECT_EQ(window.next_edge(at("2026-11-01T06:15:00Z")), at("2026-11-01T06:45:00Z"));
}

TEST(WeeklyWindow, RulesReachFarYears) {
    const WeeklyWindow window{0x7f, 9 * 60, 10 * 60, zone("America/New_York")};
    EXPECT_TRUE(window.contains(at("2036-07-01T13:30:00Z")));
    EXPECT_FALSE(window.contains(at("2036-07-01T14:30:00Z")));
}

// Every instant at which contains() differs from a minute before, around each zone's changes of offset.
TEST(WeeklyWindow, NextEdgeAgreesWithAScanByTheMinute) {
    const std::pair<const char*, const char*> places[] = {
        {"America/New_York", "2026-03-06T00:00:00Z"}, {"America/New_York", "2026-10-30T00:00:00Z"},
        {"Africa/Cairo", "2026-04-22T00:00:00Z"},     {"Africa/Cairo", "2026-10-28T00:00:00Z"},
        {"America/Asuncion", "2023-09-29T00:00:00Z"}, {"America/Havana", "2026-10-30T00:00:00Z"},
        {"Pacific/Apia", "2011-12-28T00:00:00Z"},     {"Australia/Lord_Howe", "2026-04-03T00:00:00Z"},
        {"Asia/Tokyo", "2026-04-03T00:00:00Z"},
    };
    std::mt19937 random(7);
    for (const auto& [name, start] : places) {
        for (int round = 0; round < 40; ++round) {
            const WeeklyWindow window{static_cast<std::uint8_t>(random() & 0x7f),
                                      static_cast<std::uint16_t>(random() % 96 * 15),
                                      static_cast<std::uint16_t>(random() % 97 * 15), zone(name)};
            auto time = at(start) + std::chrono::seconds(random() % 3600);
            const auto limit = time + std::chrono::days(5);
            const auto edge = window.next_edge(time);
            const bool now = window.contains(time);
            auto scan = std::chrono::ceil<std::chrono::minutes>(time + 1ms);
            while (scan < limit && window.contains(scan) == now) scan += 1min;
            if (scan < limit)
                ASSERT_EQ(to_rfc3339_utc(edge), to_rfc3339_utc(scan)) << name << " round " << round;
            else
                ASSERT_GE(edge, limit) << name << " round " << round;
        }
    }
}

TEST(CivilTime, ReadsDaysAndMinutes) {
    EXPECT_EQ(parse_days("mon-fri"), 0x1f);
    EXPECT_EQ(parse_days("all"), 0x7f);
    EXPECT_EQ(parse_days("mon,wed,sat"), 0x25);
    EXPECT_EQ(parse_days("fri-mon"), 0x71);
    EXPECT_EQ(parse_days("mon-tue,sun"), 0x43);
    EXPECT_EQ(parse_days("sun"), 0x40);
    for (const auto* text :
         {"", "mon-", "-fri", "Mon", "mon fri", "mon,", "mon-tue-wed", "monday", "all,mon"})
        EXPECT_FALSE(parse_days(text)) << text;
    EXPECT_EQ(parse_minute_of_day("00:00"), 0);
    EXPECT_EQ(parse_minute_of_day("09:05"), 545);
    EXPECT_EQ(parse_minute_of_day("24:00"), 1440);
    for (const auto* text : {"", "9:00", "24:01", "09:60", "0900", "09:00 ", "09-00", "-1:00"})
        EXPECT_FALSE(parse_minute_of_day(text)) << text;
}

}  // namespace
}  // namespace sekisho
