#include "base/calendar.hpp"

#include "base/japan_holidays.hpp"
#include "base/zone_segment.hpp"

#include <algorithm>
#include <bit>

namespace sekisho {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr int edge_steps_max = 128;  // each passes a border of a day, a change of clocks or a closed stretch

std::int64_t number_of(Date date) { return std::chrono::sys_days{date}.time_since_epoch().count(); }

bool listed(const std::vector<Date>& dates, Date date) {
    return std::find(dates.begin(), dates.end(), date) != dates.end();
}

}  // namespace

void DaySet::set(std::int64_t day, bool in) noexcept {
    if (!covers(day)) return;
    const auto bit = std::uint64_t{1} << index(day) % 64;
    auto& word = words_[index(day) / 64];
    word = in ? word | bit : word & ~bit;
}

std::int64_t DaySet::next(std::int64_t day) const noexcept {
    day = std::max(day, first);
    if (!covers(day)) return last + 1;
    auto at = index(day) / 64;
    auto word = words_[at] & ~std::uint64_t{0} << index(day) % 64;
    while (word == 0 && ++at < words_.size()) word = words_[at];
    if (word == 0) return last + 1;
    return first + static_cast<std::int64_t>(at * 64) + std::countr_zero(word);
}

Calendar::Calendar(CalendarSpec spec) : spec_(std::move(spec)) {
    merge_maintenance();
    for (int year = holiday_year_first; year <= holiday_year_last; ++year) fill(year);
}

// Periods that touch become one, so that one search finds the one that may hold a time.
void Calendar::merge_maintenance() {
    auto& periods = spec_.maintenance;
    std::sort(periods.begin(), periods.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
    std::vector<CalendarSpec::Period> merged;
    for (auto& each : periods) {
        if (!merged.empty() && each.begin <= merged.back().end)
            merged.back().end = std::max(merged.back().end, each.end);
        else
            merged.push_back(std::move(each));
    }
    periods = std::move(merged);
}

std::vector<Calendar::Holiday> Calendar::holidays_of(int year) const {
    std::vector<Holiday> list;
    if (spec_.base != CalendarBase::none)
        for (const auto& each : japan_holidays(year))
            list.push_back({each.date, std::string(each.ja), std::string(each.en), each.provisional});
    for (const auto& each : spec_.holidays)
        if (static_cast<int>(each.date.year()) == year)
            list.push_back({each.date, each.title, each.title, false});
    if (spec_.base == CalendarBase::japan_bank)
        for (const unsigned month : {1u, 12u})
            for (unsigned day = 1; day <= 31; ++day) {
                const Date date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
                if (day > 3 && day < 31) continue;
                const auto closed = japan_bank_closed(date);
                if (closed && (month == 1 ? day <= 3 : day == 31))
                    list.push_back({date, std::string(closed->ja), std::string(closed->en), false});
            }
    std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.date < b.date; });
    list.erase(
        std::unique(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.date == b.date; }),
        list.end());
    return list;
}

void Calendar::fill(int year) {
    auto& [business, closed, holidays, half] = sets_;
    const auto begin = number_of(Date{std::chrono::year{year} / 1 / 1});
    const auto end = number_of(Date{std::chrono::year{year + 1} / 1 / 1});
    for (auto day = begin; day < end; ++day) business.set(day, (spec_.weekend >> weekday_of(day) & 1) == 0);
    for (const auto& each : holidays_of(year)) {
        holidays.set(number_of(each.date), true);
        business.set(number_of(each.date), false);
    }
    const auto of_year = [&](Date date) { return static_cast<int>(date.year()) == year; };
    for (const auto date : spec_.workdays) {
        if (!of_year(date)) continue;
        holidays.set(number_of(date), false);
        business.set(number_of(date), true);
    }
    for (const auto date : spec_.half_days)
        if (of_year(date) && business.has(number_of(date))) half.set(number_of(date), true);
    for (auto day = begin; day < end; ++day) closed.set(day, !business.has(day));
}

std::optional<bool> Calendar::is(DaysOf kind, Date date) const {
    const auto day = number_of(date);
    if (!DaySet::covers(day) || kind == DaysOf::maintenance) return std::nullopt;
    return days(kind).has(day);
}

std::vector<Calendar::Entry> Calendar::entries(int year) const {
    std::vector<Entry> list;
    for (auto& each : holidays_of(year))
        if (!listed(spec_.workdays, each.date))
            list.push_back({each.date, DaysOf::holidays, each.ja, each.en, each.provisional});
    for (const auto date : spec_.workdays)
        if (static_cast<int>(date.year()) == year)
            list.push_back({date, DaysOf::business_days, "営業", "worked", false});
    for (const auto date : spec_.half_days)
        if (static_cast<int>(date.year()) == year && days(DaysOf::half_days).has(number_of(date)))
            list.push_back({date, DaysOf::half_days, "半日", "half day", false});
    std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.date < b.date; });
    return list;
}

TimeWindow::TimeWindow(const WeeklyWindow& weekly, std::shared_ptr<const Calendar> calendar, DaysOf on)
    : weekly_(weekly), calendar_(std::move(calendar)), on_(on) {
    if (on_ == DaysOf::maintenance) return;
    auto days = std::make_shared<DaySet>();
    const auto& wanted = calendar_->days(on_);
    for (auto day = wanted.next(DaySet::first); day <= DaySet::last; day = wanted.next(day + 1))
        days->set(day, (weekly_.days >> weekday_of(day) & 1) != 0);
    days_ = std::move(days);
}

// A window of `day` runs from its first minute to its last, that may lie on the day after; on a half day it
// ends early.
bool TimeWindow::open_on_days(std::int64_t day, std::int64_t since_midnight) const noexcept {
    const std::int64_t from = weekly_.from_minute * minute_ms;
    const auto end_of = [&](std::int64_t begun) {
        std::int64_t end = weekly_.to_minute * minute_ms;
        if (end <= from) end += day_ms;
        if (on_ == DaysOf::business_days && calendar_->days(DaysOf::half_days).has(begun))
            end = std::min<std::int64_t>(end, calendar_->half_day_until() * minute_ms);
        return end;
    };
    if (days_->has(day) && from <= since_midnight && since_midnight < end_of(day)) return true;
    return days_->has(day - 1) && since_midnight + day_ms < end_of(day - 1);
}

// The first period that begins after `time`.
std::vector<CalendarSpec::Period>::const_iterator TimeWindow::next_period(WallTime time) const noexcept {
    const auto& periods = calendar_->maintenance();
    return std::upper_bound(periods.begin(), periods.end(), time,
                            [](WallTime t, const auto& period) { return t < period.begin; });
}

bool TimeWindow::in_maintenance(WallTime time) const noexcept {
    const auto next = next_period(time);
    return next != calendar_->maintenance().begin() && time < std::prev(next)->end;
}

WallTime TimeWindow::next_maintenance_edge(WallTime time) const noexcept {
    const auto next = next_period(time);
    if (in_maintenance(time)) return std::prev(next)->end;
    return next == calendar_->maintenance().end() ? WallTime::max() : next->begin;
}

std::optional<bool> TimeWindow::open_at(WallTime time) const {
    if (!calendar_) return weekly_.contains(time);
    if (on_ == DaysOf::maintenance) return in_maintenance(time) && weekly_.contains(time);
    const auto reading = wall_reading(time, segment_at(weekly_.zone.raw(), time));
    const auto day = floor_days(reading);
    if (!DaySet::covers(day)) return std::nullopt;
    return open_on_days(day, reading - day * day_ms);
}

// Walks from one border of a day to the next until the answer differs, and passes closed stretches in one
// step.
WallTime TimeWindow::next_edge(WallTime time) const {
    if (!calendar_) return weekly_.next_edge(time);
    const auto now = open_at(time);
    const std::int64_t borders[] = {weekly_.from_minute * minute_ms % day_ms,
                                    weekly_.to_minute * minute_ms % day_ms,
                                    calendar_->half_day_until() * minute_ms % day_ms, 0};
    for (int step = 0; step < edge_steps_max && time < last_instant; ++step) {
        if (on_ == DaysOf::maintenance) {
            const auto edge = next_maintenance_edge(time);
            if (edge == WallTime::max() && !in_maintenance(time)) return WallTime::max();
            time = std::min(edge, weekly_.next_edge(time));
            if (open_at(time) != now) return time;
            continue;
        }
        const auto segment = segment_at(weekly_.zone.raw(), time);
        const auto reading = wall_reading(time, segment);
        const auto day = floor_days(reading);
        if (day > DaySet::last) return WallTime::max();
        auto next = segment.end;
        if (days_->next(day - 1) > day) {  // nothing is open today: on to the day that may be, or to where
                                           // knowledge begins or ends
            const auto opens = day < DaySet::first ? DaySet::first : days_->next(day + 1);
            next = std::min(next, WallTime{Millis{opens * day_ms} - segment.offset});
        } else {
            for (const auto border : borders) {
                const auto today = day * day_ms + border;
                next = std::min(next,
                                WallTime{Millis{today > reading ? today : today + day_ms} - segment.offset});
            }
        }
        time = next;
        if (open_at(time) != now) return time;
    }
    return time < last_instant ? time : WallTime::max();
}

}  // namespace sekisho
