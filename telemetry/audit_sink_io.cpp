#include "telemetry/audit_sink_io.hpp"

#include "base/text.hpp"
#include "telemetry/audit_files_io.hpp"
#include "telemetry/audit_queue.hpp"
#include "telemetry/line_text.hpp"

#include <algorithm>
#include <csignal>
#include <future>

namespace sekisho::telemetry {
namespace {

constexpr std::size_t batch_max = 1000, text_bytes_max = 2048, facts_max = 64;
using Batch = std::vector<WaitingRecord>;

// A write past RLIMIT_FSIZE should fail, not end the process.
void ignore_file_size_signal() {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void bound(std::string& text) {
    if (text.size() > text_bytes_max) text.resize(cut_utf8(text, text_bytes_max).size());
}

// Whatever a request carried, a record stays small.
void bound(Record& record) {
    for (std::string* text :
         {&record.user, &record.actor, &record.claimed, &record.client, &record.path, &record.agent,
          &record.org, &record.kind, &record.app, &record.host, &record.method, &record.rule, &record.reason,
          &record.request_id, &record.session, &record.trace_id, &record.detail})
        bound(*text);
    if (record.facts.size() > facts_max) record.facts.resize(facts_max);
    for (auto& fact : record.facts) {
        bound(fact.name);
        bound(fact.value);
    }
}

Error not_durable() { return {Errc::unavailable, "the audit log cannot be written now"}; }
Error no_room() { return {Errc::too_large, "too many audit records wait"}; }

}  // namespace

std::string_view to_text(AuditState state) noexcept {
    return label_values::audit_state[static_cast<std::size_t>(state)];
}

struct AuditWriter::Impl {
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

// What the log goes on from (R21): a cut between two runs shows in this record and in the checkpoints.
Record AuditWriter::Impl::start_record(const Recovered& found) const {
    Record record;
    record.event = Event::start;
    record.time = clock.wall();
    record.detail = found.damage;
    std::string hash;
    append_hex(hash, as_text(found.head.hash));
    record.facts = {{"durable_seq", std::to_string(found.head.seq)},
                    {"durable_hash", std::move(hash)},
                    {"torn_bytes", std::to_string(found.torn_bytes)},
                    {"checkpoint_seq", std::to_string(found.checkpoint)}};
    if (found.checkpoint > found.head.seq) record.reason = "cut_below_checkpoint";
    if (!found.damage.empty()) record.reason = "damaged";
    return record;
}

void AuditWriter::Impl::begin() {
    const Recovered& found = files.recovered();
    head = found.head;
    link = found.link;
    signed_seq = head.seq;
    protected_seq = std::min(head.seq, found.checkpoint);
    if (log && found.torn_bytes > 0)
        log->warning("audit: an incomplete last line was cut off",
                     {{FieldName::torn_bytes, found.torn_bytes}, {FieldName::seq, head.seq}});
    if (log && !found.damage.empty())
        log->error("audit: the last segment is damaged; a new one begins",
                   {{FieldName::detail, found.damage}});
    if (log && found.checkpoint > head.seq)
        log->error("audit: a checkpoint reaches further than the log: its tail was cut",
                   {{FieldName::seq, head.seq}, {FieldName::checkpoint, found.checkpoint}});
    if (const auto made = files.make_reserve(settings.reserve_bytes); !made && log)
        log->error("audit: no space could be reserved for privileged records", made.error());
    WaitingRecord start{start_record(found), {}};
    queue.put(start, clock.steady());
    checkpoint_at = clock.steady();
    thread = std::thread([this] { run(); });
}

void AuditWriter::Impl::put(Record record, Done done) {
    bound(record);
    if (record.time == WallTime{}) record.time = clock.wall();
    WaitingRecord waiting{std::move(record), std::move(done)};
    {
        const std::scoped_lock lock(mutex);
        const bool must_wait = (full || failing) && !waiting.privileged();
        // While the disk is full or failing an ordinary record waits without holding its caller up.
        Done kept = must_wait ? std::move(waiting.done) : Done{};
        if (must_wait) waiting.done = nullptr;
        const auto put = queue.put(waiting, clock.steady());
        if (!must_wait) kept = put == AuditQueue::Put::queued ? Done{} : std::move(waiting.done);
        if (put == AuditQueue::Put::coalesced) shard.count<Metric::audit_coalesced>();
        if (put == AuditQueue::Put::lost) shard.count<Metric::audit_dropped>();
        if (kept) {
            Result<Seq> result = Seq{0};
            if (put == AuditQueue::Put::lost)
                result = no_room();
            else if (put == AuditQueue::Put::queued)
                result = not_durable();
            answers.push_back({std::move(kept), std::move(result)});
        }
    }
    wake.notify_one();
}

bool AuditWriter::Impl::has_work() const {
    if (stopping || !answers.empty()) return true;
    if (retry_at > clock.steady())
        return full && reserve_retry_at <= clock.steady() && queue.privileged() > 0;
    return queue.size() > 0 || queue.lost() > 0;
}

// How long there is nothing to do unless somebody calls.
Millis AuditWriter::Impl::delay() const {
    const SteadyTime now = clock.steady();
    SteadyTime next = now + std::chrono::seconds{1};
    if (const auto window = queue.next_window()) next = std::min(next, *window);
    if (retry_at > now) next = std::min(next, retry_at);
    if (head.seq != signed_seq) next = std::min(next, checkpoint_at + settings.checkpoint_every);
    return std::max(Millis{1}, std::chrono::ceil<Millis>(next - now));
}

void AuditWriter::Impl::run() {
    ignore_file_size_signal();
    std::unique_lock lock(mutex);
    while (!stopping) {
        wake.wait_for(lock, delay(), [this] { return has_work(); });
        turn(lock);
    }
    finish(lock);
}

void AuditWriter::Impl::turn(std::unique_lock<std::mutex>& lock) {
    std::vector<Answer> due;
    due.swap(answers);
    queue.close_windows(clock.steady(), AuditQueue::Windows::over);
    lock.unlock();
    for (auto& answer : due) answer.done(std::move(answer.result));
    lock.lock();
    commit(lock);
    if (clock.steady() >= checkpoint_at + settings.checkpoint_every) {
        checkpoint_at = clock.steady();
        lock.unlock();
        static_cast<void>(checkpoint());
        show_state();
        lock.lock();
    }
}

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

Result<void> AuditWriter::Impl::checkpoint() {
    const std::scoped_lock only_one(checkpoint_mutex);
    Head now;
    {
        const std::scoped_lock lock(head_mutex);
        now = head;
    }
    if (settings.checkpoint_path.empty() || now.seq == signed_seq) return {};
    auto written = files.append_checkpoint(sign_checkpoint({settings.origin, now, clock.wall()}, key));
    const bool was_failing = checkpoint_failing.exchange(!written);
    if (written)
        protected_seq = signed_seq = now.seq;
    else if (!was_failing && log)
        log->error("audit: the checkpoint cannot be written", written.error());
    return written;
}

void AuditWriter::Impl::show_state() {
    const auto state = full                            ? AuditState::full
                       : failing || checkpoint_failing ? AuditState::degraded
                                                       : AuditState::good;
    if (shown.exchange(state) == state || !log) return;
    log->write(state == AuditState::good ? Level::info : Level::error, "audit: state changed",
               {{FieldName::state, to_text(state)}});
}

void AuditWriter::Impl::finish(std::unique_lock<std::mutex>& lock) {
    queue.close_windows(clock.steady(), AuditQueue::Windows::all);
    Record record;
    record.event = Event::stop;
    WaitingRecord stop{std::move(record), {}};
    queue.put(stop, clock.steady());
    retry_at = {};
    // Each turn writes a batch; when one cannot be written the rest cannot either.
    for (std::size_t before = queue.size() + 1; queue.size() > 0 && queue.size() < before;) {
        before = queue.size();
        turn(lock);
    }
    const std::uint64_t unwritten = queue.size() + queue.lost();
    for (auto& waiting : queue.take(queue.size(), AuditQueue::Take::any))
        if (waiting.done) answers.push_back({std::move(waiting.done), not_durable()});
    std::vector<Answer> due;
    due.swap(answers);
    lock.unlock();
    for (auto& answer : due) answer.done(std::move(answer.result));
    if (unwritten > 0) {
        shard.add<Metric::audit_dropped>(static_cast<std::int64_t>(unwritten));
        if (log) log->error("audit: records were lost at the stop", {{FieldName::lost, unwritten}});
    }
    static_cast<void>(checkpoint());
}

AuditWriter::AuditWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

AuditWriter::~AuditWriter() {
    {
        const std::scoped_lock lock(impl_->mutex);
        impl_->stopping = true;
    }
    impl_->wake.notify_all();
    impl_->thread.join();
}

Result<std::unique_ptr<AuditWriter>> AuditWriter::open(AuditSettings settings, SigningKey key,
                                                       PersonKeys& keys, const Clock& clock,
                                                       SharedShard& shard, Log* log) {
    auto files = AuditFiles::open(settings.directory, settings.checkpoint_path);
    if (!files) return files.error();
    auto impl = std::make_unique<Impl>(std::move(settings), std::move(key), keys, clock, shard, log,
                                       std::move(*files));
    impl->begin();
    return std::unique_ptr<AuditWriter>(new AuditWriter(std::move(impl)));
}

Result<Seq> AuditWriter::append(Record record, Durability durability) {
    if (durability == Durability::later) {
        impl_->put(std::move(record), {});
        return Seq{0};
    }
    auto answer = std::make_shared<std::promise<Result<Seq>>>();
    auto result = answer->get_future();
    impl_->put(std::move(record), [answer](Result<Seq> seq) { answer->set_value(std::move(seq)); });
    return result.get();
}

void AuditWriter::append(Record record, Done done) { impl_->put(std::move(record), std::move(done)); }

AuditState AuditWriter::state() const noexcept { return impl_->shown; }

Head AuditWriter::durable_head() const {
    const std::scoped_lock lock(impl_->head_mutex);
    return impl_->head;
}

Seq AuditWriter::protected_to() const noexcept { return impl_->protected_seq; }

Result<void> AuditWriter::checkpoint_now() { return impl_->checkpoint(); }

std::size_t AuditWriter::waiting() const {
    const std::scoped_lock lock(impl_->mutex);
    return impl_->queue.size() + impl_->in_hand;
}

std::size_t AuditWriter::waiting_max() const noexcept { return impl_->queue.records_max(); }

std::uint64_t AuditWriter::lost() const noexcept {
    const std::scoped_lock lock(impl_->mutex);
    return impl_->queue.lost();
}

void register_audit_metrics(Registry& registry, const AuditWriter& writer) {
    registry.on_scrape(Metric::audit_state, [&writer] {
        std::vector<Sample> samples;
        for (const auto state : {AuditState::good, AuditState::degraded, AuditState::full})
            samples.push_back({{std::string(to_text(state))}, writer.state() == state ? 1.0 : 0.0});
        return samples;
    });
    registry.on_scrape(Metric::audit_head, [&writer] {
        return std::vector<Sample>{{{}, static_cast<double>(writer.durable_head().seq)}};
    });
    registry.on_scrape(Metric::audit_protected, [&writer] {
        return std::vector<Sample>{{{}, static_cast<double>(writer.protected_to())}};
    });
}

}  // namespace sekisho::telemetry
