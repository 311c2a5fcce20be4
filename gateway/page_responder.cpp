#include "gateway/page_responder.hpp"

#include "base/text.hpp"
#include "gateway/http/fetch_metadata.hpp"
#include "gateway/portal/answers.hpp"

#include <algorithm>
#include <array>

namespace sekisho::gateway {
namespace {

// What the pages' events are in the audit: by exact name first, then by family.
telemetry::Event audit_event(std::string_view name) noexcept {
    using telemetry::Event;
    struct Row {
        std::string_view name;
        Event event;
    };
    static constexpr Row rows[] = {
        {"signin.succeeded", Event::sign_in}, {"signin", Event::sign_in_step},
        {"stepup", Event::step_up},           {"session", Event::session_end},
        {"device", Event::session_end},       {"signout", Event::sign_out},
        {"activation", Event::activation},    {"factor", Event::factor_change},
        {"recovery", Event::factor_change},   {"password", Event::password_change}};
    for (const auto& row : rows)
        if (name.starts_with(row.name)) return row.event;
    return Event::decision_deny;  // a form or a hand-over that was refused
}

enum FactorLabel : std::uint8_t {
    factor_password,
    factor_otp,
    factor_recovery,
    factor_activation,
    factor_passkey
};  // label_values::factor
enum ResultLabel : std::uint8_t {
    result_accepted,
    result_wrong,
    result_replayed,
    result_throttled,
    result_expired,
    result_busy
};

// What a page's event says about proofs of factors, for the metric; nothing for events that say nothing.
void count_factors(telemetry::SharedShard& shard, const PageEvent& event) {
    const auto count = [&](FactorLabel factor, ResultLabel result) {
        shard.count<telemetry::Metric::factor_attempts>(factor, result);
    };
    const auto has = [&](std::string_view name, std::string_view value) {
        return std::any_of(event.detail.begin(), event.detail.end(),
                           [&](const auto& entry) { return entry.first == name && entry.second == value; });
    };
    if (has("factor", "passkey") || has("factor", "passkey-device")) {
        if (event.event == "signin.succeeded" || event.event == "stepup.succeeded")
            count(factor_passkey, result_accepted);
        else if (event.event == "signin.failed" || event.event == "stepup.failed")
            count(factor_passkey, event.reason == "replayed" ? result_replayed
                                  : event.reason == "none"   ? result_expired
                                                             : result_wrong);
    } else if (event.event == "signin.succeeded") {
        count(factor_password, result_accepted);
        count(has("factor", "recovery") ? factor_recovery : factor_otp, result_accepted);
    } else if (event.event == "signin.held") {
        count(factor_password, event.reason == "busy" ? result_busy : result_throttled);
    } else if (event.event == "signin.failed") {
        const bool code = event.reason == "wrong_code" || event.reason == "code_replayed";
        const auto result = event.reason == "throttled" || has("outcome", "slow_down") ? result_throttled
                            : has("outcome", "busy")                                   ? result_busy
                            : has("outcome", "expired")                                ? result_expired
                            : event.reason == "code_replayed"                          ? result_replayed
                                                                                       : result_wrong;
        count(code ? factor_otp : factor_password, result);
    } else if (event.event == "activation.completed") {
        count(factor_activation, result_accepted);
    }
}

// What of a page's event a person may have to hear of by another way.
NoticeFacts notice_facts(const PortalRequest& request, const PageEvent& event) {
    NoticeFacts facts;
    facts.event = event.event;
    facts.user = event.user;
    facts.agent = request.field("user-agent");
    facts.from = request.client;
    for (const auto& [name, value] : event.detail) {
        if (name == "new_browser") facts.new_browser = value == "yes";
        if (name == "factor") facts.by_recovery = value == "recovery";
        if (name == "codes_left") facts.recovery_codes_left = parse_unsigned(value, 1000).value_or(0);
        if (name == "device") facts.device = value;
        if (name == "sessions") facts.sessions_ended = parse_unsigned(value, 1'000'000).value_or(0);
    }
    return facts;
}

// Forms whose answer costs a password hash.
bool costs_a_hash(const PortalRequest& request) noexcept {
    static constexpr std::string_view paths[] = {"/.sekisho/sign-in", "/.sekisho/second-factor",
                                                 "/.sekisho/activate", "/.sekisho/account"};
    return request.method == "POST" && std::any_of(std::begin(paths), std::end(paths), [&](auto prefix) {
               return std::string_view(request.path).starts_with(prefix);
           });
}

LocalReply local(PortalResponse response) {
    LocalReply reply;
    reply.status = response.status;
    reply.body = response.static_body.empty() ? std::move(response.body) : std::string(response.static_body);
    for (auto& field : response.fields)
        reply.fields.emplace_back(std::move(field.name), std::move(field.value));
    return reply;
}

std::string_view key_of(UpstreamFault fault) noexcept {
    switch (fault) {
        case UpstreamFault::tls:
            return "fault.app_tls";
        case UpstreamFault::timed_out:
            return "fault.app_slow";
        case UpstreamFault::busy:
            return "fault.full";
        default:
            return "fault.app_down";
    }
}

// One answer for every token that opens nothing, whatever is wrong with it (R26; RFC 6750 section 3.1).
LocalReply invalid_token(const PortalRequest& request) {
    auto reply = local(problem_response(request, "token.invalid"));
    reply.with("www-authenticate", R"(Bearer realm="Sekisho", error="invalid_token")");
    return reply;
}

// A page of a declared caller may read what we answer in the app's stead, so that its script learns what is
// missing: where to sign in, which factor (Fetch standard, "CORS protocol").
void let_caller_read(LocalReply& reply, const RequestHead& head, const PreflightRules& rules) {
    const auto origin = head.value(FieldId::origin);
    const auto& known = rules.origins;
    if (origin.empty() || std::find(known.begin(), known.end(), origin) == known.end()) return;
    reply.with("access-control-allow-origin", origin)
        .with("access-control-expose-headers", "www-authenticate, retry-after")
        .with("vary", "origin");
    if (rules.credentials) reply.with("access-control-allow-credentials", "true");
}

std::string_view key_of_status(int status) noexcept {
    switch (status) {
        case 413:
            return "http.too_big";
        case 431:
            return "http.headers";
        default:
            return "http.bad";
    }
}

void add_cookies(const RequestHead& head, std::vector<PageCookie>& cookies) {
    for (const auto& field : head.fields) {
        if (field.id != FieldId::cookie) continue;
        std::optional<std::string_view> rest = field.value;
        while (const auto part = next_part(rest, ';')) {
            const auto pair = trim(*part);
            const auto equals = pair.find('=');
            if (equals == std::string_view::npos) continue;
            cookies.push_back({std::string(pair.substr(0, equals)), std::string(pair.substr(equals + 1))});
        }
    }
}

}  // namespace

PortalRequest PageResponder::request_of(const SnapshotPtr& snapshot, const RequestHead* head,
                                        const Verdict* verdict, const PeerFacts* peer,
                                        std::string_view request_id, WallTime now) const {
    PortalRequest request;
    request.model = snapshot->model;
    request.standings = snapshot->standings;
    request.request_id = request_id;
    request.now = now;
    request.method = "GET";
    request.path = "/";
    if (peer) request.client = peer->client;
    if (verdict) {
        request.path = verdict->path.empty() ? std::string_view("/") : verdict->path;
        request.session = verdict->session;
        if (!verdict->session && verdict->cookie_hash != Digest{})
            request.ended = parts_.sessions.why_ended(verdict->cookie_hash);
    }
    if (!head) return request;
    request.method = head->method;
    request.query = head->query;
    request.host = lower(split_host(head->host).name);
    // Pages have no use for what a client proves itself with elsewhere: it goes no further than this.
    for (const auto& field : head->fields)
        if (field.id != FieldId::cookie && field.id != FieldId::authorization &&
            field.id != FieldId::sekisho_token)
            request.fields.push_back({lower(field.name), std::string(field.value)});
    add_cookies(*head, request.cookies);
    return request;
}

LocalReply PageResponder::refusal(const SnapshotPtr& snapshot, const RequestHead& head,
                                  const Verdict& verdict, const PeerFacts& peer, std::string_view request_id,
                                  WallTime now) {
    auto reply = refusal_of(snapshot, head, verdict, peer, request_id, now);
    if (verdict.app && verdict.refused != Refused::preflight)
        let_caller_read(reply, head, preflight_rules(snapshot->app(*verdict.app)));
    return reply;
}

LocalReply PageResponder::refusal_of(const SnapshotPtr& snapshot, const RequestHead& head,
                                     const Verdict& verdict, const PeerFacts& peer,
                                     std::string_view request_id, WallTime now) const {
    auto request = request_of(snapshot, &head, &verdict, &peer, request_id, now);
    switch (verdict.refused) {
        case Refused::not_signed_in:
            return local(parts_.handover.begin(request));
        case Refused::misdirected: {
            auto reply = local(answer_error(request, "http.misdirected"));
            reply.close = true;
            return reply;
        }
        case Refused::bad_request:
            return local(answer_error(request, "http.bad"));
        case Refused::unknown:
            return local(answer_error(request, "access.unknown"));
        case Refused::denied:
            if (!verdict.decision.who_matched)
                return local(
                    answer_error(request, "access.none",
                                 {{"app", snapshot->app(*verdict.app).title.in(request.language())}}));
            // A factor that is missing or too old is proven at the portal; one proven a moment ago is not
            // asked for again.
            if (const auto wanted = wanted_strength(*request.model, verdict.decision);
                request.is_navigation() && proof_would_help(request, verdict.decision) &&
                now - proven(*request.session, wanted) > Handover::proof_is_fresh)
                return local(parts_.handover.step_up(request, wanted));
            return local(answer_refusal(request, *verdict.app, verdict.decision));
        case Refused::cross_site:
        case Refused::websocket:
        case Refused::connection_auth:
            return local(answer_error(request, "access.origin"));
        case Refused::not_serving:
            return local(answer_error(request, "fault.full"));
        case Refused::token_misused:
            return local(answer_error(request, "http.bad"));
        case Refused::token_invalid:
            return invalid_token(request);
        case Refused::preflight:
            return preflight_reply(head, preflight_rules(snapshot->app(*verdict.app)));
        case Refused::certificate:
            return local(answer_error(request, "access.certificate"));
        case Refused::none:
            break;
    }
    return local(answer_error(request, "fault.internal"));
}

PortalRequest PageResponder::request_of(const SnapshotPtr& snapshot, const Asker& asker,
                                        std::string_view request_id, WallTime now) const {
    auto request = request_of(snapshot, nullptr, nullptr, nullptr, request_id, now);
    request.fields.push_back({"sec-fetch-mode", asker.navigation ? "navigate" : "cors"});
    request.fields.push_back({"accept-language", std::string(asker.accept_language)});
    return request;
}

LocalReply PageResponder::fault(const SnapshotPtr& snapshot, const Asker& asker, const config::App* app,
                                UpstreamFault fault, std::string_view request_id, WallTime now) {
    const auto request = request_of(snapshot, asker, request_id, now);
    const auto title = app ? app->title.in(request.language()) : std::string();
    return local(
        answer_error(request, key_of(fault),
                     {{"app", title}, {"wait", request.language() == Language::ja ? "1 分" : "a minute"}}));
}

LocalReply PageResponder::malformed(const SnapshotPtr& snapshot, const Asker& asker, int status,
                                    std::uint64_t body_bytes_max, std::string_view request_id) {
    const auto request = request_of(snapshot, asker, request_id, system_clock_face().wall());
    auto reply =
        status == 431
            ? local(answer_cookies(request))
            : local(answer_error(request, key_of_status(status), {{"size", size_text(body_bytes_max)}}));
    reply.status = status;
    reply.close = true;
    return reply;
}

void PageResponder::record(const PortalRequest& request, const PortalResponse& response,
                           telemetry::Durability durability) const {
    for (const auto& event : response.events) {
        count_factors(parts_.shard, event);
        telemetry::Record record;
        record.event = audit_event(event.event);
        record.outcome = event.allowed ? telemetry::Outcome::done : telemetry::Outcome::failed;
        record.user = event.user;
        record.session = event.session;
        record.reason = event.reason.empty() ? event.event : event.reason;
        record.detail = event.event;
        record.client = to_text(request.client);
        record.agent = request.field("user-agent");
        record.host = request.host;
        record.path = request.path;
        record.method = request.method;
        record.request_id = request.request_id;
        for (const auto& [name, value] : event.detail) {
            if (name == "claimed" || name == "account")
                record.claimed = value;
            else
                record.facts.push_back({name, value});
        }
        // Sign-ins and changes of factors are on disk before the browser hears of them.
        (void)parts_.audit.append(std::move(record), durability);
        if (event.allowed) parts_.notices.tell(notice_facts(request, event), parts_.audit);
    }
}

// Asked is a request for a page of ours on its way through the pools.
struct PageResponder::Asked {
    PortalRequest request;
    bool for_portal = false;
    Reactor& reactor;
    Done done;

    bool hashes() const noexcept { return costs_a_hash(request); }
    void reply(LocalReply reply) {
        wipe_text(request.body);
        auto shared = std::make_shared<LocalReply>(std::move(reply));
        reactor.post([shared, done = std::move(done)] { done(std::move(*shared)); });
    }
};

void PageResponder::finish(const std::shared_ptr<Asked>& asked, PortalResponse response) const {
    record(asked->request, response, telemetry::Durability::wait);
    asked->reply(local(std::move(response)));
}

// What ends access takes effect first, on threads that wait for nothing; what it leaves to do may wait.
void PageResponder::end_first(const std::shared_ptr<Asked>& asked) const {
    auto decided = std::make_shared<PortalResponse>(parts_.portal.decide(asked->request));
    const auto rest = [this, asked, decided] { finish(asked, parts_.portal.settle(std::move(*decided))); };
    if (parts_.acts.submit(rest)) return;
    // Done and on record, but not known to be on disk: whoever asked may not be told that it is.
    record(asked->request, *decided, telemetry::Durability::later);
    asked->reply(busy(asked->request));
}

bool PageResponder::submit(const std::shared_ptr<Asked>& asked) const {
    if (asked->for_portal && parts_.portal.ends_access(asked->request))
        return parts_.ends.submit([this, asked] { end_first(asked); });
    auto& pool = asked->hashes() ? parts_.hashing : parts_.pages;
    return pool.submit([this, asked] {
        finish(asked, asked->for_portal ? parts_.portal.answer(asked->request)
                                        : parts_.handover.answer(asked->request));
    });
}

LocalReply PageResponder::busy(const PortalRequest& request) const {
    const bool hashing = costs_a_hash(request);
    if (hashing) parts_.shard.count<telemetry::Metric::hash_pool_rejected>();
    parts_.shard.count<telemetry::Metric::limits_reached>(
        parts_.limits[static_cast<std::size_t>(hashing ? MetLimit::hash_queue : MetLimit::page_queue)]);
    return local(answer_error(request, "signin.busy",
                              {{"wait", request.language() == Language::ja ? "30 秒" : "30 seconds"}}));
}

Responder::Page PageResponder::begin_page(const SnapshotPtr& snapshot, Reactor& reactor,
                                          const RequestHead& head, const Verdict& verdict,
                                          const PeerFacts& peer, std::string_view request_id, WallTime now) {
    auto asked = std::make_shared<Asked>(Asked{request_of(snapshot, &head, &verdict, &peer, request_id, now),
                                               verdict.kind == Verdict::Kind::portal,
                                               reactor,
                                               {}});
    return [this, asked](std::string body, Done done) {
        asked->request.body = std::move(body);
        asked->done = std::move(done);
        if (!submit(asked)) asked->done(busy(asked->request));
    };
}

}  // namespace sekisho::gateway
