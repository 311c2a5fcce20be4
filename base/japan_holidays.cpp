// The announced days as a table, and the law's rules as code: two accounts that a test compares.
#include "base/japan_holidays.hpp"

#include <algorithm>
#include <array>

namespace sekisho {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

struct Name {
    std::string_view ja, en;
};

enum Which : std::uint8_t {
    ganjitsu,
    seijin,
    kenkoku,
    tenno,
    shunbun,
    showa,
    kenpo,
    midori,
    kodomo,
    umi,
    yama,
    keiro,
    shubun,
    sports,
    bunka,
    kinro,
    kyujitsu
};

constexpr Name names[] = {{"元日", "New Year's Day"},
                          {"成人の日", "Coming of Age Day"},
                          {"建国記念の日", "National Foundation Day"},
                          {"天皇誕生日", "The Emperor's Birthday"},
                          {"春分の日", "Vernal Equinox Day"},
                          {"昭和の日", "Showa Day"},
                          {"憲法記念日", "Constitution Memorial Day"},
                          {"みどりの日", "Greenery Day"},
                          {"こどもの日", "Children's Day"},
                          {"海の日", "Marine Day"},
                          {"山の日", "Mountain Day"},
                          {"敬老の日", "Respect for the Aged Day"},
                          {"秋分の日", "Autumnal Equinox Day"},
                          {"スポーツの日", "Sports Day"},
                          {"文化の日", "Culture Day"},
                          {"勤労感謝の日", "Labour Thanksgiving Day"},
                          {"休日", "Holiday (article 3)"}};

struct Row {
    std::int16_t year;
    std::uint8_t month, day;
    Which which;
};

// As announced by the Cabinet Office, year by year.
constexpr Row announced[] = {
    {2020, 1, 1, ganjitsu},  {2020, 1, 13, seijin},   {2020, 2, 11, kenkoku}, {2020, 2, 23, tenno},
    {2020, 2, 24, kyujitsu}, {2020, 3, 20, shunbun},  {2020, 4, 29, showa},   {2020, 5, 3, kenpo},
    {2020, 5, 4, midori},    {2020, 5, 5, kodomo},    {2020, 5, 6, kyujitsu}, {2020, 7, 23, umi},
    {2020, 7, 24, sports},   {2020, 8, 10, yama},     {2020, 9, 21, keiro},   {2020, 9, 22, shubun},
    {2020, 11, 3, bunka},    {2020, 11, 23, kinro},   {2021, 1, 1, ganjitsu}, {2021, 1, 11, seijin},
    {2021, 2, 11, kenkoku},  {2021, 2, 23, tenno},    {2021, 3, 20, shunbun}, {2021, 4, 29, showa},
    {2021, 5, 3, kenpo},     {2021, 5, 4, midori},    {2021, 5, 5, kodomo},   {2021, 7, 22, umi},
    {2021, 7, 23, sports},   {2021, 8, 8, yama},      {2021, 8, 9, kyujitsu}, {2021, 9, 20, keiro},
    {2021, 9, 23, shubun},   {2021, 11, 3, bunka},    {2021, 11, 23, kinro},  {2022, 1, 1, ganjitsu},
    {2022, 1, 10, seijin},   {2022, 2, 11, kenkoku},  {2022, 2, 23, tenno},   {2022, 3, 21, shunbun},
    {2022, 4, 29, showa},    {2022, 5, 3, kenpo},     {2022, 5, 4, midori},   {2022, 5, 5, kodomo},
    {2022, 7, 18, umi},      {2022, 8, 11, yama},     {2022, 9, 19, keiro},   {2022, 9, 23, shubun},
    {2022, 10, 10, sports},  {2022, 11, 3, bunka},    {2022, 11, 23, kinro},  {2023, 1, 1, ganjitsu},
    {2023, 1, 2, kyujitsu},  {2023, 1, 9, seijin},    {2023, 2, 11, kenkoku}, {2023, 2, 23, tenno},
    {2023, 3, 21, shunbun},  {2023, 4, 29, showa},    {2023, 5, 3, kenpo},    {2023, 5, 4, midori},
    {2023, 5, 5, kodomo},    {2023, 7, 17, umi},      {2023, 8, 11, yama},    {2023, 9, 18, keiro},
    {2023, 9, 23, shubun},   {2023, 10, 9, sports},   {2023, 11, 3, bunka},   {2023, 11, 23, kinro},
    {2024, 1, 1, ganjitsu},  {2024, 1, 8, seijin},    {2024, 2, 11, kenkoku}, {2024, 2, 12, kyujitsu},
    {2024, 2, 23, tenno},    {2024, 3, 20, shunbun},  {2024, 4, 29, showa},   {2024, 5, 3, kenpo},
    {2024, 5, 4, midori},    {2024, 5, 5, kodomo},    {2024, 5, 6, kyujitsu}, {2024, 7, 15, umi},
    {2024, 8, 11, yama},     {2024, 8, 12, kyujitsu}, {2024, 9, 16, keiro},   {2024, 9, 22, shubun},
    {2024, 9, 23, kyujitsu}, {2024, 10, 14, sports},  {2024, 11, 3, bunka},   {2024, 11, 4, kyujitsu},
    {2024, 11, 23, kinro},   {2025, 1, 1, ganjitsu},  {2025, 1, 13, seijin},  {2025, 2, 11, kenkoku},
    {2025, 2, 23, tenno},    {2025, 2, 24, kyujitsu}, {2025, 3, 20, shunbun}, {2025, 4, 29, showa},
    {2025, 5, 3, kenpo},     {2025, 5, 4, midori},    {2025, 5, 5, kodomo},   {2025, 5, 6, kyujitsu},
    {2025, 7, 21, umi},      {2025, 8, 11, yama},     {2025, 9, 15, keiro},   {2025, 9, 23, shubun},
    {2025, 10, 13, sports},  {2025, 11, 3, bunka},    {2025, 11, 23, kinro},  {2025, 11, 24, kyujitsu},
    {2026, 1, 1, ganjitsu},  {2026, 1, 12, seijin},   {2026, 2, 11, kenkoku}, {2026, 2, 23, tenno},
    {2026, 3, 20, shunbun},  {2026, 4, 29, showa},    {2026, 5, 3, kenpo},    {2026, 5, 4, midori},
    {2026, 5, 5, kodomo},    {2026, 5, 6, kyujitsu},  {2026, 7, 20, umi},     {2026, 8, 11, yama},
    {2026, 9, 21, keiro},    {2026, 9, 22, kyujitsu}, {2026, 9, 23, shubun},  {2026, 10, 12, sports},
    {2026, 11, 3, bunka},    {2026, 11, 23, kinro},   {2027, 1, 1, ganjitsu}, {2027, 1, 11, seijin},
    {2027, 2, 11, kenkoku},  {2027, 2, 23, tenno},    {2027, 3, 21, shunbun}, {2027, 3, 22, kyujitsu},
    {2027, 4, 29, showa},    {2027, 5, 3, kenpo},     {2027, 5, 4, midori},   {2027, 5, 5, kodomo},
    {2027, 7, 19, umi},      {2027, 8, 11, yama},     {2027, 9, 20, keiro},   {2027, 9, 23, shubun},
    {2027, 10, 11, sports},  {2027, 11, 3, bunka},    {2027, 11, 23, kinro}};

Date date_of(int year, unsigned month, unsigned day) {
    return std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day};
}

// The `nth` Monday of a month.
Date monday(int year, unsigned month, unsigned nth) {
    return Date{sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::Monday[nth]}};
}

// The day of March or September on which the sun crosses the equator by Japan's clock, from the mean motion
// of 1980 to 2099 that the National Astronomical Observatory's day-numbers follow.
unsigned equinox(int year, double at_1980) {
    const int since = year - 1980;
    return static_cast<unsigned>(at_1980 + 0.242194 * since) - static_cast<unsigned>(since / 4);
}

// Article 2, as it stands since 2020; the Games moved three days of 2020 and 2021.
std::vector<NationalHoliday> named_days(int year) {
    std::vector<NationalHoliday> list;
    const auto add = [&](Which which, Date date) {
        list.push_back({date, names[which].ja, names[which].en, false});
    };
    const bool games_2020 = year == 2020, games_2021 = year == 2021;
    add(ganjitsu, date_of(year, 1, 1));
    add(seijin, monday(year, 1, 2));
    add(kenkoku, date_of(year, 2, 11));
    add(tenno, date_of(year, 2, 23));
    add(shunbun, date_of(year, 3, equinox(year, 20.8431)));
    add(showa, date_of(year, 4, 29));
    add(kenpo, date_of(year, 5, 3));
    add(midori, date_of(year, 5, 4));
    add(kodomo, date_of(year, 5, 5));
    add(umi, games_2020 ? date_of(year, 7, 23) : games_2021 ? date_of(year, 7, 22) : monday(year, 7, 3));
    add(yama, date_of(year, 8, games_2020 ? 10 : games_2021 ? 8 : 11));
    add(keiro, monday(year, 9, 3));
    add(shubun, date_of(year, 9, equinox(year, 23.2488)));
    add(sports, games_2020 ? date_of(year, 7, 24) : games_2021 ? date_of(year, 7, 23) : monday(year, 10, 2));
    add(bunka, date_of(year, 11, 3));
    add(kinro, date_of(year, 11, 23));
    return list;
}

bool stands_in(const std::vector<NationalHoliday>& list, sys_days day) {
    return std::any_of(list.begin(), list.end(),
                       [&](const auto& each) { return sys_days{each.date} == day; });
}

// Article 3: a holiday on a Sunday gives the next day that is none; a day between two holidays is one.
void add_days_off(std::vector<NationalHoliday>& list) {
    const auto named = list;
    const auto add = [&](sys_days day) {
        list.push_back({Date{day}, names[kyujitsu].ja, names[kyujitsu].en, false});
    };
    for (const auto& each : named) {
        auto day = sys_days{each.date};
        if (std::chrono::weekday{day} == std::chrono::Sunday) {
            while (stands_in(named, day)) day += days{1};
            add(day);
        }
        const auto between = sys_days{each.date} + days{1};
        if (stands_in(named, between + days{1}) && !stands_in(list, between)) add(between);
    }
}

}  // namespace

std::vector<NationalHoliday> holidays_by_law(int year) {
    if (year < holiday_year_first || year > holiday_year_last) return {};
    auto list = named_days(year);
    add_days_off(list);
    std::sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.date < b.date; });
    for (auto& each : list) each.provisional = year > holiday_year_announced;
    return list;
}

std::vector<NationalHoliday> japan_holidays(int year) {
    if (year > holiday_year_announced) return holidays_by_law(year);
    std::vector<NationalHoliday> list;
    for (const auto& row : announced)
        if (row.year == year)
            list.push_back(
                {date_of(year, row.month, row.day), names[row.which].ja, names[row.which].en, false});
    return list;
}

std::optional<BankHoliday> japan_bank_closed(Date date) {
    const auto month = static_cast<unsigned>(date.month()), day = static_cast<unsigned>(date.day());
    if ((month == 12 && day == 31) || (month == 1 && day <= 3))
        return BankHoliday{"年末年始の銀行休業日", "Year-end bank holiday"};
    const std::chrono::weekday weekday{sys_days{date}};
    if (weekday == std::chrono::Saturday) return BankHoliday{"土曜日", "Saturday"};
    if (weekday == std::chrono::Sunday) return BankHoliday{"日曜日", "Sunday"};
    return std::nullopt;
}

}  // namespace sekisho
