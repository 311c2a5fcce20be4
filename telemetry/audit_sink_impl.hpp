#pragma once
// What an AuditWriter is made of: audit_sink_io.cpp takes records in and runs the thread, audit_commit_io.cpp
// writes groups of them.
#include "telemetry/audit_files_io.hpp"
#include "telemetry/audit_queue.hpp"
#include "telemetry/audit_sink_io.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace sekisho::telemetry {

struct AuditWriter::Impl {
    using Batch = std::vector<WaitingRecord>;
    // Answers that are due but not given yet: given on the audit thread, outside the lock.
    struct Answer {
        Done done;
        Result<Seq> result;
    };

    Impl(AuditSettings given, SigningKey signing_key, PersonKeys& person_keys, const Clock& face,
         SharedShard& counters, Log* operation_log, AuditFiles opened)
        : settings(std::move(given)),
          key(std::move(signing_key)),
          keys(person_keys),
          clock(face),
          shard(counters),
          log(operation_log),
          files(std::move(opened)),
          queue(settings.queue_records, settings.coalesce_for) {}

    void begin();
    void put(Record record, Done done);
    void run();
    void turn(std::unique_lock<std::mutex>& lock);
    void finish(std::unique_lock<std::mutex>& lock);
    Millis delay() const;
    bool has_work() const;

    void commit(std::unique_lock<std::mutex>& lock);
    bool write_any(Batch& batch, std::uint64_t lost_now);
    bool write_privileged(Batch& batch);
    Result<void> write(Batch& batch, std::uint64_t gap);
    Result<void> rotate(bool into_reserve);
    bool leave_reserve();
    void succeeded(Batch& batch, std::uint64_t gap);
    void failed(const Error& error);
    void answer_unavailable(Batch& batch);
    Record start_record(const Recovered& found) const;
    Result<void> checkpoint();
    void show_state();

    const AuditSettings settings;
    const SigningKey key;
    PersonKeys& keys;
    const Clock& clock;
    SharedShard& shard;
    Log* const log;
    AuditFiles files;  // audit thread only

    mutable std::mutex mutex;
    std::condition_variable wake;
    AuditQueue queue;
    std::vector<Answer> answers;
    bool stopping = false;
    std::size_t in_hand = 0;

    // Audit thread only, but for the atomics.
    Digest link{};
    SteadyTime retry_at{}, reserve_retry_at{}, checkpoint_at{};
    std::atomic<bool> full{false}, failing{false}, checkpoint_failing{false};
    std::atomic<Seq> protected_seq{0}, signed_seq{0};  // signed: nothing new to sign up to there
    mutable std::mutex head_mutex;
    Head head;  // under head_mutex
    std::mutex checkpoint_mutex;
    std::atomic<AuditState> shown{AuditState::good};
    std::thread thread;
};

inline Error not_durable() { return {Errc::unavailable, "the audit log cannot be written now"}; }

}  // namespace sekisho::telemetry
