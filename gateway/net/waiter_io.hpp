#pragma once
// Waiter is where a connection's coroutine sleeps: `co_await waiter.wait(deadline)`.
#include "base/clock.hpp"

#include <coroutine>
#include <utility>

namespace sekisho::gateway {

class Reactor;

enum class Wake : std::uint8_t {
    io = 1,       // one of the attached descriptors became ready
    timer = 2,    // the deadline passed; up to 17 ms late
    control = 4,  // another part has something to say: revocation, an answer of a pool, a freed place
    cancel = 8,   // the reactor is being shut down: end soon
};

// Wakes are the reasons a wait ended; always at least one.
class Wakes {
public:
    constexpr Wakes() = default;
    constexpr explicit Wakes(std::uint8_t bits) : bits_(bits) {}
    constexpr bool has(Wake reason) const noexcept {
        return (bits_ & static_cast<std::uint8_t>(reason)) != 0;
    }
    constexpr bool empty() const noexcept { return bits_ == 0; }

private:
    std::uint8_t bits_ = 0;
};

// Link is a node of a ring; unlinking is safe at any time.
struct Link {
    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() { unlink(); }
    bool linked() const noexcept { return next != this; }
    void unlink() noexcept {
        prev->next = next;
        next->prev = prev;
        prev = next = this;
    }
    void insert_before(Link& at) noexcept {
        prev = at.prev;
        next = &at;
        prev->next = this;
        at.prev = this;
    }
    // take_front puts everything else of another ring before what this one holds, in order.
    void take_front(Link& other) noexcept {
        if (!other.linked()) return;
        Link* const first = other.next;
        Link* const last = other.prev;
        other.prev = other.next = &other;
        first->prev = this;
        last->next = next;
        next->prev = last;
        next = first;
    }
    Link* prev = this;
    Link* next = this;
};
struct ReadyLink : Link {};
struct TimerLink : Link {};
struct MemberLink : Link {};

// WaiterTicket names a waiter that may be gone by the time it is used: for pools and tables of other parts.
struct WaiterTicket {
    std::uint64_t id = 0;  // 0 = nobody
};

// One coroutine waits on one Waiter; many things wake it, and wakes before it runs count once.
// Lives in the coroutine's frame; not movable. Bound to its reactor's thread.
class Waiter : private ReadyLink, private TimerLink, private MemberLink {
public:
    explicit Waiter(Reactor& reactor) noexcept;
    ~Waiter();

    Reactor& reactor() const noexcept { return *reactor_; }

    // wake: from the reactor's thread only. From elsewhere: Reactor::post_wake(ticket, reason).
    void wake(Wake reason) noexcept;

    // wait always lets everybody else run first: when something woke us since the last wait, or the deadline
    // has passed, it ends in the next turn. Who has more to do wakes himself, and waits.
    auto wait(SteadyTime deadline = SteadyTime::max()) noexcept { return Wait{*this, deadline}; }

    // cancelled stays true once the cancel reason was given.
    bool cancelled() const noexcept { return cancelled_; }

    // ticket: the same each time; costs a table entry from the first call on.
    WaiterTicket ticket();

private:
    friend class Reactor;
    struct Wait {
        Waiter& waiter;
        SteadyTime deadline;
        bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle) noexcept { waiter.sleep(handle, deadline); }
        Wakes await_resume() noexcept { return waiter.take(); }
    };
    void sleep(std::coroutine_handle<> handle, SteadyTime deadline) noexcept;
    Wakes take() noexcept { return Wakes(std::exchange(pending_, std::uint8_t{0})); }

    Reactor* reactor_;
    std::coroutine_handle<> handle_;  // set while asleep
    SteadyTime deadline_ = SteadyTime::max();
    std::uint64_t armed_tick_ = 0;  // of the wheel slot we are in; 0 = in none
    std::uint64_t id_ = 0;
    std::uint8_t pending_ = 0;
    bool cancelled_ = false;
};

}  // namespace sekisho::gateway
