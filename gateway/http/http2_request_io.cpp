#include "gateway/http/http2_request_io.hpp"

#include "base/check.hpp"
#include "gateway/http/reply_fields.hpp"

#include <algorithm>
#include <cstring>

namespace sekisho::gateway {

Flow serve_stream(Reactor&, Http2Session& session, std::int32_t id, std::unique_ptr<Http2Fields> fields,
                  bool ends) {
    Http2Request request(session, id, std::move(fields), ends);
    Wakes wakes;
    while (request.step(wakes)) wakes = co_await request.waiter().wait(request.deadline());
}

Http2Request::Http2Request(Http2Session& session, std::int32_t id, std::unique_ptr<Http2Fields> fields,
                           bool ends)
    : session_(session),
      codec_(session.codec()),
      worker_(session.connection().worker()),
      waiter_(worker_.reactor()),
      fields_(std::move(fields)),
      in_(worker_.buffers()),
      tunnel_in_(worker_.buffers()),
      run_(worker_, waiter_, *this, session.connection().origin()),
      ended_(ends) {
    fault_ = fields_->request(ends, codec_.settings().head, head_);
    if (fault_ != HeadFault::none) head_.framing = Framing::chunked;  // what comes is let go, not judged
    codec_.accept(id, *this, head_, ends);
    session_.enter(*this);
    run_.open();
}

Http2Request::~Http2Request() {
    in_.consume(in_.size_bytes());
    codec_.drop(*this, Http2Code::cancel);
    session_.wrote();
    if (awaits_recheck_) session_.rechecked();
    session_.leave(*this);
}

bool Http2Request::step(Wakes wakes) {
    const bool goes_on = go_on(wakes);
    if (awaits_recheck_ && worker_.serving()) {
        awaits_recheck_ = false;
        session_.rechecked();
    }
    return goes_on;
}

bool Http2Request::await_recheck() noexcept {
    waiter_.wake(Wake::control);
    return !std::exchange(awaits_recheck_, true);
}

bool Http2Request::go_on(Wakes wakes) {
    if (wakes.has(Wake::cancel)) {
        if (began_) run_.cancel();
        return false;
    }
    if (!began_ && !begin()) return !gone_;
    if (run_.step()) {
        deadline_ = run_.deadline();
        return true;
    }
    if (run_.ending() != RequestRun::Ending::broken) {
        codec_.end_body(*this, {});  // of a tunnel; every response has ended by now
        codec_.drop(*this, Http2Code::no_error);
    }
    return false;
}

// False while nothing may be forwarded (R8), and for a request that was reset meanwhile.
bool Http2Request::begin() {
    if (gone_) return false;
    const bool serving = worker_.serving();
    if (!serving) {
        const auto now = worker_.reactor().now();
        if (hold_until_ == SteadyTime::max()) hold_until_ = now + Lease::request_waits;
        deadline_ = hold_until_;
        if (now < hold_until_) return false;
    }
    began_ = true;
    if (!serving) {
        run_.reject(503);
    } else if (fault_ != HeadFault::none) {
        codec_.blame(Http2Spending::made_reset);
        run_.reject(status_of(fault_), fault_);
    } else {
        run_.accept(head_);
    }
    head_ = {};
    codec_.give_back(std::move(fields_));
    return true;
}

void Http2Request::abandon() noexcept {
    gone_ = true;
    waiter_.wake(Wake::control);
}

void Http2Request::body_came(ByteView bytes) {
    body_bytes_ += bytes.size();
    if (body_bytes_max_ != 0 && body_bytes_ > body_bytes_max_ && body_fault_ == BodyFault::none)
        body_fault_ = BodyFault::too_large;
    if (discarding_ || body_fault_ != BodyFault::none)
        codec_.consumed(*this, bytes.size());
    else
        in_.append(bytes);
    waiter_.wake(Wake::io);
}

void Http2Request::end_came(std::span<const Field> trailers) {
    ended_ = true;
    if (!trailers.empty()) {
        trailers_.resize(codec_.settings().head.head_bytes + 64);
        const auto written = write_trailers(trailers, Direction::to_upstream, trailers_);
        if (!written) body_fault_ = BodyFault::trailer_name;
        trailers_.resize(written.value_or(0));
    }
    waiter_.wake(Wake::io);
}

void Http2Request::closed(Http2Code) {
    gone_ = true;
    waiter_.wake(Wake::io);
}

BodyPeek Http2Request::request_body() {
    if (upgrades_) return {BodyPeek::State::end, {}};
    if (body_fault_ != BodyFault::none && !discarding_) return {BodyPeek::State::failed, {}};
    if (!in_.empty()) return {BodyPeek::State::data, std::as_const(in_).readable()};
    if (ended_) return {BodyPeek::State::end, {}};
    if (!gone_) return {};
    body_fault_ = BodyFault::truncated;
    return {BodyPeek::State::failed, {}};
}

void Http2Request::consume_request_body(std::size_t bytes) {
    in_.consume(bytes);
    if (in_.empty()) in_.release();
    codec_.consumed(*this, bytes);
    session_.wrote();
}

void Http2Request::drop_input() {
    discarding_ = true;
    if (!in_.empty()) consume_request_body(in_.size_bytes());
}

ClientSide& Http2Request::client_for(RequestState&, const RequestHead& head, const ClientFacts& facts,
                                     std::uint64_t body_bytes_max) {
    facts_ = facts;
    facts_.version = HttpVersion::http2;
    head_method_ = head.method_id == Method::head;
    takes_trailers_ = head.te_trailers;
    upgrades_ = head.upgrade != Upgrade::none;  // what follows belongs to the tunnel; it is no body
    body_bytes_max_ = upgrades_ ? 0 : body_bytes_max;
    if (body_bytes_max != 0 && head.framing == Framing::length && head.content_length > body_bytes_max)
        body_fault_ = BodyFault::too_large;
    return *this;
}

void Http2Request::ask_for_body() {
    codec_.interim(*this, 100, {});
    session_.wrote();
}

// write_lines has the field lines of an upstream's head in the worker's scratch.
std::span<char> Http2Request::write_lines(const ResponseHead& head, Framing& framing) {
    auto& scratch = worker_.line_scratch();
    scratch.resize(client_head_bound(head, facts_));
    const auto written = write_client_head(head, facts_, scratch);
    check(written.has_value(), "a response head is larger than its bound");
    framing = written->framing;
    return std::span<char>(scratch).first(written->bytes);
}

void Http2Request::wrote() noexcept {
    if (run_.forwards()) session_.forwarded();
    session_.wrote();
}

void Http2Request::interim(const ResponseHead& head) {
    Framing framing;
    const auto lines = write_lines(head, framing);
    codec_.interim(*this, head.status, lines);
    wrote();
}

void Http2Request::start(const ResponseHead& head) {
    const bool switches = head.status == 101;
    const auto lines = write_lines(head, framing_);
    if (switches) framing_ = Framing::until_close;
    response_left_ = framing_ == Framing::length ? head.content_length : 0;
    status_ = switches ? 200 : head.status;  // RFC 8441 section 5
    send_head(lines);
}

void Http2Request::start_ours(const LocalReply& reply) {
    const bool bodiless = head_method_ || reply.status == 204 || reply.status == 304;
    framing_ = bodiless ? Framing::none : Framing::length;
    response_left_ = bodiless ? 0 : reply.body.size();
    status_ = static_cast<std::uint16_t>(reply.status);
    std::string lines;
    append_reply_fields(lines, reply, {worker_.http_date(), facts_.request_id, facts_.hsts});
    send_head(lines);
}

void Http2Request::send_head(std::span<char> lines) {
    const bool ends = framing_ == Framing::none || (framing_ == Framing::length && response_left_ == 0);
    if (ends) framing_ = Framing::none;
    codec_.respond(*this, status_, lines, ends);
    wrote();
}

std::size_t Http2Request::write_body(ByteView bytes) {
    if (framing_ == Framing::none) return bytes.size();  // a body nobody may see: HEAD, 204, 304
    const bool last = framing_ == Framing::length && bytes.size() >= response_left_;
    const auto taken = codec_.send_body(*this, bytes, last);
    if (framing_ == Framing::length) response_left_ -= std::min<std::uint64_t>(taken, response_left_);
    wrote();
    return taken;
}

void Http2Request::finish(std::string_view trailers) {
    finished_ = true;
    codec_.end_body(*this, takes_trailers_ ? trailers : std::string_view{});
    wrote();
}

Flush Http2Request::flush() {
    if (sent_end()) return Flush::done;
    if (gone_) return Flush::failed;
    return finished_ ? Flush::wait : Flush::done;
}

void Http2Request::break_off() {
    codec_.drop(*this, Http2Code::internal_error);
    session_.wrote();
    gone_ = true;
}

IoResult Http2Request::Bytes::read(std::span<std::uint8_t> into) {
    auto& in = request_.in_;
    if (in.empty()) {
        if (request_.ended_) return {IoState::closed, 0};
        return {request_.gone_ ? IoState::failed : IoState::would_block, 0};
    }
    const auto taken = std::min(into.size(), in.size_bytes());
    std::memcpy(into.data(), in.readable().data(), taken);
    request_.consume_request_body(taken);
    return {IoState::done, taken};
}

IoResult Http2Request::Bytes::write(ByteView from) {
    if (request_.gone_) return {IoState::failed, 0};
    const auto taken = request_.codec_.send_body(request_, from, false);
    request_.wrote();
    return {taken == 0 ? IoState::would_block : IoState::done, taken};
}

// Asked only before and after the last words of a tunnel: whether they, and all before them, have left.
IoState Http2Request::Bytes::flush() {
    if (request_.gone_) return IoState::failed;
    return request_.session_.push() ? IoState::done : IoState::would_block;
}

IoState Http2Request::Bytes::shutdown() {
    request_.codec_.end_body(request_, {});
    request_.wrote();
    return request_.gone_ ? IoState::failed : IoState::done;
}

}  // namespace sekisho::gateway
