// Goal: the end of each frame is known, however its bytes are split, and a Close frame is the one of RFC
// 6455. Method: frames of every length form, whole and byte by byte; the Close frame against the section's
// layout.
#include "gateway/tunnel/websocket_frames.hpp"

#include <gtest/gtest.h>

#include <random>

namespace sekisho::gateway {
namespace {

std::string frame(std::uint8_t first, std::size_t payload, bool masked = false) {
    std::string out(1, static_cast<char>(first));
    const int mask = masked ? 0x80 : 0;
    if (payload < 126) {
        out += static_cast<char>(mask | static_cast<int>(payload));
    } else if (payload < 65536) {
        out += static_cast<char>(mask | 126);
        out += static_cast<char>(payload >> 8);
        out += static_cast<char>(payload & 0xFF);
    } else {
        out += static_cast<char>(mask | 127);
        for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>((payload >> shift) & 0xFF);
    }
    if (masked) out += "MASK";
    return out + std::string(payload, '\x88');
}

TEST(WebSocketFrames, KnowsTheEndOfEveryLengthForm) {
    for (const bool masked : {false, true})
        for (const std::size_t payload : {0u, 1u, 125u, 126u, 127u, 65535u, 65536u, 70000u}) {
            const auto bytes = frame(0x82, payload, masked);
            WebSocketFrames frames;
            EXPECT_TRUE(frames.between());
            for (std::size_t i = 0; i < bytes.size(); ++i) {
                frames.pass(as_bytes(bytes).subspan(i, 1));
                ASSERT_EQ(frames.between(), i + 1 == bytes.size()) << payload << " at " << i;
            }
            EXPECT_FALSE(frames.closing());
        }
}

TEST(WebSocketFrames, SplitsDoNotMatter) {
    std::string stream;
    for (const std::size_t payload : {5u, 0u, 300u, 70000u, 125u, 126u}) stream += frame(0x81, payload);
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        WebSocketFrames frames;
        for (std::size_t at = 0; at < stream.size();) {
            const auto step = std::min<std::size_t>(random() % 40'000 + 1, stream.size() - at);
            frames.pass(as_bytes(stream).subspan(at, step));
            at += step;
        }
        ASSERT_TRUE(frames.between());
        ASSERT_FALSE(frames.closing());
    }
    WebSocketFrames frames;
    frames.pass(as_bytes(stream));
    frames.pass(as_bytes(frame(0x88, 2)));
    EXPECT_TRUE(frames.between() && frames.closing());
}

TEST(WebSocketFrames, ACloseFrameIsAsTheSectionSays) {
    EXPECT_EQ(close_frame(1008, "over"), std::string("\x88\x06\x03\xF0over", 8));
    const auto most = close_frame(1000, std::string(200, 'x'));
    EXPECT_EQ(most.size(), 127u) << "a control frame carries at most 125 bytes (section 5.5)";
    EXPECT_EQ(static_cast<unsigned char>(most[1]), 125u);
    std::string japanese;
    for (int i = 0; i < 60; ++i) japanese += "関";
    EXPECT_EQ(close_frame(1000, japanese).size(), 2u + 2u + 123u) << "41 whole characters";
}

}  // namespace
}  // namespace sekisho::gateway
