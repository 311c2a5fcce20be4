#pragma once
// Clock is the only way the product learns the time.
//
// Wall time decides what people see and what policy says; steady time measures
// delays; boot time (CLOCK_BOOTTIME) also runs while a machine is suspended and
// judges freshness. All three are in milliseconds.
// Thread: every member may be called from any thread.
#include <chrono>
#include <cstdint>

namespace sekisho {

using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;
using WallTime = std::chrono::sys_time<Millis>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

class Clock {
public:
    virtual ~Clock() = default;
    virtual WallTime wall() const noexcept = 0;
    virtual SteadyTime steady() const noexcept = 0;
    virtual Millis boot() const noexcept = 0;
};

// system_clock_face reads the kernel's clocks. In builds with SEKISHO_TEST_HOOKS
// its wall time can be shifted by shift_wall_clock; release builds have no such function.
const Clock& system_clock_face() noexcept;

#ifdef SEKISHO_TEST_HOOKS
void shift_wall_clock(Millis by) noexcept;
#endif

// thread_cpu_time is what the calling thread has used of a processor so far: what a bound on work per turn
// counts, however busy the machine is.
std::chrono::nanoseconds thread_cpu_time() noexcept;

// ManualClock stands where it was put: for tests of machines that take a Clock.
class ManualClock final : public Clock {
public:
    explicit ManualClock(WallTime start) : wall_(start) {}
    WallTime wall() const noexcept override { return wall_; }
    SteadyTime steady() const noexcept override { return steady_; }
    Millis boot() const noexcept override {
        return std::chrono::duration_cast<Millis>(steady_.time_since_epoch());
    }
    void advance(Millis by) noexcept {
        wall_ += by;
        steady_ += by;
    }
    void step_wall(Millis by) noexcept { wall_ += by; }

private:
    WallTime wall_;
    SteadyTime steady_{std::chrono::hours{1}};
};

}  // namespace sekisho
