// How long a decision takes, and what it costs to make a residual and a program. Budget: decide below 1 us at
// 10,000 rules (policy/decide.hpp). Arguments: rules, apps.
#include "base/text.hpp"
#include "policy/compile.hpp"
#include "policy/decide.hpp"

#include <benchmark/benchmark.h>
#include <random>

namespace sekisho::policy {
namespace {

WallTime now() { return parse_rfc3339("2026-11-24T10:00:00+09:00").value(); }

config::Condition mfa(Seconds max_age) {
    config::Condition condition;
    condition.max_age = max_age;
    return condition;
}

config::Condition office() {
    config::Condition condition;
    condition.kind = config::Condition::Kind::network;
    condition.networks = {"office"};
    return condition;
}

config::Condition working_hours() {
    config::Condition condition;
    condition.kind = config::Condition::Kind::hours;
    condition.hours = {0x1f, 8 * 60, 20 * 60, "Asia/Tokyo", {}};
    return condition;
}

// One contractor in two of ten groups; each rule names a group and an app, half of them paths, some a
// condition.
config::Model model_of(unsigned rules, unsigned apps) {
    std::mt19937_64 random(1);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    config::Model model;
    model.timezone = "Asia/Tokyo";
    for (int i = 0; i < 10; ++i) model.groups.push_back({"g" + std::to_string(i), {}, {}});
    model.orgs.push_back({"aoba",
                          {},
                          "",
                          parse_date("2026-04-01").value(),
                          parse_date("2027-03-31").value(),
                          "Asia/Tokyo",
                          {{0x1f, 480, 1200, "", {}}},
                          {}});
    model.people.push_back({"ishii", PersonKind::contractor, {"g0", "g1"}, "aoba", {}, {}, {}, {}});
    model.networks.push_back({"office", {parse_prefix("10.0.0.0/8").value()}, {}});
    for (unsigned i = 0; i < apps; ++i) model.apps.emplace_back().name = "app" + std::to_string(i);
    for (unsigned i = 0; i < rules; ++i) {
        auto& rule = model.rules.emplace_back();
        rule.id = "r" + std::to_string(i);
        rule.effect = i % 8 == 7 ? config::Rule::Effect::deny : config::Rule::Effect::allow;
        rule.who = {{{config::WhoTerm::Kind::group, "g" + std::to_string(below(10)), PersonKind::none}}};
        rule.apps = {"app" + std::to_string(i % apps)};
        if (i % 2 == 0) rule.paths = {"/p" + std::to_string(below(200)) + "/"};
        if (i % 3 == 0) rule.conditions.push_back(mfa(Seconds{12 * 3600}));
        if (i % 5 == 0) rule.conditions.push_back(office());
        if (i % 7 == 0) rule.conditions.push_back(working_hours());
        if (rule.effect == config::Rule::Effect::deny) rule.paths = {"/archive" + std::to_string(below(50))};
    }
    return model;
}

const Program& program_of(const benchmark::State& state) {
    static std::map<std::pair<std::int64_t, std::int64_t>, std::shared_ptr<const Program>> programs;
    auto& program = programs[{state.range(0), state.range(1)}];
    if (!program)
        program =
            compile(model_of(static_cast<unsigned>(state.range(0)), static_cast<unsigned>(state.range(1))))
                .value();
    return *program;
}

SubjectFacts subject() { return {"ishii", FactorStrength::otp, now() - Seconds{600}}; }

void decide_request(benchmark::State& state) {
    const auto& program = program_of(state);
    std::vector<std::shared_ptr<const Residual>> residuals;
    for (std::uint32_t app = 0; app < state.range(1); ++app)
        residuals.push_back(specialise(program, subject(), AppId{app}));
    std::vector<std::string> paths;
    for (int i = 0; i < 64; ++i) paths.push_back("/p" + std::to_string(i) + "/reports/2026/november.html");
    const auto client = parse_ip("10.1.2.3");
    std::size_t i = 0, allowed = 0;
    for (auto _ : state) {
        const RequestFacts request{"GET", paths[i % paths.size()], client, now()};
        const auto decision = decide(*residuals[i % residuals.size()], request);
        allowed += decision.allow ? 1 : 0;
        ++i;
    }
    state.counters["allowed"] = static_cast<double>(allowed) / static_cast<double>(i);
}
BENCHMARK(decide_request)
    ->Args({100, 10})
    ->Args({1000, 100})
    ->Args({10000, 1000})
    ->Args({10000, 10})
    ->Args({10000, 1});

void make_residual(benchmark::State& state) {
    const auto& program = program_of(state);
    for (auto _ : state) benchmark::DoNotOptimize(specialise(program, subject(), AppId{0}));
}
BENCHMARK(make_residual)->Args({10000, 1000})->Args({10000, 10});

void make_program(benchmark::State& state) {
    const auto model = model_of(static_cast<unsigned>(state.range(0)), static_cast<unsigned>(state.range(1)));
    for (auto _ : state) benchmark::DoNotOptimize(compile(model));
}
BENCHMARK(make_program)->Args({10000, 1000})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sekisho::policy

BENCHMARK_MAIN();
