#pragma once
// AuditWriter makes records durable: one thread, one file, groups of records per sync, a checkpoint each
// second.
#include "telemetry/audit_chain.hpp"
#include "telemetry/log.hpp"

#include <filesystem>

namespace sekisho::telemetry {

struct AuditSettings {
    std::filesystem::path directory;
    std::filesystem::path checkpoint_path;  // empty: no second place, every tail stays unprotected
    std::string origin = "sekisho";
    std::uint64_t segment_bytes = 64ull << 20;
    std::uint64_t reserve_bytes = 1ull << 20;  // kept for privileged records; 0: none
    Millis checkpoint_every{1000};
    Millis coalesce_for{10'000};
    Millis retry_every{1000};          // while the disk is full or failing
    std::size_t queue_records = 8192;  // ordinary records waiting; privileged ones have an eighth on top
};

// good: records become durable. degraded: the last write, sync or checkpoint failed and is tried again.
// full: no space for ordinary records; privileged ones use the reserve as long as it lasts.
enum class AuditState : std::uint8_t { good, degraded, full };
std::string_view to_text(AuditState state) noexcept;

enum class Durability : std::uint8_t {
    wait,   // return when the record is durable: never on a worker
    later,  // return at once
};

// Nothing is lost silently: a record that finds no room is counted, and the count is written as a `gap`
// record as soon as there is room again. Thread: any, except where said.
class AuditWriter {
public:
    using Done = std::function<void(Result<Seq>)>;

    // open takes the directory's lock, cuts an incomplete last line, checks the last segment, and writes a
    // `start` record that names the durable head it found. References outlive the writer; log may be null
    // (command line). Errors: Errc::exists when another process writes there; Errc::unavailable when the
    // files cannot be used.
    static Result<std::unique_ptr<AuditWriter>> open(AuditSettings settings, SigningKey key, PersonKeys& keys,
                                                     const Clock& clock, SharedShard& shard, Log* log);
    ~AuditWriter();  // writes what waits and a `stop` record, checkpoints, joins

    // Errors: Errc::unavailable when the record is not durable (it still waits, or was counted as lost).
    // The number is 0 when `later`, or when the record was counted in another one.
    Result<Seq> append(Record record, Durability durability);
    // The callback form for workers: `done` is called once, on the audit thread; it must not block.
    void append(Record record, Done done);

    AuditState state() const noexcept;
    Head durable_head() const;
    Seq protected_to() const noexcept;
    std::size_t waiting() const;
    std::size_t waiting_max() const noexcept;
    std::uint64_t lost() const noexcept;

    // checkpoint_now signs and writes a checkpoint if anything changed since the last.
    Result<void> checkpoint_now();

private:
    struct Impl;
    explicit AuditWriter(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

// register_audit_metrics: state, head and protected head at scrape.
void register_audit_metrics(Registry& registry, const AuditWriter& writer);

}  // namespace sekisho::telemetry
