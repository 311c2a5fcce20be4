#pragma once
// TimerWheel holds the deadlines of one worker: tens of thousands of timers, of which nearly all are moved or
// cancelled before they are due.
//
// Four levels of 256 slots with ticks of 1 ms, 256 ms, 65 s and 4.7 h (256^4 ms = 49.7 days; a deadline
// farther away waits on the last level and is placed again). arm and cancel take constant time and allocate
// nothing. A timer never fires before its deadline, and at most 1 ms after it given that `advance` is called
// in time. Time is an argument: the wheel reads no clock.
#include "base/clock.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace sekisho {

class TimerWheel;

// Timer is the hook an object owns for one deadline of its own; destroying it cancels. Not copied, not moved,
// and not outlived by its wheel while armed. Derive from it, or hold it, to find the way back to the owner.
class Timer {
public:
    Timer() noexcept = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() { cancel(); }

    bool armed() const noexcept { return wheel_ != nullptr; }
    inline void cancel() noexcept;  // does nothing when not armed

private:
    friend class TimerWheel;
    Timer* next_ = nullptr;
    Timer** link_ = nullptr;  // what points at this timer
    TimerWheel* wheel_ = nullptr;
    std::uint64_t tick_ = 0;
    std::uint16_t place_ = 0;  // level * 256 + slot
};

class TimerWheel {
public:
    explicit TimerWheel(SteadyTime now) noexcept : current_(tick_at(now)) {}
    TimerWheel(const TimerWheel&) = delete;
    TimerWheel& operator=(const TimerWheel&) = delete;
    ~TimerWheel() {
        for (auto* timer : slots_)
            for (; timer != nullptr; timer = timer->next_) timer->wheel_ = nullptr;
    }

    // arm sets or moves the timer. A deadline already passed is due at the next millisecond.
    void arm(Timer& timer, SteadyTime deadline) noexcept {
        timer.cancel();
        timer.tick_ = deadline_tick(deadline);
        if (timer.tick_ <= current_) timer.tick_ = current_ + 1;
        timer.wheel_ = this;
        ++size_;
        place(timer);
    }

    std::size_t size() const noexcept { return size_; }

    // next_wake: when `advance` should be called next; never later than the first deadline. It may be
    // earlier, at most three times for one timer, when a far timer has to move to a finer level. Nothing when
    // no timer is armed.
    std::optional<SteadyTime> next_wake() const noexcept {
        const auto tick = next_event();
        if (tick == never) return std::nullopt;
        return SteadyTime(std::chrono::duration_cast<SteadyTime::duration>(Millis(tick)));
    }

    // advance calls `fire(Timer&)` for each timer due at `now`, in order of their deadlines' milliseconds.
    // The timer is no longer armed then; `fire` may arm, cancel and destroy any timer, this one too. Time
    // never goes backwards.
    template <class Fire>
    void advance(SteadyTime now, Fire&& fire) {
        const auto target = tick_at(now);
        while (current_ < target) {
            const auto event = next_event();
            if (event > target) {
                current_ = target;
                return;
            }
            current_ = event;
            cascade();
            while (auto* timer = slots_[current_ & slot_mask]) {
                release(*timer);
                fire(*timer);
            }
        }
    }

private:
    friend class Timer;
    static constexpr unsigned slot_bits = 8, levels = 4;
    static constexpr std::uint64_t slot_count = 1u << slot_bits, slot_mask = slot_count - 1;
    static constexpr std::uint64_t never = ~std::uint64_t{0};
    static constexpr std::uint64_t reach = (std::uint64_t{1} << (slot_bits * levels)) - 1;

    static std::uint64_t tick_at(SteadyTime time) noexcept {
        return static_cast<std::uint64_t>(std::chrono::floor<Millis>(time).time_since_epoch().count());
    }
    static std::uint64_t deadline_tick(SteadyTime time) noexcept {
        const auto tick = std::chrono::floor<Millis>(time);
        return static_cast<std::uint64_t>(tick.time_since_epoch().count()) + (tick < time ? 1 : 0);
    }

    // Puts a timer on the coarsest level whose slots are not wider than what is left to wait.
    void place(Timer& timer) noexcept {
        const auto left = timer.tick_ - current_;
        const auto shown = left > reach ? current_ + reach : timer.tick_;
        unsigned level = 0;
        while (level + 1 < levels && (left >> (slot_bits * (level + 1))) != 0) ++level;
        const auto slot = (shown >> (slot_bits * level)) & slot_mask;
        link(timer, static_cast<std::uint16_t>(level * slot_count + slot));
    }

    void link(Timer& timer, std::uint16_t where) noexcept {
        auto& head = slots_[where];
        timer.place_ = where;
        timer.next_ = head;
        timer.link_ = &head;
        if (head != nullptr) head->link_ = &timer.next_;
        head = &timer;
        occupied_[where / 64u] |= std::uint64_t{1} << (where % 64u);
    }

    void unlink(Timer& timer) noexcept {
        *timer.link_ = timer.next_;
        if (timer.next_ != nullptr) timer.next_->link_ = timer.link_;
        if (slots_[timer.place_] == nullptr)
            occupied_[timer.place_ / 64u] &= ~(std::uint64_t{1} << (timer.place_ % 64u));
    }

    void release(Timer& timer) noexcept {
        unlink(timer);
        timer.wheel_ = nullptr;
        --size_;
    }

    // Moves down what stands in the coarser slots that begin at this very tick, the coarsest first.
    void cascade() noexcept {
        for (unsigned level = levels - 1; level > 0; --level) {
            if ((current_ & ((std::uint64_t{1} << (slot_bits * level)) - 1)) != 0) continue;
            const auto where = level * slot_count + ((current_ >> (slot_bits * level)) & slot_mask);
            auto* timer = slots_[where];
            slots_[where] = nullptr;
            occupied_[where / 64] &= ~(std::uint64_t{1} << (where % 64));
            while (timer != nullptr) {
                auto* next = timer->next_;
                place(*timer);
                timer = next;
            }
        }
    }

    // The first tick after the current one at which a slot of any level has to be looked at.
    std::uint64_t next_event() const noexcept {
        if (size_ == 0) return never;
        auto first = never;
        for (unsigned level = 0; level < levels; ++level) {
            const auto position = current_ >> (slot_bits * level);
            const auto distance = next_occupied(level, position & slot_mask);
            if (distance == 0) continue;
            const auto tick = (position + distance) << (slot_bits * level);
            if (tick < first) first = tick;
        }
        return first;
    }

    // How many slots after `slot` the next occupied one stands: 1 to 256 (itself, a round later), 0 for none.
    std::uint64_t next_occupied(unsigned level, std::uint64_t slot) const noexcept {
        for (std::uint64_t step = 1; step <= slot_count;) {
            const auto at = (slot + step) & slot_mask;
            const auto word = occupied_[level * 4 + at / 64] >> (at % 64);
            if (word != 0) {
                const auto found = step + static_cast<std::uint64_t>(std::countr_zero(word));
                return found <= slot_count ? found : 0;
            }
            step += 64 - at % 64;
        }
        return 0;
    }

    std::uint64_t current_;
    std::size_t size_ = 0;
    std::array<std::uint64_t, levels * 4> occupied_{};
    std::array<Timer*, levels * slot_count> slots_{};
};

inline void Timer::cancel() noexcept {
    if (wheel_ != nullptr) wheel_->release(*this);
}

}  // namespace sekisho
