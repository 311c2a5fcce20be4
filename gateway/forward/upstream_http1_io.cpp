#include "gateway/forward/upstream_http1_io.hpp"

#include "base/check.hpp"
#include "gateway/http/websocket_key.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr std::size_t body_before_connected_max = 16u << 10;

}  // namespace

UpstreamHttp1::UpstreamHttp1(const Permit&, UpstreamPool& pool, Waiter& waiter, BufferPool& buffers,
                             HeadScratch& scratch, const RequestHead& head, const UpstreamFacts& facts,
                             const HeadLimits& limits)
    : pool_(pool),
      use_(pool.use()),
      waiter_(waiter),
      scratch_(scratch),
      limits_(limits),
      out_(buffers),
      in_(buffers),
      framing_(head.framing),
      method_(head.method_id),
      upgrade_token_(head.upgrade_token),
      waiting_since_(pool.reactor().now()),
      repeatable_(may_repeat(head.method_id) && !head.has_body() && head.upgrade == Upgrade::none),
      unusual_body_(head.body_is_unusual()),
      withholds_continue_(head.expect_continue && facts.forward_expect && head.has_body()) {
    // A client whose wire has no key gets one of ours.
    if (head.upgrade == Upgrade::websocket)
        websocket_accept_ = accept_of(facts.websocket_key.empty() ? head.value(FieldId::sec_websocket_key)
                                                                  : facts.websocket_key);
    const auto space = out_.room(upstream_head_bound(head, facts));
    const auto written =
        write_upstream_head(head, facts, {reinterpret_cast<char*>(space.data()), space.size()});
    check(written.has_value(), "a request head is larger than its bound");
    out_.commit(*written);
    acquire(false);
}

UpstreamHttp1::~UpstreamHttp1() = default;

void UpstreamHttp1::acquire(bool fresh_only) {
    if (!fresh_only) connection_ = pool_.take();
    if (connection_) {
        if (repeatable_) head_text_.assign(out_.text());
        return connected();
    }
    if (!pool_.has_room()) return fail(UpstreamFault::busy);
    phase_ = Phase::connecting;
    connect_.emplace(pool_, waiter_);
    advance();
}

// True when the connection is ready to carry bytes.
bool UpstreamHttp1::advance() {
    if (phase_ != Phase::connecting) return phase_ == Phase::ready;
    const auto state = connect_->step();
    if (state == IoState::would_block) return false;
    if (state == IoState::done) {
        connection_ = connect_->take();
        connected();
    } else {
        fail(connect_->fault(), connect_->message_fault());
    }
    connect_.reset();
    return phase_ == Phase::ready;
}

void UpstreamHttp1::connected() {
    phase_ = Phase::ready;
    connected_at_ = waiting_since_ = pool_.reactor().now();
    connection_->stream().attach(waiter_);
    body_out_.emplace(connection_->stream(), out_);
}

void UpstreamHttp1::fail(UpstreamFault fault, MessageFault message) noexcept {
    if (fault_ != UpstreamFault::none) return;
    fault_ = fault;
    message_fault_ = message;
    phase_ = Phase::failed;
    pool_.count_fault(fault);
}

// A pooled connection may have died while it rested: what is safe to repeat is sent once more, on a new one.
bool UpstreamHttp1::retry_elsewhere() {
    if (!repeatable_ || retried_ || !connection_ || !connection_->was_used() || !in_.empty()) return false;
    retried_ = true;
    write_failed_ = false;
    body_out_.reset();
    connection_.reset();
    out_.consume(out_.size_bytes());
    out_.append(std::string_view(head_text_));
    acquire(true);
    return phase_ != Phase::failed;
}

std::size_t UpstreamHttp1::write_body(ByteView bytes) {
    withholds_continue_ = false;
    if (framing_ == Framing::none || phase_ == Phase::failed || phase_ == Phase::done || write_failed_)
        return bytes.size();  // a request without a body has none; otherwise response() tells
    if (phase_ == Phase::ready) {
        const auto taken = body_out_->write(bytes, framing_);
        sent_anything_ = true;
        takes_nothing_ = taken == 0;
        if (taken != 0) waiting_since_ = pool_.reactor().now();
        return taken;
    }
    if (framing_ == Framing::chunked || out_.size_bytes() >= body_before_connected_max) return 0;
    const auto taken = std::min(bytes.size(), body_before_connected_max - out_.size_bytes());
    out_.append(bytes.first(taken));
    return taken;
}

void UpstreamHttp1::finish_body(std::string_view trailers) {
    body_finished_ = true;
    waiting_since_ = pool_.reactor().now();
    if (framing_ != Framing::chunked) return;
    out_.append(trailers.empty() ? kLastChunk : kLastChunkHead);
    out_.append(trailers);
}

Flush UpstreamHttp1::flush() {
    if (!advance()) return phase_ == Phase::failed ? Flush::failed : Flush::wait;
    if (write_failed_) return Flush::failed;
    if (out_.empty() && !connection_->stream().holds_output()) return Flush::done;
    sent_anything_ = true;
    const auto flushed = body_out_->flush();
    if (flushed == Flush::failed) write_failed_ = true;  // an answer may stand in the socket already: read on
    if (flushed == Flush::done) waiting_since_ = pool_.reactor().now();
    return flushed;
}

void UpstreamHttp1::forget_interim() {
    if (!interim_head_) return;
    in_.consume(head_bytes_);
    interim_head_ = false;
    scan_ = {};
}

ResponsePeek UpstreamHttp1::response() {
    forget_interim();
    if (!advance())
        return {phase_ == Phase::failed ? ResponsePeek::State::failed : ResponsePeek::State::wait};
    if (!out_.empty() && flush() == Flush::failed && in_.empty() && retry_elsewhere()) return {};
    for (;;) {
        if (const auto parsed = parse_head(); parsed.state != ResponsePeek::State::wait) return parsed;
        const auto got = connection_->stream().read(in_.room(1));
        if (got.state == IoState::would_block) {
            if (in_.empty()) in_.release();
            return {};
        }
        if (got.state != IoState::done) {
            if (retry_elsewhere())
                return {phase_ == Phase::failed ? ResponsePeek::State::failed : ResponsePeek::State::wait};
            fail(UpstreamFault::closed_early);
            return {ResponsePeek::State::failed};
        }
        in_.commit(got.bytes);
    }
}

ResponsePeek UpstreamHttp1::parse_head() {
    if (in_.empty()) return {};
    const AskedFor asked{method_, upgrade_token_, websocket_accept_};
    const auto step = parse_response_head(in_.text(), limits_, asked, scan_, scratch_, head_);
    if (step.state == HeadStep::State::more) return {};
    if (step.state == HeadStep::State::fault) {
        fail(UpstreamFault::malformed, step.fault);
        return {ResponsePeek::State::failed};
    }
    head_bytes_ = step.head_bytes;
    return judge_head();
}

ResponsePeek UpstreamHttp1::judge_head() {
    if (head_.status == 100) withholds_continue_ = false;
    if (head_.is_interim()) {
        interim_head_ = true;
        return {ResponsePeek::State::interim, &head_};
    }
    if (uses_connection_auth(head_)) {
        fail(UpstreamFault::connection_auth);
        return {ResponsePeek::State::failed};
    }
    head_is_final_ = true;
    upstream_keeps_ = head_.keep_alive;
    if (head_.status == 101) return {ResponsePeek::State::switching, &head_};
    return {ResponsePeek::State::final, &head_};
}

BodyPeek UpstreamHttp1::response_body() {
    if (phase_ == Phase::failed) return {BodyPeek::State::failed, {}};
    if (!body_in_) {
        // The head was passed on: its bytes make room for the body.
        body_in_.emplace(connection_->stream(), in_, BodyDecoder::of(head_, 0));
        in_.consume(std::exchange(head_bytes_, 0));
    }
    const auto piece = body_in_->peek();
    if (piece.state == BodyPeek::State::data) waiting_since_ = pool_.reactor().now();
    if (piece.state == BodyPeek::State::failed) {
        const auto fault = body_in_->decoder().fault();
        fail(UpstreamFault::truncated, fault == BodyFault::none ? BodyFault::truncated : fault);
    }
    if (piece.state == BodyPeek::State::end && phase_ == Phase::ready && !end_body())
        return {BodyPeek::State::failed, {}};
    return piece;
}

bool UpstreamHttp1::end_body() {
    const auto fields = body_in_->decoder().trailers();
    if (!fields.empty()) {
        trailers_.resize(kTrailerBytesMax + 2 * kTrailerFieldsMax + 64);
        const auto written = write_trailers(fields, Direction::to_client, trailers_);
        if (!written) {
            fail(UpstreamFault::malformed, BodyFault::trailer_name);
            return false;
        }
        trailers_.resize(*written);
    }
    settle();
    return true;
}

void UpstreamHttp1::consume_response_body(std::size_t bytes) { body_in_->consume(bytes); }

bool UpstreamHttp1::can_rest() const noexcept {
    return upstream_keeps_ && body_finished_ && out_.empty() && in_.empty() && !write_failed_ &&
           !unusual_body_ && !connection_->stream().holds_output();
}

// The response is over: the connection rests, or ends.
void UpstreamHttp1::settle() {
    phase_ = Phase::done;
    if (can_rest()) {
        body_out_.reset();
        pool_.rest(std::move(connection_));
    }
}

SteadyTime UpstreamHttp1::deadline() const {
    if (phase_ == Phase::connecting) return connect_->deadline();
    if (phase_ != Phase::ready) return SteadyTime::max();
    // It owes us an answer, or its 100 (Continue), or to take what stands here.
    const bool owes = body_finished_ || withholds_continue_ || takes_nothing_ || !out_.empty();
    return owes ? waiting_since_ + pool_.upstream().response_timeout : SteadyTime::max();
}

void UpstreamHttp1::expire(SteadyTime now) {
    if (phase_ != Phase::connecting) return fail(UpstreamFault::timed_out);
    connect_->expire(now);
    advance();
}

}  // namespace sekisho::gateway
