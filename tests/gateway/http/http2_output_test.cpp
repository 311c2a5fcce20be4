// Goal: what a stream wrote can be taken back without harm to the others on its connection. Method: a server
// that has written for two streams and sent a part, at every cut, against a client that reads the rest.
#include "gateway/http/http2_output.hpp"

#include "gateway/http/http2_codec.hpp"
#include "http2_frames.hpp"

#include <gtest/gtest.h>

#include <map>

namespace sekisho::gateway {
namespace {

struct Stream final : Http2Stream {
    Http2Codec* codec = nullptr;
    std::string body;
    std::optional<Http2Code> was_closed;
    bool ended = false;

    void head_came(Http2Fields& fields, bool ends) override {
        ResponseHead head;
        ASSERT_EQ(fields.response(ends, {}, head), HeadFault::none);
        codec->expect_body(*this, head);
    }
    void body_came(ByteView bytes) override {
        body += as_text(bytes);
        codec->consumed(*this, bytes.size());
    }
    void end_came(std::span<const Field>) override { ended = true; }
    void closed(Http2Code code) override { was_closed = code; }
    void may_write() override {}
};

// A server and a client, joined by hand.
struct Pair final : Http2Owner {
    BufferPool pool;
    FlatBuffer from_server{pool}, from_client{pool};
    Http2Output output{from_server};
    SteadyTime now{Seconds{1000}};
    std::map<std::int32_t, std::unique_ptr<Stream>> served;
    Http2Codec server, client;
    Stream first, second;

    Pair()
        : server(Http2Codec::Role::server, {}, *this, from_server),
          client(Http2Codec::Role::client, {}, *this, from_client) {
        exchange();  // a client opens nothing before it knows how much it may
        begin(first);
        begin(second);
        exchange();
    }
    void begin(Stream& stream) {
        stream.codec = &client;
        EXPECT_TRUE(client.open(stream, {"GET", "https", "wiki.test", "/"}, {}, true));
    }
    void stream_opened(std::int32_t id, std::unique_ptr<Http2Fields> fields, bool ends) override {
        RequestHead head;
        ASSERT_EQ(fields->request(ends, {}, head), HeadFault::none);
        auto& stream = served[id] = std::make_unique<Stream>();
        server.accept(id, *stream, head, ends);
        server.respond(*stream, 200, {}, false);
    }
    void exchange() {
        server.receive(std::as_const(from_client).readable(), now);
        from_client.consume(from_client.size_bytes());
        give(from_server.size_bytes());
        server.receive(std::as_const(from_client).readable(), now);
        from_client.consume(from_client.size_bytes());
    }
    // give lets the client have this many bytes of what the server wrote.
    void give(std::size_t bytes) {
        client.receive(std::as_const(from_server).readable().first(bytes), now);
        output.sent(bytes);
        server.output_drained();
    }
    std::size_t write(Stream& stream, std::string_view text) {
        return server.send_body(*served.at(stream.id()), as_bytes(text), false);
    }
};

TEST(Http2Output, WhatAStreamWroteIsTakenBackAndTheOthersGoOn) {
    for (std::size_t cut = 0; cut < 80; ++cut) {
        Pair pair;
        EXPECT_EQ(pair.write(pair.first, "aaaaaaaaaa"), 10u);
        EXPECT_EQ(pair.write(pair.second, "bbbbbbbbbb"), 10u);
        EXPECT_EQ(pair.write(pair.first, "cccccccccc"), 10u);
        EXPECT_EQ(pair.write(pair.second, "dddddddddd"), 10u);
        const auto all = pair.from_server.size_bytes();
        ASSERT_EQ(all, 4 * 19u);
        pair.give(std::min(cut, all));
        const std::size_t begun = cut == 0 ? 0 : cut < 39 ? 10 : 20;  // a frame that has begun goes out whole
        EXPECT_EQ(pair.output.withhold(pair.first.id()), 20 - begun) << cut;
        pair.server.drop(*pair.served.at(pair.first.id()), Http2Code::internal_error);
        EXPECT_EQ(pair.write(pair.second, "eeeeeeeeee"), 10u);
        pair.exchange();
        EXPECT_EQ(pair.first.body, std::string("aaaaaaaaaacccccccccc").substr(0, begun)) << cut;
        EXPECT_EQ(pair.first.was_closed, Http2Code::internal_error);
        EXPECT_FALSE(pair.first.ended);
        EXPECT_EQ(pair.second.body, "bbbbbbbbbbddddddddddeeeeeeeeee");
        EXPECT_EQ(pair.client.state(), Http2Codec::State::open);
    }
}

// Were the bytes merely left out, the connection's window would be gone after eight rounds.
TEST(Http2Output, FlowControlStillAgreesWhenMuchWasTakenBack) {
    Pair pair;
    const std::string much(100'000, 'x');
    std::string expected;
    for (int round = 0; round < 40; ++round) {
        Stream stream;
        pair.begin(stream);
        pair.exchange();
        std::size_t wrote = pair.write(stream, much);
        EXPECT_GT(wrote, 60'000u) << round;
        EXPECT_EQ(pair.output.withhold(stream.id()), wrote);
        EXPECT_TRUE(pair.output.holds_data()) << "as padding";
        pair.server.drop(*pair.served.at(stream.id()), Http2Code::cancel);
        pair.exchange();
        EXPECT_TRUE(stream.body.empty());
        EXPECT_EQ(stream.was_closed, Http2Code::cancel);
        EXPECT_EQ(pair.write(pair.second, "still"), 5u) << round;
        pair.exchange();
        expected += "still";
    }
    EXPECT_EQ(pair.second.body, expected);
}

TEST(Http2Output, OnlyDataIsWithheld) {
    Pair pair;
    EXPECT_FALSE(pair.output.holds_data());
    pair.server.interim(*pair.served.at(pair.first.id()), 103, {});
    const auto before = std::string(pair.from_server.text());
    EXPECT_EQ(pair.output.withhold(pair.first.id()), 0u);
    EXPECT_EQ(pair.from_server.text(), before);
    EXPECT_FALSE(pair.output.holds_data());
}

}  // namespace
}  // namespace sekisho::gateway
