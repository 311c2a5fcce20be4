#pragma once
// Contract is what binds every person of a contractor organisation on every allow, however the rule names
// them (R1): a first and a last day, and weekly hours.
#include "base/calendar.hpp"

#include <span>
#include <vector>

namespace sekisho::policy {

struct Contract {
    Date from{}, to{};  // both days included, local days of `zone`
    Zone zone = Zone::utc();
    WallTime begin, end;            // [first instant of `from`, first instant of the day after `to`)
    std::vector<TimeWindow> hours;  // open in any of them; empty = always
};

Contract make_contract(Date from, Date to, Zone zone, std::vector<TimeWindow> hours);

enum class Standing : std::uint8_t { in_force, outside_hours, not_started, ended };

// standing_of: contract days are judged before hours.
Standing standing_of(const Contract& contract, WallTime now);

// holds_until: how long a contract in force stays so: the end of its hours or of its last day.
WallTime holds_until(const Contract& contract, WallTime now);

// The windows of a list count as one: open in any of them, always open when there is none.
bool open_at(std::span<const TimeWindow> hours, WallTime now);
// open_until: the instant at which the last of the windows that follow one another closes; now itself when
// closed.
WallTime open_until(std::span<const TimeWindow> hours, WallTime now);
// opens_at: `now` when open, else the next instant at which one of them opens; WallTime::max() for never.
WallTime opens_at(std::span<const TimeWindow> hours, WallTime now);

}  // namespace sekisho::policy
