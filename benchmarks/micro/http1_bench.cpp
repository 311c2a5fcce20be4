// What the pieces of an HTTP/1 exchange cost without sockets: reading heads, one spelling for the path, the
// head for the app, and a whole keep-alive exchange. Run: build/bench/http1_bench
#include "benchmarks/support/memory_ends.hpp"
#include "gateway/forward/rewrite.hpp"
#include "gateway/http/canonical_path.hpp"
#include "gateway/http/exchange.hpp"
#include "gateway/http/http1_client_side.hpp"

#include <benchmark/benchmark.h>

namespace sekisho::gateway {
namespace {

const std::string& request_text() {
    static const auto text = browser_request("wiki.example:8443", "__Host-Http-sekisho=1.c2VraXNobw");
    return text;
}

void parse_request(benchmark::State& state) {
    HeadScratch scratch;
    RequestHead head;
    for (auto _ : state) {
        HeadScan scan;
        if (parse_request_head(request_text(), {}, scan, scratch, head).state != HeadStep::State::done)
            return state.SkipWithError("the request does not parse");
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(request_text().size()) * state.iterations());
}
BENCHMARK(parse_request);

void parse_response(benchmark::State& state) {
    const auto text = app_response(0);
    HeadScratch scratch;
    ResponseHead head;
    for (auto _ : state) {
        HeadScan scan;
        if (parse_response_head(text, {}, {Method::get, {}, {}}, scan, scratch, head).state !=
            HeadStep::State::done)
            return state.SkipWithError("the response does not parse");
    }
}
BENCHMARK(parse_response);

void canonical_path(benchmark::State& state, const char* path) {
    std::string scratch;
    for (auto _ : state) benchmark::DoNotOptimize(canonicalise_path(path, PathRules::strict, scratch));
}
BENCHMARK_CAPTURE(canonical_path, plain, "/procedures/closing/2026-11.html");
BENCHMARK_CAPTURE(canonical_path, worked_over, "/a/./b//%41%e3%81%82/../c%20d/index.html");

void write_upstream(benchmark::State& state) {
    HeadScratch scratch;
    RequestHead head;
    HeadScan scan;
    parse_request_head(request_text(), {}, scan, scratch, head);
    UpstreamFacts facts;
    facts.path = head.path;
    facts.client_address = "192.0.2.7";
    std::string out(upstream_head_bound(head, facts), '\0');
    for (auto _ : state) benchmark::DoNotOptimize(write_upstream_head(head, facts, out));
}
BENCHMARK(write_upstream);

// Argument: bytes of the answer's body.
void keep_alive_exchange(benchmark::State& state) {
    const auto answer = app_response(static_cast<std::size_t>(state.range(0)));
    BufferPool buffers;
    SwallowingStream stream;
    FlatBuffer in(buffers), out(buffers);
    AnsweringApp app(answer);
    HeadScratch scratch;
    const SteadyTime now{std::chrono::hours{1}};
    for (auto _ : state) {
        HeadScan scan;
        RequestHead head;
        parse_request_head(request_text(), {}, scan, scratch, head);
        app.again();
        Http1ClientSide client(stream, in, out, head, {}, 0, "Tue, 24 Nov 2026 01:00:00 GMT");
        Exchange exchange(client, app, {}, now);
        while (exchange.state() == Exchange::State::running && exchange.step(now)) {
        }
        if (exchange.state() != Exchange::State::completed) return state.SkipWithError("not completed");
    }
}
BENCHMARK(keep_alive_exchange)->Arg(0)->Arg(1024)->Arg(65536);

}  // namespace
}  // namespace sekisho::gateway

BENCHMARK_MAIN();
