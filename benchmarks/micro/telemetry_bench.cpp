// What one exchange pays for being counted and written down. Run: build/bench/telemetry_bench
#include "telemetry/access_log.hpp"
#include "telemetry/audit_chain.hpp"

#include <benchmark/benchmark.h>

namespace sekisho::telemetry {
namespace {

void observe(benchmark::State& state) {
    Registry registry;
    auto& shard = registry.make_shard();
    std::int64_t nanoseconds = 0;
    for (auto _ : state) shard.observe<Metric::request_duration>(nanoseconds += 977, LabelId{3}, 0);
}
BENCHMARK(observe);

void count(benchmark::State& state) {
    Registry registry;
    auto& shard = registry.make_shard();
    for (auto _ : state) shard.count<Metric::requests>(LabelId{3}, 0, 2);
}
BENCHMARK(count);

void access_log_line(benchmark::State& state) {
    ExchangeRecord record;
    record.at = WallTime{Millis{1'795'608'000'123}};
    record.received = 1'000'000;
    record.done = 4'500'000;
    record.request_id = "01JD3V5W8N2F7Q";
    record.user = "sato";
    record.kind = PersonKind::staff;
    record.app = record.upstream = "wiki";
    record.rule = "wiki-staff";
    record.method = "GET";
    record.host = "wiki.corp.example";
    record.path = "/pages/handbook/chapter-4";
    record.client = "2001:db8::17";
    record.status = 200;
    record.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    record.span_id = "00f067aa0ba902b7";
    std::string out;
    for (auto _ : state) {
        out.clear();
        append_line(out, record);
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(access_log_line);

void scrape(benchmark::State& state) {
    Registry registry;
    auto& shard = registry.make_shard();
    for (int app = 0; app < 100; ++app) shard.observe<Metric::request_duration>(5'000'000, app, 0);
    for (auto _ : state) benchmark::DoNotOptimize(render(registry));
}
BENCHMARK(scrape);

void audit_record(benchmark::State& state) {
    MemoryPersonKeys keys;
    Record record;
    record.user = "sato";
    record.client = "198.51.100.7";
    record.path = "/archive/2026";
    record.app = "files";
    record.reason = "network";
    Head head;
    std::string out;
    for (auto _ : state) {
        out.clear();
        head = {head.seq + 1, append_record(out, record, head, keys)};
    }
}
BENCHMARK(audit_record);

}  // namespace
}  // namespace sekisho::telemetry

BENCHMARK_MAIN();
