// Goal: what a mail program or a groupware exports as holidays and maintenance is read exactly, and whatever
// would have to be guessed is refused with its line. Method: texts written out.
#include "base/icalendar.hpp"

#include <gtest/gtest.h>

namespace sekisho {
namespace {

Zone tokyo() { return Zone::find("Asia/Tokyo").value(); }

std::string calendar(std::string_view inside) {
    return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y\r\n" + std::string(inside) + "END:VCALENDAR\r\n";
}
std::string event(std::string_view inside) {
    return calendar("BEGIN:VEVENT\r\nUID:1\r\n" + std::string(inside) + "END:VEVENT\r\n");
}
CalendarText read(const std::string& text) { return parse_icalendar(text, tokyo()); }

TEST(ICalendar, DaysAndTimes) {
    const auto got = read(
        calendar("BEGIN:VTIMEZONE\r\nTZID:Asia/Tokyo\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
                 "RRULE:FREQ=YEARLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
                 "BEGIN:VEVENT\r\nSUMMARY:創立\\, 記念\r\n  日\r\nDTSTART;VALUE=DATE:20260601\r\n"
                 "DTEND;VALUE=DATE:20260603\r\nEND:VEVENT\r\n"
                 "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260701\r\nEND:VEVENT\r\n"
                 "BEGIN:VEVENT\r\nDTSTART;TZID=\"Asia/Tokyo\":20261128T220000\r\n"
                 "DTEND:20261128T200000Z\r\nBEGIN:VALARM\r\nDURATION:PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n"
                 "BEGIN:VEVENT\r\nSTATUS:CANCELLED\r\nDTSTART;VALUE=DATE:20260801\r\nEND:VEVENT\r\n"));
    ASSERT_FALSE(got.fault) << got.fault->line << got.fault->en;
    ASSERT_EQ(got.events.size(), 3u);
    EXPECT_EQ(got.events[0].summary, "創立, 記念 日");
    EXPECT_TRUE(got.events[0].all_day);
    EXPECT_EQ(to_text(got.events[0].first), "2026-06-01");
    EXPECT_EQ(to_text(got.events[0].last), "2026-06-02");
    EXPECT_EQ(to_text(got.events[1].last), "2026-07-01");
    EXPECT_EQ(to_rfc3339_utc(got.events[2].begin), "2026-11-28T13:00:00.000Z");
    EXPECT_EQ(to_rfc3339_utc(got.events[2].end), "2026-11-28T20:00:00.000Z");
}

TEST(ICalendar, TimesWithoutAZoneAreOfTheCalendars) {
    const auto got = parse_icalendar(event("DTSTART:20261101T013000\r\nDTEND:20261101T030000\r\n"),
                                     Zone::find("America/New_York").value());
    ASSERT_FALSE(got.fault);
    EXPECT_EQ(to_rfc3339_utc(got.events[0].begin),
              "2026-11-01T05:30:00.000Z");  // the first 01:30 of that night
    EXPECT_EQ(to_rfc3339_utc(got.events[0].end), "2026-11-01T08:00:00.000Z");
}

TEST(ICalendar, WhatWouldBeAGuessIsRefusedWithItsLine) {
    struct Row {
        std::string text;
        std::uint32_t line;
        std::string_view part;
    };
    const Row rows[] = {
        {event("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=YEARLY\r\n"), 7, "repeating"},
        {event("DTSTART;VALUE=DATE:20260101\r\nRDATE:20260102\r\n"), 7, "repeating"},
        {event("DTSTART:20260101T090000\r\nDURATION:PT1H\r\n"), 7, "DURATION"},
        {event("DTSTART:20260101T090000\r\n"), 4, "no DTEND"},
        {event("SUMMARY:x\r\n"), 4, "no DTSTART"},
        {event("DTSTART;VALUE=DATE:20260101\r\nDTEND:20260102T000000Z\r\n"), 4, "both be dates"},
        {event("DTSTART;VALUE=DATE:20260102\r\nDTEND;VALUE=DATE:20260102\r\n"), 4, "before it begins"},
        {event("DTSTART:20260102T000000Z\r\nDTEND:20260101T000000Z\r\n"), 4, "before it begins"},
        {event("DTSTART;VALUE=DATE:20260101\r\nDTEND;VALUE=DATE:20280101\r\n"), 4, "366"},
        {event("DTSTART;VALUE=DATE:20260230\r\n"), 6, "not a date"},
        {event("DTSTART:20260101T250000\r\n"), 6, "not a time"},
        {event("DTSTART:20260101\r\n"), 6, "not a time"},
        {event("DTSTART;TZID=Mars/Base:20260101T090000\r\n"), 6, "TZID"},
        {event("DTSTART;TZID=Tokyo Standard Time:20260101T090000\r\n"), 6, "TZID"},
        {event("DTSTART;VALUE=DATE:20260101\r\nDTSTART;VALUE=DATE:20260102\r\n"), 7, "twice"},
        {calendar("BEGIN:VEVENT\r\nEND:VTODO\r\n"), 5, "close"},
        {"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", 2, "stops before"},
        {"", 1, "does not begin"},
        {"<html>", 1, "does not begin"},
        {"BEGIN:VEVENT\r\n", 1, "does not begin"},
        {calendar("no colon here\r\n"), 4, "not a line"},
        {calendar("") + "BEGIN:VCALENDAR\r\n", 5, "not a line"},
        {calendar("SUMMARY:\xff\r\n"), 4, "UTF-8"},
        {calendar("SUMMARY:" + std::string(9000, 'x') + "\r\n"), 4, "8192"},
        {std::string(icalendar_bytes_max + 1, 'x'), 1, "1 MiB"},
    };
    for (const auto& row : rows) {
        const auto got = read(row.text);
        ASSERT_TRUE(got.fault) << row.part;
        EXPECT_TRUE(got.events.empty());
        EXPECT_NE(got.fault->en.find(row.part), std::string_view::npos) << got.fault->en << " / " << row.part;
        EXPECT_EQ(got.fault->line, row.line) << row.part;
        EXPECT_FALSE(got.fault->ja.empty());
    }
}

// A file cut short anywhere must not pass for a whole one (R14).
TEST(ICalendar, NoPrefixIsWhole) {
    const auto text = event("DTSTART;VALUE=DATE:20260101\r\n");
    for (std::size_t length = 0; length + 3 < text.size(); ++length) {
        EXPECT_TRUE(read(text.substr(0, length)).fault) << length;
        EXPECT_FALSE(is_whole_icalendar(text.substr(0, length))) << length;
    }
    EXPECT_FALSE(read(text).fault);
    EXPECT_TRUE(is_whole_icalendar(text));
}

TEST(ICalendar, TooManyEvents) {
    std::string inside;
    for (std::size_t i = 0; i <= icalendar_events_max; ++i)
        inside += "BEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20260101\r\nEND:VEVENT\r\n";
    const auto got = read(calendar(inside));
    ASSERT_TRUE(got.fault);
    EXPECT_NE(got.fault->en.find("4096"), std::string_view::npos);
}

}  // namespace
}  // namespace sekisho
