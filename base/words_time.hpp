#pragma once
// Times as people read them, in both languages: dates, clocks, spans and the near past.
// A number and its unit are joined by U+00A0.
#include "base/civil_time.hpp"
#include "base/ids.hpp"

#include <string>

namespace sekisho {

// "Wed 25 Nov" or, in another year than `now`, "8 Jan 2027"; "11月25日（水）" or "2027年1月8日（金）".
std::string date_in_text(WallTime time, WallTime now, Zone zone, Language language);

// "25 Nov 2026, 22:00 JST"; "2026/11/25 22:00 JST".
std::string date_in_table(WallTime time, Zone zone, Language language);

// "9:12", the same in both languages.
std::string clock_time(WallTime time, Zone zone);

// "today 9:12", "yesterday 17:40", "Wed 25 Nov 22:00"; also for times to come.
std::string day_and_time(WallTime time, WallTime now, Zone zone, Language language);

// "just now", "3 minutes ago" within the hour, else as day_and_time.
std::string near_past(WallTime time, WallTime now, Zone zone, Language language);

// "30 seconds", "12 hours", "1 hour 30 minutes": the two largest units; less than a second counts as one.
std::string span_in_text(Seconds span, Language language);

}  // namespace sekisho
