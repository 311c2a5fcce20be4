#pragma once
// The part of iCalendar that a list of holidays or maintenance windows is made of: VEVENT with DTSTART, DTEND
// and SUMMARY. Source: RFC 5545 sections 3.1, 3.3.4, 3.3.5, 3.6.1.
//
// Refused, since guessing would open or close a door at the wrong time: repeating events, DURATION, zones
// that are not of the IANA database, a time without an end, text that stops before END:VCALENDAR. Skipped:
// VTIMEZONE (its name is looked up), VALARM and other components, cancelled events, properties of no concern.
#include "base/civil_time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho {

inline constexpr std::size_t icalendar_bytes_max = 1u << 20;
inline constexpr std::size_t icalendar_events_max = 4096;
inline constexpr std::size_t icalendar_line_max = 8192;  // unfolded
inline constexpr int icalendar_days_max = 366;           // of one event

struct CalendarEvent {
    std::string summary;
    bool all_day = false;
    Date first{}, last{};   // all_day: both included
    WallTime begin{}, end;  // otherwise: [begin, end)
};

struct CalendarText {
    std::vector<CalendarEvent> events;
    // The first fault; events are empty then. The sentence holds no text of the file.
    struct Fault {
        std::uint32_t line = 1;  // on which the faulty line begins
        std::string_view en, ja;
    };
    std::optional<Fault> fault;
};

// parse_icalendar reads one VCALENDAR. Times without a zone are of `zone`.
CalendarText parse_icalendar(std::string_view text, Zone zone);

// is_whole_icalendar: the text ends with its end marker, so it was not cut short.
bool is_whole_icalendar(std::string_view text) noexcept;

}  // namespace sekisho
