#pragma once
// What windows of every kind ask of a time zone: how far its clocks are off UTC, and until when. For the
// sources of base alone.
#include "base/civil_time.hpp"

namespace sekisho {

inline constexpr std::int64_t day_ms = 86'400'000;
inline constexpr WallTime first_instant{Millis{-62'135'596'800'000}};  // 0001-01-01T00:00:00Z
inline constexpr WallTime last_instant{Millis{253'402'300'799'999}};   // 9999-12-31T23:59:59.999Z

// Segment is a stretch of time in which a zone keeps one offset from UTC.
struct Segment {
    const void* zone = nullptr;
    WallTime begin = WallTime::min(), end = WallTime::max();
    Millis offset{0};
};

// The database is asked once per segment, zone and thread: a window is judged on every request. The
// reference holds until the next call.
const Segment& segment_at(const void* zone, WallTime time);

// What a clock on the wall shows, as milliseconds since that clock's 1970-01-01T00:00.
std::int64_t wall_reading(WallTime time, const Segment& segment) noexcept;

constexpr std::int64_t floor_days(std::int64_t ms) noexcept {
    return ms / day_ms - (ms % day_ms < 0 ? 1 : 0);
}

// weekday_of: 0 Monday ... 6 Sunday, of a day counted from 1970-01-01, a Thursday.
constexpr unsigned weekday_of(std::int64_t day) noexcept {
    return static_cast<unsigned>(((day + 3) % 7 + 7) % 7);
}

// at_local is the instant at which that day's clock shows `clock` since midnight: the earlier one where it
// comes twice, the instant of the change where it never comes.
WallTime at_local(Date date, Millis clock, Zone zone);

}  // namespace sekisho
