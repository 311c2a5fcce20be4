#pragma once
// Random bytes from the operating system's generator through OpenSSL's DRBG.
#include "base/bytes.hpp"

#include <array>

namespace sekisho {

// fill_random never returns partly filled memory: a failing generator stops the process.
void fill_random(std::span<std::uint8_t> out) noexcept;

template <std::size_t N>
std::array<std::uint8_t, N> random_bytes() noexcept {
    std::array<std::uint8_t, N> out;
    fill_random(out);
    return out;
}

// random_below draws evenly from [0, bound); bound must not be 0.
std::uint64_t random_below(std::uint64_t bound) noexcept;

}  // namespace sekisho
