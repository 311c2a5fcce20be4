// Goal: a timer fires at its deadline's millisecond, never before, whatever was armed and cancelled around
// it; the bucket passes its burst and its rate. Method: random arming, moving, cancelling and advancing
// compared with a sorted map; the edges of each level.
#include "base/timer_wheel.hpp"

#include "base/token_bucket.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

namespace sekisho {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime start{1h + 123'456'789ns};

struct Alarm : Timer {
    SteadyTime deadline{};
    int fired = 0;
};

void fire(Timer& timer) { ++static_cast<Alarm&>(timer).fired; }

TEST(TimerWheel, FiresAtTheEdgesOfEachLevel) {
    for (const std::int64_t ms :
         {1ll, 2ll, 254ll, 255ll, 256ll, 257ll, 511ll, 65'535ll, 65'536ll, 65'537ll, 16'777'215ll,
          16'777'216ll, 4'294'967'295ll, 4'294'967'296ll, 31'622'400'000ll}) {
        TimerWheel wheel(start);
        Alarm alarm;
        const auto deadline = start + Millis(ms);
        wheel.arm(alarm, deadline);
        int wakes = 0;
        while (alarm.fired == 0) {
            const auto wake = wheel.next_wake();
            ASSERT_TRUE(wake);
            ASSERT_LT(*wake, deadline + 1ms) << ms;
            wheel.advance(*wake, fire);
            ASSERT_LE(++wakes, 16) << ms;
            if (alarm.fired != 0) {
                EXPECT_GE(*wake, deadline) << ms;
            }
        }
        EXPECT_FALSE(wheel.next_wake());
    }
}

TEST(TimerWheel, OneLongStepFiresEverythingDue) {
    TimerWheel wheel(start);
    std::vector<std::unique_ptr<Alarm>> alarms;
    for (int i = 0; i < 20'000; ++i) {
        alarms.push_back(std::make_unique<Alarm>());
        wheel.arm(*alarms.back(), start + Millis(i * 7));
    }
    EXPECT_EQ(wheel.size(), 20'000u);
    wheel.advance(start + 70s, fire);
    for (int i = 0; i < 20'000; ++i)
        ASSERT_EQ(alarms[static_cast<std::size_t>(i)]->fired, i * 7 < 70'000 ? 1 : 0) << i;
    wheel.advance(start + 140s, fire);
    EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheel, CancelsMovesAndOutlives) {
    Alarm kept;
    {
        TimerWheel wheel(start);
        Alarm moved;
        {
            Alarm gone;
            wheel.arm(gone, start + 5ms);
        }
        wheel.arm(moved, start + 5ms);
        wheel.arm(moved, start + 50ms);
        wheel.arm(kept, start + 10ms);
        kept.cancel();
        kept.cancel();
        EXPECT_FALSE(kept.armed());
        EXPECT_EQ(wheel.size(), 1u);
        wheel.advance(start + 49ms, fire);
        EXPECT_EQ(moved.fired, 0);
        wheel.advance(start + 51ms, fire);
        EXPECT_EQ(moved.fired, 1);
        EXPECT_EQ(kept.fired, 0);
        wheel.arm(kept, start + 1h);
    }
    EXPECT_FALSE(kept.armed());  // the wheel went first
}

TEST(TimerWheel, FireMayArmCancelAndDestroy) {
    TimerWheel wheel(start);
    auto first = std::make_unique<Alarm>();
    auto second = std::make_unique<Alarm>();
    Alarm again;
    wheel.arm(*second, start + 10ms);
    wheel.arm(*first, start + 10ms);
    wheel.arm(again, start + 10ms);
    int calls = 0;
    wheel.advance(start + 20ms, [&](Timer& timer) {
        ++calls;
        if (&timer == &again) {
            if (++again.fired < 3) wheel.arm(again, start);  // in the past: due a millisecond later
            return;
        }
        (&timer == first.get() ? first : second).reset();
        auto& other = first ? first : second;
        other.reset();
    });
    EXPECT_EQ(calls, 4);  // one of the pair, and three times `again`
    EXPECT_EQ(wheel.size(), 0u);
}

TEST(TimerWheel, AgreesWithASortedList) {
    std::mt19937_64 random(3);
    TimerWheel wheel(start);
    std::vector<Alarm> alarms(300);
    auto now = start;
    const auto due = [&](const Alarm& alarm) {
        return std::chrono::ceil<Millis>(alarm.deadline) <= std::chrono::floor<Millis>(now);
    };
    for (int step = 0; step < 20'000; ++step) {
        auto& alarm = alarms[random() % alarms.size()];
        const auto choice = random() % 10;
        if (choice < 5) {
            alarm.deadline = now + std::chrono::nanoseconds(1 + random() % (1ull << (20 + random() % 30)));
            wheel.arm(alarm, alarm.deadline);
        } else if (choice < 6) {
            alarm.cancel();
        } else {
            now += std::chrono::nanoseconds(random() % (1ull << (18 + random() % 26)));
            std::vector<Alarm*> expected;
            for (auto& each : alarms)
                if (each.armed() && due(each)) expected.push_back(&each);
            std::size_t fired = 0;
            wheel.advance(now, [&](Timer& timer) {
                ++fired;
                ASSERT_TRUE(due(static_cast<Alarm&>(timer)));
            });
            ASSERT_EQ(fired, expected.size()) << "step " << step;
            for (const auto* each : expected) ASSERT_FALSE(each->armed());
        }
        auto first = SteadyTime::max();
        for (const auto& each : alarms)
            if (each.armed()) first = std::min(first, each.deadline);
        const auto wake = wheel.next_wake();
        ASSERT_EQ(wake.has_value(), first != SteadyTime::max());
        if (wake) {
            ASSERT_LT(*wake, first + 1ms);
            ASSERT_GT(*wake, now);
        }
    }
}

TEST(TokenBucket, PassesTheBurstThenTheRate) {
    TokenBucket bucket(10, 3);
    EXPECT_TRUE(bucket.full(start));
    EXPECT_FALSE(bucket.take(start, 4));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(start)) << i;
    EXPECT_FALSE(bucket.take(start));
    EXPECT_EQ(bucket.wait_for(start), 100ms);
    EXPECT_FALSE(bucket.take(start + 99ms));
    EXPECT_TRUE(bucket.take(start + 100ms));
    EXPECT_FALSE(bucket.take(start + 100ms));
    EXPECT_FALSE(bucket.take(start));  // a step back gives nothing away
    EXPECT_TRUE(bucket.take(start + 10s, 3));
    EXPECT_FALSE(bucket.take(start + 10s));
    EXPECT_EQ(bucket.wait_for(start + 20s, 3), 0ms);
    int passed = 0;
    for (auto now = start + 20s; now < start + 30s; now += 1ms) passed += bucket.take(now) ? 1 : 0;
    EXPECT_EQ(passed, 3 + 99);
}

}  // namespace
}  // namespace sekisho
