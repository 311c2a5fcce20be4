#include "gateway/http/http2_budgets.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr std::string_view kFaultNames[] = {
    "none",           "reset_flood", "made_reset_flood", "settings_flood",     "ping_flood",
    "priority_flood", "empty_flood", "window_flood",     "small_window_flood", "continuation_flood",
    "head_flood",     "slow_head",   "protocol",         "peer_left"};

}  // namespace

std::string_view to_text(Http2Fault fault) noexcept { return kFaultNames[static_cast<std::size_t>(fault)]; }

bool Http2Budgets::spend(Http2Spending what, SteadyTime now) noexcept {
    auto& left = left_[static_cast<std::size_t>(what)];
    const auto& budget = kHttp2Budgets[static_cast<std::size_t>(what)];
    if (left.spent == 0) left.since = now;
    const auto seconds = std::chrono::duration_cast<Seconds>(now - left.since).count();
    if (seconds > 0) {
        const auto regrown = static_cast<std::uint64_t>(seconds) * budget.per_second;
        left.spent -= static_cast<std::uint32_t>(std::min<std::uint64_t>(regrown, left.spent));
        left.since += Seconds{seconds};
    }
    return ++left.spent <= budget.burst;
}

void Http2Budgets::earn(Http2Spending what, std::uint32_t times) noexcept {
    auto& left = left_[static_cast<std::size_t>(what)];
    left.spent -= std::min(left.spent, times);
}

}  // namespace sekisho::gateway
