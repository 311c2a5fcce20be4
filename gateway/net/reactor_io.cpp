#include "gateway/net/reactor_io.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace sekisho::gateway {
namespace {

constexpr std::size_t slab_slots = 256;
constexpr int batch_events = 256;
constexpr std::size_t resumes_between_looks = 16;
constexpr std::chrono::milliseconds resuming_most{3};  // of one turn

std::uint64_t nanoseconds(SteadyTime time) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.time_since_epoch().count()));
}

// Counters have one writer: no locked instruction.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace

Reactor::Reactor(const Clock& clock)
    : clock_(clock),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      now_(clock.steady()),
      wall_(clock.wall()),
      turn_ended_(now_),
      last_tick_(nanoseconds(now_) >> tick_shift) {
    check(epoll_ && event_, "no descriptor left for a reactor");
    // Edge-triggered and never read: each write to an eventfd is a new edge.
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, event_.get(), &event) == 0, "epoll refuses an eventfd");
}

Reactor::~Reactor() { check(live_flows_ == 0, "a reactor dies before its flows"); }

void Reactor::run() {
    while (!stopping_.load(std::memory_order_acquire) && !(stop_when_idle_ && live_flows_ == 0))
        turn(Millis::max());
}

void Reactor::stop() noexcept {
    stopping_.store(true, std::memory_order_release);
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

bool Reactor::turn(Millis wait) {
    const std::size_t events = poll(work_waits() ? 0 : timeout_ms(wait));
    begin_turn();
    const std::size_t posted = run_posted();
    const std::size_t resumed = resume_woken();
    add(counters_.events, events);
    add(counters_.resumes, resumed);
    end_turn();
    return events + posted + resumed != 0;
}

bool Reactor::work_waits() const noexcept {
    return ready_.linked() || !deferred_.empty() || has_posted_.load(std::memory_order_acquire);
}

int Reactor::timeout_ms(Millis wait) const noexcept {
    using std::chrono::ceil;
    constexpr Millis longest{60'000};
    wait = std::min(wait, longest);
    if (const auto due = next_due())
        wait = std::min(wait, ceil<Millis>(std::max(*due, turn_ended_) - turn_ended_));
    return static_cast<int>(wait.count());
}

std::size_t Reactor::poll(int wait_ms) {
    std::array<epoll_event, batch_events> batch;
    std::size_t total = 0;
    for (;;) {
        const int count = ::epoll_wait(epoll_.get(), batch.data(), batch_events, wait_ms);
        if (count <= 0) break;  // nothing, or EINTR: the next turn asks again
        // Ready hooks run in here and look at the time.
        if (total == 0) now_ = clock_.steady();
        for (const auto& event : std::span(batch).first(static_cast<std::size_t>(count)))
            if (event.data.ptr) mark(*static_cast<Slot*>(event.data.ptr), event.events);
        total += static_cast<std::size_t>(count);
        if (count < batch_events) break;
        wait_ms = 0;
    }
    if (total == 0) now_ = clock_.steady();
    return total;
}

void Reactor::mark(Slot& slot, std::uint32_t events) noexcept {
    if (slot.fd < 0) return;  // closed earlier in this batch
    const bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    const bool readable = ended || (events & EPOLLIN) != 0;
    const bool writable = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
    const bool news =
        (readable && !slot.readable) || (writable && !slot.writable) || (ended && !slot.hung_up);
    slot.readable |= readable;
    slot.writable |= writable;
    slot.hung_up |= ended;
    if (slot.hook)
        slot.hook->ready();
    else if (slot.waiter && news)
        slot.waiter->wake(Wake::io);
}

void Reactor::begin_turn() noexcept {
    wall_ = clock_.wall();
    add(counters_.turns, 1);
    add(counters_.idle_ns, nanoseconds(now_) - std::min(nanoseconds(turn_ended_), nanoseconds(now_)));
    advance_wheel();
}

std::size_t Reactor::run_posted() {
    if (!has_posted_.load(std::memory_order_acquire)) return 0;
    std::vector<std::function<void()>> batch;
    {
        const std::lock_guard lock(posted_mutex_);
        batch.swap(posted_);
        has_posted_.store(false, std::memory_order_release);
    }
    for (auto& what : batch) what();
    return batch.size();
}

std::size_t Reactor::resume_woken() noexcept {
    if (!ready_.linked()) return 0;
    // Those woken from here on go to the emptied ring and belong to the next turn.
    ReadyLink batch;
    batch.insert_before(ready_);
    ready_.unlink();
    std::size_t count = 0;
    while (batch.linked()) {
        auto& waiter = static_cast<Waiter&>(static_cast<ReadyLink&>(*batch.next));
        waiter.ReadyLink::unlink();
        std::exchange(waiter.handle_, nullptr).resume();
        if (++count % resumes_between_looks == 0 && clock_.steady() - now_ > resuming_most) break;
    }
    // Many woken at once, as by a change of policy, share several turns, so that none of them is long.
    if (batch.linked()) ready_.take_front(batch);
    return count;
}

void Reactor::end_turn() {
    for (auto& hook : hooks_) hook();
    if (!deferred_.empty()) {
        std::vector<std::function<void()>> batch;
        batch.swap(deferred_);
        for (auto& what : batch) what();
    }
    while (Slot* slot = closed_) {
        closed_ = slot->next;
        slot->next = std::exchange(free_, slot);
    }
    turn_ended_ = clock_.steady();
    const std::uint64_t spent = nanoseconds(turn_ended_) - nanoseconds(now_);
    add(counters_.busy_ns, spent);
    if (spent > counters_.longest_turn_ns.load(std::memory_order_relaxed))
        counters_.longest_turn_ns.store(spent, std::memory_order_relaxed);
    counters_.flows.store(live_flows_, std::memory_order_relaxed);
}

Slot* Reactor::take_slot(int fd) {
    if (!free_) {
        auto& slab = slabs_.emplace_back(std::make_unique<Slot[]>(slab_slots));
        for (std::size_t i = 0; i < slab_slots; ++i) slab[i].next = std::exchange(free_, &slab[i]);
    }
    Slot* slot = std::exchange(free_, free_->next);
    *slot = Slot{};
    slot->reactor = this;
    slot->fd = fd;
    return slot;
}

void Reactor::release(Slot* slot) noexcept {
    if (slot->fd >= 0) ::close(std::exchange(slot->fd, -1));
    slot->waiter = nullptr;
    slot->hook = nullptr;
    slot->next = std::exchange(closed_, slot);
}

Descriptor Reactor::adopt(UniqueFd fd, bool writable) {
    Slot* slot = take_slot(fd.release());
    slot->writable = writable;
    enrol(*slot, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    return Descriptor(slot);
}

Descriptor Reactor::adopt_listening(UniqueFd fd, ReadyHook& hook) {
    Slot* slot = take_slot(fd.release());
    slot->hook = &hook;
    enrol(*slot, EPOLLIN);
    return Descriptor(slot);
}

void Reactor::enrol(Slot& slot, std::uint32_t events) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &slot;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, slot.fd, &event) == 0) return;
    slot.error = errno;
    if (slot.fd >= 0) ::close(std::exchange(slot.fd, -1));
}

void Reactor::post(std::function<void()> what) {
    bool first = false;
    {
        const std::lock_guard lock(posted_mutex_);
        first = posted_.empty();
        posted_.push_back(std::move(what));
        has_posted_.store(true, std::memory_order_release);
    }
    if (!first) return;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event_.get(), &one, sizeof one);
}

void Reactor::post_wake(WaiterTicket ticket, Wake reason) {
    post([this, ticket, reason] { wake(ticket, reason); });
}

bool Reactor::wake(WaiterTicket ticket, Wake reason) noexcept {
    const auto found = tickets_.find(ticket.id);
    if (found == tickets_.end()) return false;
    found->second->wake(reason);
    return true;
}

void Reactor::at_end_of_turn(std::function<void()> hook) { hooks_.push_back(std::move(hook)); }

void Reactor::defer(std::function<void()> what) { deferred_.push_back(std::move(what)); }

void Reactor::cancel_all() noexcept {
    cancelling_ = true;
    for (Link* link = members_.next; link != &members_; link = link->next) {
        auto& waiter = static_cast<Waiter&>(static_cast<MemberLink&>(*link));
        waiter.cancelled_ = true;
        waiter.wake(Wake::cancel);
    }
}

std::span<std::uint8_t> Reactor::gather() {
    if (!gather_) gather_ = std::make_unique<std::uint8_t[]>(gather_bytes);
    return {gather_.get(), gather_bytes};
}

ReactorLoad Reactor::load() noexcept {
    const auto read = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
    return {.turns = read(counters_.turns),
            .busy_ns = read(counters_.busy_ns),
            .idle_ns = read(counters_.idle_ns),
            .longest_turn_ns = counters_.longest_turn_ns.exchange(0, std::memory_order_relaxed),
            .events = read(counters_.events),
            .resumes = read(counters_.resumes),
            .live_flows = read(counters_.flows)};
}

// Deadlines. A waiter stays in the slot of its earliest deadline since it was last looked at: a later one, as
// each new request sets, is only stored, and seen when that slot comes up.
void Reactor::arm(Waiter& waiter, SteadyTime deadline) noexcept {
    waiter.deadline_ = deadline;
    if (deadline == SteadyTime::max()) return;
    const std::uint64_t tick = (nanoseconds(deadline) >> tick_shift) + 1;
    if (waiter.armed_tick_ != 0 && waiter.armed_tick_ <= tick) return;
    place(waiter);
}

void Reactor::place(Waiter& waiter) noexcept {
    const std::uint64_t wanted = (nanoseconds(waiter.deadline_) >> tick_shift) + 1;
    const std::uint64_t tick = std::clamp(wanted, last_tick_ + 1, last_tick_ + wheel_slots - 1);
    const std::size_t slot = tick % wheel_slots;
    waiter.TimerLink::unlink();
    waiter.TimerLink::insert_before(wheel_[slot]);
    waiter.armed_tick_ = tick;
    occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void Reactor::advance_wheel() noexcept {
    const std::uint64_t tick = nanoseconds(now_) >> tick_shift;
    if (tick <= last_tick_) return;
    const std::uint64_t first = std::max(last_tick_ + 1, tick >= wheel_slots ? tick - wheel_slots + 1 : 0);
    last_tick_ = tick;
    for (std::uint64_t at = first; at <= tick; ++at) {
        const std::size_t slot = at % wheel_slots;
        const std::uint64_t bit = std::uint64_t{1} << (slot % 64);
        if ((occupied_[slot / 64] & bit) != 0) {
            occupied_[slot / 64] &= ~bit;
            expire(wheel_[slot]);
        }
    }
}

void Reactor::expire(TimerLink& slot) noexcept {
    if (!slot.linked()) return;
    TimerLink batch;  // waiters placed again may land in this very slot
    batch.insert_before(slot);
    slot.unlink();
    while (batch.linked()) {
        auto& waiter = static_cast<Waiter&>(static_cast<TimerLink&>(*batch.next));
        waiter.TimerLink::unlink();
        waiter.armed_tick_ = 0;
        if (waiter.deadline_ <= now_)
            waiter.wake(Wake::timer);
        else if (waiter.deadline_ != SteadyTime::max())
            place(waiter);
    }
}

std::optional<SteadyTime> Reactor::next_due() const noexcept {
    const std::uint64_t from = last_tick_ + 1;
    // One word more than the wheel has: the first may be looked at in two parts.
    for (std::uint64_t seen = 0; seen < wheel_slots + 64;) {
        const std::size_t slot = (from + seen) % wheel_slots;
        const std::uint64_t rest = occupied_[slot / 64] >> (slot % 64);
        if (rest != 0) {
            const std::uint64_t tick = from + seen + static_cast<std::uint64_t>(std::countr_zero(rest));
            return SteadyTime(std::chrono::nanoseconds(static_cast<std::int64_t>(tick << tick_shift)));
        }
        seen += 64 - slot % 64;
    }
    return std::nullopt;
}

Flow::promise_type::promise_type(Reactor* reactor) noexcept : reactor_(reactor) { ++reactor_->live_flows_; }

Flow::promise_type::~promise_type() { --reactor_->live_flows_; }

void Flow::promise_type::unhandled_exception() noexcept {
    if (reactor_->on_exception_) reactor_->on_exception_(std::current_exception());
}

}  // namespace sekisho::gateway
