#pragma once
// AuditQueue holds records until they are durable: bounded, anonymous refusals counted together, losses
// counted.
#include "telemetry/audit.hpp"

#include <deque>
#include <functional>
#include <unordered_map>

namespace sekisho::telemetry {

struct WaitingRecord {
    Record record;
    std::function<void(Result<Seq>)> done;  // may be empty
    bool privileged() const noexcept {
        return definition(record.event).event_class == EventClass::privileged;
    }
};

// Not thread-safe; time is an argument.
class AuditQueue {
public:
    AuditQueue(std::size_t records_max, Millis coalesce_for)
        : records_max_(records_max), window_(coalesce_for) {}

    // coalesced: counted in another record. lost: no room, counted for the gap record. `done` is left with
    // the caller unless queued.
    enum class Put : std::uint8_t { queued, coalesced, lost };
    Put put(WaitingRecord& waiting, SteadyTime now);

    // close_windows queues a record for each window of coalesced refusals that is over (all of them when told
    // so).
    enum class Windows : std::uint8_t { over, all };
    void close_windows(SteadyTime now, Windows which);
    std::optional<SteadyTime> next_window() const noexcept;

    // take removes up to `max` records from the front; only privileged ones when told so, their order kept.
    enum class Take : std::uint8_t { any, privileged_only };
    std::vector<WaitingRecord> take(std::size_t max, Take which);
    void put_back(std::vector<WaitingRecord> records);  // in front, in their order; never loses

    std::size_t size() const noexcept { return queue_.size(); }
    std::size_t privileged() const noexcept { return privileged_; }
    std::uint64_t lost() const noexcept { return lost_; }
    void forget_lost(std::uint64_t written) noexcept { lost_ -= written; }
    std::size_t records_max() const noexcept { return records_max_; }

private:
    struct Window {
        Record first;
        SteadyTime end;
        std::uint64_t further = 0;
    };
    bool has_room(const WaitingRecord& waiting) const noexcept;
    bool coalesce(const Record& record, SteadyTime now);
    void push_back(WaitingRecord waiting);

    const std::size_t records_max_;
    const Millis window_;
    std::deque<WaitingRecord> queue_;
    std::unordered_map<std::string, Window> windows_;
    std::size_t privileged_ = 0;
    std::uint64_t lost_ = 0;
};

}  // namespace sekisho::telemetry
