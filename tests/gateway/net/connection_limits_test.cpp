// Goal: places are counted by source and in total, and always come back.
// Method: literal addresses; then threads that take and give back as fast as they can.
#include "gateway/net/connection_limits.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sekisho::gateway {
namespace {

TEST(ConnectionLimits, CountsIpv4ByAddressAndIpv6ByNetwork) {
    const auto limits = ConnectionLimits::create(100, 2);
    const auto admit = [&](std::string_view address) { return limits->admit(*parse_ip(address)); };
    const auto a = admit("192.0.2.1");
    const auto b = admit("192.0.2.1");
    EXPECT_EQ(admit("192.0.2.1").refusal, Refusal::per_address);
    EXPECT_TRUE(admit("192.0.2.2").lease);
    const auto c = admit("2001:db8::1");
    const auto d = admit("2001:db8::ffff");
    EXPECT_EQ(admit("2001:db8::2").refusal, Refusal::per_address) << "one /64";
    EXPECT_TRUE(admit("2001:db8:0:1::2").lease);
    EXPECT_EQ(limits->open(), 4u);
}

TEST(ConnectionLimits, TotalBindsAndReleasedPlacesComeBack) {
    const auto limits = ConnectionLimits::create(2, 2);
    const auto here = *parse_ip("192.0.2.1");
    auto a = limits->admit(here);
    auto b = limits->admit(here);
    EXPECT_EQ(limits->admit(here).refusal, Refusal::total);
    ConnectionLease moved = std::move(a.lease);
    EXPECT_FALSE(a.lease);
    moved.release();
    moved.release();
    EXPECT_EQ(limits->open(), 1u);
    EXPECT_TRUE(limits->admit(here).lease);
    limits->change(0, 0);
    EXPECT_EQ(limits->admit(here).refusal, Refusal::total);
}

TEST(ConnectionLimits, ThreadsNeverPassTheLimitAndLeaveNothing) {
    const auto limits = ConnectionLimits::create(1000, 3);
    const auto here = *parse_ip("192.0.2.1");
    std::atomic<int> held{0};
    std::atomic<int> most{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i)
        threads.emplace_back([&] {
            for (int k = 0; k < 3000; ++k) {
                auto got = limits->admit(here);
                if (!got.lease) continue;
                const int now = ++held;
                if (now > most) most = now;
                --held;
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_LE(most, 3);
    EXPECT_GE(most, 1);
    EXPECT_EQ(limits->open(), 0u);
}

}  // namespace
}  // namespace sekisho::gateway
