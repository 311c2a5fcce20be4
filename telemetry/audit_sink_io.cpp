#include "telemetry/audit_sink_io.hpp"

#include "base/text.hpp"
#include "telemetry/audit_sink_impl.hpp"
#include "telemetry/line_text.hpp"

#include <algorithm>
#include <csignal>
#include <future>

namespace sekisho::telemetry {
namespace {

constexpr std::size_t text_bytes_max = 2048, facts_max = 64;

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

Error no_room() { return {Errc::too_large, "too many audit records wait"}; }

}  // namespace

std::string_view to_text(AuditState state) noexcept {
    return label_values::audit_state[static_cast<std::size_t>(state)];
}

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
