// What the whole check of a request costs when nothing is new: look-up of the session, and judge() on a
// standing that is warm. Budgets: 0.3 us and 1 us at 100,000 sessions, as thread CPU time. Argument:
// sessions. Run: build/bench/benchmarks/admission_bench
#include "benchmarks/support/gate.hpp"

#include <benchmark/benchmark.h>
#include <random>

namespace sekisho::gateway {
namespace {

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
