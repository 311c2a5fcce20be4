#include "gateway/tunnel/websocket_frames.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr std::uint8_t opcode_close = 0x8, opcode_bits = 0x0F, final_bit = 0x80, mask_bit = 0x80;
constexpr std::size_t close_reason_max = 123;

std::uint8_t head_size(std::uint8_t second) noexcept {
    const std::uint8_t length = second & 0x7F;
    const int extended = length == 127 ? 8 : length == 126 ? 2 : 0;
    return static_cast<std::uint8_t>(2 + extended + ((second & mask_bit) != 0 ? 4 : 0));
}

std::uint64_t payload_size(const std::uint8_t* head) noexcept {
    const std::uint8_t length = head[1] & 0x7F;
    if (length < 126) return length;
    std::uint64_t size = 0;
    for (int i = 0; i < (length == 127 ? 8 : 2); ++i) size = (size << 8) | head[2 + i];
    return size;
}

}  // namespace

void WebSocketFrames::pass(ByteView bytes) noexcept {
    for (std::size_t at = 0; at < bytes.size();) {
        if (payload_ != 0) {
            const auto step = std::min<std::uint64_t>(payload_, bytes.size() - at);
            payload_ -= step;
            at += static_cast<std::size_t>(step);
            continue;
        }
        head_[have_++] = bytes[at++];
        if (have_ < 2 || have_ < head_size(head_[1])) continue;
        payload_ = payload_size(head_);
        closing_ |= (head_[0] & opcode_bits) == opcode_close;
        have_ = 0;
    }
}

std::string close_frame(std::uint16_t code, std::string_view reason) {
    const auto text = cut_utf8(reason, close_reason_max);
    std::string frame;
    frame += static_cast<char>(final_bit | opcode_close);
    frame += static_cast<char>(2 + text.size());
    frame += static_cast<char>(code >> 8);
    frame += static_cast<char>(code & 0xFF);
    frame += text;
    return frame;
}

}  // namespace sekisho::gateway
