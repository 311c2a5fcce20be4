// Goal: places, handshakes and their rate are counted by source and in total, and always come back.
// Method: literal addresses; then threads that take and give back as fast as they can.
#include "gateway/net/connection_limits.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sekisho::gateway {
namespace {

TEST(ConnectionLimits, CountsIpv4ByAddressAndIpv6ByNetwork) {
    const auto limits = ConnectionLimits::create({100, 2});
    const auto admit = [&](std::string_view address) {
        return limits->admit(*parse_ip(address), SteadyTime{});
    };
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
    const auto limits = ConnectionLimits::create({2, 2});
    const auto here = *parse_ip("192.0.2.1");
    auto a = limits->admit(here, SteadyTime{});
    auto b = limits->admit(here, SteadyTime{});
    EXPECT_EQ(limits->admit(here, SteadyTime{}).refusal, Refusal::total);
    ConnectionLease moved = std::move(a.lease);
    EXPECT_FALSE(a.lease);
    moved.release();
    moved.release();
    EXPECT_EQ(limits->open(), 1u);
    EXPECT_TRUE(limits->admit(here, SteadyTime{}).lease);
    limits->change({0, 0});
    EXPECT_EQ(limits->admit(here, SteadyTime{}).refusal, Refusal::total);
}

TEST(ConnectionLimits, ThreadsNeverPassTheLimitAndLeaveNothing) {
    const auto limits = ConnectionLimits::create({1000, 3, 1000, 0});
    const auto here = *parse_ip("192.0.2.1");
    std::atomic<int> held{0};
    std::atomic<int> most{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i)
        threads.emplace_back([&] {
            for (int k = 0; k < 3000; ++k) {
                auto got = limits->admit(here, SteadyTime{});
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

TEST(ConnectionLimits, HandshakesUnderWayAreBoundedBySource) {
    const auto limits = ConnectionLimits::create({100, 100, 2, 0});
    const auto admit = [&](std::string_view address) {
        return limits->admit(*parse_ip(address), SteadyTime{});
    };
    auto a = admit("2001:db8::1"), b = admit("2001:db8::2");
    EXPECT_EQ(admit("2001:db8::3").refusal, Refusal::handshakes);
    EXPECT_TRUE(admit("2001:db8:1::3").lease) << "another network";
    a.lease.settled();
    a.lease.settled();
    auto c = admit("2001:db8::3");
    EXPECT_TRUE(c.lease);
    EXPECT_EQ(admit("2001:db8::4").refusal, Refusal::handshakes);
    b.lease.release();
    EXPECT_TRUE(admit("2001:db8::4").lease) << "one that fails gives its place back";
}

TEST(ConnectionLimits, HandshakesBeginNoFasterThanTheirRate) {
    const auto limits = ConnectionLimits::create({100000, 100000, 100000, 10});
    const auto begun_at = [&](SteadyTime now) {
        int begun = 0;
        while (begun < 1000 && limits->admit(*parse_ip("192.0.2.1"), now).lease) ++begun;
        return begun;
    };
    const SteadyTime start{Seconds{1000}};
    EXPECT_EQ(begun_at(start), 40) << "four seconds' worth at once";
    EXPECT_EQ(limits->admit(*parse_ip("192.0.2.1"), start).refusal, Refusal::rate);
    EXPECT_EQ(begun_at(start + Seconds{1}), 10) << "closing each at once bought nothing";
    EXPECT_TRUE(limits->admit(*parse_ip("192.0.2.2"), start).lease);
    limits->change({100000, 100000, 100000, 0});
    EXPECT_EQ(begun_at(start), 1000);
}

TEST(ConnectionLimits, ManySourcesNeverGrowItWithoutBound) {
    const auto limits = ConnectionLimits::create({100, 100, 100, 10});
    IpAddress peer = *parse_ip("2001:db8::1");
    for (std::uint32_t i = 0; i < 200'000; ++i) {
        peer.octets[4] = static_cast<std::uint8_t>(i >> 16);
        peer.octets[6] = static_cast<std::uint8_t>(i >> 8);
        peer.octets[7] = static_cast<std::uint8_t>(i);
        ASSERT_TRUE(limits->admit(peer, SteadyTime{Seconds{1000}}).lease);
    }
    EXPECT_LE(limits->sources(), 16 * (ConnectionLimits::idle_sources_max + 2));
    EXPECT_EQ(limits->open(), 0u);
}

}  // namespace
}  // namespace sekisho::gateway
