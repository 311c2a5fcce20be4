#include "gateway/http/http1_session_io.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr Millis linger_time{2000};
constexpr std::size_t linger_bytes_max = 256u << 10;

}  // namespace

Http1Session::Http1Session(ClientConnection& connection)
    : connection_(connection),
      worker_(connection.worker()),
      stream_(connection.stream()),
      in_(worker_.buffers()),
      out_(worker_.buffers()),
      run_(worker_, connection.waiter(), *this, connection.origin()),
      deadline_(now() + worker_.snapshot()->model->limits.head_timeout) {
    worker_.connected(*this);
}

Http1Session::~Http1Session() { worker_.disconnected(*this); }

bool Http1Session::step(Wakes wakes) {
    if (wakes.has(Wake::cancel)) {
        run_.cancel();
        return false;
    }
    served_in_turn_ = 0;
    if (held_ && worker_.serving()) {
        held_ = false;
        if (phase_ == Phase::head) deadline_ = now() + worker_.snapshot()->model->limits.head_timeout;
    }
    while (phase_ != Phase::over && advance() == Next::again) {
    }
    return phase_ != Phase::over;
}

void Http1Session::thaw() noexcept {
    if (held_) connection_.waiter().wake(Wake::control);
}

Http1Session::Next Http1Session::advance() {
    switch (phase_) {
        case Phase::idle:
            return do_idle();
        case Phase::head:
            return do_head();
        case Phase::running:
            return do_run();
        case Phase::lingering:
            return do_linger();
        case Phase::over:
            break;
    }
    return Next::wait;
}

Http1Session::Next Http1Session::do_idle() {
    if (in_.empty()) {
        const auto got = stream_.read(in_.room(1));
        if (got.state != IoState::done) {
            in_.release();
            if (got.state == IoState::would_block && now() < deadline_ && !worker_.draining())
                return Next::wait;
            if (got.state == IoState::would_block) {
                linger();
                return Next::again;
            }
            phase_ = Phase::over;
            return Next::wait;
        }
        in_.commit(got.bytes);
    }
    run_.open();
    deadline_ = now() + worker_.snapshot()->model->limits.head_timeout;
    phase_ = Phase::head;
    return Next::again;
}

Http1Session::Next Http1Session::hold_request() {
    if (!std::exchange(held_, true)) hold_until_ = now() + Lease::request_waits;
    if (now() >= hold_until_) {
        reject_head(503);
        return Next::again;
    }
    deadline_ = hold_until_;
    return Next::wait;
}

Http1Session::Next Http1Session::do_head() {
    if (!worker_.serving()) return hold_request();
    // A connection that sends many requests at once lets the others have their turn in between.
    if (served_in_turn_ >= worker_.snapshot()->model->limits.pipelined) {
        served_in_turn_ = 0;
        connection_.waiter().wake(Wake::io);
        return Next::wait;
    }
    const auto& snapshot = worker_.snapshot();
    const bool for_portal = connection_.origin().peer.server_name == snapshot->model->portal.host;
    const auto limits = for_portal ? portal_head_limits(snapshot->model->limits)
                                   : client_head_limits(snapshot->model->limits);
    for (;;) {
        RequestHead head;
        const auto step =
            parse_request_head(in_.text(), limits, run_.state().scan, worker_.request_scratch(), head);
        if (step.state == HeadStep::State::done) {
            begin_request(head, step.head_bytes);
            return Next::again;
        }
        if (step.state == HeadStep::State::fault) {
            reject_head(status_of(step.fault), step.fault);
            return Next::again;
        }
        const auto got = stream_.read(in_.room(1));
        if (got.state == IoState::done) {
            in_.commit(got.bytes);
            continue;
        }
        if (got.state == IoState::would_block && now() < deadline_) return Next::wait;
        if (got.state == IoState::would_block)
            reject_head(408, MessageFault::Late::head_timeout);
        else
            phase_ = Phase::over;
        return Next::again;
    }
}

void Http1Session::begin_request(const RequestHead& head, std::size_t head_bytes) {
    ++served_in_turn_;
    keep_alive_ = head.keep_alive && !worker_.draining();
    phase_ = Phase::running;
    if (connection_.kind() == ConnectionKind::redirect)
        run_.answer(head, redirect_for(head));
    else
        run_.accept(head);
    // What the head gave was written out or copied: its bytes make room for the body.
    in_.consume(head_bytes);
    if (in_.empty()) in_.release();
}

LocalReply Http1Session::redirect_for(const RequestHead& head) {
    const auto& snapshot = worker_.snapshot();
    const auto& portal = snapshot->model->portal;
    const auto name = split_host(head.host).name;
    const auto port = portal.port == 443 ? std::string() : fmt::format(":{}", portal.port);
    const bool known = snapshot->routes.find_host(fmt::format("{}:{}", name, portal.port)) != nullptr;
    LocalReply reply{is_safe(head.method_id) ? 301 : 308, {}, {}, true};
    reply.with("Location", fmt::format("https://{}{}{}", known ? name : std::string_view(portal.host), port,
                                       known && head.form == TargetForm::origin ? head.target : "/"));
    return reply;
}

void Http1Session::reject_head(int status, MessageFault fault) {
    phase_ = Phase::running;
    run_.reject(status, fault);
}

ClientSide& Http1Session::client_for(RequestState& state, const RequestHead& head, const ClientFacts& facts,
                                     std::uint64_t body_bytes_max) {
    auto ours = facts;
    ours.keep_alive = keep_alive_;
    return state.client.emplace(stream_, in_, out_, head, ours, body_bytes_max, worker_.http_date());
}

Http1Session::Next Http1Session::do_run() {
    if (run_.step()) {
        deadline_ = run_.deadline();
        return Next::wait;
    }
    switch (run_.ending()) {
        case RequestRun::Ending::again:
            phase_ = Phase::idle;
            deadline_ = now() + worker_.snapshot()->model->limits.keep_alive_timeout;
            break;
        case RequestRun::Ending::last:
            linger();
            break;
        case RequestRun::Ending::broken:
            phase_ = Phase::over;
            break;
    }
    return Next::again;
}

void Http1Session::linger() {
    phase_ = Phase::lingering;
    linger_until_ = now() + linger_time;
    lingered_bytes_ = 0;
    in_.consume(in_.size_bytes());
}

// Says goodbye, then reads what is still on its way, so that a reset does not eat our last bytes.
Http1Session::Next Http1Session::do_linger() {
    if (!shut_) {
        const auto state = stream_.shutdown();
        shut_ = state == IoState::done;
        if (state == IoState::failed || state == IoState::closed) phase_ = Phase::over;
    }
    while (phase_ == Phase::lingering) {
        const auto got = stream_.read(in_.room(1));
        if (got.state == IoState::would_block) break;
        lingered_bytes_ += got.bytes;
        if (got.state != IoState::done || lingered_bytes_ > linger_bytes_max) phase_ = Phase::over;
    }
    if (now() >= linger_until_) phase_ = Phase::over;
    deadline_ = linger_until_;
    if (in_.empty()) in_.release();
    return Next::wait;
}

}  // namespace sekisho::gateway
