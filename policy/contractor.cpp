#include "policy/contractor.hpp"

#include <algorithm>

namespace sekisho::policy {
namespace {

// Windows that follow one another, such as a morning and an afternoon, are joined at most this often;
// stopping early only makes a decision be asked again.
constexpr int joints_max = 16;

}  // namespace

Contract make_contract(Date from, Date to, Zone zone, std::vector<TimeWindow> hours) {
    const Date day_after{std::chrono::sys_days{to} + std::chrono::days{1}};
    return {from, to, zone, start_of_day(from, zone), start_of_day(day_after, zone), std::move(hours)};
}

Standing standing_of(const Contract& contract, WallTime now) {
    if (now < contract.begin) return Standing::not_started;
    if (now >= contract.end) return Standing::ended;
    return open_at(contract.hours, now) ? Standing::in_force : Standing::outside_hours;
}

WallTime holds_until(const Contract& contract, WallTime now) {
    return std::min(contract.end, open_until(contract.hours, now));
}

bool open_at(std::span<const TimeWindow> hours, WallTime now) {
    return hours.empty() ||
           std::any_of(hours.begin(), hours.end(), [&](const TimeWindow& w) { return w.contains(now); });
}

WallTime open_until(std::span<const TimeWindow> hours, WallTime now) {
    if (hours.empty()) return WallTime::max();
    for (int joint = 0; joint < joints_max; ++joint) {
        auto latest = now;
        for (const auto& window : hours)
            if (window.contains(now)) latest = std::max(latest, window.next_edge(now));
        if (latest == now || latest == WallTime::max()) return latest;
        now = latest;
    }
    return now;
}

WallTime opens_at(std::span<const TimeWindow> hours, WallTime now) {
    if (open_at(hours, now)) return now;
    auto earliest = WallTime::max();
    for (const auto& window : hours) earliest = std::min(earliest, window.next_edge(now));
    return earliest;
}

}  // namespace sekisho::policy
