// Goal: waiters are woken for what happened, once, in time, and never lost; nothing outlives a shut-down.
// Method: socket pairs and a manual clock driven turn by turn; threads only where threads are the point.
#include "gateway/net/reactor_io.hpp"

#include "gateway/net/plain_stream_io.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace sekisho::gateway {
namespace {

using namespace std::chrono_literals;

struct SocketPair {
    SocketPair() {
        int both[2] = {-1, -1};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
        near = UniqueFd(both[0]);
        far = UniqueFd(both[1]);
    }
    UniqueFd near, far;
};

struct Seen {
    std::vector<Wakes> wakes;
    Waiter* waiter = nullptr;
    bool ended = false;
};

// Waits `times` times and notes why it was woken.
Flow note(Reactor& reactor, Seen& seen, int times, SteadyTime deadline) {
    Waiter waiter(reactor);
    seen.waiter = &waiter;
    for (int i = 0; i < times; ++i) seen.wakes.push_back(co_await waiter.wait(deadline));
    seen.waiter = nullptr;
    seen.ended = true;
}

// Uses `cost` of the clock each time it runs.
Flow labour(Reactor& reactor, ManualClock& clock, std::vector<int>& ran, int number, Millis cost,
            std::vector<Waiter*>& waiters) {
    Waiter waiter(reactor);
    waiters.push_back(&waiter);
    co_await waiter.wait(SteadyTime::max());
    clock.advance(cost);
    ran.push_back(number);
}

TEST(Reactor, ManyWokenAtOnceShareSeveralTurnsInOrder) {
    ManualClock clock{WallTime{}};
    Reactor reactor(clock);
    std::vector<int> ran, wanted;
    std::vector<Waiter*> waiters;
    for (int i = 0; i < 100; ++i) {
        labour(reactor, clock, ran, i, 1ms, waiters);
        wanted.push_back(i);
    }
    for (auto* waiter : waiters) waiter->wake(Wake::control);
    std::size_t turns = 0, longest = 0;
    while (ran.size() < 100 && turns < 100) {
        const auto before = ran.size();
        reactor.turn();
        ++turns;
        longest = std::max(longest, ran.size() - before);
    }
    EXPECT_EQ(ran, wanted);
    EXPECT_EQ(longest, 16u) << "it looks at the clock after every sixteenth";
    EXPECT_GE(turns, 6u);
}

TEST(Reactor, CountsManyWakesBeforeATurnAsOne) {
    Reactor reactor;
    Seen seen;
    note(reactor, seen, 1, SteadyTime::max());
    seen.waiter->wake(Wake::control);
    seen.waiter->wake(Wake::io);
    seen.waiter->wake(Wake::control);
    EXPECT_TRUE(seen.wakes.empty()) << "resumed outside a turn";
    reactor.turn();
    ASSERT_EQ(seen.wakes.size(), 1u);
    EXPECT_TRUE(seen.wakes[0].has(Wake::control));
    EXPECT_TRUE(seen.wakes[0].has(Wake::io));
    EXPECT_FALSE(seen.wakes[0].has(Wake::timer));
    EXPECT_EQ(reactor.live_flows(), 0u);
    EXPECT_EQ(reactor.load().resumes, 1u);
}

TEST(Reactor, WakesBeforeAWaitAreOne) {
    Reactor reactor;
    Seen seen;
    note(reactor, seen, 2, SteadyTime::max());
    seen.waiter->wake(Wake::control);
    reactor.post([&] {
        if (seen.waiter) seen.waiter->wake(Wake::io);
    });
    reactor.turn();
    reactor.turn();
    EXPECT_FALSE(seen.ended) << "posted before the waiter ran: both wakes are one";
    seen.waiter->wake(Wake::control);
    reactor.turn();
    EXPECT_TRUE(seen.ended);
}

Flow never_tires(Reactor& reactor, int& ran) {
    Waiter waiter(reactor);
    Wakes wakes;
    while (!wakes.has(Wake::cancel)) {
        ++ran;
        waiter.wake(Wake::io);
        wakes = co_await waiter.wait(SteadyTime{});  // long past
    }
}

TEST(Reactor, AFlowThatAlwaysHasMoreToDoRunsOnceATurn) {
    Reactor reactor;
    int ran = 0, posted = 0;
    never_tires(reactor, ran);
    for (int turn = 1; turn <= 5; ++turn) {
        reactor.post([&] { ++posted; });
        reactor.turn();
        EXPECT_EQ(posted, turn);
        EXPECT_EQ(ran, turn + 1);
    }
    reactor.cancel_all();
    reactor.turn();
    EXPECT_EQ(reactor.live_flows(), 0u);
}

TEST(Reactor, DeadlineWakesSoonAfterAndNeverBefore) {
    // From one tick to beyond the wheel's reach.
    for (const Millis delay : {1ms, 16ms, 17ms, 100ms, 999ms, 17'000ms, 18'000ms, 75'000ms, 3'600'000ms}) {
        ManualClock clock(WallTime{});
        Reactor reactor(clock);
        reactor.turn();
        Seen seen;
        const auto deadline = reactor.now() + delay;
        note(reactor, seen, 1, deadline);
        while (!seen.ended && clock.steady() < deadline + 40ms) {
            const bool early = clock.steady() < deadline;
            reactor.turn();
            if (early) {
                EXPECT_FALSE(seen.ended) << "early for " << delay.count() << " ms";
            }
            clock.advance(delay > 1000ms && clock.steady() + 1000ms < deadline ? 700ms : 1ms);
        }
        ASSERT_TRUE(seen.ended) << delay.count() << " ms";
        EXPECT_TRUE(seen.wakes[0].has(Wake::timer));
    }
}

TEST(Reactor, PastDeadlineEndsInTheNextTurn) {
    Reactor reactor;
    Seen seen;
    note(reactor, seen, 1, reactor.now());
    EXPECT_FALSE(seen.ended);
    reactor.turn();
    ASSERT_TRUE(seen.ended);
    EXPECT_TRUE(seen.wakes[0].has(Wake::timer));
}

Flow wait_each(Reactor& reactor, Seen& seen, std::vector<SteadyTime> deadlines) {
    Waiter waiter(reactor);
    seen.waiter = &waiter;
    for (const auto deadline : deadlines) seen.wakes.push_back(co_await waiter.wait(deadline));
    seen.ended = true;
}

TEST(Reactor, LaterAndEarlierDeadlinesReplaceTheFirst) {
    ManualClock clock(WallTime{});
    Reactor reactor(clock);
    reactor.turn();
    const auto start = reactor.now();
    Seen seen;
    wait_each(reactor, seen, {start + 100ms, start + 5000ms, start + 200ms, SteadyTime::max()});
    for (const std::size_t woken :
         {1u, 2u}) {  // each wait but the last two ends by a wake, not by its deadline
        seen.waiter->wake(Wake::control);
        reactor.turn();
        ASSERT_EQ(seen.wakes.size(), woken);
        EXPECT_FALSE(seen.wakes.back().has(Wake::timer));
    }
    clock.advance(150ms);
    reactor.turn();
    EXPECT_EQ(seen.wakes.size(), 2u) << "the deadline of an earlier wait fired";
    clock.advance(100ms);
    reactor.turn();
    ASSERT_EQ(seen.wakes.size(), 3u);
    EXPECT_TRUE(seen.wakes.back().has(Wake::timer));
    clock.advance(Millis(3'600'000));
    reactor.turn();
    EXPECT_FALSE(seen.ended) << "a wait without deadline ended";
    seen.waiter->wake(Wake::control);
    reactor.turn();
    EXPECT_TRUE(seen.ended);
}

TEST(Reactor, SleepsInTheKernelNoLongerThanTheNextDeadline) {
    Reactor reactor;
    Seen seen;
    const auto start = system_clock_face().steady();
    note(reactor, seen, 1, reactor.now() + 60ms);
    reactor.stop_when_idle();
    reactor.run();
    const auto took = system_clock_face().steady() - start;
    EXPECT_TRUE(seen.ended);
    EXPECT_GE(took, 60ms);
    const auto load = reactor.load();
    EXPECT_GT(load.idle_ns, load.busy_ns);
    EXPECT_LT(load.turns, 20u) << "it spun";
}

Flow echo(Reactor& reactor, UniqueFd fd, std::size_t& echoed) {
    Waiter waiter(reactor);
    PlainStream stream(reactor.adopt(std::move(fd), true));
    stream.attach(waiter);
    Bytes waiting;
    for (;;) {
        std::array<std::uint8_t, 4096> buffer;
        bool moved = false;
        if (waiting.empty()) {
            const auto got = stream.read(buffer);
            if (got.state == IoState::closed || got.state == IoState::failed) co_return;
            waiting.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got.bytes));
            moved = got.state == IoState::done;
        }
        if (!waiting.empty()) {
            const auto sent = stream.write(waiting);
            if (sent.state == IoState::failed) co_return;
            waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(sent.bytes));
            echoed += sent.bytes;
            moved |= sent.state == IoState::done;
        }
        if (!moved && (co_await waiter.wait()).has(Wake::cancel)) co_return;
    }
}

TEST(Reactor, EchoesAMegabyteWithSmallSocketBuffers) {
    Reactor reactor;
    SocketPair pair;
    std::size_t echoed = 0;
    echo(reactor, std::move(pair.near), echoed);
    constexpr std::size_t total = 1u << 20;
    std::size_t sent = 0;
    std::size_t back = 0;
    Bytes chunk(9973, 0x5a);
    while (back < total) {
        if (const auto n = ::send(pair.far.get(), chunk.data(), std::min(chunk.size(), total - sent), 0);
            n > 0)
            sent += static_cast<std::size_t>(n);
        reactor.turn();
        if (const auto n = ::recv(pair.far.get(), chunk.data(), chunk.size(), 0); n > 0)
            back += static_cast<std::size_t>(n);
    }
    EXPECT_EQ(echoed, total);
    pair.far.reset();
    reactor.turn();
    EXPECT_EQ(reactor.live_flows(), 0u) << "the peer's end was not seen";
}

TEST(Reactor, ShortReadMeansDrainedUntilTheNextEdge) {
    Reactor reactor;
    SocketPair pair;
    auto socket = reactor.adopt(std::move(pair.near), true);
    std::array<std::uint8_t, 8> buffer;
    ASSERT_EQ(::send(pair.far.get(), "abc", 3, 0), 3);
    EXPECT_EQ(socket.read(buffer).state, IoState::would_block) << "readable before any event";
    reactor.turn();
    EXPECT_EQ(socket.read(buffer).bytes, 3u);
    EXPECT_FALSE(socket.readable());
    ASSERT_EQ(::send(pair.far.get(), "d", 1, 0), 1);
    EXPECT_EQ(socket.read(buffer).state, IoState::would_block) << "it probed";
    reactor.turn();
    EXPECT_EQ(socket.read(buffer).bytes, 1u);
    ASSERT_EQ(::send(pair.far.get(), "last", 4, 0), 4);
    pair.far.reset();
    reactor.turn();
    EXPECT_EQ(socket.read(buffer).bytes, 4u);
    EXPECT_EQ(socket.read(buffer).state, IoState::closed) << "no edge comes after a hang-up";
}

TEST(Reactor, TwoDescriptorsWakeOneWaiterAndCanMoveToAnother) {
    Reactor reactor;
    SocketPair client;
    SocketPair upstream;
    auto a = reactor.adopt(std::move(client.near), true);
    auto b = reactor.adopt(std::move(upstream.near), true);
    Seen first;
    Seen second;
    note(reactor, first, 2, SteadyTime::max());
    note(reactor, second, 1, SteadyTime::max());
    a.attach(*first.waiter);
    b.attach(*first.waiter);
    ASSERT_EQ(::send(client.far.get(), "x", 1, 0), 1);
    reactor.turn();
    EXPECT_EQ(first.wakes.size(), 1u);
    b.attach(*second.waiter);
    ASSERT_EQ(::send(upstream.far.get(), "x", 1, 0), 1);
    reactor.turn();
    EXPECT_EQ(first.wakes.size(), 1u);
    EXPECT_TRUE(second.ended);
    b.detach();
    ASSERT_EQ(::send(upstream.far.get(), "y", 1, 0), 1);
    reactor.turn();
    first.waiter->wake(Wake::control);
    reactor.turn();
}

struct Dropper final : ReadyHook {
    void ready() noexcept override {
        ++calls;
        if (victim) victim->close();
    }
    Descriptor* victim = nullptr;
    int calls = 0;
};

TEST(Reactor, HookSeesTheEndOfAnIdleConnection) {
    Reactor reactor;
    SocketPair pair;
    auto socket = reactor.adopt(std::move(pair.near), true);
    Dropper hook;
    hook.victim = &socket;
    socket.attach(hook);
    reactor.turn();
    hook.calls = 0;
    socket = {};
    SocketPair again;
    socket = reactor.adopt(std::move(again.near), true);
    reactor.turn();  // its first event: writable
    socket.attach(hook);
    again.far.reset();
    reactor.turn();
    EXPECT_EQ(hook.calls, 1);
    EXPECT_FALSE(socket);
}

TEST(Reactor, ClosingAnotherDescriptorOfTheSameBatchIsSafe) {
    Reactor reactor;
    SocketPair one;
    SocketPair two;
    auto a = reactor.adopt(std::move(one.near), true);
    auto b = reactor.adopt(std::move(two.near), true);
    reactor.turn();
    Dropper close_b;
    close_b.victim = &b;
    Dropper close_a;
    close_a.victim = &a;
    a.attach(close_b);
    b.attach(close_a);
    ASSERT_EQ(::send(one.far.get(), "x", 1, 0), 1);
    ASSERT_EQ(::send(two.far.get(), "x", 1, 0), 1);
    reactor.turn();
    EXPECT_EQ(close_a.calls + close_b.calls, 1) << "the closed one was still told";
}

TEST(Reactor, RunsWhatOtherThreadsPost) {
    Reactor reactor;
    constexpr int threads = 4;
    constexpr int each = 2000;
    int ran = 0;
    const auto home = std::this_thread::get_id();
    std::vector<std::thread> posters;
    for (int i = 0; i < threads; ++i)
        posters.emplace_back([&] {
            for (int k = 0; k < each; ++k)
                reactor.post([&] {
                    EXPECT_EQ(std::this_thread::get_id(), home);
                    if (++ran == threads * each) reactor.stop();
                });
        });
    reactor.run();
    for (auto& poster : posters) poster.join();
    EXPECT_EQ(ran, threads * each);
}

TEST(Reactor, PostedWakeForADeadWaiterDoesNothing) {
    Reactor reactor;
    Seen seen;
    note(reactor, seen, 1, SteadyTime::max());
    const auto ticket = seen.waiter->ticket();
    EXPECT_EQ(seen.waiter->ticket().id, ticket.id);
    std::thread([&] { reactor.post_wake(ticket, Wake::control); }).join();
    reactor.turn();
    EXPECT_TRUE(seen.ended);
    reactor.post_wake(ticket, Wake::control);
    reactor.turn();
    EXPECT_FALSE(reactor.wake(ticket, Wake::control));
}

TEST(Reactor, CancelEndsEveryFlowAndReachesLaterOnes) {
    Reactor reactor;
    std::array<SocketPair, 8> pairs;
    std::size_t echoed = 0;
    for (auto& pair : pairs) echo(reactor, std::move(pair.near), echoed);
    reactor.turn();
    EXPECT_EQ(reactor.live_flows(), pairs.size());
    std::thread([&] {
        reactor.post([&] {
            reactor.cancel_all();
            reactor.stop_when_idle();
        });
    }).join();
    reactor.run();
    EXPECT_EQ(reactor.live_flows(), 0u);
    Seen late;
    note(reactor, late, 1, SteadyTime::max());
    reactor.turn();
    ASSERT_TRUE(late.ended);
    EXPECT_TRUE(late.wakes[0].has(Wake::cancel));
}

Flow throws_after_wait(Reactor& reactor) {
    Waiter waiter(reactor);
    waiter.wake(Wake::control);
    co_await waiter.wait();
    throw std::runtime_error("a bug");
}

TEST(Reactor, ExceptionOfAFlowReachesTheHandlerAndEndsIt) {
    Reactor reactor;
    int caught = 0;
    reactor.on_exception([&](std::exception_ptr) { ++caught; });
    throws_after_wait(reactor);
    reactor.turn();
    EXPECT_EQ(caught, 1);
    EXPECT_EQ(reactor.live_flows(), 0u);
}

Flow count_turns(Reactor& reactor, std::vector<int>& order, int who) {
    Waiter waiter(reactor);
    for (int i = 0; i < 3; ++i) {
        order.push_back(who);
        waiter.wake(Wake::io);
        co_await waiter.wait();
    }
}

TEST(Reactor, WhoWakesHimselfLetsOthersRun) {
    Reactor reactor;
    std::vector<int> order;
    count_turns(reactor, order, 1);
    count_turns(reactor, order, 2);
    while (reactor.live_flows() != 0) reactor.turn();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 1, 2, 1, 2}));
}

TEST(Reactor, EndOfTurnHooksRunOncePerTurnAndDeferredOnce) {
    Reactor reactor;
    int hooks = 0;
    int deferred = 0;
    reactor.at_end_of_turn([&] { ++hooks; });
    reactor.defer([&] { ++deferred; });
    reactor.turn();
    reactor.turn();
    EXPECT_EQ(hooks, 2);
    EXPECT_EQ(deferred, 1);
}

TEST(Reactor, WorksInsideAnAsioLoop) {
    boost::asio::io_context loop(1);
    Reactor reactor;
    reactor.nest_in(loop);
    SocketPair pair;
    std::size_t echoed = 0;
    echo(reactor, std::move(pair.near), echoed);
    Seen timed;
    note(reactor, timed, 1, reactor.now() + 50ms);
    std::thread peer([&, far = pair.far.get()] {
        std::this_thread::sleep_for(100ms);
        const auto sent = ::send(far, "hello", 5, 0);
        std::this_thread::sleep_for(50ms);
        char back[8];
        const auto got = ::recv(far, back, sizeof back, 0);
        EXPECT_EQ(sent, 5);
        EXPECT_EQ(got, 5);
        reactor.post([&] {
            reactor.cancel_all();
            reactor.stop_when_idle();
        });
    });
    loop.run();
    peer.join();
    EXPECT_EQ(echoed, 5u);
    EXPECT_TRUE(timed.ended);
    EXPECT_EQ(reactor.live_flows(), 0u);
}

}  // namespace
}  // namespace sekisho::gateway
