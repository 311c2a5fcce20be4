#include "base/random.hpp"
#include "config/choices.hpp"
#include "config/policy_files.hpp"
#include "gateway/cli/policy_say.hpp"
#include "gateway/services.hpp"
#include "policy/compile.hpp"
#include "telemetry/audit_search_io.hpp"

#include <fmt/format.h>

namespace sekisho::gateway::cli {
namespace {

struct Options {
    std::string config, candidate, properties, at, from, to;
    std::vector<std::string> cases;
    int days = 0;
    bool json = false, strict = false;
    Form form() const noexcept { return json ? Form::json : Form::text; }
};

constexpr int days_max = 3660;

void could_not(Context& context, std::string_view sentence) {
    complain(sentence);
    context.exit_code = exit_could_not_run;
}

std::optional<WallTime> time_of(Context& context, const std::string& text, WallTime otherwise) {
    if (text.empty()) return otherwise;
    if (const auto time = parse_rfc3339(text)) return *time;
    could_not(context, context.pick("時刻は 2026-11-24T10:42:07+09:00 の形で。",
                                    "Times are written 2026-11-24T10:42:07+09:00."));
    return std::nullopt;
}

std::optional<policy::Horizon> horizon_of(Context& context, const Options& options) {
    const auto from = time_of(context, options.at, system_clock_face().wall());
    if (!from) return std::nullopt;
    if (options.days < 1 || options.days > days_max) {
        could_not(context, context.pick("--days は 1 から 3660 まで。", "--days is between 1 and 3660."));
        return std::nullopt;
    }
    return policy::Horizon{*from, *from + std::chrono::days{options.days}};
}

// A policy with the model it was made from.
struct Loaded {
    std::optional<config::Loaded> config;
    std::shared_ptr<const policy::Program> program;
    policy::View view() const { return {&*config->model, program.get()}; }
    Zone zone() const { return program->zone(); }
};

std::optional<Loaded> load(Context& context, const std::string& path) {
    Loaded out;
    out.config = load_config(context, path, CheckFiles::no);
    if (!out.config) return std::nullopt;
    auto program = policy::compile(*out.config->model);
    if (!program) {
        could_not(context, program.error().detail());
        return std::nullopt;
    }
    out.program = std::move(*program);
    return out;
}

void lint(Context& context, const Options& options) {
    const auto loaded = load(context, options.config);
    const auto horizon = horizon_of(context, options);
    if (!loaded || !horizon) return;
    const auto findings = policy::lint(loaded->view(), *horizon);
    if (!findings) return could_not(context, findings.error().detail());
    say_lint(context, *findings, loaded->zone(), options.form());
    if (!findings->empty()) context.exit_code = exit_findings;
}

void prove(Context& context, const Options& options) {
    auto loaded = load(context, options.config);
    const auto horizon = horizon_of(context, options);
    if (!loaded || !horizon) return;
    auto& model = *loaded->config->model;
    const auto read = config::read_properties(config::DiskFiles(), options.properties, model);
    if (!read.diagnostics.empty()) complain(config::to_text(read.diagnostics, context.language));
    if (!read.added) {
        context.exit_code = exit_could_not_run;
        return;
    }
    const auto proofs = policy::prove(model, *read.added, *horizon);
    if (!proofs) return could_not(context, proofs.error().detail());
    say_proofs(context, *proofs, *horizon, loaded->zone(), options.form());
    for (const auto& proof : *proofs)
        if (!proof.holds() || proof.vacuous()) context.exit_code = exit_findings;
}

void diff(Context& context, const Options& options) {
    const auto before = load(context, options.config);
    const auto now = before ? load(context, options.candidate) : std::nullopt;
    const auto horizon = horizon_of(context, options);
    if (!now || !horizon) return;
    const auto comparison = policy::compare(before->view(), now->view(), *horizon);
    if (!comparison) return could_not(context, comparison.error().detail());
    say_comparison(context, *comparison, *horizon, now->zone(), options.form());
    if (comparison->gains() || (options.strict && !comparison->shifts.empty()))
        context.exit_code = exit_findings;
}

policy::Case case_of(config::CaseText text) {
    return {std::move(text.name),
            std::move(text.why),
            std::move(text.user),
            std::move(text.app),
            std::move(text.method),
            std::move(text.path),
            text.client,
            text.now,
            text.strength,
            text.age,
            text.allow,
            std::move(text.rule),
            std::move(text.reason),
            text.until,
            std::move(text.place)};
}

void test(Context& context, const Options& options) {
    const auto loaded = load(context, options.config);
    if (!loaded) return;
    std::vector<policy::Case> cases;
    for (const auto& path : options.cases) {
        auto file = config::read_cases(config::DiskFiles(), path);
        if (!file.diagnostics.empty()) complain(config::to_text(file.diagnostics, context.language));
        if (!file.cases) {
            context.exit_code = exit_could_not_run;
            return;
        }
        for (auto& text : *file.cases) cases.push_back(case_of(std::move(text)));
    }
    const auto report = policy::run_cases(*loaded->program, cases);
    say_cases(context, cases, report, options.form());
    const bool uncovered = options.strict && !report.never.empty();
    if (report.passed != cases.size() || cases.empty() || uncovered) context.exit_code = exit_findings;
}

// A decision of the policy's own; what other checks refused is no business of a candidate.
bool is_of_policy(const telemetry::Record& record) {
    if (record.event != telemetry::Event::decision_allow && record.event != telemetry::Event::decision_deny)
        return false;
    for (auto reason = policy::Reason::none; reason <= policy::Reason::no_kind;
         reason = static_cast<policy::Reason>(static_cast<int>(reason) + 1))
        if (record.reason == to_text(reason)) return !record.user.empty();
    return record.event == telemetry::Event::decision_allow && !record.user.empty();
}

void judge(policy::WhatIf& what_if, const telemetry::Record& record) {
    policy::Recorded recorded{record.user,
                              record.app,
                              record.method,
                              record.path,
                              parse_ip(record.client),
                              record.time,
                              FactorStrength::none,
                              std::nullopt,
                              record.event == telemetry::Event::decision_allow};
    for (const auto& fact : record.facts) {
        if (fact.name == "factor")
            for (const auto& word : config::strengths)
                if (word.text == fact.value) recorded.strength = word.choice;
        if (fact.name == "proven_at") recorded.proven_at = parse_rfc3339(fact.value);
    }
    what_if.add(recorded);
}

void what_if(Context& context, const Options& options) {
    const auto loaded = load(context, options.config);
    const auto candidate = loaded ? load(context, options.candidate) : std::nullopt;
    if (!candidate) return;
    telemetry::AuditQuery query;
    query.limit = ~std::uint64_t{0};
    const auto from = time_of(context, options.from, WallTime::min());
    const auto to = from ? time_of(context, options.to, WallTime::max()) : std::nullopt;
    if (!to) return;
    query.from = *from;
    query.to = *to;
    const auto& model = *loaded->config->model;
    auto keys = open_audit_keys(model, context.environment);
    if (!keys) return could_not(context, keys.error().detail());
    const auto secret = random_bytes<32>();
    policy::WhatIf judged(*candidate->program, Bytes(secret.begin(), secret.end()));
    const auto summary = telemetry::search_audit(model.audit.directory, query, &(*keys)->person_keys(),
                                                 [&](const telemetry::ReadRecord& read, std::string_view) {
                                                     if (read.opened && is_of_policy(read.record))
                                                         judge(judged, read.record);
                                                 });
    if (!summary) return could_not(context, summary.error().detail());
    say_what_if(context, judged, options.form());
    if (judged.flipped() != 0) context.exit_code = exit_findings;
}

using Run = void (*)(Context&, const Options&);

Verb add(const Verb& group, Context& context, const std::shared_ptr<Options>& options,
         const std::string& name, Bilingual help, const std::string& example, Run run) {
    const auto verb = group.add(name, help, "policy " + name + " " + example + "-c sekisho.yaml");
    verb.config(options->config);
    verb.json(options->json);
    verb.runs([&context, options, run] { run(context, *options); });
    return verb;
}

// with_days: the horizon of a tool that looks at every kind of request within some days.
void with_days(const Verb& verb, const std::shared_ptr<Options>& options, int days) {
    options->days = days;
    verb.option("--at", options->at, {"期間の初め（RFC 3339）", "where the days begin (RFC 3339)"});
    verb.option("--days", options->days, {"調べる日数", "how many days to look at"});
}

void add_test(const Verb& group, Context& context) {
    auto options = std::make_shared<Options>();
    const auto verb =
        add(group, context, options, "test",
            {"書き留めた判定と規則を照らし合わせる", "Hold the rules against decisions written down"},
            "--cases cases.yaml ", test);
    verb.option("--cases", options->cases, {"ケースのファイル", "file of cases"}).required();
    verb.flag("--strict", options->strict,
              {"ケースのない規則も数える", "rules that decide no case are findings"});
}

void add_lint(const Verb& group, Context& context) {
    auto options = std::make_shared<Options>();
    with_days(
        add(group, context, options, "lint",
            {"意味のない規則や広すぎる規則を探す", "Find rules that do nothing, or too much"}, "", lint),
        options, 400);
}

void add_prove(const Verb& group, Context& context) {
    auto options = std::make_shared<Options>();
    const auto verb = add(
        group, context, options, "prove",
        {"決して起きてはならないことが起きないかを確かめる", "Show that what must never be allowed is not"},
        "--properties never.yaml ", prove);
    verb.option("--properties", options->properties, {"deny を書いたファイル", "file of denies"}).required();
    with_days(verb, options, 400);
}

void add_diff(const Verb& group, Context& context) {
    auto options = std::make_shared<Options>();
    const auto verb =
        add(group, context, options, "diff",
            {"誰が何を得て何を失うかを示す", "Show who gains and who loses what"}, "--to new.yaml ", diff);
    verb.option("--to", options->candidate, {"新しい設定", "the new configuration"}).required();
    verb.flag("--strict", options->strict, {"失うことも数える", "losses are findings too"});
    with_days(verb, options, 28);
}

void add_what_if(const Verb& group, Context& context) {
    auto options = std::make_shared<Options>();
    const auto verb = add(group, context, options, "what-if",
                          {"記録された判定を別の規則で判定し直す", "Judge recorded decisions by other rules"},
                          "--candidate new.yaml ", what_if);
    verb.option("--candidate", options->candidate, {"候補の設定", "the candidate"}).required();
    verb.option("--from", options->from, {"この時刻から", "from this time"});
    verb.option("--to", options->to, {"この時刻まで", "before this time"});
}

}  // namespace

void add_policy(const Verb& program, Context& context) {
    const auto group =
        program.group("policy", {"規則を調べ、試し、比べる", "Examine, test and compare rules"},
                      "policy lint -c sekisho.yaml");
    for (const auto add_one : {add_test, add_lint, add_prove, add_diff, add_what_if}) add_one(group, context);
}

}  // namespace sekisho::gateway::cli
