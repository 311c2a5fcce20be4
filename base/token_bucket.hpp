#pragma once
// TokenBucket lets `burst` events pass at once and `per_second` in the long run, with one word of state.
//
// It is the "virtual scheduling" form of a leaky bucket: it keeps the time at which the bucket would be full
// again. Source: ITU-T I.371, Annex A (GCRA). Time is an argument and may stand still; a step backwards gives
// nothing away.
#include "base/clock.hpp"

#include <algorithm>
#include <cstdint>

namespace sekisho {

class TokenBucket {
public:
    // per_second and burst are at least 1.
    TokenBucket(std::uint32_t per_second, std::uint32_t burst) noexcept
        : cost_(1'000'000'000 / std::max(per_second, 1u)), depth_(cost_ * std::max(burst, 1u)) {}

    // take removes `count` tokens, all or none.
    bool take(SteadyTime now, std::uint32_t count = 1) noexcept {
        const auto full_again = std::max(full_again_, now) + cost_ * count;
        if (full_again - now > depth_) return false;
        full_again_ = full_again;
        return true;
    }

    // wait_for is how long until take(count) would succeed; zero when it would now. count is at most the
    // burst.
    std::chrono::nanoseconds wait_for(SteadyTime now, std::uint32_t count = 1) const noexcept {
        const auto wait = std::max(full_again_, now) + cost_ * count - now - depth_;
        return std::max(wait, std::chrono::nanoseconds::zero());
    }

    bool full(SteadyTime now) const noexcept { return full_again_ <= now; }

private:
    std::chrono::nanoseconds cost_, depth_;
    SteadyTime full_again_ = SteadyTime::min();
};

}  // namespace sekisho
