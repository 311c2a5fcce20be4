// Goal: every accepted job runs exactly once, a full queue refuses, and stopping runs what was accepted.
// Method: jobs that wait on a gate the test opens.
#include "base/blocking_pool.hpp"

#include <gtest/gtest.h>

#include <future>

namespace sekisho {
namespace {

TEST(BlockingPool, RefusesPastTheQueueAndRunsAllItAccepted) {
    std::atomic<int> ran{0};
    std::promise<void> gate;
    auto open = gate.get_future().share();
    int accepted = 0;
    {
        BlockingPool pool("test", 1, 3);
        std::promise<void> started;
        ASSERT_TRUE(pool.submit([&, open] {
            started.set_value();
            open.wait();
            ++ran;
        }));
        ++accepted;
        started.get_future().wait();
        EXPECT_EQ(pool.busy(), 1u);
        for (int i = 0; i < 5; ++i) accepted += pool.submit([&] { ++ran; }) ? 1 : 0;
        EXPECT_EQ(pool.queued(), 3u);
        EXPECT_EQ(pool.refused(), 2u);
        gate.set_value();
    }
    EXPECT_EQ(accepted, 4);
    EXPECT_EQ(ran.load(), accepted);
}

}  // namespace
}  // namespace sekisho
