#include "base/words_time.hpp"

#include "base/words.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sekisho {
namespace {

struct Local {
    int year = 0;
    unsigned month = 1, day = 1, weekday = 0;  // weekday 0 = Sunday
    unsigned hour = 0, minute = 0;
};

Local local(WallTime time, Zone zone) {
    // to_rfc3339 is "2026-11-24T10:42:07+09:00"; the date comes from date_at so that years beyond 9999 hold.
    const Date date = date_at(time, zone);
    const std::string stamp = to_rfc3339(time, zone);
    const auto at = stamp.find('T');
    const auto digits = [&](std::size_t from) {
        return static_cast<unsigned>((stamp[from] - '0') * 10 + (stamp[from + 1] - '0'));
    };
    const std::chrono::weekday weekday{std::chrono::sys_days{date}};
    return {static_cast<int>(date.year()),
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            weekday.c_encoding(),
            digits(at + 1),
            digits(at + 4)};
}

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> days_en{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> days_ja{"日", "月", "火", "水", "木", "金", "土"};

// "JST", or "UTC+03" where the database has no letters for a zone.
std::string zone_letters(WallTime time, Zone zone) {
    if (zone.raw() == nullptr) return "UTC";
    const auto* raw = static_cast<const date::time_zone*>(zone.raw());
    const auto instant =
        date::sys_seconds{std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch())};
    std::string letters = raw->get_info(instant).abbrev;
    if (!letters.empty() && (letters[0] == '+' || letters[0] == '-')) letters.insert(0, "UTC");
    return letters;
}

struct Unit {
    std::int64_t seconds;
    std::string_view one, many, ja;
};
constexpr std::array<Unit, 4> units{{{86400, "day", "days", "日"},
                                     {3600, "hour", "hours", "時間"},
                                     {60, "minute", "minutes", "分"},
                                     {1, "second", "seconds", "秒"}}};

std::string counted(std::int64_t n, const Unit& unit, Language language) {
    return language == Language::ja ? fmt::format("{}\u00a0{}", n, unit.ja)
                                    : fmt::format("{}\u00a0{}", n, n == 1 ? unit.one : unit.many);
}

}  // namespace

std::string date_in_text(WallTime time, WallTime now, Zone zone, Language language) {
    const Local at = local(time, zone);
    const bool same_year = at.year == local(now, zone).year;
    if (language == Language::ja) {
        const auto year = same_year ? std::string{} : fmt::format("{}年", at.year);
        return fmt::format("{}{}月{}日（{}）", year, at.month, at.day, days_ja[at.weekday]);
    }
    return same_year ? fmt::format("{} {}\u00a0{}", days_en[at.weekday], at.day, months[at.month - 1])
                     : fmt::format("{}\u00a0{}\u00a0{}", at.day, months[at.month - 1], at.year);
}

std::string date_in_table(WallTime time, Zone zone, Language language) {
    const Local at = local(time, zone);
    const auto letters = zone_letters(time, zone);
    return language == Language::ja ? fmt::format("{}/{:02}/{:02} {}:{:02} {}", at.year, at.month, at.day,
                                                  at.hour, at.minute, letters)
                                    : fmt::format("{} {} {}, {}:{:02} {}", at.day, months[at.month - 1],
                                                  at.year, at.hour, at.minute, letters);
}

std::string clock_time(WallTime time, Zone zone) {
    const Local at = local(time, zone);
    return fmt::format("{}:{:02}", at.hour, at.minute);
}

std::string day_and_time(WallTime time, WallTime now, Zone zone, Language language) {
    const auto day = std::chrono::sys_days{date_at(time, zone)};
    const auto today = std::chrono::sys_days{date_at(now, zone)};
    const auto name = day == today                          ? text("text.today", language)
                      : day + std::chrono::days{1} == today ? text("text.yesterday", language)
                                                            : date_in_text(time, now, zone, language);
    // A full-width bracket brings its own space.
    if (name.size() >= 3 && name.substr(name.size() - 3) == "）") return name + clock_time(time, zone);
    return text("text.at", language, {{"day", name}, {"time", clock_time(time, zone)}});
}

std::string near_past(WallTime time, WallTime now, Zone zone, Language language) {
    const auto ago = std::chrono::duration_cast<Seconds>(now - time);
    if (ago < Seconds{60}) return text("text.now", language);
    if (ago >= Seconds{3600}) return day_and_time(time, now, zone, language);
    const auto minutes = Seconds{ago.count() / 60 * 60};
    return text("text.ago", language, {{"span", span_in_text(minutes, language)}});
}

std::string span_in_text(Seconds span, Language language) {
    std::int64_t left = std::max<std::int64_t>(span.count(), 1);
    std::string out;
    int parts = 0;
    for (const Unit& unit : units) {
        const auto n = left / unit.seconds;
        left %= unit.seconds;
        if (n == 0 && parts == 0) continue;
        if (n != 0) {
            if (parts != 0) out += ' ';
            out += counted(n, unit, language);
        }
        if (++parts == 2) break;
    }
    return out;
}

}  // namespace sekisho
