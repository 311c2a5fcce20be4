#include "gateway/forward/upstream_http2_io.hpp"

#include "base/check.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr std::size_t heads_max =
    17;  // waiting at once: as many interim ones as are passed on, and the final
constexpr std::uint8_t joins_max = 4;  // connections that turn out to be full, before it is given up

}  // namespace

UpstreamHttp2::UpstreamHttp2(const Permit&, Place place, const RequestHead& head, const UpstreamFacts& facts)
    : place_(std::move(place)),
      method_(head.method),
      authority_(facts.host.empty() ? head.host : facts.host),
      target_(facts.path),
      lines_(upstream_head_bound(head, facts), '\0'),
      in_(place_.buffers),
      waiting_since_(now()),
      upload_left_(head.framing == Framing::length ? head.content_length : 0),
      framing_(head.has_body() ? head.framing : Framing::none),
      method_id_(head.method_id),
      repeatable_(may_repeat(head.method_id) && !head.has_body()),
      withholds_continue_(head.expect_continue && facts.forward_expect && head.has_body()) {
    if (authority_.empty()) authority_ = fmt::format("{}:{}", place_.upstream.host, place_.upstream.port);
    if (head.has_query) target_.append(1, '?').append(head.query);
    auto over_http2 = facts;
    over_http2.version = HttpVersion::http2;
    const auto written = write_upstream_head(head, over_http2, lines_);
    check(written.has_value(), "a request head is larger than its bound");
    lines_.resize(*written);
    // The configuration lets no app that switches protocols have such an upstream.
    if (head.upgrade == Upgrade::none)
        join();
    else
        fail(UpstreamFault::protocol, HeadFault::upgrade_invalid);
}

UpstreamHttp2::~UpstreamHttp2() { leave(); }

// The place on a connection goes back, and with it a stream that is still open.
void UpstreamHttp2::leave() noexcept {
    if (!link_) return;
    if (link_->ready()) {
        link_->codec().drop(*this, Http2Code::cancel);
        link_->wrote();
    }
    std::exchange(link_, nullptr)->leave(*this);
}

void UpstreamHttp2::join() {
    if (joins_++ < joins_max) link_ = place_.links.join(*this);
    if (!link_) fail(UpstreamFault::busy);
}

// Opens the stream once the connection stands. One that has become full meanwhile is left for another.
void UpstreamHttp2::advance() {
    while (phase_ == Phase::waiting && link_ && link_->ready() && !open()) {
        leave();
        join();
    }
}

bool UpstreamHttp2::open() {
    const bool ends = framing_ == Framing::none || (body_finished_ && trailers_up_.empty());
    const std::string_view scheme = place_.upstream.tls ? "https" : "http";
    if (!link_->codec().open(*this, {method_, scheme, authority_, target_}, lines_, ends)) return false;
    phase_ = Phase::open;
    connected_at_ = waiting_since_ = now();
    if (!ends && body_finished_) link_->codec().end_body(*this, trailers_up_);
    link_->wrote();
    return true;
}

void UpstreamHttp2::fail(UpstreamFault fault, MessageFault why) {
    if (phase_ == Phase::failed) return;
    phase_ = Phase::failed;
    fault_ = fault;
    message_fault_ = why;
    place_.links.count_fault(fault);
    leave();
}

void UpstreamHttp2::lose(Loss loss, UpstreamFault fault, MessageFault why) noexcept {
    place_.waiter.wake(Wake::io);
    if (loss_ != Loss::none || ended_) return;
    loss_ = loss;
    lost_by_ = fault;
    lost_why_ = why;
}

// What is certainly unread may go out again, whatever it is; what only may be, only if twice is as good as
// once. Neither, once bytes of a body went out that are not kept.
bool UpstreamHttp2::may_try_again() const noexcept {
    if (retried_ || uploaded_ != 0 || answered_ || !heads_.empty()) return false;
    return loss_ == Loss::refused || (loss_ == Loss::gone && repeatable_);
}

void UpstreamHttp2::try_again() {
    retried_ = true;
    loss_ = Loss::none;
    stalled_ = false;
    leave();
    phase_ = Phase::waiting;
    place_.links.count_retry();
    join();
    advance();
}

// -- what the connection tells

void UpstreamHttp2::link_lost(UpstreamFault fault, MessageFault why) {
    if (phase_ != Phase::waiting) link_->codec().drop(*this, Http2Code::cancel);
    link_ = nullptr;
    if (phase_ == Phase::open) return lose(Loss::gone, fault, why);
    if (phase_ == Phase::waiting && fault == UpstreamFault::closed_early)
        return lose(Loss::refused, fault, why);  // it stood, and ended before this request was on it
    fail(fault, why);
    place_.waiter.wake(Wake::io);
}

// The response is malformed: nothing more of it is read.
void UpstreamHttp2::refuse(MessageFault why) {
    lose(Loss::broken, UpstreamFault::malformed, why);
    link_->codec().drop(*this, Http2Code::protocol_error);
}

void UpstreamHttp2::head_came(Http2Fields& fields, bool ends) {
    if (heads_.size() >= heads_max) return refuse(MessageFault::Late::interim_storm);
    auto arrived = std::make_unique<Arrived>();
    std::swap(arrived->fields, fields);
    const auto fault = arrived->fields.response(ends, {method_id_, {}, {}}, arrived->head);
    head_bytes_ += arrived->fields.bytes();
    if (fault != HeadFault::none) return refuse(fault);
    if (head_bytes_ > place_.limits.head_bytes) return refuse(HeadFault::head_too_large);
    if (!arrived->head.is_interim()) link_->codec().expect_body(*this, arrived->head);
    heads_.push_back(std::move(arrived));
    waiting_since_ = now();
    place_.waiter.wake(Wake::io);
}

void UpstreamHttp2::body_came(ByteView bytes) {
    // Beyond a small block it takes what a whole window needs, at once.
    const bool large = in_.size_bytes() + bytes.size() > static_cast<std::size_t>(BlockSize::small);
    (void)in_.room(bytes.size(), static_cast<std::size_t>(large ? BlockSize::large : BlockSize::small));
    in_.append(bytes);
    waiting_since_ = now();
    place_.waiter.wake(Wake::io);
}

void UpstreamHttp2::end_came(std::span<const Field> trailers) {
    if (!trailers.empty()) {
        trailers_.resize(place_.limits.head_bytes + 64);
        const auto written = write_trailers(trailers, Direction::to_client, trailers_);
        if (!written) return refuse(BodyFault::trailer_name);
        trailers_.resize(*written);
    }
    ended_ = true;
    place_.waiter.wake(Wake::io);
}

void UpstreamHttp2::closed(Http2Code code) {
    if (faulty())
        lose(Loss::broken, UpstreamFault::malformed, MessageFault::Late::http2_broken);
    else if (code == Http2Code::refused_stream && !answered_ && heads_.empty())
        lose(Loss::refused, UpstreamFault::refused, MessageFault::Late::stream_reset);
    else
        lose(Loss::broken, UpstreamFault::closed_early, MessageFault::Late::stream_reset);
}

// -- the request

std::size_t UpstreamHttp2::write_body(ByteView bytes) {
    withholds_continue_ = false;
    if (framing_ == Framing::none || phase_ == Phase::failed || phase_ == Phase::done) return bytes.size();
    if (phase_ == Phase::waiting || may_try_again()) return 0;
    if (!attached()) return bytes.size();  // the upstream wants no more of it; response() tells the rest
    const bool last = framing_ == Framing::length && bytes.size() >= upload_left_;
    const auto taken = link_->codec().send_body(*this, bytes, last);
    upload_left_ -= std::min<std::uint64_t>(taken, upload_left_);
    uploaded_ += taken;
    if (taken != 0 || !stalled_) waiting_since_ = now();
    stalled_ = taken == 0;
    link_->wrote();
    return taken;
}

void UpstreamHttp2::finish_body(std::string_view trailers) {
    body_finished_ = true;
    stalled_ = false;
    waiting_since_ = now();
    if (framing_ == Framing::none) return;
    trailers_up_.assign(trailers);
    if (phase_ != Phase::open || !attached()) return;
    link_->codec().end_body(*this, trailers_up_);
    link_->wrote();
}

Flush UpstreamHttp2::flush() {
    advance();
    return phase_ == Phase::failed ? Flush::failed : Flush::done;
}

// -- the response

ResponsePeek UpstreamHttp2::response() {
    if (std::exchange(head_given_, false)) {
        head_bytes_ -= heads_.front()->fields.bytes();
        heads_.erase(heads_.begin());
    }
    advance();
    if (!heads_.empty()) return give_head();
    if (loss_ != Loss::none && may_try_again())
        try_again();
    else if (loss_ != Loss::none)
        fail(lost_by_, lost_why_);
    return {phase_ == Phase::failed ? ResponsePeek::State::failed : ResponsePeek::State::wait};
}

ResponsePeek UpstreamHttp2::give_head() {
    const auto& head = heads_.front()->head;
    answered_ = true;
    if (head.status == 100) withholds_continue_ = false;
    if (!head.is_interim() && uses_connection_auth(head)) {
        fail(UpstreamFault::connection_auth);
        return {ResponsePeek::State::failed};
    }
    head_given_ = head.is_interim();
    return {head.is_interim() ? ResponsePeek::State::interim : ResponsePeek::State::final, &head};
}

BodyPeek UpstreamHttp2::response_body() {
    heads_.clear();
    if (phase_ == Phase::failed) return {BodyPeek::State::failed, {}};
    if (!in_.empty()) {
        waiting_since_ = now();  // the time until the client takes it is the client's
        return {BodyPeek::State::data, std::as_const(in_).readable()};
    }
    in_.release();
    if (ended_) {
        phase_ = Phase::done;
        return {BodyPeek::State::end, {}};
    }
    if (loss_ == Loss::none) return {};
    fail(UpstreamFault::truncated, lost_why_ ? lost_why_ : MessageFault(BodyFault::truncated));
    return {BodyPeek::State::failed, {}};
}

void UpstreamHttp2::consume_response_body(std::size_t bytes) {
    in_.consume(bytes);
    if (!link_) return;
    link_->codec().consumed(*this, bytes);
    link_->wrote();
}

// -- time

// While it waits for its connection, that one keeps the time.
SteadyTime UpstreamHttp2::deadline() const {
    const bool waits = phase_ == Phase::open && !ended_ &&
                       (stalled_ || withholds_continue_ || (body_finished_ && sent_end()));
    return waits ? waiting_since_ + place_.upstream.response_timeout : SteadyTime::max();
}

void UpstreamHttp2::expire(SteadyTime) {
    if (link_) link_->doubt(waiting_since_);
    fail(UpstreamFault::timed_out);
}

}  // namespace sekisho::gateway
