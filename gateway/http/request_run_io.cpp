#include "gateway/http/request_run_io.hpp"

#include "gateway/http/fetch_metadata.hpp"
#include "gateway/near_end.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::gateway {
namespace {

using telemetry::ExchangeOutcome;
using telemetry::Metric;

constexpr std::size_t accept_language_max = 128;            // bytes; what more it lists decides nothing
constexpr std::uint16_t websocket_policy_violation = 1008;  // RFC 6455 section 7.4.1

// What a WebSocket's Close frame gives as its reason: "sekisho: access ended (contract)".
std::string close_reason(Trigger trigger) {
    return fmt::format("sekisho: access ended ({})",
                       telemetry::label_values::trigger[static_cast<std::size_t>(trigger)]);
}

// A stream of gRPC may rest between two messages for as long as both ends like.
bool is_grpc(const RequestHead& head) noexcept {
    return head.value(FieldId::content_type).starts_with("application/grpc");
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
    drop_app();
    durable.reset();
    websocket_key.clear();
    verdict = Verdict{};
    snapshot.reset();
    scan = {};
    facts.clear();
}

RequestRun::~RequestRun() {
    if (active_) worker_.leave(*this);
    if (state_) worker_.give_back(std::move(state_));
}

void RequestRun::open() {
    state_ = worker_.take_state();
    state_->facts.received = now();
    state_->facts.at = worker_.reactor().wall();
}

void RequestRun::accept(const RequestHead& head) {
    note_request(head);
    route_request(head);
}

void RequestRun::answer(const RequestHead& head, LocalReply reply) {
    note_request(head);
    this->reply(&head, std::move(reply));
}

void RequestRun::reject(int status, MessageFault fault) {
    const bool busy = status == 503;
    if (!busy) worker_.recorder().malformed(static_cast<std::uint16_t>(status), fault);
    auto& request = *state_;
    request.facts.message_fault = fault;
    // What was decided on stays with the configuration it was decided under, and with its id.
    if (!request.snapshot) {
        request.snapshot = worker_.snapshot();
        request.facts.client = origin_.client_text;
        request.facts.version = origin_.version;
        worker_.make_request_id(request.facts.request_id);
    }
    request.verdict.refused = busy ? Refused::not_serving : Refused::bad_request;
    carrier_.drop_input();
    auto& responder = worker_.responder();
    const auto& id = request.facts.request_id;
    auto answer = busy ? responder.fault(request.snapshot, asker(), nullptr, UpstreamFault::busy, id,
                                         worker_.reactor().wall())
                       : responder.malformed(request.snapshot, asker(), status, body_bytes_max(), id);
    answer.close = true;
    request.facts.outcome = ExchangeOutcome::refused;
    reply(nullptr, std::move(answer));
}

bool RequestRun::step() {
    if (!worker_.serving() && active_) return hold();
    if (active_ && ask_again_) (void)recheck();
    while (phase_ != Phase::over && advance() == Next::again) {
    }
    return phase_ != Phase::over;
}

void RequestRun::cancel() {
    if (state_ && state_->exchange) cut(Cut::drain);
}

RequestRun::Next RequestRun::advance() {
    switch (phase_) {
        case Phase::wait_record:
            return do_wait_record();
        case Phase::exchanging:
            return do_exchange();
        case Phase::tunnelling:
            return do_tunnel();
        case Phase::over:
            break;
    }
    return Next::wait;
}

// Nothing is forwarded while the worker's lease has lapsed (R8): what is open stands still, and is cut when
// that lasts.
bool RequestRun::hold() {
    const auto left = Lease::cut_after - worker_.frozen_for();
    if (left <= Millis{0}) {
        cut(Cut::lease);
        return false;
    }
    deadline_ = now() + left;
    return true;
}

void RequestRun::thaw() noexcept {
    ask_again_ = true;
    waiter_.wake(Wake::control);
}

void RequestRun::note_request(const RequestHead& head) {
    auto& request = *state_;
    request.snapshot = worker_.snapshot();
    auto& facts = request.facts;
    facts.method.assign(head.method);
    facts.method_id = head.method_id;
    facts.host.assign(head.host);
    facts.version = head.version;
    facts.websocket = head.upgrade == Upgrade::websocket;
    facts.navigation = is_navigation(head);
    facts.accept_language.assign(head.value(FieldId::accept_language).substr(0, accept_language_max));
    facts.client = origin_.client_text;
    worker_.make_request_id(facts.request_id);
}

void RequestRun::route_request(const RequestHead& head) {
    auto& request = *state_;
    const PeerFacts& peer = origin_.peer;
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

void RequestRun::begin_forward(const RequestHead& head) {
    auto& request = *state_;
    auto& permit = *request.verdict.permit;
    const auto& parts = request.snapshot->parts(permit.app());
    const auto wall = worker_.reactor().wall();
    if (Recorder::must_wait(parts) && !worker_.recorder().audit_works()) {
        request.facts.outcome = ExchangeOutcome::refused;
        return reply(
            &head, worker_.responder().fault(request.snapshot, asker(), &request.snapshot->app(permit.app()),
                                             UpstreamFault::busy, request.facts.request_id, wall));
    }
    auto* pool = worker_.pool_for(*request.snapshot, permit.app());
    if (!pool)
        return reply(
            &head, worker_.responder().fault(request.snapshot, asker(), &request.snapshot->app(permit.app()),
                                             UpstreamFault::tls, request.facts.request_id, wall));
    auto& standing = worker_.admission().standing(request.snapshot, permit.session_owner(), permit.app());
    const auto trace = telemetry::to_traceparent(request.facts.trace);
    UpstreamFacts facts;
    facts.path = request.verdict.path;
    facts.host = pool->upstream().host_header;
    facts.client_address = origin_.client_text;
    facts.assertion = worker_.assertion(*request.snapshot, standing, permit, wall);
    facts.traceparent = {trace.data(), trace.size()};
    facts.request_id = request.facts.request_id;
    facts.keep_tracestate = telemetry::tracestate_passes(head.value(FieldId::tracestate)) &&
                            !head.value(FieldId::traceparent).empty();
    if (head.upgrade == Upgrade::websocket && head.version == HttpVersion::http2) {
        worker_.make_websocket_key(request.websocket_key);
        facts.websocket_key = request.websocket_key;
    }
    record_allow();
    auto& upstream = make_upstream(*pool, head, facts);
    const auto& limits = request.snapshot->model->limits;
    const bool rests_at_will = pool->http2() && is_grpc(head);
    begin_exchange(
        head, upstream,
        {limits.body_min_rate_grace, limits.body_min_rate, pool->upstream().total_timeout, !rests_at_will});
    worker_.enter(*this);
    active_ = true;
    if (!request.durable || *request.durable) return;
    phase_ = Phase::wait_record;
    deadline_ = SteadyTime::max();  // the record's own arrival wakes us, or its failure
}

UpstreamSide& RequestRun::make_upstream(UpstreamPool& pool, const RequestHead& head,
                                        const UpstreamFacts& facts) {
    auto& request = *state_;
    const auto& permit = *request.verdict.permit;
    const auto limits = upstream_head_limits(request.snapshot->model->limits);
    if (auto* links = pool.http2())
        return request.upstream_http2.emplace(
            permit,
            UpstreamHttp2::Place{*links, waiter_, worker_.buffers(), pool.upstream(), limits, pool.use()},
            head, facts);
    return request.upstream.emplace(permit, pool, waiter_, worker_.buffers(), worker_.response_scratch(),
                                    head, facts, limits);
}

// The first allow of a standing is recorded in passing; where the tier says so, each allow waits for its
// record.
void RequestRun::record_allow() {
    auto& request = *state_;
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

RequestRun::Next RequestRun::do_wait_record() {
    if (!*state_->durable) {
        deadline_ = SteadyTime::max();  // after a freeze too: it waits for the record alone
        return Next::wait;
    }
    phase_ = Phase::exchanging;
    if (!**state_->durable) {
        state_->facts.outcome = ExchangeOutcome::refused;
        answer_upstream_fault();
    }
    return Next::again;
}

void RequestRun::begin_page(const RequestHead& head) {
    auto& request = *state_;
    const PeerFacts& peer = origin_.peer;
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
    if (head.expect_continue && head.has_body()) carrier_.ask_for_body();
    const auto& limits = request.snapshot->model->limits;
    begin_exchange(head, *request.local, {limits.body_min_rate_grace, limits.body_min_rate, Millis{0}});
}

void RequestRun::reply(const RequestHead* head, LocalReply answer) {
    auto& request = *state_;
    static const RequestHead nothing;
    const auto& shown = head ? *head : nothing;
    // A body nobody wants is not waited for: the connection ends after the answer.
    if (shown.has_body()) answer.close = true;
    request.local.emplace(std::move(answer), shown.method_id == Method::head);
    begin_exchange(shown, *request.local, {});
}

void RequestRun::begin_exchange(const RequestHead& head, UpstreamSide& upstream, PaceLimits pace) {
    auto& request = *state_;
    ClientFacts facts;
    facts.version = head.version;
    facts.hsts = !origin_.tls_version.empty() && request.snapshot->model->portal.hsts;
    facts.request_id = request.facts.request_id;
    if (request.verdict.permit) {
        facts.access_ends_in =
            near_end_seconds(request.verdict.permit->valid_until(), worker_.reactor().wall());
        facts.cookie_domains = request.snapshot->app(request.verdict.permit->app()).cookie_domains;
    }
    client_ = &carrier_.client_for(request, head, facts, body_bytes_max());
    request.exchange.emplace(*client_, upstream, pace, now());
    phase_ = Phase::exchanging;
}

std::uint64_t RequestRun::body_bytes_max() const {
    const auto& snapshot = *state_->snapshot;
    const auto& permit = state_->verdict.permit;
    return permit ? snapshot.parts(permit->app()).body_bytes_max : snapshot.model->limits.form_bytes;
}

SteadyTime RequestRun::permit_deadline() const {
    if (!state_->verdict.permit) return SteadyTime::max();
    const auto until = state_->verdict.permit->valid_until();
    if (until == WallTime::max()) return SteadyTime::max();
    return now() + std::max<Millis>(until - worker_.reactor().wall(), Millis{1});
}

RequestRun::Next RequestRun::do_exchange() {
    auto& request = *state_;
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
    if (request.exchange->paused()) waiter_.wake(Wake::io);
    deadline_ = std::min(request.exchange->deadline(), permit_deadline());
    return Next::wait;
}

void RequestRun::judge_exchange() {
    auto& exchange = *state_->exchange;
    switch (exchange.state()) {
        case Exchange::State::completed: {
            const bool again = client_->keeps_connection() && exchange.request_done();
            return finish(state_->facts.outcome, again ? Ending::again : Ending::last);
        }
        case Exchange::State::switched:
            return switch_to_tunnel();
        case Exchange::State::upstream_failed:
            if (!exchange.response_started()) return answer_upstream_fault();
            note_upstream_fault();
            (void)client_->flush();  // what came whole is passed on; the missing end stays missing
            return finish(ExchangeOutcome::truncated, Ending::broken);
        case Exchange::State::client_failed:
            return judge_client_failure();
        case Exchange::State::running:
            return;
    }
}

void RequestRun::judge_client_failure() {
    auto& request = *state_;
    const bool too_slow = request.exchange->client_too_slow();
    const auto fault = client_->body_fault();
    const bool faulty = fault != BodyFault::none && fault != BodyFault::truncated;
    if (!request.exchange->response_started() && (faulty || too_slow)) {
        request.exchange.reset();
        request.drop_app();
        const int status = fault == BodyFault::too_large ? 413 : too_slow ? 408 : 400;
        return reject(status, too_slow ? MessageFault(MessageFault::Late::slow_body) : MessageFault(fault));
    }
    if (too_slow) {
        request.facts.message_fault = MessageFault::Late::slow_read;
        worker_.recorder().message_refused(Recorder::Side::client, request.facts.message_fault);
    }
    finish(too_slow ? ExchangeOutcome::timed_out : ExchangeOutcome::client_gone, Ending::broken);
}

// What was wrong with an upstream's response, for the record and the metric.
void RequestRun::note_upstream_fault() {
    auto& request = *state_;
    if (request.app()) request.facts.message_fault = request.app()->message_fault();
    if (request.exchange->interim_storm()) request.facts.message_fault = MessageFault::Late::interim_storm;
    worker_.recorder().message_refused(Recorder::Side::upstream, request.facts.message_fault);
}

// Nothing went to the client yet: it gets a page of ours in place of the response that failed to come.
void RequestRun::answer_upstream_fault() {
    auto& request = *state_;
    auto fault = request.app() ? request.app()->fault() : UpstreamFault::busy;
    if (fault == UpstreamFault::none)
        fault = request.exchange->interim_storm() ? UpstreamFault::malformed : UpstreamFault::timed_out;
    note_upstream_fault();
    request.facts.upstream_fault = fault;
    request.facts.outcome =
        fault == UpstreamFault::timed_out ? ExchangeOutcome::timed_out : ExchangeOutcome::upstream_failed;
    const bool drained = request.exchange->request_done();
    request.exchange.reset();
    request.drop_app();
    auto answer = worker_.responder().fault(request.snapshot, asker(),
                                            &request.snapshot->app(request.verdict.permit->app()), fault,
                                            request.facts.request_id, worker_.reactor().wall());
    if (!drained) answer.close = true;
    carrier_.drop_output();
    RequestHead shown;
    shown.method_id = request.facts.method_id;
    shown.version = request.facts.version;
    reply(&shown, std::move(answer));
}

void RequestRun::switch_to_tunnel() {
    auto& request = *state_;
    request.facts.status = 101;
    request.facts.tunnel = true;
    request.facts.first_byte = request.exchange->first_byte_at();
    const auto raw = carrier_.raw();
    request.tunnel.emplace(raw.stream, raw.received, request.upstream->stream(), request.upstream->received(),
                           request.snapshot->model->limits.tunnel_idle_timeout, now(),
                           request.facts.websocket ? Tunnel::Protocol::websocket : Tunnel::Protocol::other);
    const auto label = request.snapshot->parts(request.verdict.permit->app()).label;
    worker_.recorder().shard().count<Metric::tunnels>(label);
    worker_.recorder().shard().add<Metric::tunnels_open>(1, label);
    phase_ = Phase::tunnelling;
}

RequestRun::Next RequestRun::do_tunnel() {
    auto& request = *state_;
    if (request.verdict.permit->valid_until() <= worker_.reactor().wall() && !recheck()) return Next::again;
    auto& tunnel = *request.tunnel;
    const auto sent = tunnel.client_bytes();
    tunnel.step(now());
    if (tunnel.client_bytes() != sent)
        worker_.admission().used(*request.verdict.permit, worker_.reactor().wall());
    if (tunnel.state() == Tunnel::State::running) {
        if (tunnel.paused()) waiter_.wake(Wake::io);
        deadline_ = std::min(tunnel.deadline(), permit_deadline());
        return Next::wait;
    }
    finish(tunnel.state() == Tunnel::State::idle_too_long ? ExchangeOutcome::timed_out
                                                          : ExchangeOutcome::completed,
           Ending::last);
    return Next::again;
}

void RequestRun::finish(ExchangeOutcome outcome, Ending ending) {
    if (ending == Ending::broken) carrier_.break_off();
    auto& request = *state_;
    auto& facts = request.facts;
    facts.outcome = outcome;
    if (request.exchange) {
        facts.bytes_in = request.exchange->request_bytes();
        facts.bytes_out = request.exchange->response_bytes();
        if (request.exchange->first_byte_at() != SteadyTime::max())
            facts.first_byte = request.exchange->first_byte_at();
    }
    if (client_ && facts.status == 0) facts.status = client_->status();
    if (request.app()) facts.upstream_connected = request.app()->connected_at();
    if (request.tunnel) {
        facts.bytes_in += request.tunnel->client_bytes();
        facts.bytes_out += request.tunnel->upstream_bytes();
        worker_.recorder().shard().add<Metric::tunnels_open>(
            -1, request.snapshot->parts(request.verdict.permit->app()).label);
    }
    worker_.recorder().finished(*request.snapshot, request.verdict, facts, origin_.tls_version, now());
    if (active_) worker_.leave(*this);
    active_ = ask_again_ = false;
    client_ = nullptr;
    worker_.give_back(std::move(state_));
    phase_ = Phase::over;
    ending_ = ending;
}

Recheck RequestRun::ask_admission() {
    auto& request = *state_;
    return worker_.recheck(
        *request.verdict.permit,
        {request.facts.method, request.facts.path, origin_.peer.client, worker_.reactor().wall()},
        request.facts.host);
}

void RequestRun::review(bool all) {
    auto& permit = *state_->verdict.permit;
    if (!all && worker_.admission().unchanged(permit)) return;
    const auto before = permit.valid_until();
    if (ask_admission().outcome == Recheck::Outcome::holds && permit.valid_until() == before) return;
    ask_again_ = true;
    waiter_.wake(Wake::control);
}

// False when access is over and the exchange was cut.
bool RequestRun::recheck() {
    ask_again_ = false;
    const auto valid_until = state_->verdict.permit->valid_until();
    const auto found = ask_admission();
    if (found.outcome == Recheck::Outcome::holds) return true;
    end_access(found, valid_until);
    return false;
}

// A response or upload is left without its proper end, so that the other side sees it; a WebSocket is told
// why.
void RequestRun::end_access(const Recheck& found, WallTime valid_until) {
    auto& request = *state_;
    const auto trigger = worker_.trigger_of(*request.verdict.permit, found);
    const bool told =
        request.tunnel && request.tunnel->say_why(websocket_policy_violation, close_reason(trigger));
    if (!told) {
        carrier_.drop_output();
        carrier_.break_off();
    }
    worker_.ended_early(*request.verdict.permit, found, valid_until);
    request.facts.cut = cut_of(trigger, found);
    finish(ExchangeOutcome::cut_by_policy, told ? Ending::last : Ending::broken);
}

void RequestRun::cut(Cut why) {
    state_->facts.cut = why;
    carrier_.drop_output();
    finish(ExchangeOutcome::cut_by_policy, Ending::broken);
}

}  // namespace sekisho::gateway
