#include "gateway/http/http2_session_io.hpp"

#include "gateway/http/http2_request_io.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr Millis linger_time{2000};
constexpr std::size_t linger_bytes_max = 256u << 10;
constexpr Millis drain_step{1000};  // between the two GOAWAYs: what was under way has come by then
constexpr int reads_per_step = 8;   // then others have their turn
constexpr std::uint64_t held_bytes_max = 256u << 10;  // more than the TLS layer takes beyond what was sent

Http2Settings settings_for(const Snapshot& snapshot, std::string_view server_name) {
    const auto& limits = snapshot.model->limits;
    Http2Settings settings;
    settings.streams = limits.http2_streams;
    settings.head =
        server_name == snapshot.model->portal.host ? portal_head_limits(limits) : client_head_limits(limits);
    return settings;
}

}  // namespace

Http2Session::Http2Session(ClientConnection& connection)
    : connection_(connection),
      worker_(connection.worker()),
      in_(worker_.buffers()),
      out_(worker_.buffers()),
      codec_(Http2Codec::Role::server,
             settings_for(*worker_.snapshot(), connection.origin().peer.server_name), *this, out_),
      idle_since_(now()) {
    worker_.connected(*this);
    wrote();
}

Http2Session::~Http2Session() {
    worker_.disconnected(*this);
    const auto fault = codec_.fault();
    if (fault != Http2Fault::none && fault != Http2Fault::peer_left)
        worker_.recorder().shard().count<telemetry::Metric::http2_faults>(
            static_cast<std::uint8_t>(static_cast<std::uint8_t>(fault) - 1));
}

void Http2Session::thaw() noexcept {
    for (auto* request : requests_)
        if (request->await_recheck()) ++rechecks_left_;
    wrote();
}

void Http2Session::rechecked() noexcept {
    if (--rechecks_left_ == 0) wrote();
}

void Http2Session::withhold(std::int32_t stream) {
    if (output_.withhold(stream) != 0) holds_forwarded_ = output_.holds_data();
    withheld_at_bytes_ = sent_bytes_;
    withheld_until_ = now() + withheld_leaves_within;
    wrote();
    connection_.waiter().wake(Wake::control);
}

// The stream's last bytes were taken by the TLS layer, which sends in order and holds at most held_bytes_max.
void Http2Session::judge_withheld() {
    if (withheld_until_ == SteadyTime::max()) return;
    const bool left =
        !connection_.stream().holds_output() || sent_bytes_ - withheld_at_bytes_ > held_bytes_max;
    if (left) {
        withheld_until_ = SteadyTime::max();
        return;
    }
    if (now() >= withheld_until_) return close();
    deadline_ = std::min(deadline_, withheld_until_);
}

bool Http2Session::push() noexcept {
    flush();
    return out_.empty();
}

void Http2Session::leave(Http2Request& request) noexcept {
    requests_.erase(&request);
    if (!requests_.empty()) return;
    idle_since_ = now();
    if (phase_ != Phase::open || codec_.refuses_new()) connection_.waiter().wake(Wake::control);
}

void Http2Session::stream_opened(std::int32_t id, std::unique_ptr<Http2Fields> fields, bool ends) {
    served_ = true;
    // A request that the client reset counts until its upstream side has ended.
    if (requests_.size() >= worker_.snapshot()->model->limits.http2_streams)
        return codec_.refuse(id, Http2Code::refused_stream);
    serve_stream(worker_.reactor(), *this, id, std::move(fields), ends);
}

bool Http2Session::step(Wakes wakes) {
    if (wakes.has(Wake::cancel)) close();
    if (phase_ == Phase::open) {
        read();
        judge();
    }
    if (phase_ == Phase::lingering) linger();
    if (phase_ != Phase::over) return true;
    deadline_ = SteadyTime::max();
    return !requests_.empty();  // each of them wakes us when it has gone
}

void Http2Session::read() {
    reading_held_ = false;
    for (int reads = 0; codec_.state() == Http2Codec::State::open; ++reads) {
        if (out_.size_bytes() >= Http2Codec::kOutputBytesMax) {
            reading_held_ = true;  // who does not take our answers asks nothing more
            break;
        }
        if (reads == reads_per_step) {
            connection_.waiter().wake(Wake::io);
            break;
        }
        const auto space = in_.room(1);
        const auto got = connection_.stream().read(space);
        if (got.state == IoState::would_block) break;
        if (got.state != IoState::done) {
            close();
            return;
        }
        codec_.receive(space.first(got.bytes), now());
    }
    in_.release();
    wrote();
}

void Http2Session::flush() noexcept {
    if (phase_ != Phase::open) return;
    // R8: it stands still like its streams, and until each of them was asked again.
    const bool serving = worker_.serving();  // may thaw us
    if (holds_forwarded_ && (!serving || rechecks_left_ != 0)) return;
    auto& stream = connection_.stream();
    codec_.collect();
    while (!out_.empty()) {
        const auto sent = stream.write(std::as_const(out_).readable());
        if (sent.state == IoState::would_block) break;
        if (sent.state != IoState::done) {
            write_failed_ = true;
            break;
        }
        sent_bytes_ += sent.bytes;
        output_.sent(sent.bytes);
    }
    if (out_.empty()) {
        out_.release();
        holds_forwarded_ = false;
    }
    codec_.output_drained();
    const bool may_read = reading_held_ && out_.size_bytes() < Http2Codec::kOutputBytesMax;
    const bool stalls = !out_.empty() && stalled_since_ == SteadyTime::max();
    if (may_read || stalls || write_failed_ || (out_.empty() && ends()))
        connection_.waiter().wake(Wake::control);
}

// ends: once the output is empty, nothing is left to do here.
bool Http2Session::ends() const noexcept {
    return codec_.state() == Http2Codec::State::over || (codec_.refuses_new() && requests_.empty());
}

// What the connection has come to, and when to look again.
void Http2Session::judge() {
    if (phase_ != Phase::open) return;
    if (write_failed_) return close();
    deadline_ = SteadyTime::max();
    judge_drain();
    judge_idle();
    judge_output();
    if (phase_ == Phase::open) judge_withheld();
    if (phase_ == Phase::open && codec_.state() == Http2Codec::State::over) {
        for (auto* request : requests_) request->abandon();
        flush();
        if (out_.empty() || write_failed_) begin_linger();
    }
}

// Two steps (RFC 9113 section 6.8): what the client sent before it heard the first is still served.
void Http2Session::judge_drain() {
    if (!worker_.draining() || codec_.refuses_new()) return;
    if (drain_at_ == SteadyTime::max()) {
        drain_at_ = now() + drain_step;
        codec_.announce_end();
        wrote();
    } else if (now() >= drain_at_) {
        codec_.refuse_new();
        wrote();
        return;
    }
    deadline_ = std::min(deadline_, drain_at_);
}

void Http2Session::judge_idle() {
    const auto& limits = worker_.snapshot()->model->limits;
    const auto section_since = codec_.section_since();
    if (section_since != SteadyTime::max()) {
        const auto whole_by = section_since + limits.head_timeout;
        if (now() >= whole_by) return codec_.give_up();
        deadline_ = std::min<SteadyTime>(deadline_, whole_by);
    }
    // While requests run this only sees to it that somebody looks again after the last one.
    if (!requests_.empty()) idle_since_ = now();
    if (!codec_.refuses_new()) {
        const auto idle_until = idle_since_ + (served_ ? limits.keep_alive_timeout : limits.head_timeout);
        if (now() < idle_until) {
            deadline_ = std::min<SteadyTime>(deadline_, idle_until);
        } else {
            codec_.refuse_new();
            wrote();
        }
    }
    if (requests_.empty() && codec_.refuses_new()) {
        flush();
        if (out_.empty()) begin_linger();
    }
}

// A client that takes nothing of what is written holds memory of ours: the least rate holds here too.
void Http2Session::judge_output() {
    if (out_.empty()) {
        stalled_since_ = SteadyTime::max();
        return;
    }
    const auto& limits = worker_.snapshot()->model->limits;
    if (stalled_since_ == SteadyTime::max()) {
        stalled_since_ = now();
        stalled_at_bytes_ = sent_bytes_;
    } else if (now() - stalled_since_ >= limits.body_min_rate_grace) {
        const auto seconds = std::chrono::duration_cast<Seconds>(now() - stalled_since_).count();
        const auto least = static_cast<std::uint64_t>(seconds) * limits.body_min_rate;
        if (sent_bytes_ - stalled_at_bytes_ < least) return close();
        stalled_since_ = now();
        stalled_at_bytes_ = sent_bytes_;
    }
    deadline_ = std::min<SteadyTime>(deadline_, stalled_since_ + limits.body_min_rate_grace);
}

void Http2Session::begin_linger() {
    phase_ = Phase::lingering;
    // What the TLS layer still holds gets the time that a slow reader has.
    const Millis grace = worker_.snapshot()->model->limits.body_min_rate_grace;
    linger_until_ =
        now() + (connection_.stream().holds_output() ? std::max(linger_time, grace) : linger_time);
}

// Says goodbye, then reads what is still on its way, so that a reset does not eat our last bytes.
void Http2Session::linger() {
    auto& stream = connection_.stream();
    if (!shut_) {
        const auto state = stream.shutdown();
        shut_ = state == IoState::done;
        if (state == IoState::failed || state == IoState::closed) return close();
    }
    for (;;) {
        const auto got = stream.read(in_.room(1));
        if (got.state == IoState::would_block) break;
        lingered_bytes_ += got.bytes;
        if (got.state != IoState::done || lingered_bytes_ > linger_bytes_max) return close();
    }
    in_.release();
    if (now() >= linger_until_) return close();
    deadline_ = linger_until_;
}

void Http2Session::close() noexcept {
    phase_ = Phase::over;
    connection_.stream().close();
    for (auto* request : requests_) request->abandon();
}

}  // namespace sekisho::gateway
