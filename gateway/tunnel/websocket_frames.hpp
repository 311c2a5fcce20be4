#pragma once
// WebSocketFrames follows where one frame ends and the next begins (RFC 6455 section 5.2), so that the
// gateway can say why it ends a WebSocket without cutting a frame in two. A pure machine; it keeps no
// payload.
#include "base/bytes.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace sekisho::gateway {

class WebSocketFrames {
public:
    // pass takes note of bytes in the order they were sent; any split.
    void pass(ByteView bytes) noexcept;
    // between: everything so far was whole frames.
    bool between() const noexcept { return have_ == 0 && payload_ == 0; }
    // closing: a Close frame passed; nothing may follow it (section 5.5.1).
    bool closing() const noexcept { return closing_; }

private:
    std::uint8_t head_[14] = {};
    std::uint8_t have_ = 0;      // bytes of an unfinished head
    std::uint64_t payload_ = 0;  // bytes of the current frame still to come
    bool closing_ = false;
};

// A Close frame as a server sends it (sections 5.5.1 and 7.4). `reason` is UTF-8; cut to 123 bytes.
std::string close_frame(std::uint16_t code, std::string_view reason);

}  // namespace sekisho::gateway
