#include "gateway/worker_io.hpp"

#include "base/base64.hpp"
#include "base/check.hpp"
#include "base/crypto.hpp"
#include "base/random.hpp"
#include "gateway/forward/http2_links.hpp"
#include "gateway/http/client_connection_io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <pthread.h>

namespace sekisho::gateway {
namespace {

constexpr std::size_t random_pool_bytes = 4096;
constexpr std::size_t kept_states = 256;
constexpr Seconds assertion_kept_for{30};
constexpr Millis flush_every{100};
// A sweep over open exchanges leaves the turn after this much of the worker's own processor time.
// What it wakes has its own share (Reactor): together they stay below 5 ms.
constexpr std::chrono::milliseconds sweep_slice{1};
constexpr std::size_t reviews_between_looks = 32;

// Of what the file holds now: a certificate authority that was replaced under its old name is another one.
std::string digest_of(const std::string& path) {
    if (path.empty()) return {};
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    return file.good() || file.eof() ? base64(sha256(as_bytes(text))) : std::string("unreadable");
}

}  // namespace

Worker::Worker(const WorkerShared& shared)
    : shared_(shared),
      reactor_(shared.clock),
      admission_(shared.clock, shared.sessions),
      recorder_(shared.registry, shared.lines, shared.audit),
      random_(random_pool_bytes),
      random_at_(random_pool_bytes),
      confirmed_(shared.clock.boot().count()) {
    refresh();
    swept_generation_ = snapshot_->generation;
    reactor_.at_end_of_turn([this] {
        end_turn();
        confirm_view();
        end_review();
        const auto now = reactor_.now();
        if (now - last_flush_ >= flush_every) {
            last_flush_ = now;
            recorder_.flush();
        }
        if (now - last_tick_ >= Seconds{1}) {
            last_tick_ = now;
            every_second();
        }
    });
    hook_ = shared.sessions.on_change([this] { nudge(); });
}

void Worker::end_turn() {
    while (turn_ends_.linked()) {
        auto& first = static_cast<TurnEnd&>(*turn_ends_.next);
        first.unlink();
        first.end_of_turn();
    }
}

Worker::~Worker() { shared_.sessions.drop_hook(hook_); }

void Worker::listen(UniqueFd socket, std::shared_ptr<ConnectionLimits> limits, bool redirect_only) {
    const auto kind = redirect_only ? ConnectionKind::redirect : ConnectionKind::tls;
    ListenerRules rules{std::move(limits),
                        [this](const IpAddress& peer) { return snapshot()->balancers.contains(peer); }};
    listeners_.push_back(std::make_unique<Listener>(
        reactor_, std::move(socket), std::move(rules), [this, kind](AcceptedSocket accepted) {
            serve_connection(reactor_, *this, std::move(accepted), kind);
        }));
}

void Worker::run() {
    ::pthread_setname_np(::pthread_self(), "worker");
    reactor_.run();
    reactor_.cancel_all();
    for (int turn = 0; turn < 1000 && reactor_.live_flows() != 0; ++turn) reactor_.turn();
    recorder_.flush();
    pools_.clear();
    listeners_.clear();
}

const SnapshotPtr& Worker::snapshot() {
    if (shared_.board.version() != board_version_) refresh();
    return snapshot_;
}

void Worker::refresh() {
    board_version_ = shared_.board.version();
    // A control block of our own: counting exchanges in and out touches no memory that other workers write.
    auto shared = std::make_shared<SnapshotPtr>(shared_.board.get());
    snapshot_ = SnapshotPtr(shared, shared->get());
    check(snapshot_ != nullptr, "a worker without a configuration");
    pool_of_upstream_.clear();
    for (std::size_t i = 0; i < snapshot_->model->upstreams.size(); ++i) {
        const auto& upstream = snapshot_->model->upstreams[i];
        const auto key =
            fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", upstream.name, upstream.tls,
                        static_cast<int>(upstream.protocol), upstream.host, upstream.port, upstream.ca_path,
                        digest_of(upstream.ca_path), upstream.server_name, upstream.host_header,
                        upstream.connect_timeout.count(), upstream.response_timeout.count(),
                        upstream.total_timeout.count(), upstream.connections);
        auto& pool = pools_[key];
        if (!pool) {
            const auto labels = shared_.registry.name_labels(telemetry::Label::upstream, {upstream.name});
            auto made = UpstreamPool::create(
                reactor_, shared_.resolver, upstream,
                {snapshot_->model->limits.upstream_idle_per_worker,
                 snapshot_->model->limits.upstream_idle_timeout, &shared_.upstreams, this},
                recorder_.shard(), labels.front());
            if (made) pool = std::move(*made);
        }
        pool_of_upstream_.push_back(pool.get());
    }
}

UpstreamPool* Worker::pool_for(const Snapshot& snapshot, AppId app) {
    const auto index = snapshot.parts(app).upstream;
    return snapshot.generation == snapshot_->generation && index < pool_of_upstream_.size()
               ? pool_of_upstream_[index]
               : nullptr;
}

std::string_view Worker::assertion(const Snapshot& snapshot, Admission::Standing& standing,
                                   const Permit& permit, WallTime now) {
    const auto& app = snapshot.app(permit.app());
    if (!app.assertion) return {};
    if (now < standing.assertion_until) return standing.assertion;
    const auto& session = permit.session();
    auth::AssertionFacts facts;
    facts.app = app.name;
    facts.user = session.user;
    facts.session = session.public_id;
    facts.token = session.name;
    facts.strength = session.strength;
    facts.proven_at = session.proven_at;
    if (const auto* person = snapshot.program->find_person(session.user))
        facts.org = snapshot.model->people[person->index].org;
    auto made = shared_.assertions.make(facts);
    if (!made) return {};
    standing.assertion = std::move(*made);
    standing.assertion_until = now + assertion_kept_for;
    return standing.assertion;
}

std::string_view Worker::http_date() {
    const auto second = std::chrono::duration_cast<Seconds>(reactor_.wall().time_since_epoch()).count();
    if (second != date_second_) {
        date_second_ = second;
        const std::time_t time = static_cast<std::time_t>(second);
        std::tm parts{};
        ::gmtime_r(&time, &parts);
        char text[40];
        static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[parts.tm_wday],
                      parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                      parts.tm_sec);
        date_ = text;
    }
    return date_;
}

std::uint64_t Worker::random64() noexcept {
    if (random_at_ + sizeof(std::uint64_t) > random_.size()) {
        fill_random(random_);
        random_at_ = 0;
    }
    std::uint64_t value;
    std::memcpy(&value, random_.data() + random_at_, sizeof value);
    std::memset(random_.data() + random_at_, 0, sizeof value);
    random_at_ += sizeof value;
    return value;
}

void Worker::make_request_id(std::string& out) {
    // 60 bits as XXXX-XXXX-XXXX: read aloud without doubt.
    const auto text = crockford(random64() >> 4, 12);
    out.clear();
    out.append(text, 0, 4).append(1, '-').append(text, 4, 4).append(1, '-').append(text, 8, 4);
}

void Worker::make_websocket_key(std::string& out) {
    const std::uint64_t nonce[2] = {random64(), random64()};
    out = base64(as_bytes(std::string_view(reinterpret_cast<const char*>(nonce), sizeof nonce)));
}

telemetry::TraceContext Worker::trace_for(std::string_view traceparent, bool& continued) {
    telemetry::TraceContext trace;
    const auto parent = traceparent.empty() ? std::nullopt : telemetry::parse_traceparent(traceparent);
    continued = parent.has_value();
    if (parent) {
        trace = *parent;
    } else {
        const std::uint64_t halves[2] = {random64() | 1, random64()};
        std::memcpy(trace.trace_id.data(), halves, sizeof halves);
    }
    const std::uint64_t span = random64() | 1;
    std::memcpy(trace.span_id.data(), &span, sizeof span);
    return trace;
}

std::unique_ptr<RequestState> Worker::take_state() {
    if (states_.empty()) return std::make_unique<RequestState>();
    auto state = std::move(states_.back());
    states_.pop_back();
    return state;
}

void Worker::give_back(std::unique_ptr<RequestState> state) {
    state->clear();
    if (states_.size() < kept_states) states_.push_back(std::move(state));
}

void Worker::enter(ActiveExchange& exchange) {
    exchange.place_ = active_.size();
    active_.push_back(&exchange);
}

void Worker::leave(ActiveExchange& exchange) noexcept {
    active_.back()->place_ = exchange.place_;
    active_[exchange.place_] = active_.back();
    active_.pop_back();
    exchange.place_ = SIZE_MAX;
}

void Worker::nudge() {
    if (nudged_.exchange(true, std::memory_order_acq_rel)) return;
    reactor_.post([this] {
        nudged_.store(false, std::memory_order_release);
        look_for_losses(false);
    });
}

void Worker::clock_moved() {
    reactor_.post([this] { look_for_losses(true); });
}

// Sessions and snapshot may have been taken over by a request since the last look: what counts is what the
// last sweep knew.
void Worker::look_for_losses(bool all) {
    admission_.catch_up();
    const auto generation = snapshot()->generation;
    const bool newer = generation != swept_generation_;
    if (!all && !newer && admission_.losses() == swept_losses_) return;
    swept_losses_ = admission_.losses();
    swept_generation_ = generation;
    begin_sweep(all || newer);
}

void Worker::begin_sweep(bool all) {
    if (sweeping_) {
        sweep_again_ = true;
        sweep_again_all_ |= all;
        return;
    }
    sweeping_ = true;
    sweep_all_ = all;
    sweep_at_ = active_.size();
    sweep_some();
}

// Backwards: leave() moves the last one, which was seen, into the place of one that goes; what is new comes
// behind, and was decided on what is known now.
void Worker::sweep_some() {
    note_review();
    const auto began = thread_cpu_time();
    sweep_at_ = std::min(sweep_at_, active_.size());
    for (std::size_t seen = 0; sweep_at_ > 0;) {
        active_[--sweep_at_]->review(sweep_all_);
        if (++seen % reviews_between_looks == 0 && thread_cpu_time() - began > sweep_slice) {
            reactor_.post([this] { sweep_some(); });
            return;
        }
    }
    sweeping_ = false;
    if (std::exchange(sweep_again_, false)) begin_sweep(std::exchange(sweep_again_all_, false));
}

void Worker::note_review() {
    if (review_began_.count() < 0) review_began_ = thread_cpu_time();
}

void Worker::end_review() {
    if (review_began_.count() < 0) return;
    recorder_.shard().observe<telemetry::Metric::review_turn>((thread_cpu_time() - review_began_).count());
    review_began_ = std::chrono::nanoseconds{-1};
}

void Worker::ended_early(const Permit& permit, const Recheck& recheck, WallTime valid_until) {
    const auto end = admission_.end_of(permit.session());
    const RevocationTimes times{shared_.clock.steady(), shared_.clock.wall(), valid_until,
                                snapshot_->accepted};
    recorder_.shard().observe<telemetry::Metric::revocation>(
        delay_of(recheck, end, times), static_cast<std::uint8_t>(gateway::trigger_of(recheck, end)));
}

bool Worker::serving() {
    if (shared_.lease.holds()) {
        if (frozen_) thaw();
        return true;
    }
    if (!frozen_) {
        frozen_ = true;
        recorder_.shard().count<telemetry::Metric::lease_freezes>();
    }
    return false;
}

// Before anything is forwarded again, everything is asked again.
void Worker::thaw() {
    frozen_ = false;
    admission_.catch_up();
    (void)snapshot();
    for (auto* exchange : active_) exchange->thaw();
    for (auto* connection : connections_) connection->thaw();
}

void Worker::confirm_view() {
    if (!serving()) return;
    look_for_losses(false);
    confirmed_.store(shared_.clock.boot().count(), std::memory_order_relaxed);
}

Millis Worker::view_age() const noexcept {
    return shared_.clock.boot() - Millis{confirmed_.load(std::memory_order_relaxed)};
}

void Worker::drain(Millis) {
    reactor_.post([this] {
        draining_ = true;
        for (auto& listener : listeners_) listener->stop();
        for (auto* connection : connections_) connection->begin_drain();
        for (auto& [key, pool] : pools_)
            if (pool && pool->http2()) pool->http2()->begin_drain();
        reactor_.stop_when_idle();
    });
}

void Worker::every_second() {
    for (auto entry = pools_.begin(); entry != pools_.end();) {
        auto& pool = entry->second;
        if (pool) pool->drop_old(reactor_.now());
        const bool current = std::find(pool_of_upstream_.begin(), pool_of_upstream_.end(), pool.get()) !=
                             pool_of_upstream_.end();
        entry = current || (pool && pool->resting_or_used()) ? std::next(entry) : pools_.erase(entry);
    }
    admission_.sweep();
    feed_metrics();
}

// What the parts of a worker count by themselves.
void Worker::feed_metrics() {
    using telemetry::Metric;
    ListenerCounts now;
    for (const auto& listener : listeners_) {
        for (std::size_t why = 0; why < refusal_count; ++why)
            now.refused[why] += listener->counts().refused[why];
        now.out_of_descriptors += listener->counts().out_of_descriptors;
    }
    auto& descriptors = now.refused[static_cast<std::size_t>(Refusal::descriptors)];
    descriptors += now.out_of_descriptors;
    // By Refusal, from its second on.
    static constexpr std::optional<MetLimit> limits[] = {MetLimit::connections,
                                                         MetLimit::connections_per_address,
                                                         MetLimit::handshakes_per_address,
                                                         MetLimit::handshake_rate,
                                                         MetLimit::descriptors,
                                                         std::nullopt};
    static_assert(std::size(limits) == refusal_count - 1);
    for (std::size_t why = 1; why < refusal_count; ++why) {
        const auto more = now.refused[why] - counted_.refused[why];
        if (more == 0) continue;
        recorder_.shard().add<Metric::connections_refused>(more, static_cast<std::uint8_t>(why - 1));
        if (const auto limit = limits[why - 1]) recorder_.limit_met(*limit, more);
    }
    counted_ = now;
    const auto lent = static_cast<std::int64_t>(buffers_.lent_bytes());
    recorder_.shard().add<Metric::buffer_memory>(lent - buffers_shown_);
    buffers_shown_ = lent;
}

}  // namespace sekisho::gateway
