#pragma once
// Lease is what lets a worker serve (R8): the control thread renews it as long as it runs, and a worker
// that finds it lapsed forwards nothing more, in either direction, until it is renewed.
//
// It is measured on the clock that also runs while a machine is suspended. Limits: docs/limits.md.
#include "base/clock.hpp"

#include <atomic>

namespace sekisho::gateway {

class Lease {
public:
    static constexpr Millis length{500};
    static constexpr Millis renewed_every{100};
    static constexpr Millis request_waits{500};  // a new request, before it is answered 503
    static constexpr Millis cut_after{10'000};   // what is open, once the lease has lapsed

    explicit Lease(const Clock& clock) noexcept : clock_(clock) { renew(); }

    // renew: the control thread alone.
    void renew() noexcept { renewed_.store(clock_.boot().count(), std::memory_order_release); }
    // holds. Thread: any; no lock.
    bool holds() const noexcept { return age() < length; }
    // age is the time since it was last renewed.
    Millis age() const noexcept { return clock_.boot() - Millis{renewed_.load(std::memory_order_acquire)}; }

private:
    const Clock& clock_;
    std::atomic<std::int64_t> renewed_{0};
};

}  // namespace sekisho::gateway
