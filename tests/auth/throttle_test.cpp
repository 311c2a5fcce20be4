// Goal: attempts are counted before they are made, waits grow and end, budgets stay apart, the table is
// bounded. Method: a manual clock; one attempt at a time, then many at once.
#include "auth/throttle.hpp"

#include "tests/auth/auth_house.hpp"

#include <atomic>

namespace sekisho::auth {
namespace {

using test::address;
using ThrottleTest = test::AuthTest;

ReserveRequest from(std::uint32_t source, std::string account = "sato", bool exists = true) {
    return {std::move(account), exists, address(source), std::nullopt};
}

TEST_F(ThrottleTest, FiveAreFreeThenEachWaitIsTwiceTheLast) {
    auto& throttle = *house->throttle;
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(throttle.reserve(from(1)).value().granted) << i;
    for (const auto wait : {30, 60, 120, 240, 480}) {
        const auto refused = throttle.reserve(from(1)).value();
        EXPECT_FALSE(refused.granted);
        EXPECT_EQ(refused.wait, Seconds{wait});
        EXPECT_EQ(throttle.peek(from(1)), Seconds{wait});
        clock.advance(refused.wait - Millis{1});
        EXPECT_FALSE(throttle.reserve(from(1)).value().granted);
        clock.advance(Millis{1});
        EXPECT_TRUE(throttle.reserve(from(1)).value().granted);
    }
}

TEST_F(ThrottleTest, TheAccountsCapHoldsOverSourcesAndStaysBearable) {
    auto& throttle = *house->throttle;
    for (std::uint32_t i = 0; i < 5; ++i) EXPECT_TRUE(throttle.reserve(from(i)).value().granted);
    for (std::uint32_t i = 5; i < 20; ++i) {
        const auto refused = throttle.reserve(from(i)).value();
        EXPECT_FALSE(refused.granted);
        EXPECT_LE(refused.wait, Seconds{300});
        clock.advance(refused.wait);
        EXPECT_TRUE(throttle.reserve(from(i)).value().granted);
    }
    EXPECT_TRUE(throttle.reserve(from(1, "mori")).value().granted) << "others are not touched";
}

TEST_F(ThrottleTest, AddressesOfOneNetworkCountTogether) {
    auto& throttle = *house->throttle;
    ReserveRequest request = from(1);
    request.source = parse_ip("2001:db8:1:2::1").value();
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(throttle.reserve(request).value().granted);
    clock.advance(Seconds{30});
    EXPECT_TRUE(throttle.reserve(request).value().granted);  // the source now waits 60 s, so does the account
    clock.advance(Seconds{59});
    request.source = parse_ip("2001:db8:1:2:ffff::9").value();
    EXPECT_EQ(throttle.peek(request), Seconds{1});
}

TEST_F(ThrottleTest, AKnownBrowserHasABudgetOfItsOwn) {
    auto& throttle = *house->throttle;
    for (std::uint32_t i = 0; i < 6; ++i) (void)throttle.reserve(from(i));
    auto known = from(1);
    known.known_browser = sha256(as_bytes("browser"));
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(throttle.reserve(known).value().granted);
    EXPECT_FALSE(throttle.reserve(known).value().granted);
    known.known_browser = sha256(as_bytes("another"));
    EXPECT_TRUE(throttle.reserve(known).value().granted);
}

TEST_F(ThrottleTest, SuccessEmptiesTheSourceAndGivesTheAccountOneBack) {
    auto& throttle = *house->throttle;
    for (int i = 0; i < 4; ++i) (void)throttle.reserve(from(1));
    const auto last = throttle.reserve(from(1)).value();
    ASSERT_TRUE(last.granted);
    EXPECT_GT(throttle.peek(from(1)), Millis{0});
    ASSERT_TRUE(throttle.succeeded(last));
    EXPECT_EQ(throttle.peek(from(1)), Millis{0});
    EXPECT_TRUE(throttle.reserve(from(1)).value().granted);
    EXPECT_GT(throttle.peek(from(2)), Millis{0}) << "four failures and this one: the account waits";
}

TEST_F(ThrottleTest, ADayWithoutAnAttemptForgets) {
    auto& throttle = *house->throttle;
    for (std::uint32_t i = 0; i < 6; ++i) (void)throttle.reserve(from(i));
    clock.advance(Seconds{24 * 3600} + Millis{1});
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(throttle.reserve(from(1)).value().granted) << i;
    EXPECT_FALSE(throttle.reserve(from(1)).value().granted);
}

TEST_F(ThrottleTest, AClockThatStepsBackDoesNotLengthenAWait) {
    auto& throttle = *house->throttle;
    for (int i = 0; i < 5; ++i) (void)throttle.reserve(from(1));
    clock.step_wall(-Seconds{3600});
    EXPECT_EQ(throttle.peek(from(1)), Seconds{30});
}

TEST_F(ThrottleTest, AtOnceNoMoreThanTheFreeOnesAreGranted) {
    std::atomic<int> granted{0};
    test::at_once(40, [&](std::size_t thread) {
        for (std::uint32_t i = 0; i < 25; ++i)
            granted +=
                house->throttle->reserve(from(static_cast<std::uint32_t>(thread) * 25 + i)).value().granted;
    });
    EXPECT_EQ(granted, 5);
}

TEST_F(ThrottleTest, AFullTableForgetsStrangersAndNeverARealAccount) {
    ThrottleLimits limits;
    limits.buckets_max = 50;
    Throttle throttle(*house->store, clock, *house->keys, limits);
    for (std::uint32_t i = 0; i < 5; ++i) (void)throttle.reserve(from(i));
    for (std::uint32_t i = 0; i < 300; ++i)
        (void)throttle.reserve(from(i, "made-up-" + std::to_string(i), false));
    EXPECT_LE(throttle.size(), 51u);
    EXPECT_FALSE(throttle.reserve(from(1)).value().granted);
    Throttle again(*house->store, clock, *house->keys, limits);
    ASSERT_TRUE(again.load());
    EXPECT_LE(again.size(), 51u);
    EXPECT_FALSE(again.reserve(from(1)).value().granted);
}

}  // namespace
}  // namespace sekisho::auth
