#pragma once
// Civil time: zones of the IANA database, dates, and weekly windows such as a contract's hours.
#include "base/clock.hpp"
#include "base/result.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sekisho {

// Zone is a cheap handle on a time zone; it lives as long as the process.
class Zone {
public:
    static Result<Zone> find(
        std::string_view name);  // Errors: Errc::not_found, with a hint when a name is near
    static Zone utc();
    std::string_view name() const noexcept;
    const void* raw() const noexcept { return zone_; }
    friend bool operator==(Zone, Zone) = default;

private:
    explicit Zone(const void* zone) : zone_(zone) {}
    const void* zone_;
};

using Date = std::chrono::year_month_day;

std::optional<Date> parse_date(std::string_view text);  // "2026-04-01", only dates that exist
std::string to_text(Date date);

// start_of_day is the first instant of that local day (a day may begin at 01:00 where clocks jump at
// midnight).
WallTime start_of_day(Date date, Zone zone);
Date date_at(WallTime time, Zone zone);

// "2026-11-24T10:42:07+09:00" and "2026-11-24T01:42:07.123Z".
std::string to_rfc3339(WallTime time, Zone zone);
std::string to_rfc3339_utc(WallTime time);
std::optional<WallTime> parse_rfc3339(std::string_view text);

// WeeklyWindow is open from `from` to `to` (minutes after local midnight) on the days set.
// to <= from crosses midnight and ends on the following day. to may be 1440 (24:00).
struct WeeklyWindow {
    std::uint8_t days = 0;  // bit 0 Monday ... bit 6 Sunday
    std::uint16_t from_minute = 0;
    std::uint16_t to_minute = 1440;
    Zone zone = Zone::utc();

    bool contains(WallTime time) const;
    // next_edge: the first instant after `time` at which contains() may change; WallTime::max() when it never
    // does.
    WallTime next_edge(WallTime time) const;
};

// "mon-fri", "mon,wed,sat", "all".
std::optional<std::uint8_t> parse_days(std::string_view text);
// "09:00" in minutes; "24:00" is 1440.
std::optional<std::uint16_t> parse_minute_of_day(std::string_view text);

}  // namespace sekisho
