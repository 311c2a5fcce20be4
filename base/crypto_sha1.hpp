#pragma once
// SHA-1, for protocols that ask for it where nothing rests on it.
#include "base/bytes.hpp"

#include <array>

namespace sekisho {

std::array<std::uint8_t, 20> sha1(ByteView bytes) noexcept;

}  // namespace sekisho
