// Goal: the holidays are those that were announced, the law's rules give the same, and a window knows to the
// millisecond when it opens and closes: midnight, changed clocks, half days, year end. Method: dates written
// out; next_edge compared with a scan by the minute.
#include "base/calendar.hpp"

#include "base/japan_holidays.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sekisho {
namespace {

WallTime at(std::string_view text) { return parse_rfc3339(text).value(); }
Date day(std::string_view text) { return parse_date(text).value(); }
Zone tokyo() { return Zone::find("Asia/Tokyo").value(); }

std::string list_of(const std::vector<NationalHoliday>& holidays) {
    std::string out;
    for (const auto& each : holidays) out += to_text(each.date) + " " + std::string(each.ja) + "\n";
    return out;
}

std::shared_ptr<const Calendar> bank(CalendarSpec spec = {}) {
    spec.name = "bank";
    spec.base = CalendarBase::japan_bank;
    return std::make_shared<const Calendar>(std::move(spec));
}

TimeWindow office(std::shared_ptr<const Calendar> calendar, DaysOf on = DaysOf::business_days) {
    return {{0x7f, 9 * 60, 17 * 60, tokyo()}, std::move(calendar), on};
}

TEST(JapanHolidays, TheLawGivesWhatWasAnnounced) {
    for (int year = holiday_year_first; year <= holiday_year_announced; ++year)
        EXPECT_EQ(list_of(holidays_by_law(year)), list_of(japan_holidays(year))) << year;
    std::size_t days = 0;
    for (int year = holiday_year_first; year <= holiday_year_announced; ++year)
        days += japan_holidays(year).size();
    EXPECT_EQ(days, 143u);  // 18 + 17 + 16 + 17 + 21 + 19 + 18 + 17
}

TEST(JapanHolidays, TheGamesMovedThreeDays) {
    const auto has = [](int year, std::string_view date, std::string_view name) {
        const auto list = japan_holidays(year);
        return std::any_of(list.begin(), list.end(),
                           [&](const auto& each) { return to_text(each.date) == date && each.ja == name; });
    };
    EXPECT_TRUE(has(2020, "2020-07-23", "海の日"));
    EXPECT_TRUE(has(2020, "2020-07-24", "スポーツの日"));
    EXPECT_TRUE(has(2020, "2020-08-10", "山の日"));
    EXPECT_TRUE(has(2021, "2021-07-22", "海の日"));
    EXPECT_TRUE(has(2021, "2021-07-23", "スポーツの日"));
    EXPECT_TRUE(has(2021, "2021-08-08", "山の日"));
    EXPECT_TRUE(has(2021, "2021-08-09", "休日"));
    EXPECT_FALSE(has(2021, "2021-07-19", "海の日"));
    EXPECT_FALSE(has(2021, "2021-10-11", "スポーツの日"));
}

TEST(JapanHolidays, DaysOffByArticleThree) {
    const auto off = [](int year) {
        std::string out;
        for (const auto& each : japan_holidays(year))
            if (each.ja == "休日") out += to_text(each.date).substr(5) + " ";
        return out;
    };
    EXPECT_EQ(off(2024), "02-12 05-06 08-12 09-23 11-04 ");
    EXPECT_EQ(off(2026), "05-06 09-22 ");  // Sunday May 3 moves past May 4 and 5; between two holidays
    EXPECT_EQ(off(2032), "09-21 ");        // the next day between two holidays
    for (int year = 2020; year <= 2099; ++year)
        for (const auto& each : japan_holidays(year)) EXPECT_EQ(each.provisional, year > 2027);
    EXPECT_TRUE(japan_holidays(2019).empty());
    EXPECT_TRUE(japan_holidays(2100).empty());
}

TEST(Calendar, ABanksYear) {
    const auto calendar = bank();
    const auto business = [&](std::string_view date) {
        return calendar->is(DaysOf::business_days, day(date)).value();
    };
    EXPECT_TRUE(business("2026-12-30"));
    for (const auto* closed : {"2026-12-31", "2027-01-01", "2027-01-02", "2027-01-03", "2026-11-28",
                               "2026-11-29", "2026-11-23", "2026-05-06", "2026-09-22"})
        EXPECT_FALSE(business(closed)) << closed;
    EXPECT_TRUE(business("2027-01-04"));
    EXPECT_TRUE(
        calendar->is(DaysOf::holidays, day("2027-01-03")).value());  // a Sunday, and of the year's end
    EXPECT_FALSE(calendar->is(DaysOf::holidays, day("2027-01-10")).value());  // a Sunday
    EXPECT_TRUE(calendar->is(DaysOf::closed_days, day("2027-01-10")).value());
    EXPECT_FALSE(calendar->is(DaysOf::business_days, day("2019-12-31")).has_value());
    EXPECT_FALSE(calendar->is(DaysOf::business_days, day("2100-01-01")).has_value());
}

TEST(Calendar, AnOrganisationsOwnDays) {
    CalendarSpec spec;
    spec.holidays = {{day("2026-06-01"), "創立記念日"}};
    spec.workdays = {day("2026-11-28"), day("2026-11-23")};
    spec.half_days = {day("2026-12-30"), day("2026-12-27")};
    const auto calendar = bank(spec);
    EXPECT_FALSE(calendar->is(DaysOf::business_days, day("2026-06-01")).value());
    EXPECT_TRUE(calendar->is(DaysOf::business_days, day("2026-11-28")).value());
    EXPECT_TRUE(calendar->is(DaysOf::business_days, day("2026-11-23")).value());
    EXPECT_FALSE(calendar->is(DaysOf::holidays, day("2026-11-23")).value());
    EXPECT_TRUE(calendar->is(DaysOf::half_days, day("2026-12-30")).value());
    EXPECT_FALSE(calendar->is(DaysOf::half_days, day("2026-12-27")).value());  // a Sunday is no business day
    std::string shown;
    for (const auto& entry : calendar->entries(2026))
        if (entry.kind != DaysOf::holidays || entry.ja == "創立記念日")
            shown += to_text(entry.date) + " " + entry.ja + "\n";
    EXPECT_EQ(shown, "2026-06-01 創立記念日\n2026-11-23 営業\n2026-11-28 営業\n2026-12-30 半日\n");
}

TEST(TimeWindow, OpensOnBusinessDaysToTheMillisecond) {
    const auto window = office(bank());
    EXPECT_FALSE(window.contains(at("2026-11-24T08:59:59.999+09:00")));
    EXPECT_TRUE(window.contains(at("2026-11-24T09:00:00+09:00")));
    EXPECT_TRUE(window.contains(at("2026-11-24T16:59:59.999+09:00")));
    EXPECT_FALSE(window.contains(at("2026-11-24T17:00:00+09:00")));
    EXPECT_FALSE(window.contains(at("2026-11-23T10:00:00+09:00")));  // Labour Thanksgiving Day
    EXPECT_EQ(window.next_edge(at("2026-11-24T10:00:00+09:00")), at("2026-11-24T17:00:00+09:00"));
    EXPECT_EQ(window.next_edge(at("2026-11-20T17:00:00+09:00")), at("2026-11-24T09:00:00+09:00"));
    EXPECT_EQ(window.next_edge(at("2026-12-30T17:00:00+09:00")), at("2027-01-04T09:00:00+09:00"));
}

TEST(TimeWindow, AHalfDayEndsEarly) {
    CalendarSpec spec;
    spec.half_days = {day("2026-12-30")};
    const auto window = office(bank(spec));
    EXPECT_EQ(window.next_edge(at("2026-12-30T09:00:00+09:00")), at("2026-12-30T12:00:00+09:00"));
    EXPECT_FALSE(window.contains(at("2026-12-30T12:00:00+09:00")));
    EXPECT_TRUE(window.contains(at("2026-12-29T12:00:00+09:00")));
    const auto half = office(bank(spec), DaysOf::half_days);
    EXPECT_EQ(half.next_edge(at("2026-01-01T00:00:00+09:00")), at("2026-12-30T09:00:00+09:00"));
    EXPECT_EQ(half.next_edge(at("2026-12-30T09:00:00+09:00")), at("2026-12-30T17:00:00+09:00"));
    EXPECT_TRUE(half.contains(at("2026-12-30T16:00:00+09:00")));
}

TEST(TimeWindow, OverMidnightTheDayItBeganOnCounts) {
    const TimeWindow night({0x7f, 22 * 60, 6 * 60, tokyo()}, bank(), DaysOf::business_days);
    EXPECT_TRUE(night.contains(at("2026-12-31T05:59:59+09:00")));  // begun on the 30th
    EXPECT_FALSE(night.contains(at("2026-12-31T06:00:00+09:00")));
    EXPECT_FALSE(night.contains(at("2026-12-31T23:00:00+09:00")));
    EXPECT_EQ(night.next_edge(at("2026-12-31T06:00:00+09:00")), at("2027-01-04T22:00:00+09:00"));
}

TEST(TimeWindow, MaintenanceIsDated) {
    CalendarSpec spec;
    spec.maintenance = {{at("2026-11-28T22:00:00+09:00"), at("2026-11-29T05:00:00+09:00"), "change 4711"},
                        {at("2026-11-29T05:00:00+09:00"), at("2026-11-29T06:00:00+09:00"), "after"}};
    const TimeWindow window({0x7f, 0, 1440, tokyo()}, bank(spec), DaysOf::maintenance);
    EXPECT_FALSE(window.contains(at("2026-11-28T21:59:59.999+09:00")));
    EXPECT_EQ(window.next_edge(at("2026-11-01T00:00:00+09:00")), at("2026-11-28T22:00:00+09:00"));
    EXPECT_EQ(window.next_edge(at("2026-11-28T22:00:00+09:00")), at("2026-11-29T06:00:00+09:00"));
    EXPECT_EQ(window.next_edge(at("2026-11-29T06:00:00+09:00")), WallTime::max());
}

TEST(TimeWindow, BeyondWhatIsKnownItIsUnknown) {
    const TimeWindow window({0x7f, 0, 1440, tokyo()}, bank(), DaysOf::closed_days);
    EXPECT_FALSE(window.open_at(at("2019-12-31T23:59:59.999+09:00")).has_value());
    EXPECT_TRUE(window.open_at(at("2020-01-01T00:00:00+09:00")).value());
    EXPECT_TRUE(window.open_at(at("2099-12-31T23:59:59.999+09:00")).value());
    EXPECT_EQ(window.next_edge(at("2099-12-31T12:00:00+09:00")), at("2100-01-01T00:00:00+09:00"));
    EXPECT_FALSE(window.open_at(at("2100-01-01T00:00:00+09:00")).has_value());
    EXPECT_EQ(window.next_edge(at("2019-06-01T00:00:00+09:00")), at("2020-01-01T00:00:00+09:00"));
}

// Every minute of a stretch is asked; where the answer changes must be where next_edge said.
void compare_with_scan(const TimeWindow& window, WallTime from, WallTime to) {
    auto promised = window.next_edge(from);
    auto before = window.open_at(from);
    for (auto time = from + Seconds{60}; time < to; time += Seconds{60}) {
        const auto now = window.open_at(time);
        if (now == before) {
            ASSERT_LT(time, promised) << to_rfc3339_utc(time);
            continue;
        }
        ASSERT_EQ(time, promised) << to_rfc3339_utc(time);
        before = now;
        promised = window.next_edge(time);
    }
}

TEST(TimeWindow, NextEdgeIsWhereTheAnswerChanges) {
    CalendarSpec spec;
    spec.half_days = {day("2026-03-09"), day("2026-10-30")};
    spec.half_day_until = 2 * 60 + 30;  // within the hour that clocks skip or repeat
    for (const auto* place : {"Asia/Tokyo", "America/New_York", "Africa/Cairo", "Pacific/Apia"}) {
        const auto zone = Zone::find(place).value();
        for (const auto on :
             {DaysOf::business_days, DaysOf::closed_days, DaysOf::holidays, DaysOf::half_days})
            for (const auto& [from, to] : {std::pair{0, 1440}, {120, 180}, {1320, 150}, {540, 1020}}) {
                const TimeWindow window(
                    {0x6f, static_cast<std::uint16_t>(from), static_cast<std::uint16_t>(to), zone},
                    bank(spec), on);
                compare_with_scan(window, at("2026-03-05T00:00:00Z"), at("2026-03-12T00:00:00Z"));
                compare_with_scan(window, at("2026-10-28T00:00:00Z"), at("2026-11-05T00:00:00Z"));
                compare_with_scan(window, at("2026-12-28T00:00:00Z"), at("2027-01-06T00:00:00Z"));
                ASSERT_FALSE(::testing::Test::HasFatalFailure()) << place << " " << from << " " << to;
            }
    }
}

}  // namespace
}  // namespace sekisho
