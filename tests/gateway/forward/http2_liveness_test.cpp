// Goal: a dead shared connection is found soon after somebody waited in vain, and none is asked oftener than
// servers bear. Method: times by hand.
#include "gateway/forward/http2_liveness.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

using Verdict = Http2Liveness::Verdict;
constexpr SteadyTime t0{Seconds{1000}};

TEST(Http2Liveness, AsksAfterLongSilenceOnlyWhileInUse) {
    Http2Liveness life(t0);
    const auto silent = t0 + Http2Liveness::kPingAfter;
    EXPECT_EQ(life.judge(silent - Millis{1}, true), Verdict::alive);
    EXPECT_EQ(life.judge(silent, true), Verdict::ask);
    EXPECT_EQ(life.judge(silent, false), Verdict::alive);
    EXPECT_EQ(life.deadline(true), silent);
    EXPECT_EQ(life.deadline(false), SteadyTime::max());
}

TEST(Http2Liveness, OneQuestionThenAnswerOrDeath) {
    Http2Liveness life(t0);
    const auto asked = t0 + Http2Liveness::kPingAfter;
    life.asked(asked);
    EXPECT_EQ(life.judge(asked + Seconds{1}, true), Verdict::alive) << "not a second PING";
    EXPECT_EQ(life.deadline(true), asked + Http2Liveness::kAnswerWithin);
    EXPECT_EQ(life.judge(asked + Http2Liveness::kAnswerWithin, true), Verdict::dead);
    life.heard(asked + Seconds{2});
    EXPECT_EQ(life.judge(asked + Http2Liveness::kAnswerWithin, true), Verdict::alive);
}

TEST(Http2Liveness, DoubtAsksAtOnceAndIsClearedByAnyByte) {
    Http2Liveness life(t0);
    life.heard(t0 + Seconds{50});
    life.doubt(t0 + Seconds{10});
    EXPECT_FALSE(life.doubted()) << "bytes came after the request began to wait";
    life.doubt(t0 + Seconds{50});
    EXPECT_TRUE(life.doubted());
    EXPECT_EQ(life.judge(t0 + Seconds{60}, false), Verdict::ask);
    life.asked(t0 + Seconds{60});
    EXPECT_EQ(life.judge(t0 + Seconds{75}, false), Verdict::dead);
    life.heard(t0 + Seconds{61});
    EXPECT_FALSE(life.doubted());
    EXPECT_EQ(life.judge(t0 + Seconds{75}, true), Verdict::alive);
}

}  // namespace
}  // namespace sekisho::gateway
