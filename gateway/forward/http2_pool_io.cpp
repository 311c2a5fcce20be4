#include "gateway/forward/http2_pool_io.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr int reads_per_step = 8;  // then others have their turn
constexpr Millis frozen_look{50};  // how soon to look whether forwarding is allowed again (R8)

Http2Settings settings_for(const config::Limits& limits) {
    Http2Settings settings;
    settings.streams = kHttp2LinkStreams;
    settings.stream_window_bytes = kHttp2WindowBytes;
    // All streams together: who reads slowly holds back nobody but themselves.
    settings.connection_window_bytes = kHttp2LinkStreams * kHttp2WindowBytes;
    settings.head = upstream_head_limits(limits);
    return settings;
}

// It waits first, so that who asked for the connection has its place before anything can fail.
Flow serve_link(Reactor&, Http2Pool& pool) {
    Http2Connection connection(pool);
    connection.nudge();
    while (connection.step(co_await connection.waiter().wait(connection.deadline()))) {
    }
}

}  // namespace

// -- the pool

std::uint32_t Http2Pool::connections_max() const noexcept {
    const auto configured = upstream_.upstream().connections;
    return configured == 0 ? kHttp2LinksMax : configured;
}

Http2Link* Http2Pool::join(Http2Guest& guest) {
    const auto takes = [](const Http2Connection* connection) { return connection->takes_another(); };
    auto found = std::find_if(connections_.begin(), connections_.end(), takes);
    if (found == connections_.end()) {
        if (connections_.size() >= connections_max()) return nullptr;
        serve_link(worker_.reactor(), *this);
        found = std::prev(connections_.end());
    }
    (*found)->enter(guest);
    upstream_.count_streams(1);
    return *found;
}

void Http2Pool::begin_drain() noexcept {
    for (auto* connection : connections_) connection->nudge();
}

// -- a connection

Http2Connection::Http2Connection(Http2Pool& pool)
    : pool_(pool),
      use_(pool.upstream_.use()),
      worker_(pool.worker_),
      waiter_(worker_.reactor()),
      in_(worker_.buffers()),
      out_(worker_.buffers()),
      life_(worker_.reactor().now()),
      idle_since_(worker_.reactor().now()) {
    pool_.connections_.push_back(this);
    connect_.emplace(pool_.upstream_, waiter_);
}

Http2Connection::~Http2Connection() {
    end(UpstreamFault::closed_early);
    pool_.connections_.erase(std::find(pool_.connections_.begin(), pool_.connections_.end(), this));
    if (codec_) pool_.upstream_.count_http2_fault(codec_->fault());
    out_.consume(out_.size_bytes());
}

SteadyTime Http2Connection::now() const noexcept { return worker_.reactor().now(); }

void Http2Connection::enter(Http2Guest& guest) {
    guests_.push_back(&guest);
    if (connection_) pool_.upstream_.rests(*connection_, false);
}

bool Http2Connection::takes_another() const noexcept {
    if (phase_ == Phase::over || life_.doubted()) return false;
    if (phase_ != Phase::open) return guests_.size() < pool_.streams_expected_;
    return codec_->takes_more() && guests_.size() < codec_->streams_max();
}

void Http2Connection::wrote() noexcept {
    if (phase_ != Phase::over) worker_.at_turn_end(*this);
}

void Http2Connection::doubt(SteadyTime since) noexcept {
    life_.doubt(since);
    if (life_.doubted()) nudge();
}

void Http2Connection::leave(Http2Guest& guest) noexcept {
    const auto found = std::find(guests_.begin(), guests_.end(), &guest);
    if (found == guests_.end()) return;
    *found = guests_.back();
    guests_.pop_back();
    pool_.upstream_.count_streams(-1);
    if (!guests_.empty()) return;
    idle_since_ = now();
    if (connection_ && phase_ == Phase::open) pool_.upstream_.rests(*connection_, true);
    if (worker_.draining() || (codec_ && !codec_->takes_more())) nudge();
}

bool Http2Connection::step(Wakes wakes) {
    if (wakes.has(Wake::cancel)) end(UpstreamFault::closed_early);
    if (phase_ == Phase::connecting) connect();
    if (phase_ == Phase::settling || phase_ == Phase::open) read();
    if (phase_ != Phase::over) judge();
    return phase_ != Phase::over;
}

void Http2Connection::connect() {
    if (connect_->deadline() <= now()) connect_->expire(now());
    const auto state = connect_->step();
    if (state == IoState::would_block) return;
    if (state != IoState::done) return end(connect_->fault(), connect_->message_fault());
    connection_ = connect_->take();
    connect_.reset();
    connection_->stream().attach(waiter_);
    codec_.emplace(Http2Codec::Role::client, settings_for(worker_.snapshot()->model->limits),
                   static_cast<Http2Owner&>(*this), out_);
    life_.heard(now());
    settle_by_ = now() + pool_.upstream_.upstream().connect_timeout;
    phase_ = Phase::settling;
    wrote();
}

void Http2Connection::read() {
    for (int reads = 0; codec_->state() == Http2Codec::State::open; ++reads) {
        if (reads == reads_per_step) {
            waiter_.wake(Wake::io);
            break;
        }
        const auto space = in_.room(1);
        const auto got = connection_->stream().read(space);
        if (got.state == IoState::would_block) break;
        if (got.state != IoState::done) {
            // Before its SETTINGS it may be a server of HTTP/1 that did not like what it read.
            return phase_ == Phase::settling ? end_unspoken() : end(UpstreamFault::closed_early);
        }
        life_.heard(now());
        codec_->receive(space.first(got.bytes), now());
    }
    in_.release();
    wrote();
    if (codec_->state() == Http2Codec::State::over) end_broken();
}

// The upstream said GOAWAY and has answered everything, or broke HTTP/2, or floods us.
void Http2Connection::end_broken() {
    const bool left = codec_->fault() == Http2Fault::peer_left;
    flush();  // it is told why
    if (phase_ == Phase::settling) return end_unspoken();
    if (left) return end(UpstreamFault::closed_early);
    end(UpstreamFault::malformed, MessageFault::Late::http2_broken);
}

void Http2Connection::end_unspoken() {
    pool_.upstream_.count_connect(ConnectResult::protocol, settle_by_);
    end(UpstreamFault::protocol, MessageFault::Late::not_http2);
}

void Http2Connection::end(UpstreamFault fault, MessageFault why) {
    if (phase_ == Phase::over) return;
    phase_ = Phase::over;
    deadline_ = SteadyTime::max();
    pool_.upstream_.count_streams(-static_cast<std::int64_t>(guests_.size()));
    for (auto* guest : std::exchange(guests_, {})) guest->link_lost(fault, why);
    if (!connection_) return;
    (void)connection_->stream().shutdown();
    connection_->stream().close();
}

void Http2Connection::flush() noexcept {
    if (phase_ != Phase::settling && phase_ != Phase::open) return;
    if (!worker_.serving()) {  // R8: what was taken for the upstream stays here for now
        if (!std::exchange(held_, true)) nudge();
        return;
    }
    held_ = false;
    auto& stream = connection_->stream();
    codec_->collect();
    while (!out_.empty()) {
        const auto sent = stream.write(std::as_const(out_).readable());
        if (sent.state == IoState::would_block) break;
        if (sent.state != IoState::done) {
            // An answer may stand in the socket already: reading tells.
            write_failed_ = true;
            out_.consume(out_.size_bytes());
            nudge();
            break;
        }
        out_.consume(sent.bytes);
    }
    if (out_.empty()) out_.release();
    codec_->output_drained();
}

// What the connection has come to, and when to look again.
void Http2Connection::judge() {
    deadline_ = SteadyTime::max();
    if (phase_ == Phase::connecting) {
        deadline_ = connect_->deadline();
        return;
    }
    if (phase_ == Phase::settling) settle();
    if (phase_ == Phase::open) judge_life();
    if (phase_ == Phase::open) judge_rest();
    if (held_) deadline_ = std::min<SteadyTime>(deadline_, now() + frozen_look);
}

// Nothing goes out before the upstream's SETTINGS: they tell that it speaks HTTP/2, and how many streams it
// takes.
void Http2Connection::settle() {
    if (!codec_->settings_came()) {
        if (now() >= settle_by_ || write_failed_) return end_unspoken();
        deadline_ = settle_by_;
        return;
    }
    phase_ = Phase::open;
    pool_.streams_expected_ = std::max(codec_->streams_max(), std::uint32_t{1});
    for (auto* guest : guests_) guest->link_ready();
}

void Http2Connection::judge_life() {
    const bool in_use = !guests_.empty();
    switch (life_.judge(now(), in_use)) {
        case Http2Liveness::Verdict::dead:
            return end(UpstreamFault::timed_out);
        case Http2Liveness::Verdict::ask:
            codec_->ping();
            life_.asked(now());
            wrote();
            break;
        case Http2Liveness::Verdict::alive:
            break;
    }
    deadline_ = std::min(deadline_, life_.deadline(in_use));
}

void Http2Connection::judge_rest() {
    if (!guests_.empty()) idle_since_ = now();
    const auto rests_until = idle_since_ + worker_.snapshot()->model->limits.upstream_idle_timeout;
    const bool useless = worker_.draining() || !codec_->takes_more() || now() >= rests_until;
    if (guests_.empty() && (useless || write_failed_)) {
        codec_->refuse_new();
        flush();
        return end(UpstreamFault::closed_early);
    }
    if (write_failed_) return end(UpstreamFault::closed_early);
    deadline_ = std::min<SteadyTime>(deadline_, rests_until);
}

}  // namespace sekisho::gateway
