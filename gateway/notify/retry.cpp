#include "gateway/notify/retry.hpp"

#include <algorithm>

namespace sekisho::gateway {

Seconds wait_before(std::uint32_t failures, std::uint64_t dice) noexcept {
    constexpr std::int64_t first = 30, longest = 3600;
    const auto doublings = std::min<std::uint32_t>(std::max<std::uint32_t>(failures, 1) - 1, 16);
    const auto base = std::min(first << doublings, longest);
    return Seconds{base + base / 4 * static_cast<std::int64_t>(dice % 1000) / 1000};
}

}  // namespace sekisho::gateway
