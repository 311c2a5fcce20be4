#include "base/civil_time.hpp"

#include "base/edit_distance.hpp"
#include "base/text.hpp"
#include "base/zone_segment.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sekisho {
namespace {

using std::chrono::floor;

constexpr std::array<std::string_view, 7> day_names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

const date::time_zone* zone_of(const void* raw) { return static_cast<const date::time_zone*>(raw); }

WallTime from_seconds(date::sys_seconds time) noexcept {
    if (time <= floor<Seconds>(first_instant)) return WallTime::min();
    if (time >= floor<Seconds>(last_instant)) return WallTime::max();
    return time;
}

bool has_day(std::uint8_t days, std::int64_t day) noexcept { return (days >> weekday_of(day) & 1) != 0; }

bool always_or_never(const WeeklyWindow& window) noexcept {
    if ((window.days & 0x7f) == 0) return true;
    const int open = window.to_minute - window.from_minute;  // zero or less: past midnight
    return (window.days & 0x7f) == 0x7f && (open > 0 ? open : open + 1440) == 1440;
}

// Exactly `count` digits at `at`.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) noexcept {
    if (text.size() < at + count) return std::nullopt;
    int value = 0;
    for (const char c : text.substr(at, count)) {
        if (!is_digit(c)) return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

std::optional<Millis> parse_clock(std::string_view text) noexcept {
    const auto hour = digits(text, 0, 2), minute = digits(text, 3, 2), second = digits(text, 6, 2);
    if (!hour || !minute || !second || text[2] != ':' || text[5] != ':') return std::nullopt;
    if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
    return Millis{((*hour * 60 + *minute) * 60 + *second) * 1000};
}

// ".123" off the front of `text`; zero when there is none.
std::optional<Millis> take_fraction(std::string_view& text) noexcept {
    if (text.empty() || text[0] != '.') return Millis{0};
    std::size_t end = 1;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end == 1 || end > 10) return std::nullopt;
    int value = 0;
    for (std::size_t i = 1; i <= 3; ++i) value = value * 10 + (i < end ? text[i] - '0' : 0);
    text.remove_prefix(end);
    return Millis{value};
}

std::optional<Millis> parse_offset(std::string_view text) noexcept {
    if (text == "Z") return Millis{0};
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
    const auto hour = digits(text, 1, 2), minute = digits(text, 4, 2);
    if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
    const Millis offset{(*hour * 60 + *minute) * 60'000};
    return text[0] == '-' ? -offset : offset;
}

struct Broken {
    Date date;
    int hour, minute, second, ms;
};

Broken broken_down(std::int64_t reading) noexcept {
    const auto day = floor_days(reading);
    const auto ms = static_cast<int>(reading - day * day_ms);
    const Date date{std::chrono::sys_days{std::chrono::days{day}}};
    return {date, ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000};
}

std::optional<unsigned> day_index(std::string_view name) noexcept {
    const auto found = std::find(day_names.begin(), day_names.end(), name);
    if (found == day_names.end()) return std::nullopt;
    return static_cast<unsigned>(found - day_names.begin());
}

Error no_such_zone(std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& zone : date::get_tzdb().zones) names.push_back(zone.name());
    const auto meant = nearest(name, names);
    return {Errc::not_found,
            meant ? fmt::format("there is no time zone \"{}\"; did you mean \"{}\"?", printable(name), *meant)
                  : fmt::format("there is no time zone \"{}\"", printable(name))};
}

}  // namespace

const Segment& segment_at(const void* zone, WallTime time) {
    static thread_local std::array<Segment, 8> known;
    static constexpr Segment utc{};
    if (zone == nullptr) return utc;
    auto& slot = known[(reinterpret_cast<std::uintptr_t>(zone) >> 5) % known.size()];
    if (slot.zone == zone && slot.begin <= time && time < slot.end) return slot;
    const auto info = zone_of(zone)->get_info(floor<Seconds>(std::clamp(time, first_instant, last_instant)));
    slot = {zone, from_seconds(info.begin), from_seconds(info.end), info.offset};
    return slot;
}

std::int64_t wall_reading(WallTime time, const Segment& segment) noexcept {
    return (std::clamp(time, first_instant, last_instant) + segment.offset).time_since_epoch().count();
}

Result<Zone> Zone::find(std::string_view name) {
    if (name == "UTC" || name == "Etc/UTC") return utc();
    try {
        const auto& zones = date::get_tzdb().zones;
        const auto zone =
            std::find_if(zones.begin(), zones.end(), [&](const auto& z) { return z.name() == name; });
        if (zone == zones.end()) return no_such_zone(name);
        segment_at(&*zone, WallTime{});  // reads the zone's file, so that nothing can fail later
        return Zone(&*zone);
    } catch (const std::exception&) {
        return Error(Errc::unavailable, "the time zone database cannot be read; is tzdata installed?");
    }
}

Zone Zone::utc() { return Zone(nullptr); }

std::string_view Zone::name() const noexcept {
    return zone_ == nullptr ? std::string_view("UTC") : std::string_view(zone_of(zone_)->name());
}

std::optional<Date> parse_date(std::string_view text) {
    const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    if (text.size() != 10 || !year || !month || !day || text[4] != '-' || text[7] != '-') return std::nullopt;
    const Date date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                    std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok() || *year == 0) return std::nullopt;
    return date;
}

std::string to_text(Date date) {
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

WallTime start_of_day(Date date, Zone zone) { return at_local(date, Millis{0}, zone); }

WallTime at_local(Date date, Millis clock, Zone zone) {
    const auto local = std::chrono::sys_days{date}.time_since_epoch() + clock;
    if (zone.raw() == nullptr) return WallTime{local};
    const auto info = zone_of(zone.raw())->get_info(date::local_seconds{floor<Seconds>(local)});
    if (info.result == date::local_info::nonexistent) return info.first.end;
    return WallTime{local - info.first.offset};
}

Date date_at(WallTime time, Zone zone) {
    return broken_down(wall_reading(time, segment_at(zone.raw(), time))).date;
}

std::string to_rfc3339(WallTime time, Zone zone) {
    auto segment = segment_at(zone.raw(), time);
    segment.offset =
        std::chrono::duration_cast<std::chrono::minutes>(segment.offset);  // before 1900: seconds too
    const auto local = broken_down(wall_reading(time, segment));
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(segment.offset).count();
    return fmt::format("{}T{:02}:{:02}:{:02}{}{:02}:{:02}", to_text(local.date), local.hour, local.minute,
                       local.second, minutes < 0 ? '-' : '+', std::abs(minutes) / 60, std::abs(minutes) % 60);
}

std::string to_rfc3339_utc(WallTime time) {
    const auto utc = broken_down(wall_reading(time, segment_at(nullptr, time)));
    return fmt::format("{}T{:02}:{:02}:{:02}.{:03}Z", to_text(utc.date), utc.hour, utc.minute, utc.second,
                       utc.ms);
}

// Source: RFC 3339 section 5.6, with upper-case T and Z only and without the leap second.
std::optional<WallTime> parse_rfc3339(std::string_view text) {
    if (text.size() < 20 || text[10] != 'T') return std::nullopt;
    const auto date = parse_date(text.substr(0, 10));
    const auto clock = parse_clock(text.substr(11, 8));
    auto rest = text.substr(19);
    const auto fraction = take_fraction(rest);
    const auto offset = parse_offset(rest);
    if (!date || !clock || !fraction || !offset) return std::nullopt;
    return WallTime{std::chrono::sys_days{*date}} + *clock + *fraction - *offset;
}

bool WeeklyWindow::contains(WallTime time) const {
    const auto reading = wall_reading(time, segment_at(zone.raw(), time));
    const auto day = floor_days(reading);
    const auto since_midnight = reading - day * day_ms;
    const std::int64_t from = from_minute * 60'000ll, to = to_minute * 60'000ll;
    if (from < to) return has_day(days, day) && from <= since_midnight && since_midnight < to;
    return (has_day(days, day) && since_midnight >= from) || (has_day(days, day - 1) && since_midnight < to);
}

// Walks from one reading of `from` or `to`, or change of offset, to the next until the answer differs. A week
// holds 14 such readings; 64 steps also cross a week that a zone skipped a day of.
WallTime WeeklyWindow::next_edge(WallTime time) const {
    if (always_or_never(*this)) return WallTime::max();
    const bool now = contains(time);
    const std::int64_t borders[] = {from_minute * 60'000ll % day_ms, to_minute * 60'000ll % day_ms};
    for (int step = 0; step < 64 && time < last_instant; ++step) {
        const auto& segment = segment_at(zone.raw(), time);
        const auto reading = wall_reading(time, segment);
        auto next = segment.end;
        for (const auto border : borders) {
            const auto today = floor_days(reading) * day_ms + border;
            const WallTime at{Millis{today > reading ? today : today + day_ms} - segment.offset};
            next = std::min(next, at);
        }
        time = next;
        if (contains(time) != now) return time;
    }
    return time < last_instant ? time : WallTime::max();
}

std::optional<std::uint8_t> parse_days(std::string_view text) {
    if (text == "all") return std::uint8_t{0x7f};
    unsigned days = 0;
    std::optional<std::string_view> rest = text;
    while (const auto part = next_part(rest, ',')) {
        const auto dash = part->find('-');
        const auto first = day_index(part->substr(0, dash));
        const auto last = dash == std::string_view::npos ? first : day_index(part->substr(dash + 1));
        if (!first || !last) return std::nullopt;
        for (auto day = *first;; day = (day + 1) % 7) {  // "fri-mon" runs over the end of the week
            days |= 1u << day;
            if (day == *last) break;
        }
    }
    return static_cast<std::uint8_t>(days);
}

std::optional<std::uint16_t> parse_minute_of_day(std::string_view text) {
    const auto hour = digits(text, 0, 2), minute = digits(text, 3, 2);
    if (text.size() != 5 || text[2] != ':' || !hour || !minute || *minute > 59) return std::nullopt;
    const int value = *hour * 60 + *minute;
    if (value > 1440) return std::nullopt;
    return static_cast<std::uint16_t>(value);
}

}  // namespace sekisho
