#pragma once
// SHA-1, for protocols that name it and lean on it for nothing: the WebSocket handshake.
#include "base/bytes.hpp"

#include <array>

namespace sekisho {

std::array<std::uint8_t, 20> sha1(ByteView bytes) noexcept;

}  // namespace sekisho
