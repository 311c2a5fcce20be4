#include "base/random.hpp"

#include "base/check.hpp"

#include <openssl/rand.h>

#include <cstring>
#include <limits>

namespace sekisho {

void fill_random(std::span<std::uint8_t> out) noexcept {
    check(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1, "the random generator failed");
}

std::uint64_t random_below(std::uint64_t bound) noexcept {
    check(bound != 0, "random_below(0)");
    // Values past the last whole multiple of `bound` would favour small results: draw again.
    const std::uint64_t limit = std::numeric_limits<std::uint64_t>::max() / bound * bound;
    for (;;) {
        std::uint64_t value = 0;
        fill_random({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
        if (value < limit) return value % bound;
    }
}

}  // namespace sekisho
