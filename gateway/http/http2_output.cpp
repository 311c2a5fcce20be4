#include "gateway/http/http2_output.hpp"

#include <algorithm>
#include <vector>

namespace sekisho::gateway {
namespace {

constexpr std::size_t kHeadBytes = 9;
constexpr std::uint8_t kData = 0;
constexpr std::uint8_t kPadded = 8;
constexpr std::size_t kPaddedPayloadMax = 256;  // one byte that counts the padding, and 255 of it

struct Frame {
    std::size_t payload_bytes;
    std::uint8_t type;
    std::uint32_t stream;
    std::size_t bytes() const noexcept { return kHeadBytes + payload_bytes; }
};

Frame frame_at(const std::uint8_t* head) noexcept {
    const auto byte = [head](std::size_t i) { return static_cast<std::uint32_t>(head[i]); };
    return {byte(0) << 16U | byte(1) << 8U | byte(2), head[3],
            (byte(5) & 0x7FU) << 24U | byte(6) << 16U | byte(7) << 8U | byte(8)};
}

// As many bytes of DATA as the flow control of this stream was charged with, none of them content.
void append_padding(std::vector<std::uint8_t>& out, const std::uint8_t* head, std::size_t bytes) {
    while (bytes != 0) {
        const auto payload = std::min(bytes, kPaddedPayloadMax);
        const std::uint8_t padded[] = {0,
                                       static_cast<std::uint8_t>(payload >> 8U),
                                       static_cast<std::uint8_t>(payload),
                                       kData,
                                       kPadded,
                                       head[5],
                                       head[6],
                                       head[7],
                                       head[8],
                                       static_cast<std::uint8_t>(payload - 1)};
        out.insert(out.end(), std::begin(padded), std::end(padded));
        out.insert(out.end(), payload - 1, 0);
        bytes -= payload;
    }
}

}  // namespace

void Http2Output::sent(std::size_t bytes) noexcept {
    const ByteView all = std::as_const(bytes_).readable();
    std::size_t at = begun_left_;  // where the next frame begins
    while (at < bytes) at += frame_at(all.data() + at).bytes();
    begun_left_ = at - bytes;
    bytes_.consume(bytes);
}

std::size_t Http2Output::withhold(std::int32_t stream) {
    const ByteView all = std::as_const(bytes_).readable();
    std::vector<std::uint8_t> kept(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(begun_left_));
    std::size_t withheld = 0;
    for (std::size_t at = begun_left_; at < all.size();) {
        const auto* const head = all.data() + at;
        const auto frame = frame_at(head);
        if (frame.type == kData && frame.stream == static_cast<std::uint32_t>(stream)) {
            append_padding(kept, head, frame.payload_bytes);
            withheld += frame.payload_bytes;
        } else {
            kept.insert(kept.end(), head, head + frame.bytes());
        }
        at += frame.bytes();
    }
    if (withheld == 0) return 0;
    bytes_.consume(bytes_.size_bytes());
    bytes_.append(kept);
    return withheld;
}

bool Http2Output::holds_data() const noexcept {
    if (begun_left_ != 0) return true;
    const ByteView all = std::as_const(bytes_).readable();
    for (std::size_t at = 0; at < all.size();) {
        const auto frame = frame_at(all.data() + at);
        if (frame.type == kData) return true;
        at += frame.bytes();
    }
    return false;
}

}  // namespace sekisho::gateway
