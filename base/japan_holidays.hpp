#pragma once
// The national holidays of Japan: the days the Cabinet Office has announced, and for later years those the
// law's rules give, which stand until the equinoxes are announced each February.
//
// Source: the Act on National Holidays (Act No. 178 of 1948) articles 2 and 3; for 2020 and 2021 also the
// special measures act for the Tokyo Games (Act No. 33 of 2015, as amended). Announced days:
// https://www8.cao.go.jp/chosei/shukujitsu/syukujitsu.csv
#include "base/civil_time.hpp"

#include <string_view>
#include <vector>

namespace sekisho {

struct NationalHoliday {
    Date date{};
    std::string_view ja, en;
    bool provisional = false;  // computed, not announced
};

inline constexpr int holiday_year_first = 2020, holiday_year_announced = 2027, holiday_year_last = 2099;

// japan_holidays lists a year's holidays by date; none outside [holiday_year_first, holiday_year_last].
std::vector<NationalHoliday> japan_holidays(int year);

// holidays_by_law computes them from the law alone, announced or not.
std::vector<NationalHoliday> holidays_by_law(int year);

// japan_bank_closed: a day on which banks in Japan do not open. Source: Banking Act article 15; its
// Enforcement Order article 5 (1): national holidays, Saturdays, and December 31 to January 3. Sundays are
// in the Act itself. Gives the reason in both languages, or nothing; national holidays are not looked at.
struct BankHoliday {
    std::string_view ja, en;
};
std::optional<BankHoliday> japan_bank_closed(Date date);

}  // namespace sekisho
