// Goal: one request and its response pass both ways whatever the two ends do, nothing is lost, nothing waits
// for ever, and whoever is to blame for an end is named.
// Method: two ends in memory that stand still where told, a clock moved by hand, one step at a time; a table
// of rooms for back-pressure; random ends for the deadlines.
#include "gateway/http/exchange.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace sekisho::gateway {
namespace {

using namespace std::chrono_literals;
using State = Exchange::State;

constexpr std::size_t kUnlimited = static_cast<std::size_t>(-1);

// A body one end has, and room for the one it gets.
struct End {
    std::string has, got;
    std::size_t given = 0, room = kUnlimited, piece = kUnlimited;
    bool ends = true, fails = false;
    bool finished = false;
    std::string finished_with;

    BodyPeek peek() const {
        if (given < has.size())
            return {BodyPeek::State::data, as_bytes(std::string_view(has).substr(given, piece))};
        if (fails) return {BodyPeek::State::failed, {}};
        return {ends ? BodyPeek::State::end : BodyPeek::State::wait, {}};
    }
    std::size_t take(ByteView bytes) {
        EXPECT_FALSE(finished) << "a body went on after its end";
        const auto taken = std::min(room, bytes.size());
        got += as_text(bytes.first(taken));
        if (room != kUnlimited) room -= taken;
        return taken;
    }
    void finish(std::string_view trailers) {
        EXPECT_FALSE(finished) << "a body ended twice";
        finished = true;
        finished_with = trailers;
    }
};

class FakeClient final : public ClientSide {
public:
    End body;
    std::string trailers;
    std::vector<int> interims;
    int started = 0;  // status
    bool started_ours = false;
    Flush flushes = Flush::done;
    std::size_t flush_makes_room = 0;

    BodyPeek request_body() override { return body.peek(); }
    void consume_request_body(std::size_t bytes) override { body.given += bytes; }
    std::string_view request_trailers() const override { return trailers; }
    void interim(const ResponseHead& head) override {
        EXPECT_EQ(started, 0);
        interims.push_back(head.status);
    }
    void start(const ResponseHead& head) override {
        EXPECT_EQ(started, 0);
        started = head.status;
    }
    void start_ours(const LocalReply& reply) override {
        EXPECT_EQ(started, 0);
        started = reply.status;
        started_ours = true;
    }
    std::size_t write_body(ByteView bytes) override {
        EXPECT_NE(started, 0) << "a body before its head";
        return body.take(bytes);
    }
    void finish(std::string_view text) override { body.finish(text); }
    Flush flush() override {
        body.room += std::exchange(flush_makes_room, 0);
        return flushes;
    }
    std::uint16_t status() const noexcept override { return static_cast<std::uint16_t>(started); }
    BodyFault body_fault() const noexcept override { return BodyFault::none; }
    bool keeps_connection() const noexcept override { return true; }
};

class FakeUpstream final : public UpstreamSide {
public:
    End body;
    std::string trailers;
    std::deque<ResponsePeek::State> heads;
    ResponseHead head;
    LocalReply reply;
    bool answers_ours = false, answered = false, withholds = false;
    std::uint16_t interim_status = 103;
    SteadyTime until = SteadyTime::max();
    std::size_t asking_makes_room = 0;  // as when its connection turns out to stand
    Millis next_attempt{0};             // 0: fails when it expires
    int expired = 0;

    std::size_t write_body(ByteView bytes) override {
        withholds = false;
        return body.take(bytes);
    }
    void finish_body(std::string_view text) override { body.finish(text); }
    bool withholds_continue() const noexcept override { return withholds; }
    Flush flush() override { return Flush::done; }
    ResponsePeek response() override {
        body.room += std::exchange(asking_makes_room, 0);
        if (heads.empty()) return {};
        const auto state = heads.front();
        if (state != ResponsePeek::State::failed) heads.pop_front();
        answered = state == ResponsePeek::State::final;
        if (state == ResponsePeek::State::interim && interim_status == 100) withholds = false;
        head.status = state == ResponsePeek::State::switching ? 101 : 200;
        if (state == ResponsePeek::State::interim) head.status = interim_status;
        if (answers_ours) return {state, nullptr, &reply};
        return {state, &head, nullptr};
    }
    BodyPeek response_body() override {
        EXPECT_TRUE(answered) << "a body was asked for before the head it belongs to";
        return body.peek();
    }
    void consume_response_body(std::size_t bytes) override { body.given += bytes; }
    std::string_view response_trailers() const override { return trailers; }
    UpstreamFault fault() const override { return UpstreamFault::none; }
    SteadyTime deadline() const override { return until; }
    void expire(SteadyTime now) override {
        ++expired;
        until = next_attempt.count() != 0 ? now + next_attempt : SteadyTime::max();
        if (next_attempt.count() == 0) heads.push_back(ResponsePeek::State::failed);
    }
    void answer() { heads.push_back(ResponsePeek::State::final); }
};

struct Rig {
    explicit Rig(PaceLimits limits = {}) : pace(limits) {}
    FakeClient client;
    FakeUpstream upstream;
    PaceLimits pace;
    SteadyTime now{1h};
    Exchange exchange{client, upstream, pace, now};

    State step(Millis later = 0ms) {
        now += later;
        exchange.step(now);
        if (exchange.state() == State::running) {
            EXPECT_GT(exchange.deadline(), now) << "it would be called again at once, for ever";
        }
        return exchange.state();
    }
};

TEST(Exchange, CompletesWhenBothBodiesAreThrough) {
    Rig rig;
    rig.client.body.has = "question";
    rig.client.trailers = "A: 1\r\n\r\n";
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.upstream.body.got, "question");
    EXPECT_EQ(rig.upstream.body.finished_with, "A: 1\r\n\r\n");
    EXPECT_TRUE(rig.exchange.request_done());
    EXPECT_FALSE(rig.exchange.response_started());

    rig.upstream.answer();
    rig.upstream.body.has = "the answer";
    rig.upstream.trailers = "B: 2\r\n\r\n";
    EXPECT_EQ(rig.step(5ms), State::completed);
    EXPECT_EQ(rig.client.started, 200);
    EXPECT_EQ(rig.client.body.got, "the answer");
    EXPECT_EQ(rig.client.body.finished_with, "B: 2\r\n\r\n");
    EXPECT_EQ(rig.exchange.request_bytes(), 8u);
    EXPECT_EQ(rig.exchange.response_bytes(), 10u);
    EXPECT_EQ(rig.exchange.first_byte_at(), rig.now);
    EXPECT_FALSE(rig.exchange.step(rig.now)) << "nothing moves after the end";
}

TEST(Exchange, OurOwnAnswerIsStartedAsOurs) {
    Rig rig;
    rig.upstream.answers_ours = true;
    rig.upstream.reply.status = 403;
    rig.upstream.answer();
    EXPECT_EQ(rig.step(), State::completed);
    EXPECT_TRUE(rig.client.started_ours);
    EXPECT_EQ(rig.client.started, 403);
}

TEST(Exchange, IsNotCompleteBeforeTheClientsSocketTookAll) {
    Rig rig;
    rig.upstream.answer();
    rig.client.flushes = Flush::wait;
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_TRUE(rig.client.body.finished);
    rig.client.flushes = Flush::done;
    EXPECT_EQ(rig.step(), State::completed);
}

TEST(Exchange, BothDirectionsGoOnAtOnce) {
    Rig rig;
    rig.client.body.ends = rig.upstream.body.ends = false;
    rig.client.body.has = "one ";
    rig.step();
    rig.upstream.answer();
    rig.upstream.body.has = "eins ";
    rig.step();
    EXPECT_EQ(rig.client.body.got, "eins ");
    rig.client.body.has += "two";
    rig.upstream.body.has += "zwei";
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.upstream.body.got, "one two");
    EXPECT_EQ(rig.client.body.got, "eins zwei");
    rig.client.body.ends = true;
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_TRUE(rig.upstream.body.finished);
    rig.upstream.body.ends = true;
    EXPECT_EQ(rig.step(), State::completed);
}

TEST(Exchange, NothingIsLostWhateverRoomTheOtherEndHas) {
    struct Row {
        std::size_t upstream_room, client_room;
        int steps;              // for 12 bytes each way, the end included
        std::size_t requested;  // bytes of the request that went up before the response was through
    };
    constexpr Row kRows[] = {{kUnlimited, kUnlimited, 1, 12},
                             {1, kUnlimited, 1, 1},
                             {kUnlimited, 1, 12, 12},
                             {1, 1, 12, 12},
                             {5, 7, 2, 10},
                             {12, 12, 1, 12}};
    for (const Row& row : kRows) {
        SCOPED_TRACE(std::to_string(row.upstream_room) + " and " + std::to_string(row.client_room));
        Rig rig;
        rig.client.body.has = "question 012";
        rig.upstream.body.has = "answer 34567";
        rig.upstream.answer();
        int steps = 0;
        while (rig.exchange.state() == State::running && steps < 100) {
            rig.upstream.body.room = row.upstream_room;
            rig.client.body.room = row.client_room;
            rig.step();
            ++steps;
            EXPECT_EQ(rig.client.body.got, rig.upstream.body.has.substr(0, rig.upstream.body.given));
            EXPECT_EQ(rig.upstream.body.got, rig.client.body.has.substr(0, rig.client.body.given));
        }
        EXPECT_EQ(rig.exchange.state(), State::completed);
        EXPECT_EQ(steps, row.steps);
        EXPECT_EQ(rig.client.body.got, "answer 34567");
        EXPECT_EQ(rig.upstream.body.got.size(), row.requested);
    }
}

TEST(Exchange, TwoFastEndsLetOthersHaveTheirTurn) {
    Rig rig;
    for (auto* body : {&rig.client.body, &rig.upstream.body}) {
        body->has.assign(5 * Exchange::kStepBytesMax / 2, 'x');
        body->piece = 16u << 10;
    }
    rig.upstream.answer();
    for (std::uint64_t i = 1; i <= 2; ++i) {
        EXPECT_EQ(rig.step(), State::running);
        EXPECT_TRUE(rig.exchange.paused());
        EXPECT_LE(rig.exchange.request_bytes(), i * Exchange::kStepBytesMax);
        EXPECT_LE(rig.exchange.response_bytes(), i * Exchange::kStepBytesMax);
        EXPECT_GE(rig.exchange.request_bytes() + rig.exchange.response_bytes(), i * Exchange::kStepBytesMax);
    }
    for (int i = 0; i < 4 && rig.exchange.state() == State::running; ++i) rig.step();
    EXPECT_EQ(rig.exchange.state(), State::completed);
    EXPECT_FALSE(rig.exchange.paused());
    EXPECT_EQ(rig.client.body.got, rig.upstream.body.has);
    EXPECT_EQ(rig.upstream.body.got, rig.client.body.has);
}

TEST(Exchange, NothingIsTakenFromAnEndWhileTheOtherHasNoRoom) {
    Rig rig;
    rig.client.body.has = "question";
    rig.upstream.body.has = "answer";
    rig.upstream.body.room = rig.client.body.room = 0;
    rig.upstream.answer();
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.client.body.given, 0u);
    EXPECT_EQ(rig.upstream.body.given, 0u);
    EXPECT_FALSE(rig.exchange.step(rig.now)) << "standing still is not moving";
}

// A socket that was found ready once says so no second time: what became possible must be done at once.
TEST(Exchange, RoomThatAppearsWhileItLooksIsUsedInTheSameStep) {
    Rig rig;
    rig.client.body.has = "question";
    rig.upstream.body.room = 0;
    rig.upstream.asking_makes_room = 100;
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.upstream.body.got, "question");
    EXPECT_TRUE(rig.upstream.body.finished);

    rig.upstream.answer();
    rig.upstream.body.ends = false;
    rig.step();
    rig.upstream.body.has = "answer";
    rig.client.body.room = 0;
    rig.client.flush_makes_room = 100;
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.client.body.got, "answer");
}

TEST(Exchange, PassesSixteenInterimHeadsAndNoMore) {
    Rig rig;
    for (int i = 0; i < 16; ++i) rig.upstream.heads.push_back(ResponsePeek::State::interim);
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.client.interims, std::vector<int>(16, 103));
    EXPECT_FALSE(rig.exchange.response_started());
    Rig answered;
    answered.upstream.heads = std::deque<ResponsePeek::State>(16, ResponsePeek::State::interim);
    answered.upstream.answer();
    EXPECT_EQ(answered.step(), State::completed);

    rig.upstream.heads.push_back(ResponsePeek::State::interim);
    EXPECT_EQ(rig.step(), State::upstream_failed);
    EXPECT_EQ(rig.client.interims.size(), 16u);
}

TEST(Exchange, AnAnswerBeforeTheRequestsEndEndsIt) {
    Rig rig;
    rig.client.body.has = "the first part";
    rig.client.body.ends = false;
    rig.step();
    rig.upstream.answer();
    rig.upstream.body.has = "too large";
    EXPECT_EQ(rig.step(), State::completed);
    EXPECT_FALSE(rig.exchange.request_done()) << "the connection must not carry another request";
    EXPECT_FALSE(rig.upstream.body.finished) << "the upstream must not take it for the whole";
}

TEST(Exchange, NamesTheSideThatFailed) {
    struct Row {
        const char* what;
        void (*happens)(Rig&);
        bool after_head;
        State wanted;
    };
    const Row kRows[] = {
        {"bad body", [](Rig& rig) { rig.client.body.fails = true; }, false, State::client_failed},
        {"bad body late", [](Rig& rig) { rig.client.body.fails = true; }, true, State::client_failed},
        {"client gone", [](Rig& rig) { rig.client.flushes = Flush::failed; }, false, State::client_failed},
        {"client gone late", [](Rig& rig) { rig.client.flushes = Flush::failed; }, true,
         State::client_failed},
        {"no head", [](Rig& rig) { rig.upstream.heads.push_back(ResponsePeek::State::failed); }, false,
         State::upstream_failed},
        {"cut body", [](Rig& rig) { rig.upstream.body.fails = true; }, true, State::upstream_failed}};
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.what);
        Rig rig;
        rig.client.body.ends = rig.upstream.body.ends = false;
        rig.client.body.has = "some";
        rig.upstream.body.has = "part";
        if (row.after_head) rig.upstream.answer();
        EXPECT_EQ(rig.step(), State::running);
        row.happens(rig);
        EXPECT_EQ(rig.step(), row.wanted);
        EXPECT_EQ(rig.exchange.response_started(), row.after_head);
        EXPECT_FALSE(rig.exchange.client_too_slow());
        EXPECT_FALSE(rig.client.body.finished) << "a broken response must not look whole";
        EXPECT_FALSE(rig.upstream.body.finished) << "a broken request must not look whole";
        EXPECT_FALSE(rig.exchange.step(rig.now));
    }
}

TEST(Exchange, SwitchesOnceTheHeadStandsAtTheClient) {
    Rig rig;
    rig.upstream.heads.push_back(ResponsePeek::State::switching);
    rig.upstream.body.has = "raw bytes";
    rig.client.flushes = Flush::wait;
    EXPECT_EQ(rig.step(), State::running);
    rig.client.flushes = Flush::done;
    EXPECT_EQ(rig.step(), State::switched);
    EXPECT_EQ(rig.client.started, 101);
    EXPECT_EQ(rig.upstream.body.given, 0u) << "raw bytes belong to the tunnel";
}

TEST(Exchange, AClientSendingTooSlowlyEndsItAfterTheGrace) {
    Rig rig;
    rig.client.body.ends = false;
    rig.client.body.has = std::string(100, 'x');
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.step(9'999ms), State::running);
    EXPECT_EQ(rig.step(1ms), State::client_failed);
    EXPECT_TRUE(rig.exchange.client_too_slow());
    EXPECT_FALSE(rig.exchange.response_started());
}

TEST(Exchange, AClientAtTheLeastRateMayGoOn) {
    Rig rig;
    rig.client.body.ends = false;
    for (int second = 0; second < 120; ++second) {
        rig.client.body.has += std::string(512, 'x');
        ASSERT_EQ(rig.step(1s), State::running) << second;
    }
    EXPECT_LE(rig.exchange.deadline(), rig.now + 1s) << "the pace is looked at each second";
}

TEST(Exchange, AnUpstreamThatTakesNothingIsNotTheClientsFault) {
    Rig rig;
    rig.client.body.ends = false;
    rig.client.body.has = std::string(2'000, 'x');
    rig.upstream.body.room = 1'000;
    rig.step();
    for (int second = 0; second < 60; ++second) ASSERT_EQ(rig.step(1s), State::running);
    rig.upstream.body.room = kUnlimited;
    EXPECT_EQ(rig.step(), State::running) << "the client is waited for since now only";
    EXPECT_EQ(rig.step(3s), State::running);
    rig.client.body.has += "end";
    rig.client.body.ends = true;
    rig.upstream.answer();
    EXPECT_EQ(rig.step(), State::completed);
}

TEST(Exchange, AClientThatWaitsForContinueIsNotSlow) {
    Rig rig;
    rig.client.body.ends = false;
    rig.upstream.withholds = true;
    rig.upstream.until = rig.now + 60s;
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.exchange.deadline(), rig.upstream.until) << "only the upstream is waited for";
    EXPECT_EQ(rig.step(59'999ms), State::running);
    EXPECT_EQ(rig.step(1ms), State::upstream_failed);
    EXPECT_FALSE(rig.exchange.client_too_slow());
}

TEST(Exchange, AClientOwesItsBodySinceContinueCame) {
    Rig rig;
    rig.client.body.ends = false;
    rig.upstream.withholds = true;
    EXPECT_EQ(rig.step(), State::running);
    rig.upstream.interim_status = 103;
    rig.upstream.heads.push_back(ResponsePeek::State::interim);
    EXPECT_EQ(rig.step(30s), State::running);
    EXPECT_EQ(rig.exchange.deadline(), SteadyTime::max()) << "103 asks for nothing";
    rig.upstream.interim_status = 100;
    rig.upstream.heads.push_back(ResponsePeek::State::interim);
    EXPECT_EQ(rig.step(30s), State::running);
    EXPECT_EQ(rig.client.interims, (std::vector<int>{103, 100}));
    EXPECT_EQ(rig.step(9'999ms), State::running);
    EXPECT_EQ(rig.step(1ms), State::client_failed);
    EXPECT_TRUE(rig.exchange.client_too_slow());
}

TEST(Exchange, AClientThatTiredOfWaitingForContinueIsJudgedByItsBody) {
    Rig rig;
    rig.client.body.ends = false;
    rig.upstream.withholds = true;
    EXPECT_EQ(rig.step(), State::running);
    rig.client.body.has = "some";
    EXPECT_EQ(rig.step(30s), State::running);
    EXPECT_EQ(rig.upstream.body.got, "some");
    EXPECT_EQ(rig.step(9'999ms), State::running);
    EXPECT_EQ(rig.step(1ms), State::client_failed);
    EXPECT_TRUE(rig.exchange.client_too_slow());
}

TEST(Exchange, AReaderThatStallsEndsItAfterTheGrace) {
    for (const auto flushes : {Flush::wait, Flush::done}) {
        SCOPED_TRACE(flushes == Flush::wait ? "bytes wait" : "bytes are not taken");
        Rig rig;
        rig.upstream.answer();
        rig.upstream.body.has = std::string(100'000, 'y');
        rig.client.body.room = 10'000;
        rig.client.flushes = flushes;
        EXPECT_EQ(rig.step(), State::running);
        EXPECT_EQ(rig.step(9'999ms), State::running);
        rig.client.body.room = 100;
        EXPECT_EQ(rig.step(1ms), State::client_failed);
        EXPECT_TRUE(rig.exchange.client_too_slow());
        EXPECT_FALSE(rig.client.body.finished);
    }
}

TEST(Exchange, AReaderAtTheLeastRateMayGoOn) {
    Rig rig;
    rig.upstream.answer();
    rig.upstream.body.has = std::string(100'000, 'y');
    rig.client.body.room = 0;
    for (int second = 0; second < 60; ++second) {
        ASSERT_EQ(rig.step(1s), State::running) << second;
        rig.client.body.room = 512;
    }
    rig.client.body.room = kUnlimited;
    EXPECT_EQ(rig.step(), State::completed);
}

TEST(Exchange, AQuietUpstreamDoesNotBlameTheReader) {
    Rig rig;
    rig.upstream.answer();
    rig.upstream.body.ends = false;
    rig.upstream.body.has = "event: 1\n";
    EXPECT_EQ(rig.step(), State::running);
    for (int hour = 0; hour < 5; ++hour) EXPECT_EQ(rig.step(Millis(1h)), State::running);
}

TEST(Exchange, EndsWithItsTotalTime) {
    PaceLimits pace;
    pace.total = 60s;
    Rig rig(pace);
    rig.upstream.answer();
    rig.upstream.body.ends = false;
    EXPECT_EQ(rig.step(), State::running);
    EXPECT_EQ(rig.exchange.deadline(), rig.now + 60s);
    EXPECT_EQ(rig.step(59'999ms), State::running);
    EXPECT_EQ(rig.step(1ms), State::upstream_failed);
    EXPECT_TRUE(rig.exchange.response_started());
}

TEST(Exchange, AnUpstreamThatExpiredIsHeardInTheSameStep) {
    Rig rig;
    rig.upstream.until = rig.now + 5s;
    EXPECT_EQ(rig.step(4'999ms), State::running);
    EXPECT_EQ(rig.exchange.deadline(), rig.now + 1ms);
    EXPECT_EQ(rig.step(1ms), State::upstream_failed);
    EXPECT_EQ(rig.upstream.expired, 1);
}

TEST(Exchange, AnUpstreamMayTryAgainWhenItExpires) {
    Rig rig;
    rig.upstream.until = rig.now + 5s;
    rig.upstream.next_attempt = 5s;
    EXPECT_EQ(rig.step(5s), State::running);
    EXPECT_EQ(rig.exchange.deadline(), rig.now + 5s);
    rig.upstream.answer();
    EXPECT_EQ(rig.step(), State::completed);
    EXPECT_EQ(rig.upstream.expired, 1);
}

// Rig::step holds the property: while running, the next deadline lies ahead.
TEST(Exchange, IsNeverDueAgainAtOnceWhateverTheEndsDo) {
    std::mt19937 random(20'261'122);
    const auto draw = [&](int below) { return static_cast<int>(random() % static_cast<unsigned>(below)); };
    int ended = 0;
    for (int round = 0; round < 300; ++round) {
        PaceLimits pace;
        if (draw(2) == 0) pace.total = Seconds(1 + draw(100));
        Rig rig(pace);
        rig.client.body.ends = rig.upstream.body.ends = false;
        rig.upstream.until = rig.now + Seconds(1 + draw(20));
        rig.upstream.next_attempt = draw(2) == 0 ? Millis(7s) : Millis(0);
        for (int turn = 0; turn < 60 && rig.exchange.state() == State::running; ++turn) {
            if (draw(3) == 0) rig.client.body.has += std::string(static_cast<std::size_t>(draw(900)), 'x');
            if (draw(3) == 0) rig.upstream.body.has += std::string(static_cast<std::size_t>(draw(900)), 'y');
            rig.client.body.room = static_cast<std::size_t>(draw(700));
            rig.upstream.body.room = static_cast<std::size_t>(draw(700));
            rig.client.flushes = draw(2) == 0 ? Flush::wait : Flush::done;
            if (draw(20) == 0) rig.upstream.answer();
            if (draw(30) == 0) rig.client.body.ends = rig.upstream.body.ends = true;
            rig.step(Millis(draw(3'000)));
        }
        if (rig.exchange.state() != State::running) ++ended;
    }
    EXPECT_GT(ended, 100) << "the ends did too little";
}

}  // namespace
}  // namespace sekisho::gateway
