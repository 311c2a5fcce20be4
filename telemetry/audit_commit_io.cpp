#include "telemetry/audit_sink_impl.hpp"

namespace sekisho::telemetry {
namespace {

constexpr std::size_t batch_max = 1000;

}  // namespace

// One group of records. While the disk is full only privileged ones are tried until it is time to try all
// again.
void AuditWriter::Impl::commit(std::unique_lock<std::mutex>& lock) {
    const bool waiting = retry_at > clock.steady();
    if (waiting && (!full || reserve_retry_at > clock.steady())) return;
    auto batch = queue.take(batch_max, waiting ? AuditQueue::Take::privileged_only : AuditQueue::Take::any);
    const std::uint64_t lost_now = waiting ? 0 : queue.lost();
    if (batch.empty() && lost_now == 0) return;
    in_hand = batch.size();
    lock.unlock();
    const bool gap_written = !waiting && write_any(batch, lost_now);
    show_state();  // before anybody hears of it
    if (!gap_written && !batch.empty()) {
        if (full) write_privileged(batch);
        answer_unavailable(batch);
    }
    lock.lock();
    if (gap_written) queue.forget_lost(lost_now);
    queue.put_back(std::move(batch));
    in_hand = 0;
}

// Writes the whole batch, the gap record before it; on success the batch is empty.
bool AuditWriter::Impl::write_any(Batch& batch, std::uint64_t lost_now) {
    if (files.on_reserve() && !leave_reserve()) return false;
    if (const auto written = write(batch, lost_now); !written) {
        failed(written.error());
        return false;
    }
    succeeded(batch, lost_now);
    const bool was_full = full.exchange(false), was_failing = failing.exchange(false);
    if (was_full || was_failing) {
        if (log) log->warning("audit: records are durable again", {{FieldName::lost, lost_now}});
        if (const auto made = files.make_reserve(settings.reserve_bytes); !made && log)
            log->error("audit: no space could be reserved for privileged records", made.error());
    }
    return true;
}

// The reserve is for privileged records alone: ordinary ones go on once a new reserve could be made, in a new
// segment.
bool AuditWriter::Impl::leave_reserve() {
    auto ready = files.make_reserve(settings.reserve_bytes);
    if (ready) ready = rotate(false);
    if (!ready) failed(ready.error());
    return static_cast<bool>(ready);
}

// Takes the privileged records out of the batch and writes them where space was kept for them.
bool AuditWriter::Impl::write_privileged(Batch& batch) {
    Batch chosen, rest;
    for (auto& waiting : batch) (waiting.privileged() ? chosen : rest).push_back(std::move(waiting));
    batch = std::move(rest);
    if (chosen.empty()) return true;
    Result<void> written;
    if (!files.on_reserve()) written = rotate(true);
    if (written) written = write(chosen, 0);
    if (written)
        succeeded(chosen, 0);
    else
        reserve_retry_at = clock.steady() + settings.retry_every;
    if (!written && log && written.error().code() != Errc::not_found)
        log->error("audit: the reserved space cannot be used", written.error());
    for (auto& waiting : chosen) batch.push_back(std::move(waiting));
    return static_cast<bool>(written);
}

Result<void> AuditWriter::Impl::rotate(bool into_reserve) {
    std::string header;
    const Digest hash =
        append_header(header, {files.segment() + 1, head.seq + 1, link, settings.origin, clock.wall()});
    auto started = into_reserve ? files.start_reserve_segment(header) : files.start_segment(header);
    if (started) link = hash;
    return started;
}

Result<void> AuditWriter::Impl::write(Batch& batch, std::uint64_t gap) {
    const bool damaged = head.seq == files.recovered().head.seq && !files.recovered().damage.empty() &&
                         files.segment() == files.recovered().segment;
    if (!files.has_segment() || damaged ||
        (files.size_bytes() >= settings.segment_bytes && !files.on_reserve()))
        if (auto rotated = rotate(false); !rotated) return rotated;
    const auto began = clock.steady();
    std::string text;
    Head next{head.seq, link};
    if (gap > 0) {
        Record lost;
        lost.event = Event::gap;
        lost.time = clock.wall();
        lost.count = gap;
        next = {next.seq + 1, append_record(text, lost, next, keys)};
    }
    for (auto& waiting : batch) {
        if (waiting.record.time == WallTime{}) waiting.record.time = clock.wall();
        next = {next.seq + 1, append_record(text, waiting.record, next, keys)};
    }
    if (auto appended = files.append(text); !appended) return appended;
    const std::scoped_lock lock(head_mutex);
    head = next;
    link = next.hash;
    shard.observe<Metric::audit_sync_duration>((clock.steady() - began).count());
    return {};
}

void AuditWriter::Impl::succeeded(Batch& batch, std::uint64_t gap) {
    const std::size_t written = batch.size() + (gap > 0 ? 1 : 0);
    shard.add<Metric::audit_records>(static_cast<std::int64_t>(written));
    Seq seq = head.seq - batch.size();
    for (auto& waiting : batch)
        if (++seq; waiting.done) waiting.done(seq);
    batch.clear();
}

void AuditWriter::Impl::failed(const Error& error) {
    const bool no_space = error.code() == Errc::too_large;
    const bool news = (no_space ? full : failing).exchange(true) == false;
    (no_space ? failing : full) = false;
    retry_at = clock.steady() + settings.retry_every;
    if (news && log) log->error("audit: records cannot be made durable", error);
}

void AuditWriter::Impl::answer_unavailable(Batch& batch) {
    for (auto& waiting : batch)
        if (auto done = std::exchange(waiting.done, nullptr)) done(not_durable());
}

}  // namespace sekisho::telemetry
