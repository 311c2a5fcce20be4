#include "base/clock.hpp"

#include <atomic>
#include <time.h>

namespace sekisho {
namespace {

#ifdef SEKISHO_TEST_HOOKS
std::atomic<std::int64_t> wall_shift_millis{0};
#endif

class SystemClock final : public Clock {
public:
    WallTime wall() const noexcept override {
        auto now = std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
#ifdef SEKISHO_TEST_HOOKS
        now += Millis{wall_shift_millis.load(std::memory_order_relaxed)};
#endif
        return now;
    }
    SteadyTime steady() const noexcept override { return std::chrono::steady_clock::now(); }
    Millis boot() const noexcept override {
        timespec now{};
        ::clock_gettime(CLOCK_BOOTTIME, &now);
        return Millis{static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000};
    }
};

}  // namespace

std::chrono::nanoseconds thread_cpu_time() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return Seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

const Clock& system_clock_face() noexcept {
    static const SystemClock clock;
    return clock;
}

#ifdef SEKISHO_TEST_HOOKS
void shift_wall_clock(Millis by) noexcept {
    wall_shift_millis.fetch_add(by.count(), std::memory_order_relaxed);
}
#endif

}  // namespace sekisho
