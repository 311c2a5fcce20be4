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

TEST(BlockingPool, FinishingRunsOrDropsWhatWaitsAndLeavesNothingRunning) {
    for (const auto rest : {BlockingPool::Rest::runs, BlockingPool::Rest::drops}) {
        std::atomic<int> ran{0};
        std::promise<void> started, gate;
        BlockingPool pool("test", 1, 3);
        ASSERT_TRUE(pool.submit([&, open = gate.get_future().share()] {
            started.set_value();
            open.wait();
            ++ran;
        }));
        started.get_future().wait();
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.submit([&] { ++ran; }));
        std::thread opener([&] {
            while (rest == BlockingPool::Rest::drops && pool.queued() != 0) std::this_thread::yield();
            gate.set_value();
        });
        pool.finish(rest);
        opener.join();
        EXPECT_EQ(pool.queued(), 0u);
        EXPECT_EQ(pool.busy(), 0u);
        EXPECT_EQ(ran.load(), rest == BlockingPool::Rest::runs ? 4 : 1);
        EXPECT_FALSE(pool.submit([] {}));
        pool.finish(rest);  // again: nothing
    }
}

}  // namespace
}  // namespace sekisho
