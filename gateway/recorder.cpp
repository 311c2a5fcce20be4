#include "gateway/recorder.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

using telemetry::Metric;

template <std::size_t N>
std::uint8_t index_of(const std::string_view (&values)[N], std::string_view text) noexcept {
    const auto* found = std::find(std::begin(values), std::end(values), text);
    return static_cast<std::uint8_t>(
        found == std::end(values) ? N - 1 : static_cast<std::size_t>(found - std::begin(values)));
}

std::uint8_t method_label(Method method) noexcept {
    switch (method) {
        case Method::get:
            return 0;
        case Method::head:
            return 1;
        case Method::post:
            return 2;
        case Method::put:
            return 3;
        case Method::patch:
            return 4;
        case Method::delete_:
            return 5;
        case Method::options:
            return 6;
        default:
            return 7;
    }
}

std::uint8_t class_label(std::uint16_t status) noexcept {
    return status >= 100 && status < 600 ? static_cast<std::uint8_t>(status / 100) : std::uint8_t{0};
}

const config::Person* person_of(const Snapshot& snapshot, std::string_view user) noexcept {
    const auto* known = snapshot.program->find_person(user);
    return known ? &snapshot.model->people[known->index] : nullptr;
}

std::int64_t nanos(SteadyTime time) noexcept { return time.time_since_epoch().count(); }

std::string_view protocol_text(HttpVersion version) noexcept {
    return version == HttpVersion::http2    ? "HTTP/2"
           : version == HttpVersion::http11 ? "HTTP/1.1"
                                            : "HTTP/1.0";
}

}  // namespace

void ExchangeFacts::clear() noexcept {
    method.clear();
    host.clear();
    path.clear();
    request_id.clear();
    accept_language.clear();
    method_id = Method::other;
    version = HttpVersion::http11;
    trace = {};
    received = decided = upstream_connected = first_byte = SteadyTime{};
    bytes_in = bytes_out = 0;
    status = 0;
    outcome = telemetry::ExchangeOutcome::completed;
    upstream_fault = UpstreamFault::none;
    message_fault = {};
    cut = Cut::none;
    tunnel = websocket = navigation = false;
}

std::string_view reason_text(const Verdict& verdict) noexcept {
    switch (verdict.refused) {
        case Refused::none:
            return "none";
        case Refused::bad_request:
            return "path";
        case Refused::misdirected:
            return "misdirected";
        case Refused::not_signed_in:
            return "not_signed_in";
        case Refused::unknown:
            return verdict.app ? policy::to_text(verdict.decision.reason) : "no_app";
        case Refused::denied:
            return policy::to_text(verdict.decision.reason);
        case Refused::cross_site:
            return "cross_site";
        case Refused::websocket:
            return "websocket_origin";
        case Refused::connection_auth:
            return "connection_auth";
        case Refused::not_serving:
            return "not_serving";
        case Refused::token_misused:
            return "token_misused";
        case Refused::token_invalid:
            return "token_invalid";
        case Refused::preflight:
            return "preflight";
        case Refused::certificate:
            return verdict.certificate == CertificateCheck::revoked ? "certificate_revoked"
                                                                    : "certificate_stale";
    }
    return "other";
}

telemetry::Record Recorder::audit_record(const Snapshot& snapshot, const Verdict& verdict,
                                         const ExchangeFacts& facts) const {
    telemetry::Record record;
    record.time = facts.at;
    record.client = facts.client;
    record.path = facts.path;
    record.host = facts.host;
    record.method = facts.method;
    record.request_id = facts.request_id;
    record.reason = reason_text(verdict);
    record.generation = snapshot.generation;
    const auto trace = telemetry::trace_id_text(facts.trace);
    record.trace_id.assign(trace.data(), trace.size());
    if (verdict.app) record.app = snapshot.app(*verdict.app).name;
    if (verdict.permit && verdict.permit->proof()) {
        const auto& proof = *verdict.permit->proof();
        record.facts.push_back({"certificate", proof.fingerprint()});
        record.facts.push_back({"certificate_subject", proof.subject()});
        for (const auto& name : proof.names()) record.facts.push_back({"certificate_name", name});
    }
    if (verdict.decision.rule) record.rule = snapshot.program->rule_name(*verdict.decision.rule);
    if (!verdict.session) return record;
    record.user = verdict.session->user;
    record.session = verdict.session->public_id;
    const auto* person = person_of(snapshot, verdict.session->user);
    if (person) {
        record.org = person->org;
        record.kind = telemetry::label_values::kind[static_cast<std::size_t>(person->kind)];
        for (const auto& group : person->groups) record.facts.push_back({"group", group});
    }
    if (verdict.session->kind == auth::Session::Kind::token) {
        record.facts.push_back({"service_token", verdict.session->name});
        return record;
    }
    record.facts.push_back({"factor", std::string(to_text(verdict.session->strength))});
    record.facts.push_back({"proven_at", to_rfc3339_utc(verdict.session->proven_at)});
    if (verdict.decision.valid_until != WallTime::max() && verdict.decision.allow)
        record.facts.push_back({"valid_until", to_rfc3339_utc(verdict.decision.valid_until)});
    return record;
}

void Recorder::decided(const Snapshot& snapshot, const Verdict& verdict, const ExchangeFacts& facts,
                       Admission::Standing* standing, telemetry::AuditWriter::Done durable) {
    using telemetry::label_values::reason;
    if (verdict.refused == Refused::preflight) return;  // nothing was decided about anybody
    const bool allow = verdict.kind == Verdict::Kind::permit;
    const auto app_label =
        verdict.app ? snapshot.parts(*verdict.app).label : telemetry::Registry::other(telemetry::Label::app);
    shard_.count<Metric::decisions>(app_label, allow ? 0 : 1, index_of(reason, reason_text(verdict)));
    if (verdict.shadow_flip) {
        const auto rule = verdict.shadow_flip->rule;
        const auto label = rule && rule->value < snapshot.rule_labels.size()
                               ? snapshot.rule_labels[rule->value]
                               : telemetry::Registry::other(telemetry::Label::rule);
        shard_.count<Metric::shadow_flips>(label, verdict.shadow_flip->allow ? 0 : 1);
    }
    shard_.observe<Metric::check_duration>(verdict.auth_nanoseconds, 0);
    shard_.observe<Metric::check_duration>(verdict.policy_nanoseconds, 1);
    if (allow && !durable) {
        const auto rule = verdict.decision.rule.value_or(RuleId{});
        auto& recorded = standing->recorded;
        if (std::find(recorded.begin(), recorded.end(), rule) != recorded.end()) return;
        recorded.push_back(rule);
    }
    auto record = audit_record(snapshot, verdict, facts);
    record.event = allow ? telemetry::Event::decision_allow : telemetry::Event::decision_deny;
    record.outcome = allow ? telemetry::Outcome::allowed : telemetry::Outcome::denied;
    if (durable)
        audit_.append(std::move(record), std::move(durable));
    else
        (void)audit_.append(std::move(record), telemetry::Durability::later);
}

void Recorder::count(const Snapshot& snapshot, const Verdict& verdict, const ExchangeFacts& facts,
                     SteadyTime now) {
    const auto app =
        verdict.app ? snapshot.parts(*verdict.app).label : telemetry::Registry::other(telemetry::Label::app);
    shard_.count<Metric::requests>(app, method_label(facts.method_id), class_label(facts.status));
    shard_.observe<Metric::request_duration>((now - facts.received).count(), app, 0);
    if (verdict.certificate != CertificateCheck::not_asked)
        shard_.count<Metric::client_certificates>(static_cast<std::uint8_t>(verdict.certificate));
    if (facts.first_byte != SteadyTime{} && facts.upstream_connected != SteadyTime{})
        shard_.observe<Metric::request_duration>((facts.first_byte - facts.upstream_connected).count(), app,
                                                 1);
    if (facts.bytes_in != 0)
        shard_.add<Metric::body_bytes>(static_cast<std::int64_t>(facts.bytes_in), app, 0);
    if (facts.bytes_out != 0)
        shard_.add<Metric::body_bytes>(static_cast<std::int64_t>(facts.bytes_out), app, 1);
    if (facts.cut != Cut::none) shard_.count<Metric::exchanges_cut>(static_cast<std::uint8_t>(facts.cut) - 1);
}

void Recorder::write_line(const Snapshot& snapshot, const Verdict& verdict, const ExchangeFacts& facts,
                          std::string_view tls_version, SteadyTime now) {
    telemetry::ExchangeRecord line;
    line.at = facts.at;
    line.received = nanos(facts.received);
    line.decided = nanos(facts.decided);
    line.upstream_connected = nanos(facts.upstream_connected);
    line.first_byte = nanos(facts.first_byte);
    line.done = nanos(now);
    line.auth_nanoseconds = verdict.auth_nanoseconds;
    line.policy_nanoseconds = verdict.policy_nanoseconds;
    line.request_id = facts.request_id;
    line.method = facts.method;
    line.host = facts.host;
    line.path = facts.path;
    line.protocol = protocol_text(facts.version);
    line.tls_version = tls_version;
    line.client = facts.client;
    line.status = facts.status;
    line.bytes_in = facts.bytes_in;
    line.bytes_out = facts.bytes_out;
    line.outcome = facts.outcome;
    line.generation = snapshot.generation;
    if (facts.message_fault)
        line.reason = facts.message_fault.text();
    else if (verdict.kind == Verdict::Kind::refused)
        line.reason = reason_text(verdict);
    if (verdict.session) {
        line.user = verdict.session->user;
        line.session = verdict.session->public_id;
        if (const auto* person = person_of(snapshot, verdict.session->user)) {
            line.org = person->org;
            line.kind = person->kind;
        }
    }
    if (verdict.app) {
        line.app = snapshot.app(*verdict.app).name;
        line.upstream = snapshot.app(*verdict.app).upstream;
    }
    if (verdict.decision.rule) line.rule = snapshot.program->rule_name(*verdict.decision.rule);
    const auto trace = telemetry::trace_id_text(facts.trace);
    const auto span = telemetry::span_id_text(facts.trace);
    line.trace_id = {trace.data(), trace.size()};
    line.span_id = {span.data(), span.size()};
    access_.write(line);
}

void Recorder::audit_end(const Snapshot& snapshot, const Verdict& verdict, const ExchangeFacts& facts,
                         SteadyTime now) {
    auto record = audit_record(snapshot, verdict, facts);
    record.event = facts.cut != Cut::none ? telemetry::Event::exchange_cut : telemetry::Event::connection_end;
    record.outcome = telemetry::Outcome::ended;
    record.reason = facts.cut != Cut::none
                        ? telemetry::label_values::cut[static_cast<std::size_t>(facts.cut) - 1]
                        : std::string_view("ended");
    record.status = facts.status;
    record.bytes_in = facts.bytes_in;
    record.bytes_out = facts.bytes_out;
    record.duration_ms =
        static_cast<std::uint64_t>(std::chrono::duration_cast<Millis>(now - facts.received).count());
    (void)audit_.append(std::move(record), telemetry::Durability::later);
}

void Recorder::finished(const Snapshot& snapshot, const Verdict& verdict, const ExchangeFacts& facts,
                        std::string_view tls_version, SteadyTime now) {
    count(snapshot, verdict, facts, now);
    write_line(snapshot, verdict, facts, tls_version, now);
    if (verdict.permit && (facts.tunnel || facts.cut != Cut::none)) audit_end(snapshot, verdict, facts, now);
}

void Recorder::message_refused(Side side, MessageFault fault) noexcept {
    if (fault) shard_.count<Metric::messages_refused>(static_cast<std::uint8_t>(side), fault.label());
}

void Recorder::malformed(std::uint16_t status, MessageFault fault) noexcept {
    message_refused(Side::client, fault);
    const bool large = status == 413 || status == 414 || status == 431;
    if (large) limit_met(status == 413 ? MetLimit::body : status == 414 ? MetLimit::target : MetLimit::head);
    const bool unsupported = status == 501 || status == 505 || status == 417;
    shard_.count<Metric::requests_rejected>(large           ? 1
                                            : status == 408 ? 2
                                            : status == 421 ? 3
                                            : unsupported   ? 4
                                                            : 0);
}

}  // namespace sekisho::gateway
