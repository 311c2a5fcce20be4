// Runs each measured path a thousand times under valgrind's callgrind, which writes what each cost into a
// file of its own; budget.py reads them. Only instructions between CALLGRIND_START and STOP of a path count.
// Without valgrind it runs and measures nothing.
//
//   valgrind --tool=callgrind --collect-atstart=no --callgrind-out-file=FILE counts
#include "benchmarks/support/gate.hpp"
#include "benchmarks/support/memory_ends.hpp"
#include "gateway/forward/rewrite.hpp"
#include "gateway/http/canonical_path.hpp"
#include "gateway/http/exchange.hpp"
#include "gateway/http/http1_client_side.hpp"
#include "policy/decide.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/audit_chain.hpp"

#include <cstdio>
#include <cstdlib>
#include <valgrind/callgrind.h>

namespace sekisho::gateway {
namespace {

constexpr int rounds = 1000;

[[noreturn]] void refuse(const char* what) {
    std::fprintf(stderr, "counts: %s\n", what);
    std::exit(1);
}

// count runs `step` once to warm up, then `rounds` times between the marks; the name stands in the output.
template <class Step>
void count(const char* name, Step step) {
    step(0);
    CALLGRIND_ZERO_STATS;
    CALLGRIND_TOGGLE_COLLECT;
    for (int i = 0; i < rounds; ++i) step(i);
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(name);
}

void parse_head() {
    const auto text = browser_request("wiki.example:8443", "__Host-Http-sekisho=1.c2VraXNobw");
    HeadScratch scratch;
    RequestHead head;
    count("parse_head", [&](int) {
        HeadScan scan;
        if (parse_request_head(text, {}, scan, scratch, head).state != HeadStep::State::done)
            refuse("the request does not parse");
    });
}

// An ordinary path, and one that needs work.
void canonical_path() {
    std::string scratch;
    count("canonical_path", [&](int i) {
        const auto path =
            i % 2 == 0 ? "/procedures/closing/2026-11.html" : "/a/./b//%41%e3%81%82/../c%20d/index.html";
        if (!canonicalise_path(path, PathRules::strict, scratch)) refuse("the path is refused");
    });
}

void session_lookup(const Gate& gate) {
    count("session_lookup", [&](int i) {
        if (!gate.table.find(gate.people[static_cast<std::size_t>(i) % gate.people.size()].id))
            refuse("a session is not found");
    });
}

// The whole check of a request when nothing is new: cookie, session, route, canonical path, decision, permit.
void warm_check(Gate& gate) {
    HeadScratch parsed, scratch;
    RequestHead head;
    HeadScan scan;
    if (parse_request_head(gate.people[0].request, {}, scan, parsed, head).state != HeadStep::State::done)
        refuse("the request does not parse");
    const PeerFacts peer{"wiki.example", *parse_ip("192.0.2.7")};
    count("warm_check", [&](int) {
        if (!gate.admission.judge(gate.snapshot, head, peer, gate.clock.wall(), scratch).permit)
            refuse("the check refuses");
    });
}

// A contractor's decision among 200 rules with paths, hours and factors.
void decide_request() {
    const auto now = parse_rfc3339("2026-11-24T10:00:00+09:00").value();
    config::Model model;
    model.timezone = "Asia/Tokyo";
    model.groups.push_back({"dev", {}, {}});
    model.people.push_back({"ishii", PersonKind::staff, {"dev"}, "", {}, {}, {}, {}});
    model.apps.emplace_back().name = "wiki";
    for (int i = 0; i < 200; ++i) {
        auto& rule = model.rules.emplace_back();
        rule.id = "r" + std::to_string(i);
        rule.effect = i % 8 == 7 ? config::Rule::Effect::deny : config::Rule::Effect::allow;
        rule.who = {{{config::WhoTerm::Kind::group, "dev", PersonKind::none}}};
        rule.apps = {"wiki"};
        rule.paths = {(i % 8 == 7 ? "/archive" : "/p") + std::to_string(i) + "/"};
        if (i % 3 == 0) {
            config::Condition mfa;
            mfa.max_age = Seconds{12 * 3600};
            rule.conditions.push_back(mfa);
        }
    }
    const auto program = policy::compile(model).value();
    const auto residual =
        policy::specialise(*program, {"ishii", FactorStrength::otp, now - Seconds{600}}, AppId{0});
    const auto client = parse_ip("10.1.2.3");
    count("decide", [&](int i) {
        const policy::RequestFacts request{"GET", i % 2 == 0 ? "/p8/reports/november.html" : "/p192/a",
                                           client, now};
        if (!policy::decide(*residual, request).allow) refuse("the decision is no");
    });
}

void observe() {
    telemetry::Registry registry;
    auto& shard = registry.make_shard();
    count("metric_observe", [&](int i) {
        shard.observe<telemetry::Metric::request_duration>(i * 977, telemetry::LabelId{3}, 0);
    });
}

void audit_append() {
    telemetry::MemoryPersonKeys keys;
    telemetry::Record record;
    record.user = "sato";
    record.client = "198.51.100.7";
    record.path = "/archive/2026";
    record.app = "files";
    record.reason = "network";
    telemetry::Head head;
    std::string out;
    count("audit_append", [&](int) {
        out.clear();
        head = {head.seq + 1, append_record(out, record, head, keys)};
    });
}

// One request on a kept connection: both heads parsed and rewritten, 1 KiB carried, the access line made.
void keep_alive_exchange() {
    const auto request = browser_request("wiki.example:8443", "__Host-Http-sekisho=1.c2VraXNobw");
    const auto answer = app_response(1024);
    BufferPool buffers;
    SwallowingStream stream;
    FlatBuffer in(buffers), out(buffers);
    AnsweringApp app(answer);
    HeadScratch scratch;
    std::string to_app, line;
    count("keep_alive_exchange", [&](int) {
        HeadScan scan;
        RequestHead head;
        if (parse_request_head(request, {}, scan, scratch, head).state != HeadStep::State::done)
            refuse("the request does not parse");
        UpstreamFacts facts;
        facts.path = head.path;
        facts.client_address = "192.0.2.7";
        facts.request_id = "8F3K20QX71MD";
        to_app.resize(upstream_head_bound(head, facts));
        if (!write_upstream_head(head, facts, to_app)) refuse("the head does not fit");
        ClientFacts told;
        told.request_id = facts.request_id;
        app.again();
        Http1ClientSide client(stream, in, out, head, told, 0, "Tue, 24 Nov 2026 01:00:00 GMT");
        const SteadyTime now{std::chrono::hours{1}};
        Exchange exchange(client, app, {}, now);
        while (exchange.state() == Exchange::State::running && exchange.step(now)) {
        }
        if (exchange.state() != Exchange::State::completed || client.status() != 200)
            refuse("the exchange does not complete");
        telemetry::ExchangeRecord record;
        record.user = "sato";
        record.app = record.upstream = "wiki";
        record.method = "GET";
        record.host = "wiki.example";
        record.path = head.path;
        record.status = client.status();
        line.clear();
        telemetry::append_line(line, record);
    });
    if (stream.taken_bytes < 1024 * rounds) refuse("the answers did not arrive");
}

}  // namespace
}  // namespace sekisho::gateway

int main() {
    using namespace sekisho::gateway;
    parse_head();
    canonical_path();
    decide_request();
    Gate gate(1000);
    session_lookup(gate);
    warm_check(gate);
    observe();
    audit_append();
    keep_alive_exchange();
}
