// What the whole check of a request costs when nothing is new: look-up of the session, and judge() on a
// standing that is warm. Budgets: 0.3 us and 1 us at 100,000 sessions, as thread CPU time. Argument:
// sessions. Run: build/bench/benchmarks/admission_bench
#include "gateway/admission/admission.hpp"
#include "gateway/http/http1_codec.hpp"
#include "policy/compile.hpp"

#include <benchmark/benchmark.h>
#include <random>

namespace sekisho::gateway {
namespace {

struct SignedIn {
    Digest id{};
    std::string request;
};

// So many app sessions, each with its sso session, of people who may all read one wiki.
class Gate {
public:
    explicit Gate(std::size_t sessions) {
        config::Model model;
        model.portal.host = "portal.example";
        model.portal.port = 8443;
        model.people.push_back({});
        auto& person = model.people.back();
        person.name = "sato";
        person.kind = PersonKind::staff;
        model.tiers.push_back({});
        model.tiers.back().name = "general";
        model.tiers.back().rank = 1;
        model.apps.push_back({});
        auto& app = model.apps.back();
        app.name = "wiki";
        app.host = "wiki.example";
        app.paths = {"/"};
        app.tier = "general";
        model.rules.push_back({});
        auto& rule = model.rules.back();
        rule.id = "all";
        rule.effect = config::Rule::Effect::allow;
        rule.who.push_back({{config::WhoTerm::Kind::any, {}, PersonKind::none}});
        auto next = std::make_shared<Snapshot>();
        next->generation = 1;
        next->model = std::make_shared<const config::Model>(model);
        next->program = policy::compile(*next->model).value();
        next->routes = RouteTable::create(*next->model, {}).value();
        next->apps.emplace_back();
        snapshot = next;
        std::vector<auth::SessionChange> changes;
        for (std::size_t i = 0; i < sessions; ++i) sign_in(changes);
        log.publish(std::move(changes));
        admission.catch_up();
        table.catch_up(log);
    }

    void sign_in(std::vector<auth::SessionChange>& changes) {
        const auto publish = [&](auth::Session::Kind kind, const Digest& parent) {
            const auto token = auth::make_token();
            auto session = std::make_shared<auth::Session>();
            session->id_hash = token.hash;
            session->kind = kind;
            session->parent = parent;
            session->user = "sato";
            session->host = kind == auth::Session::Kind::app ? "wiki.example" : "";
            session->strength = FactorStrength::otp;
            session->proven_at = session->created = clock.wall();
            session->absolute_end = clock.wall() + std::chrono::hours{12};
            session->idle = std::chrono::hours{12};
            session->touch(clock.wall());
            changes.push_back({session, {}, {}, {}});
            return token;
        };
        const auto sso = publish(auth::Session::Kind::sso, {});
        const auto app = publish(auth::Session::Kind::app, sso.hash);
        people.push_back({app.hash, "GET /pages/1 HTTP/1.1\r\nHost: wiki.example:8443\r\nCookie: " +
                                        std::string(name_of(OurCookie::app)) + "=" + app.text + "\r\n\r\n"});
    }

    const Clock& clock = system_clock_face();
    auth::SessionLog log;
    Admission admission{clock, log};
    auth::SessionTable table;
    SnapshotPtr snapshot;
    std::vector<SignedIn> people;
};

void session_lookup(benchmark::State& state) {
    const Gate gate(static_cast<std::size_t>(state.range(0)));
    std::mt19937 random(3);
    for (auto _ : state)
        benchmark::DoNotOptimize(gate.table.find(gate.people[random() % gate.people.size()].id));
}
BENCHMARK(session_lookup)->Arg(1000)->Arg(100'000);

// `same` people come again and again, as on a busy connection; the rest of the sessions only lie there.
void warm_check(benchmark::State& state) {
    Gate gate(static_cast<std::size_t>(state.range(0)));
    const auto same = static_cast<std::size_t>(state.range(1));
    std::vector<std::unique_ptr<HeadScratch>> scratches;
    std::vector<RequestHead> heads(same);
    for (std::size_t i = 0; i < same; ++i) {
        HeadScan scan;
        scratches.push_back(std::make_unique<HeadScratch>());
        const auto step = parse_request_head(gate.people[i].request, {}, scan, *scratches.back(), heads[i]);
        if (step.state != HeadStep::State::done) return state.SkipWithError("the request does not parse");
    }
    HeadScratch scratch;
    const PeerFacts peer{"wiki.example", *parse_ip("192.0.2.7")};
    std::size_t i = 0;
    for (auto _ : state) {
        const auto verdict =
            gate.admission.judge(gate.snapshot, heads[i++ % same], peer, gate.clock.wall(), scratch);
        if (!verdict.permit) return state.SkipWithError("refused");
    }
}
BENCHMARK(warm_check)->Args({1000, 16})->Args({100'000, 16})->Args({100'000, 10'000});

}  // namespace
}  // namespace sekisho::gateway

BENCHMARK_MAIN();
