#pragma once
// Calendars say which days are worked and which are not, and windows of time ask them: "mon-fri 09:00-17:00
// on business days of the bank".
//
// A calendar knows the days from 2020-01-01 to 2099-12-31. What lies outside is unknown, neither open nor
// closed (R34).
#include "base/civil_time.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace sekisho {

enum class CalendarBase : std::uint8_t {
    none,        // the weekend and the days listed
    japan,       // and the national holidays
    japan_bank,  // and the days on which banks do not open
};

// What of a calendar a window is bound to.
enum class DaysOf : std::uint8_t {
    business_days,  // neither weekend nor holiday; a half day ends early
    closed_days,    // the others
    holidays,       // holidays, whatever day of the week they fall on
    half_days,      // business days that end early
    maintenance,    // the dated periods
};

// CalendarSpec is what a calendar is made from.
struct CalendarSpec {
    struct Day {
        Date date{};
        std::string title;  // may be empty
    };
    struct Period {
        WallTime begin, end;  // [begin, end)
        std::string title;
    };
    std::string name;
    CalendarBase base = CalendarBase::none;
    std::uint8_t weekend = 0x60;             // bit 0 Monday ... bit 6 Sunday
    std::vector<Day> holidays;               // beside those of the base
    std::vector<Date> workdays;              // worked all the same: weekend, base and list do not count
    std::vector<Date> half_days;             // end at half_day_until
    std::uint16_t half_day_until = 12 * 60;  // minutes after local midnight
    std::vector<Period> maintenance;
};

// DaySet is a set of days within what a calendar knows; days are counted from 1970-01-01.
class DaySet {
public:
    static constexpr std::int64_t first = 18'262, last = 47'481;  // 2020-01-01, 2099-12-31
    static bool covers(std::int64_t day) noexcept { return day >= first && day <= last; }

    bool has(std::int64_t day) const noexcept {
        return covers(day) && (words_[index(day) / 64] >> index(day) % 64 & 1) != 0;
    }
    void set(std::int64_t day, bool in) noexcept;
    // next: the first day in the set from `day` on; last + 1 when there is none.
    std::int64_t next(std::int64_t day) const noexcept;

private:
    static std::size_t index(std::int64_t day) noexcept { return static_cast<std::size_t>(day - first); }
    std::array<std::uint64_t, (last - first) / 64 + 1> words_{};
};

// Calendar is immutable; any thread may read it.
class Calendar {
public:
    explicit Calendar(CalendarSpec spec);

    const std::string& name() const noexcept { return spec_.name; }
    // is: whether a day is of that kind; nothing for days it does not know. Not for maintenance.
    std::optional<bool> is(DaysOf kind, Date date) const;
    const DaySet& days(DaysOf kind) const noexcept { return sets_[static_cast<std::size_t>(kind)]; }
    std::uint16_t half_day_until() const noexcept { return spec_.half_day_until; }
    const std::vector<CalendarSpec::Period>& maintenance() const noexcept { return spec_.maintenance; }

    // Entry is one day that is not like the days around it.
    struct Entry {
        Date date{};
        DaysOf kind = DaysOf::holidays;  // holidays, half_days, or business_days for a weekend that is worked
        std::string ja, en;              // why
        bool provisional = false;        // computed, not announced
    };
    // entries lists the days of a year that are not what their day of the week says, by date.
    std::vector<Entry> entries(int year) const;

private:
    struct Holiday {
        Date date{};
        std::string ja, en;
        bool provisional = false;
    };
    void merge_maintenance();
    std::vector<Holiday> holidays_of(int year) const;
    void fill(int year);

    CalendarSpec spec_;
    std::array<DaySet, 4> sets_{};
};

// TimeWindow is a weekly window, and where a calendar is named only on its days: the day a window begins on
// counts. For DaysOf::maintenance both must be open.
class TimeWindow {
public:
    TimeWindow(const WeeklyWindow& weekly) : weekly_(weekly) {}
    TimeWindow(const WeeklyWindow& weekly, std::shared_ptr<const Calendar> calendar, DaysOf on);

    // open_at: nothing where the calendar does not know the day.
    std::optional<bool> open_at(WallTime time) const;
    bool contains(WallTime time) const { return open_at(time).value_or(false); }
    // next_edge: the first instant after `time` at which open_at() may change; WallTime::max() when it never
    // does. Exact over midnight, changed clocks and the end of the year.
    WallTime next_edge(WallTime time) const;

    const WeeklyWindow& weekly() const noexcept { return weekly_; }
    const Calendar* calendar() const noexcept { return calendar_.get(); }
    DaysOf on() const noexcept { return on_; }

private:
    bool open_on_days(std::int64_t day, std::int64_t since_midnight) const noexcept;
    std::vector<CalendarSpec::Period>::const_iterator next_period(WallTime time) const noexcept;
    bool in_maintenance(WallTime time) const noexcept;
    WallTime next_maintenance_edge(WallTime time) const noexcept;

    WeeklyWindow weekly_;
    std::shared_ptr<const Calendar> calendar_;  // nullptr: the week alone
    DaysOf on_ = DaysOf::business_days;
    std::shared_ptr<const DaySet> days_;  // on which a window may begin
};

}  // namespace sekisho
