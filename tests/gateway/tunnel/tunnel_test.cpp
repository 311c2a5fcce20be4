// Goal: a tunnel carries every byte both ways in order, passes each end on once all before it was delivered,
// and ends by itself when nothing moves. Method: two scripted streams, one step at a time, a clock moved by
// hand; random pieces and capacities.
#include "gateway/tunnel/tunnel.hpp"

#include "tests/gateway/scripted_stream.hpp"

#include <gtest/gtest.h>

#include <random>

namespace sekisho::gateway {
namespace {

using namespace std::chrono_literals;
using State = Tunnel::State;

struct Rig {
    BufferPool pool;
    ScriptedStream client, upstream;
    FlatBuffer client_in{pool}, upstream_in{pool};
    SteadyTime now{1h};
    Tunnel tunnel{client, client_in, upstream, upstream_in, 60s, now};

    State step(Millis later = 0ms) {
        now += later;
        tunnel.step(now);
        if (tunnel.state() == State::running) {
            EXPECT_GT(tunnel.deadline(), now) << "it would be called again at once, for ever";
        }
        return tunnel.state();
    }
};

TEST(Tunnel, CarriesBytesBothWays) {
    Rig rig;
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_FALSE(rig.tunnel.step(rig.now)) << "standing still is not moving";
    rig.client.pieces = {"ping", " 1"};
    rig.upstream.pieces = {"pong", " 1", "!"};
    EXPECT_TRUE(rig.tunnel.step(rig.now));
    EXPECT_EQ(rig.upstream.wrote, "ping 1");
    EXPECT_EQ(rig.client.wrote, "pong 1!");
    EXPECT_EQ(rig.tunnel.client_bytes(), 6u);
    EXPECT_EQ(rig.tunnel.upstream_bytes(), 7u);
    EXPECT_EQ(rig.tunnel.state(), State::running);
}

TEST(Tunnel, TwoFastEndsLetOthersHaveTheirTurn) {
    Rig rig;
    constexpr std::size_t piece = 16u << 10;
    for (int i = 0; i < 100; ++i) {
        rig.client.pieces.emplace_back(piece, 'c');
        rig.upstream.pieces.emplace_back(piece, 'u');
    }
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_TRUE(rig.tunnel.paused());
    EXPECT_LE(rig.tunnel.client_bytes(), 40 * piece);
    EXPECT_LE(rig.tunnel.upstream_bytes(), 40 * piece);
    for (int i = 0; i < 10 && rig.tunnel.paused(); ++i) rig.step();
    EXPECT_FALSE(rig.tunnel.paused());
    EXPECT_EQ(rig.upstream.wrote, std::string(100 * piece, 'c'));
    EXPECT_EQ(rig.client.wrote, std::string(100 * piece, 'u'));
}

TEST(Tunnel, BytesThatCameBehindTheUpgradeGoFirst) {
    Rig rig;
    rig.client_in.append(std::string_view("first "));
    rig.upstream_in.append(std::string_view("erst "));
    rig.client.pieces = {"then"};
    rig.upstream.pieces = {"dann"};
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.upstream.wrote, "first then");
    EXPECT_EQ(rig.client.wrote, "erst dann");
}

TEST(Tunnel, OneSidesEndLeavesTheOtherWayOpen) {
    Rig rig;
    rig.client.pieces = {"last words"};
    rig.client.after_pieces = IoState::closed;
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.upstream.wrote, "last words");
    EXPECT_TRUE(rig.upstream.shut);
    EXPECT_FALSE(rig.client.shut);
    rig.upstream.pieces = {"still", " here"};
    EXPECT_EQ(rig.step(1s), State::running);
    EXPECT_EQ(rig.client.wrote, "still here");
    rig.upstream.after_pieces = IoState::closed;
    EXPECT_EQ(rig.step(), State::ended);
    EXPECT_TRUE(rig.client.shut);
    EXPECT_FALSE(rig.tunnel.step(rig.now)) << "nothing moves after the end";
}

TEST(Tunnel, AnEndIsPassedOnAfterAllThatCameBefore) {
    Rig rig;
    rig.client.pieces = {"a long last word"};
    rig.client.after_pieces = IoState::closed;
    rig.upstream.room = 6;
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.upstream.wrote, "a long");
    EXPECT_FALSE(rig.upstream.shut);
    rig.upstream.room = 100;
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.upstream.wrote, "a long last word");
    EXPECT_TRUE(rig.upstream.shut);
}

TEST(Tunnel, AnEndWaitsForWhatTheStreamItselfHolds) {
    Rig rig;
    rig.upstream.pieces = {"the last record"};
    rig.upstream.after_pieces = rig.client.after_pieces = IoState::closed;
    rig.client.room = 4;
    rig.client.holds_at_most = 100;
    EXPECT_EQ(rig.step(), State::running) << "bytes are taken, but not sent";
    EXPECT_FALSE(rig.client.shut);
    rig.client.room = 100;
    EXPECT_EQ(rig.step(), State::ended);
    EXPECT_EQ(rig.client.wrote, "the last record");
    EXPECT_TRUE(rig.client.shut);
}

TEST(Tunnel, HeldOutputLeavesWithoutNewBytes) {
    Rig rig;
    rig.client.after_pieces = IoState::closed;  // nobody reads from it any more
    rig.upstream.pieces = {"a record"};
    rig.client.room = 1;
    rig.client.holds_at_most = 100;
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.client.wrote, "a");
    rig.client.room = 100;
    EXPECT_EQ(rig.step(1s), State::running);
    EXPECT_EQ(rig.client.wrote, "a record");
}

TEST(Tunnel, ABrokenSideEndsBoth) {
    struct Row {
        const char* what;
        void (*breaks)(Rig&);
    };
    const Row rows[] = {{"client read", [](Rig& rig) { rig.client.after_pieces = IoState::failed; }},
                        {"upstream read", [](Rig& rig) { rig.upstream.after_pieces = IoState::failed; }},
                        {"client write",
                         [](Rig& rig) {
                             rig.client.write_fails = true;
                             rig.upstream.pieces = {"x"};
                         }},
                        {"upstream write", [](Rig& rig) {
                             rig.upstream.write_fails = true;
                             rig.client.pieces = {"x"};
                         }}};
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what);
        Rig rig;
        EXPECT_EQ(rig.step(), State::running);
        row.breaks(rig);
        EXPECT_EQ(rig.step(), State::failed);
        EXPECT_FALSE(rig.tunnel.step(rig.now));
    }
}

TEST(Tunnel, HeldBytesThatCannotLeaveAnyMoreAreAFailure) {
    Rig rig;
    rig.upstream.pieces = {"a record"};
    rig.client.room = 1;
    rig.client.holds_at_most = 100;
    EXPECT_EQ(rig.step(), State::running);
    rig.client.write_fails = true;
    EXPECT_EQ(rig.step(), State::failed);
}

TEST(Tunnel, EndsWhenNothingMovedForItsTime) {
    Rig rig;
    EXPECT_EQ(rig.tunnel.deadline(), rig.now + 60s);
    EXPECT_EQ(rig.step(59'999ms), State::running);
    rig.client.pieces = {"awake"};
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.tunnel.deadline(), rig.now + 60s);
    EXPECT_EQ(rig.step(59'999ms), State::running);
    EXPECT_EQ(rig.step(1ms), State::idle_too_long);
    EXPECT_FALSE(rig.client.shut);
}

TEST(Tunnel, AReaderWithoutRoomHoldsTheSenderBack) {
    Rig rig;
    for (int i = 0; i < 100; ++i) rig.upstream.pieces.push_back(std::string(10'000, 'x'));
    rig.client.room = 5'000;
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_GT(rig.upstream.pieces.size(), 95u) << "the sender's bytes piled up here";
    EXPECT_EQ(rig.client.wrote.size(), 5'000u);
    rig.client.pieces = {"the other way goes on"};
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.upstream.wrote, "the other way goes on");
    EXPECT_EQ(rig.step(60s), State::idle_too_long) << "a reader that never reads again";
}

TEST(Tunnel, GivesItsBlocksBackWhileNothingIsUnderWay) {
    Rig rig;
    rig.client.pieces = {"x"};
    rig.step();
    const auto first = rig.pool.take(static_cast<std::size_t>(BlockSize::small));
    EXPECT_TRUE(rig.client_in.empty());
    EXPECT_EQ(rig.client_in.size_bytes(), 0u);
    auto held = rig.pool.take(static_cast<std::size_t>(BlockSize::small));
    EXPECT_NE(held.data(), nullptr);
    EXPECT_EQ(std::as_const(rig.client_in).readable().data(), nullptr);
}

// Both ways at once, in pieces and through capacities that `random` chose.
TEST(Tunnel, LosesAndDoublesNothingForAnyCapacity) {
    std::mt19937 random(20'261'122);
    const auto draw = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
    for (int round = 0; round < 60; ++round) {
        Rig rig;
        std::string up, down;
        for (const auto& [stream, sent] : {std::pair{&rig.client, &up}, std::pair{&rig.upstream, &down}}) {
            for (std::size_t left = draw(30); left > 0; --left) {
                std::string piece(1 + draw(40'000), ' ');
                for (char& c : piece) c = static_cast<char>(random());
                *sent += piece;
                stream->pieces.push_back(std::move(piece));
            }
            stream->after_pieces = IoState::closed;
        }
        int turns = 0;
        for (; rig.tunnel.state() == State::running && turns < 100'000; ++turns) {
            for (auto* stream : {&rig.client, &rig.upstream}) {
                stream->room = draw(3) == 0 ? 0 : draw(20'000);
                stream->holds_at_most = draw(2) * draw(500);
            }
            rig.step();
        }
        ASSERT_EQ(rig.tunnel.state(), State::ended) << "round " << round << " after " << turns;
        ASSERT_TRUE(rig.upstream.wrote == up) << "round " << round;
        ASSERT_TRUE(rig.client.wrote == down) << "round " << round;
        EXPECT_EQ(rig.tunnel.client_bytes(), up.size());
        EXPECT_EQ(rig.tunnel.upstream_bytes(), down.size());
    }
}

struct WebSocketRig : Rig {
    WebSocketRig()
        : spoken(client, client_in, upstream, upstream_in, 60s, now, Tunnel::Protocol::websocket) {}
    Tunnel spoken;
};

TEST(Tunnel, SaysWhyBetweenTwoFrames) {
    WebSocketRig rig;
    rig.upstream.pieces = {std::string("\x81\x02hi", 4)};
    rig.spoken.step(rig.now);
    EXPECT_TRUE(rig.spoken.say_why(1008, "over"));
    EXPECT_EQ(rig.client.wrote, std::string("\x81\x02hi\x88\x06\x03\xF0over", 12));
}

TEST(Tunnel, NeverCutsAFrameInTwoToSayWhy) {
    WebSocketRig half;
    half.upstream.pieces = {std::string("\x81\x05he", 4)};
    half.spoken.step(half.now);
    EXPECT_FALSE(half.spoken.say_why(1008, "over"));
    EXPECT_EQ(half.client.wrote.size(), 4u);

    WebSocketRig held;  // whole frames, but the client has not taken the last byte
    held.client.room = 3;
    held.client.holds_at_most = 1;
    held.upstream.pieces = {std::string("\x81\x02hi", 4)};
    held.spoken.step(held.now);
    EXPECT_FALSE(held.spoken.say_why(1008, "over"));

    WebSocketRig closing;  // nothing follows a Close
    closing.upstream.pieces = {std::string("\x88\x00", 2)};
    closing.spoken.step(closing.now);
    EXPECT_FALSE(closing.spoken.say_why(1008, "over"));
    EXPECT_EQ(closing.client.wrote.size(), 2u);

    Rig other;  // not a WebSocket: its bytes are not ours to add to
    EXPECT_FALSE(other.tunnel.say_why(1008, "over"));
    EXPECT_EQ(other.client.wrote, "");
}

}  // namespace
}  // namespace sekisho::gateway
