// Goal: waiting records are bounded, strangers' refusals are counted together, and every loss is counted.
// Method: a queue with its time given, filled past each limit; in the end records, counts and losses add up.
#include "telemetry/audit_queue.hpp"

#include "audit_support.hpp"

#include <gtest/gtest.h>

namespace sekisho::telemetry {
namespace {

using namespace std::chrono_literals;
using Put = AuditQueue::Put;
using test::act;
using test::refusal;

constexpr SteadyTime start{1h};

Put put(AuditQueue& queue, Record record, SteadyTime now = start) {
    WaitingRecord waiting{std::move(record), {}};
    return queue.put(waiting, now);
}

Record knock(std::string client, std::string reason = "not_signed_in") {
    auto record = refusal("", "wiki");
    record.client = std::move(client);
    record.reason = std::move(reason);
    return record;
}

TEST(AuditQueue, OrdinaryRecordsAreLostPastTheLimitAndCounted) {
    AuditQueue queue(8, 0ms);
    for (int i = 0; i < 8; ++i) EXPECT_EQ(put(queue, refusal("sato", "wiki")), Put::queued);
    EXPECT_EQ(put(queue, refusal("sato", "wiki")), Put::lost);
    EXPECT_EQ(queue.lost(), 1u);
    EXPECT_EQ(put(queue, act("users.disable")), Put::queued);
    EXPECT_EQ(put(queue, act("users.disable")), Put::queued);
    EXPECT_EQ(put(queue, act("users.disable")), Put::lost);
    EXPECT_EQ(queue.size(), 10u);
    queue.forget_lost(2);
    EXPECT_EQ(queue.lost(), 0u);
}

TEST(AuditQueue, PrivilegedRecordsCanBeTakenAlone) {
    AuditQueue queue(8, 0ms);
    put(queue, refusal("a", "wiki"));
    put(queue, act("one"));
    put(queue, refusal("b", "wiki"));
    put(queue, act("two"));
    const auto taken = queue.take(10, AuditQueue::Take::privileged_only);
    ASSERT_EQ(taken.size(), 2u);
    EXPECT_EQ(taken[0].record.reason, "one");
    EXPECT_EQ(taken[1].record.reason, "two");
    EXPECT_EQ(queue.privileged(), 0u);
    auto rest = queue.take(1, AuditQueue::Take::any);
    EXPECT_EQ(rest[0].record.user, "a");
    queue.put_back(std::move(rest));
    rest = queue.take(10, AuditQueue::Take::any);
    ASSERT_EQ(rest.size(), 2u);
    EXPECT_EQ(rest[0].record.user, "a");
    EXPECT_EQ(rest[1].record.user, "b");
}

TEST(AuditQueue, StrangersRefusalsAreCountedForTenSeconds) {
    AuditQueue queue(100, 10s);
    EXPECT_EQ(put(queue, knock("198.51.100.7")), Put::queued);
    for (int i = 0; i < 500; ++i) EXPECT_EQ(put(queue, knock("198.51.100.7"), start + 1s), Put::coalesced);
    EXPECT_EQ(put(queue, knock("198.51.100.8")), Put::queued);
    EXPECT_EQ(put(queue, knock("198.51.100.7", "origin")), Put::queued);
    EXPECT_EQ(put(queue, refusal("sato", "wiki")), Put::queued);
    EXPECT_EQ(put(queue, refusal("sato", "wiki")), Put::queued);
    queue.close_windows(start + 9s, AuditQueue::Windows::over);
    EXPECT_EQ(queue.size(), 5u);
    EXPECT_EQ(queue.next_window(), start + 10s);
    queue.close_windows(start + 10s, AuditQueue::Windows::over);
    EXPECT_FALSE(queue.next_window());
    const auto all = queue.take(100, AuditQueue::Take::any);
    ASSERT_EQ(all.size(), 6u);
    EXPECT_EQ(all[5].record.event, Event::coalesced);
    EXPECT_EQ(all[5].record.count, 500u);
    EXPECT_EQ(all[5].record.client, "198.51.100.7");
    EXPECT_EQ(all[5].record.facts[0].value, "decision.deny");
    EXPECT_EQ(put(queue, knock("198.51.100.7"), start + 11s), Put::queued);
}

TEST(AuditQueue, ANetworkOfSixtyFourBitsIsOneSource) {
    AuditQueue queue(100, 10s);
    EXPECT_EQ(put(queue, knock("2001:db8::1")), Put::queued);
    EXPECT_EQ(put(queue, knock("2001:db8::2")), Put::coalesced);
    EXPECT_EQ(put(queue, knock("2001:db8:0:1::2")), Put::queued);
}

TEST(AuditQueue, ManySourcesStayBoundedAndAddUp) {
    AuditQueue queue(100'000, 10s);
    std::uint64_t queued = 0;
    for (int i = 0; i < 20'000; ++i)
        queued += put(queue, knock(fmt::format("10.1.{}.{}", i / 250, i % 250))) == Put::queued ? 1 : 0;
    EXPECT_LE(queued, 1025u);
    queue.close_windows(start, AuditQueue::Windows::all);
    std::uint64_t told = 0;
    for (const auto& waiting : queue.take(100'000, AuditQueue::Take::any))
        told += waiting.record.event == Event::coalesced ? waiting.record.count : 1;
    EXPECT_EQ(told, 20'000u);
}

TEST(AuditQueue, ACountThatFindsNoRoomIsLostByItsNumber) {
    AuditQueue queue(1, 10s);
    put(queue, knock("198.51.100.7"));
    for (int i = 0; i < 9; ++i) put(queue, knock("198.51.100.7"));
    queue.close_windows(start, AuditQueue::Windows::all);
    EXPECT_EQ(queue.size(), 1u);
    EXPECT_EQ(queue.lost(), 9u);
}

}  // namespace
}  // namespace sekisho::telemetry
