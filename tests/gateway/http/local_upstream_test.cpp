// Goal: an answer of our own gets the whole small body once, refuses one that is too large, and comes out
// whole whenever it was made. Method: bodies below, at and above the limit in pieces; answers made at once,
// later and beforehand.
#include "gateway/http/local_upstream.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

ByteView bytes_of(std::string_view text) { return as_bytes(text); }

std::string read_all(LocalUpstream& upstream, std::size_t at_once = 1'000) {
    std::string body;
    for (;;) {
        const auto piece = upstream.response_body();
        if (piece.state != BodyPeek::State::data) {
            EXPECT_EQ(piece.state, BodyPeek::State::end);
            return body;
        }
        const auto bytes = std::min(at_once, piece.bytes.size());
        body += as_text(piece.bytes.first(bytes));
        upstream.consume_response_body(bytes);
    }
}

// Calls counts how often an answer was asked for, and with what.
struct Calls {
    int count = 0;
    std::string body;
    std::shared_ptr<PendingReply> pending;
    LocalUpstream::Make keeps() {
        return [this](std::string whole, const std::shared_ptr<PendingReply>& reply) {
            ++count;
            body = std::move(whole);
            pending = reply;
        };
    }
};

TEST(LocalUpstream, AsksOnceWithTheWholeBody) {
    Calls calls;
    LocalUpstream upstream(calls.keeps(), 100, false);
    EXPECT_EQ(upstream.write_body(bytes_of("name=")), 5u);
    EXPECT_EQ(upstream.write_body(bytes_of("sato")), 4u);
    EXPECT_EQ(calls.count, 0);
    EXPECT_EQ(upstream.response().state, ResponsePeek::State::wait);
    upstream.finish_body({});
    upstream.finish_body({});
    EXPECT_EQ(calls.count, 1);
    EXPECT_EQ(calls.body, "name=sato");
}

TEST(LocalUpstream, AnAnswerMadeLaterIsWaitedFor) {
    Calls calls;
    LocalUpstream upstream(calls.keeps(), 100, false);
    upstream.finish_body({});
    EXPECT_EQ(upstream.response().state, ResponsePeek::State::wait);
    EXPECT_EQ(upstream.deadline(), SteadyTime::max());
    calls.pending->reply = LocalReply{303, {}, "go on", false};
    const auto peek = upstream.response();
    ASSERT_EQ(peek.state, ResponsePeek::State::final);
    ASSERT_NE(peek.ours, nullptr);
    EXPECT_EQ(peek.ours->status, 303);
    EXPECT_EQ(read_all(upstream), "go on");
}

TEST(LocalUpstream, AnAnswerForARequestThatIsGoneHarmsNobody) {
    Calls calls;
    {
        LocalUpstream upstream(calls.keeps(), 100, false);
        upstream.finish_body({});
    }
    calls.pending->reply = LocalReply{};
    EXPECT_EQ(calls.pending.use_count(), 1);
}

TEST(LocalUpstream, TakesABodyUpToItsLimit) {
    for (const std::size_t size : {9u, 10u, 11u}) {
        for (const std::size_t piece : {1u, 4u, 11u}) {
            SCOPED_TRACE(std::to_string(size) + " bytes in pieces of " + std::to_string(piece));
            Calls calls;
            LocalUpstream upstream(calls.keeps(), 10, false);
            const std::string body(size, 'x');
            for (std::size_t at = 0; at < size; at += piece) {
                const auto part = std::string_view(body).substr(at, piece);
                EXPECT_EQ(upstream.write_body(bytes_of(part)), part.size());
            }
            upstream.finish_body({});
            EXPECT_EQ(upstream.body_too_large(), size > 10);
            EXPECT_EQ(calls.count, size > 10 ? 0 : 1);
            if (size <= 10) {
                EXPECT_EQ(calls.body, body);
                continue;
            }
            const auto peek = upstream.response();
            ASSERT_EQ(peek.state, ResponsePeek::State::final);
            EXPECT_EQ(peek.ours->status, 413);
            EXPECT_TRUE(peek.ours->close);
        }
    }
}

TEST(LocalUpstream, AReadyAnswerWantsNoBody) {
    LocalUpstream upstream(LocalReply{403, {}, "no", false}, false);
    EXPECT_EQ(upstream.response().ours->status, 403);
    EXPECT_EQ(upstream.write_body(bytes_of("what still comes")), 16u);
    upstream.finish_body({});
    EXPECT_EQ(read_all(upstream), "no");
    EXPECT_FALSE(upstream.body_too_large());
}

TEST(LocalUpstream, GivesItsBodyInAnyPieces) {
    const std::string body = "a page of some length";
    for (std::size_t at_once = 1; at_once <= body.size(); ++at_once) {
        LocalUpstream upstream(LocalReply{200, {}, body, false}, false);
        EXPECT_EQ(read_all(upstream, at_once), body);
        EXPECT_EQ(upstream.response_body().state, BodyPeek::State::end);
    }
}

TEST(LocalUpstream, AHeadAloneHasNoBody) {
    LocalUpstream upstream(LocalReply{200, {}, "a page", false}, true);
    EXPECT_EQ(upstream.response().ours->body, "a page") << "its length is still told";
    EXPECT_EQ(upstream.response_body().state, BodyPeek::State::end);
}

}  // namespace
}  // namespace sekisho::gateway
