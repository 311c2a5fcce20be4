// How one request of a session runs: judged, answered by an app, a page or a refusal, carried, cut, recorded.
#include "gateway/http/http1_session_io.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::gateway {
namespace {

using telemetry::ExchangeOutcome;
using telemetry::Metric;

constexpr std::uint16_t websocket_policy_violation = 1008;  // RFC 6455 section 7.4.1

// What a WebSocket's Close frame gives as its reason: "sekisho: access ended (contract)".
std::string close_reason(Trigger trigger) {
    return fmt::format("sekisho: access ended ({})",
                       telemetry::label_values::trigger[static_cast<std::size_t>(trigger)]);
}

// Access that ends within five minutes is worth a warning to a client that can renew it.
std::uint32_t ends_in(WallTime valid_until, WallTime now) noexcept {
    constexpr Seconds warned_before{300};
    if (valid_until == WallTime::max() || valid_until - now > warned_before) return 0;
    return static_cast<std::uint32_t>(
        std::max<std::int64_t>(std::chrono::ceil<Seconds>(valid_until - now).count(), 1));
}

Cut cut_of(Trigger trigger, const Recheck& found) noexcept {
    if (found.outcome == Recheck::Outcome::session_ended) return Cut::session;
    switch (trigger) {
        case Trigger::session_end:
            return Cut::session;
        case Trigger::contract:
            return Cut::contract;
        case Trigger::policy:
            return Cut::policy;
        default:
            return Cut::window;
    }
}

}  // namespace

void RequestState::clear() {
    tunnel.reset();
    exchange.reset();
    client.reset();
    local.reset();
    upstream.reset();
    durable.reset();
    verdict = Verdict{};
    snapshot.reset();
    scan = {};
    facts.clear();
}

void Http1Session::begin_request(const RequestHead& head, std::size_t head_bytes) {
    ++served_in_turn_;
    note_request(head);
    keep_alive_ = head.keep_alive && !worker_.draining();
    if (kind_ == ConnectionKind::redirect) {
        const auto& portal = worker_.snapshot()->model->portal;
        const auto name = split_host(head.host).name;
        LocalReply answer{is_safe(head.method_id) ? 301 : 308, {}, {}, true};
        const auto port = portal.port == 443 ? std::string() : fmt::format(":{}", portal.port);
        const bool known =
            worker_.snapshot()->routes.find_host(fmt::format("{}:{}", name, portal.port)) != nullptr;
        answer.with("Location",
                    fmt::format("https://{}{}{}", known ? name : std::string_view(portal.host), port,
                                known && head.form == TargetForm::origin ? head.target : "/"));
        reply(&head, std::move(answer));
    } else {
        route_request(head);
    }
    // What the head gave was written out or copied: its bytes make room for the body.
    in_.consume(head_bytes);
}

void Http1Session::note_request(const RequestHead& head) {
    auto& request = *request_;
    request.snapshot = worker_.snapshot();
    auto& facts = request.facts;
    facts.method.assign(head.method);
    facts.method_id = head.method_id;
    facts.host.assign(head.host);
    facts.version = head.version;
    facts.websocket = head.upgrade == Upgrade::websocket;
    facts.client = client_text_;
    worker_.make_request_id(facts.request_id);
}

void Http1Session::route_request(const RequestHead& head) {
    auto& request = *request_;
    const PeerFacts peer{tls_facts_.server_name, peer_};
    bool continued = false;
    request.facts.trace = worker_.trace_for(
        head.repeated.has(FieldId::traceparent) ? std::string_view{} : head.value(FieldId::traceparent),
        continued);
    request.verdict = worker_.admission().judge(request.snapshot, head, peer, worker_.reactor().wall(),
                                                worker_.request_scratch());
    request.facts.path.assign(request.verdict.path);
    request.facts.decided = now();
    switch (request.verdict.kind) {
        case Verdict::Kind::permit:
            return begin_forward(head);
        case Verdict::Kind::portal:
        case Verdict::Kind::app_host_page:
            return begin_page(head);
        case Verdict::Kind::refused:
            break;
    }
    worker_.recorder().decided(*request.snapshot, request.verdict, request.facts, nullptr);
    request.facts.outcome = ExchangeOutcome::refused;
    auto answer = worker_.responder().refusal(request.snapshot, head, request.verdict, peer,
                                              request.facts.request_id, worker_.reactor().wall());
    reply(&head, std::move(answer));
}

void Http1Session::begin_forward(const RequestHead& head) {
    auto& request = *request_;
    auto& permit = *request.verdict.permit;
    const auto& parts = request.snapshot->parts(permit.app());
    const auto wall = worker_.reactor().wall();
    if (Recorder::must_wait(parts) && !worker_.recorder().audit_works()) {
        request.facts.outcome = ExchangeOutcome::refused;
        return reply(&head,
                     worker_.responder().fault(request.snapshot, &head, &request.snapshot->app(permit.app()),
                                               UpstreamFault::busy, request.facts.request_id, wall));
    }
    auto* pool = worker_.pool_for(*request.snapshot, permit.app());
    if (!pool)
        return reply(&head,
                     worker_.responder().fault(request.snapshot, &head, &request.snapshot->app(permit.app()),
                                               UpstreamFault::tls, request.facts.request_id, wall));
    auto& standing = worker_.admission().standing(request.snapshot, permit.session_owner(), permit.app());
    const auto trace = telemetry::to_traceparent(request.facts.trace);
    UpstreamFacts facts;
    facts.path = request.verdict.path;
    facts.host = pool->upstream().host_header;
    facts.client_address = client_text_;
    facts.assertion = worker_.assertion(*request.snapshot, standing, permit, wall);
    facts.traceparent = {trace.data(), trace.size()};
    facts.request_id = request.facts.request_id;
    facts.keep_tracestate = telemetry::tracestate_passes(head.value(FieldId::tracestate)) &&
                            !head.value(FieldId::traceparent).empty();
    record_allow();
    request.upstream.emplace(permit, *pool, waiter_, worker_.buffers(), worker_.response_scratch(), head,
                             facts, upstream_head_limits(request.snapshot->model->limits));
    const auto& limits = request.snapshot->model->limits;
    begin_exchange(head, *request.upstream,
                   {limits.body_min_rate_grace, limits.body_min_rate, pool->upstream().total_timeout});
    worker_.enter(*this);
    active_ = true;
    if (!request.durable || *request.durable) return;
    phase_ = Phase::wait_record;
    deadline_ = SteadyTime::max();  // the record's own arrival wakes us, or its failure
}

// The first allow of a standing is recorded in passing; where the tier says so, each allow waits for its
// record.
void Http1Session::record_allow() {
    auto& request = *request_;
    auto& permit = *request.verdict.permit;
    auto& standing = worker_.admission().standing(request.snapshot, permit.session_owner(), permit.app());
    if (!Recorder::must_wait(request.snapshot->parts(permit.app())))
        return worker_.recorder().decided(*request.snapshot, request.verdict, request.facts, &standing);
    request.durable = std::make_shared<std::optional<bool>>();
    auto done = [durable = request.durable, ticket = waiter_.ticket(),
                 &reactor = worker_.reactor()](Result<telemetry::Seq> seq) {
        reactor.post([durable, ticket, &reactor, good = seq.has_value()] {
            *durable = good;
            reactor.wake(ticket, Wake::control);
        });
    };
    worker_.recorder().decided(*request.snapshot, request.verdict, request.facts, &standing, std::move(done));
}

Http1Session::Next Http1Session::do_wait_record() {
    if (!*request_->durable) return Next::wait;
    phase_ = Phase::exchanging;
    if (!**request_->durable) {
        request_->facts.outcome = ExchangeOutcome::refused;
        answer_upstream_fault();
    }
    return Next::again;
}

void Http1Session::begin_page(const RequestHead& head) {
    auto& request = *request_;
    const PeerFacts peer{tls_facts_.server_name, peer_};
    auto page = worker_.responder().begin_page(request.snapshot, worker_.reactor(), head, request.verdict,
                                               peer, request.facts.request_id, worker_.reactor().wall());
    auto make = [page = std::move(page), ticket = waiter_.ticket(), &reactor = worker_.reactor()](
                    std::string body, const std::shared_ptr<PendingReply>& pending) {
        page(std::move(body), [pending, ticket, &reactor](LocalReply answer) {
            pending->reply = std::move(answer);
            reactor.wake(ticket, Wake::control);
        });
    };
    request.local.emplace(std::move(make), request.snapshot->model->limits.form_bytes,
                          head.method_id == Method::head);
    if (head.expect_continue && head.has_body())
        out_.append(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"));
    const auto& limits = request.snapshot->model->limits;
    begin_exchange(head, *request.local, {limits.body_min_rate_grace, limits.body_min_rate, Millis{0}});
}

void Http1Session::reply(const RequestHead* head, LocalReply answer) {
    auto& request = *request_;
    static const RequestHead nothing;
    const auto& shown = head ? *head : nothing;
    // A body nobody wants is not waited for: the connection ends after the answer.
    if (shown.has_body()) answer.close = true;
    request.local.emplace(std::move(answer), shown.method_id == Method::head);
    begin_exchange(shown, *request.local, {});
}

void Http1Session::begin_exchange(const RequestHead& head, UpstreamSide& upstream, PaceLimits pace) {
    auto& request = *request_;
    ClientFacts facts;
    facts.version = head.version;
    facts.keep_alive = keep_alive_;
    facts.hsts = kind_ == ConnectionKind::tls && request.snapshot->model->portal.hsts;
    facts.request_id = request.facts.request_id;
    std::uint64_t body_max = request.snapshot->model->limits.form_bytes;
    if (request.verdict.permit) {
        facts.access_ends_in = ends_in(request.verdict.permit->valid_until(), worker_.reactor().wall());
        facts.cookie_domains = request.snapshot->app(request.verdict.permit->app()).cookie_domains;
        body_max = request.snapshot->parts(request.verdict.permit->app()).body_bytes_max;
    }
    request.client.emplace(*stream_, in_, out_, head, facts, body_max, worker_.http_date());
    request.exchange.emplace(*request.client, upstream, pace, now());
    phase_ = Phase::exchanging;
}

SteadyTime Http1Session::permit_deadline() const {
    if (!request_->verdict.permit) return SteadyTime::max();
    const auto until = request_->verdict.permit->valid_until();
    if (until == WallTime::max()) return SteadyTime::max();
    return now() + std::max<Millis>(until - worker_.reactor().wall(), Millis{1});
}

Http1Session::Next Http1Session::do_exchange() {
    auto& request = *request_;
    if (active_ && request.verdict.permit->valid_until() <= worker_.reactor().wall() && !recheck())
        return Next::again;
    const auto uploaded = request.exchange->request_bytes();
    request.exchange->step(now());
    if (active_ && request.exchange->request_bytes() != uploaded)
        worker_.admission().used(*request.verdict.permit, worker_.reactor().wall());
    if (request.exchange->state() != Exchange::State::running) {
        judge_exchange();
        return Next::again;
    }
    deadline_ = std::min(request.exchange->deadline(), permit_deadline());
    return Next::wait;
}

void Http1Session::judge_exchange() {
    auto& request = *request_;
    auto& exchange = *request.exchange;
    switch (exchange.state()) {
        case Exchange::State::completed: {
            const bool again = request.client->keep_alive() && exchange.request_done();
            finish_request(request.facts.outcome);
            if (again) {
                phase_ = Phase::idle;
                deadline_ = now() + worker_.snapshot()->model->limits.keep_alive_timeout;
            } else {
                linger();
            }
            return;
        }
        case Exchange::State::switched:
            return switch_to_tunnel();
        case Exchange::State::upstream_failed:
            if (!exchange.response_started()) return answer_upstream_fault();
            (void)request.client->flush();  // what came whole is passed on; the missing end stays missing
            finish_request(ExchangeOutcome::truncated);
            break;
        case Exchange::State::client_failed: {
            const bool too_large = request.client->body_fault() == BodyFault::too_large;
            const bool faulty = request.client->body_fault() != BodyFault::none &&
                                request.client->body_fault() != BodyFault::truncated;
            if (!exchange.response_started() && (faulty || exchange.client_too_slow())) {
                const int status = too_large ? 413 : exchange.client_too_slow() ? 408 : 400;
                request.exchange.reset();
                request.upstream.reset();
                return reject_head(status);
            }
            finish_request(exchange.client_too_slow() ? ExchangeOutcome::timed_out
                                                      : ExchangeOutcome::client_gone);
            break;
        }
        case Exchange::State::running:
            return;
    }
    stream_->close();  // no proper end: the client sees that something is missing
    phase_ = Phase::over;
}

// Nothing went to the client yet: it gets a page of ours in place of the response that failed to come.
void Http1Session::answer_upstream_fault() {
    auto& request = *request_;
    auto fault = request.upstream ? request.upstream->fault() : UpstreamFault::busy;
    if (fault == UpstreamFault::none) fault = UpstreamFault::timed_out;
    request.facts.upstream_fault = fault;
    request.facts.outcome =
        fault == UpstreamFault::timed_out ? ExchangeOutcome::timed_out : ExchangeOutcome::upstream_failed;
    const bool drained = request.exchange->request_done();
    request.exchange.reset();
    request.client.reset();
    request.upstream.reset();
    auto answer = worker_.responder().fault(request.snapshot, nullptr,
                                            &request.snapshot->app(request.verdict.permit->app()), fault,
                                            request.facts.request_id, worker_.reactor().wall());
    if (!drained) answer.close = true;
    out_.consume(out_.size_bytes());
    const auto method = request.facts.method_id;
    RequestHead shown;
    shown.method_id = method;
    reply(&shown, std::move(answer));
}

void Http1Session::switch_to_tunnel() {
    auto& request = *request_;
    request.facts.status = 101;
    request.facts.tunnel = true;
    request.facts.first_byte = request.exchange->first_byte_at();
    request.tunnel.emplace(*stream_, in_, request.upstream->stream(), request.upstream->received(),
                           request.snapshot->model->limits.tunnel_idle_timeout, now(),
                           request.facts.websocket ? Tunnel::Protocol::websocket : Tunnel::Protocol::other);
    const auto label = request.snapshot->parts(request.verdict.permit->app()).label;
    worker_.recorder().shard().count<Metric::tunnels>(label);
    worker_.recorder().shard().add<Metric::tunnels_open>(1, label);
    phase_ = Phase::tunnelling;
}

Http1Session::Next Http1Session::do_tunnel() {
    auto& request = *request_;
    if (request.verdict.permit->valid_until() <= worker_.reactor().wall() && !recheck()) return Next::again;
    auto& tunnel = *request.tunnel;
    const auto sent = tunnel.client_bytes();
    tunnel.step(now());
    if (tunnel.client_bytes() != sent)
        worker_.admission().used(*request.verdict.permit, worker_.reactor().wall());
    if (tunnel.state() == Tunnel::State::running) {
        deadline_ = std::min(tunnel.deadline(), permit_deadline());
        return Next::wait;
    }
    finish_request(tunnel.state() == Tunnel::State::idle_too_long ? ExchangeOutcome::timed_out
                                                                  : ExchangeOutcome::completed);
    linger();
    return Next::again;
}

void Http1Session::finish_request(ExchangeOutcome outcome) {
    auto& request = *request_;
    auto& facts = request.facts;
    facts.outcome = outcome;
    if (request.exchange) {
        facts.bytes_in = request.exchange->request_bytes();
        facts.bytes_out = request.exchange->response_bytes();
        if (request.exchange->first_byte_at() != SteadyTime::max())
            facts.first_byte = request.exchange->first_byte_at();
    }
    if (request.client && facts.status == 0) facts.status = request.client->status();
    if (request.upstream) facts.upstream_connected = request.upstream->connected_at();
    if (request.tunnel) {
        facts.bytes_in += request.tunnel->client_bytes();
        facts.bytes_out += request.tunnel->upstream_bytes();
        worker_.recorder().shard().add<Metric::tunnels_open>(
            -1, request.snapshot->parts(request.verdict.permit->app()).label);
    }
    worker_.recorder().finished(*request.snapshot, request.verdict, facts, tls_facts_.version, now());
    if (active_) worker_.leave(*this);
    active_ = ask_again_ = false;
    worker_.give_back(std::move(request_));
}

Recheck Http1Session::ask_admission() {
    auto& request = *request_;
    return worker_.recheck(*request.verdict.permit,
                           {request.facts.method, request.facts.path, peer_, worker_.reactor().wall()},
                           request.facts.host);
}

void Http1Session::review(bool all) {
    auto& permit = *request_->verdict.permit;
    if (!all && worker_.admission().unchanged(permit)) return;
    const auto before = permit.valid_until();
    if (ask_admission().outcome == Recheck::Outcome::holds && permit.valid_until() == before) return;
    ask_again_ = true;
    waiter_.wake(Wake::control);
}

// False when access is over and the exchange was cut.
bool Http1Session::recheck() {
    ask_again_ = false;
    const auto valid_until = request_->verdict.permit->valid_until();
    const auto found = ask_admission();
    if (found.outcome == Recheck::Outcome::holds) return true;
    end_access(found, valid_until);
    return false;
}

// A response or upload is left without its proper end, so that the other side sees it; a WebSocket is told
// why.
void Http1Session::end_access(const Recheck& found, WallTime valid_until) {
    auto& request = *request_;
    const auto trigger = worker_.trigger_of(*request.verdict.permit, found);
    const bool told =
        request.tunnel && request.tunnel->say_why(websocket_policy_violation, close_reason(trigger));
    if (told)
        (void)stream_->shutdown();
    else
        stream_->close();
    worker_.ended_early(*request.verdict.permit, found, valid_until);
    request.facts.cut = cut_of(trigger, found);
    finish_request(ExchangeOutcome::cut_by_policy);
    if (told)
        linger();
    else
        phase_ = Phase::over;
}

void Http1Session::cut(Cut why) {
    request_->facts.cut = why;
    finish_request(ExchangeOutcome::cut_by_policy);
    stream_->close();
    phase_ = Phase::over;
}

}  // namespace sekisho::gateway
