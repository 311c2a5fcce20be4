#pragma once
// Reactor is a worker's loop: an edge-triggered epoll whose turns poll, resume each woken coroutine once,
// then run the end-of-turn hooks.
//
// A turn: epoll until empty; ready hooks; due deadlines; posted functions; woken waiters, once each;
// end-of-turn hooks; slots of closed descriptors freed. Wakes given while waiters run belong to the next
// turn, which begins at once. Thread: bound to the thread that runs it, apart from post, post_wake, stop and
// load.
#include "base/clock.hpp"
#include "gateway/net/descriptor_io.hpp"
#include "gateway/net/flow_io.hpp"
#include "gateway/net/waiter_io.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace sekisho::gateway {

// ReactorLoad: counters since the start, except longest_turn_ns. Ratio of busy: busy_ns / (busy_ns +
// idle_ns).
struct ReactorLoad {
    std::uint64_t turns = 0;
    std::uint64_t busy_ns = 0;  // inside turns
    std::uint64_t idle_ns = 0;  // waiting for the kernel
    std::uint64_t longest_turn_ns =
        0;                      // since load() was last asked: how late anything was served (loop lag)
    std::uint64_t events = 0;   // descriptors reported ready
    std::uint64_t resumes = 0;  // coroutines resumed
    std::uint64_t live_flows = 0;
};

class Reactor {
public:
    explicit Reactor(const Clock& clock = system_clock_face());
    ~Reactor();  // no Flow may be alive
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    // run turns until stop(); the thread sleeps in the kernel when nothing is to do. This is the worker's
    // loop.
    void run();
    // stop makes run() return after its turn. Thread: any.
    void stop() noexcept;
    // stop_when_idle makes run() return once no Flow is alive.
    void stop_when_idle() noexcept { stop_when_idle_ = true; }

    // nest_in drives the reactor from an Asio loop instead of run(): one async_wait per batch. Ends with
    // stop().
    void nest_in(boost::asio::io_context& loop);

    // turn does one turn, waiting at most `wait` for the first event; for tests and drivers.
    // Returns true when anything happened.
    bool turn(Millis wait = Millis{0});

    // Times as of the beginning of this turn.
    SteadyTime now() const noexcept { return now_; }
    WallTime wall() const noexcept { return wall_; }

    // adopt takes a connected or connecting non-blocking socket. Readable and writable until the first event
    // says so: `writable` should be true for accepted sockets. Failure of epoll_ctl shows as a descriptor
    // whose calls fail.
    Descriptor adopt(UniqueFd fd, bool writable);
    // adopt_listening: level-triggered, readable only; the hook accepts.
    Descriptor adopt_listening(UniqueFd fd, ReadyHook& hook);

    // post runs `what` in a coming turn. Thread: any. After stop() nothing runs.
    void post(std::function<void()> what);
    // post_wake wakes the waiter if it is still alive. Thread: any.
    void post_wake(WaiterTicket ticket, Wake reason);
    // wake: the same from our own thread; false when the waiter is gone.
    bool wake(WaiterTicket ticket, Wake reason) noexcept;

    // at_end_of_turn: called once per turn, in order of registration, for the reactor's life.
    void at_end_of_turn(std::function<void()> hook);
    // defer runs `what` once, at the end of this turn, after the hooks: to destroy what is still on the
    // stack.
    void defer(std::function<void()> what);

    // Sockets numbered from here on are neither accepted nor dialled with: what is above is kept for the
    // audit, the store and the command line. The kernel gives the lowest free number.
    int descriptors_end() const noexcept { return descriptors_end_; }
    void end_descriptors_at(int number) noexcept { descriptors_end_ = number; }

    // cancel_all gives every waiter, and every later one, the cancel reason once.
    void cancel_all() noexcept;
    std::size_t live_flows() const noexcept { return live_flows_; }
    // on_exception: what a Flow could not handle ends here. Default: counted only.
    void on_exception(std::function<void(std::exception_ptr)> handler) { on_exception_ = std::move(handler); }

    // gather is scratch memory for one call: TLS records on their way into one send.
    std::span<std::uint8_t> gather();

    // Thread: any.
    ReactorLoad load() noexcept;

private:
    friend class Descriptor;
    friend class Waiter;
    friend class Flow::promise_type;
    struct Nest;
    struct NestDeleter {
        void operator()(Nest* nest) const noexcept;
    };

    Slot* take_slot(int fd);
    void enrol(Slot& slot, std::uint32_t events) noexcept;
    void release(Slot* slot) noexcept;
    void mark(Slot& slot, std::uint32_t events) noexcept;
    std::size_t poll(int wait_ms);
    void begin_turn() noexcept;
    std::size_t run_posted();
    std::size_t resume_woken() noexcept;
    void end_turn();
    bool work_waits() const noexcept;
    int timeout_ms(Millis wait) const noexcept;

    void arm(Waiter& waiter, SteadyTime deadline) noexcept;
    void place(Waiter& waiter) noexcept;
    void advance_wheel() noexcept;
    void expire(TimerLink& slot) noexcept;
    std::optional<SteadyTime> next_due() const noexcept;

    // 1024 slots of 2^24 ns = 16.8 ms reach 17.2 s ahead; a later deadline waits in the last slot and is
    // placed again.
    static constexpr unsigned tick_shift = 24;
    static constexpr std::uint64_t wheel_slots = 1024;
    static constexpr std::size_t gather_bytes = 132u << 10;  // eight full records

    const Clock& clock_;
    UniqueFd epoll_, event_;
    SteadyTime now_;
    WallTime wall_;
    SteadyTime turn_ended_;

    ReadyLink ready_;
    MemberLink members_;
    std::vector<TimerLink> wheel_{wheel_slots};
    std::array<std::uint64_t, wheel_slots / 64> occupied_{};
    std::uint64_t last_tick_ = 0;

    std::vector<std::unique_ptr<Slot[]>> slabs_;
    Slot* free_ = nullptr;
    Slot* closed_ = nullptr;  // this turn's; later events of the same batch may point at them

    std::unordered_map<std::uint64_t, Waiter*> tickets_;
    std::uint64_t last_ticket_ = 0;
    std::vector<std::function<void()>> hooks_, deferred_;
    std::function<void(std::exception_ptr)> on_exception_;
    std::unique_ptr<std::uint8_t[]> gather_;
    std::unique_ptr<Nest, NestDeleter> nest_;
    std::size_t live_flows_ = 0;
    int descriptors_end_ = std::numeric_limits<int>::max();
    bool cancelling_ = false;
    bool stop_when_idle_ = false;

    std::mutex posted_mutex_;
    std::vector<std::function<void()>> posted_;  // guarded by posted_mutex_
    std::atomic<bool> has_posted_{false};
    std::atomic<bool> stopping_{false};
    struct Counters {
        std::atomic<std::uint64_t> turns{0}, busy_ns{0}, idle_ns{0}, longest_turn_ns{0}, events{0},
            resumes{0}, flows{0};
    } counters_;
};

}  // namespace sekisho::gateway
