#pragma once
// How long a notice that could not be delivered waits.
#include "base/clock.hpp"

namespace sekisho::gateway {

// wait_before: after the n-th failure (1 is the first) half a minute, doubled each time, at most an hour, and
// up to a quarter more by chance (`dice` modulo 1000), so that many do not come back at once.
Seconds wait_before(std::uint32_t failures, std::uint64_t dice) noexcept;

}  // namespace sekisho::gateway
