#pragma once
// Http2Output knows by frames what an HTTP/2 connection has yet to send, so that what a stream may no longer
// say can be taken back while the other streams go on.
#include "gateway/http/buffer_pool.hpp"

#include <cstdint>

namespace sekisho::gateway {

class Http2Output {
public:
    // `bytes` holds whole frames as the codec writes them; nobody else consumes from it.
    explicit Http2Output(FlatBuffer& bytes) noexcept : bytes_(bytes) {}

    // sent consumes what the socket took.
    void sent(std::size_t bytes) noexcept;
    // withhold turns a stream's DATA that has not begun to leave into padding (RFC 9113 section 6.1): its
    // content is gone, and both sides still agree on flow control. Returns the body bytes taken back.
    std::size_t withhold(std::int32_t stream);
    // holds_data: DATA of any stream stands here, or a frame that has begun to leave.
    bool holds_data() const noexcept;

private:
    FlatBuffer& bytes_;
    std::size_t begun_left_ = 0;  // of the frame that has begun to leave
};

}  // namespace sekisho::gateway
