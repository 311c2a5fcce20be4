#pragma once
// near_end_seconds says whether the end of an access is close enough to warn of it: on our pages, and in a
// field for API clients.
#include "base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace sekisho::gateway {

inline constexpr Seconds near_end_lead{300};

// near_end_seconds: until `ends`, rounded up and at least 1; 0 while that is further away than the lead.
constexpr std::uint32_t near_end_seconds(WallTime ends, WallTime now) noexcept {
    if (ends == WallTime::max() || ends - now > near_end_lead) return 0;
    return static_cast<std::uint32_t>(
        std::max<std::int64_t>(std::chrono::ceil<Seconds>(ends - now).count(), 1));
}

}  // namespace sekisho::gateway
