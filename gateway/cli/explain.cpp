#include "policy/explain.hpp"

#include "base/civil_time.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/http/canonical_path.hpp"
#include "gateway/services.hpp"
#include "policy/compile.hpp"
#include "telemetry/audit_search_io.hpp"

#include <fmt/format.h>

namespace sekisho::gateway::cli {
namespace {

struct Options {
    std::string config, user, app, method = "GET", path = "/", at, from = "127.0.0.1", request;
    int factor_age = 0;  // minutes
    bool json = false;
};

void could_not(Context& context, std::string_view sentence) {
    complain(sentence);
    context.exit_code = exit_could_not_run;
}

// The record of a refusal holds who, what and when: the question is read back from it.
bool read_request(Context& context, const config::Model& model, Options& options) {
    std::optional<telemetry::ReadRecord> found;
    const auto search = [&](telemetry::PersonKeys* keys) {
        telemetry::AuditQuery query;
        query.request_id = options.request;
        return telemetry::search_audit(model.audit.directory, query, keys,
                                       [&](const telemetry::ReadRecord& record, std::string_view) {
                                           if (record.record.event == telemetry::Event::decision_deny ||
                                               record.record.event == telemetry::Event::decision_allow)
                                               found = record;
                                       });
    };
    auto keys = open_audit_keys(model, context.environment);
    if (!keys) {
        could_not(context, keys.error().detail());
        return false;
    }
    const auto searched = search(&(*keys)->person_keys());
    if (!searched || !found || !found->opened) {
        could_not(context, context.pick("該当する記録はありません。", "No such record."));
        return false;
    }
    const auto& record = found->record;
    options.user = record.user;
    options.app = record.app;
    options.method = record.method;
    options.path = record.path;
    options.from = record.client;
    options.at = to_rfc3339_utc(record.time);
    for (const auto& fact : record.facts)
        if (fact.name == "proven_at")
            if (const auto proven = parse_rfc3339(fact.value))
                options.factor_age = static_cast<int>(
                    std::chrono::duration_cast<std::chrono::minutes>(record.time - *proven).count());
    return true;
}

void explain(Context& context, Options options) {
    const auto loaded = load_config(context, options.config, CheckFiles::no);
    if (!loaded) return;
    if (!options.request.empty() && !read_request(context, *loaded->model, options)) return;
    const auto program = policy::compile(*loaded->model);
    if (!program) return could_not(context, program.error().detail());
    const auto app = (*program)->find_app(options.app);
    if (!app)
        return could_not(context, context.ja() ? fmt::format("「{}」というアプリはありません。", options.app)
                                               : fmt::format("There is no app \"{}\".", options.app));
    auto now = system_clock_face().wall();
    if (!options.at.empty()) {
        const auto parsed = parse_rfc3339(options.at);
        if (!parsed)
            return could_not(context, context.pick("--at は 2026-11-24T10:42:07+09:00 の形で。",
                                                   "--at is written 2026-11-24T10:42:07+09:00."));
        now = *parsed;
    }
    std::string scratch;
    const auto path = canonicalise_path(options.path, PathRules::plain, scratch);
    if (!path) return could_not(context, fmt::format("--path: {}", to_text(path.fault)));
    const policy::SubjectFacts subject{options.user, FactorStrength::otp,
                                       now - std::chrono::minutes{options.factor_age}};
    const auto explanation =
        policy::explain(**program, subject, *app, {options.method, path.path, parse_ip(options.from), now});
    std::string out;
    if (options.json) {
        JsonWriter json(out);
        policy::explain_json(explanation, json);
    } else {
        out = policy::explain_text(explanation, context.language);
    }
    say(out);
    context.exit_code = explanation.decision.allow ? exit_good : exit_findings;
    if (!options.request.empty()) context.exit_code = exit_good;
}

}  // namespace

void add_explain(const Verb& program, Context& context) {
    auto options = std::make_shared<Options>();
    const auto verb =
        program.add("explain", {"なぜ許可または拒否されるかを示す", "Show why access is allowed or denied"},
                    "explain --user ishii --app files --path /reports/ -c sekisho.yaml");
    verb.config(options->config);
    verb.option("--user", options->user, {"アカウント名", "account name"});
    verb.option("--app", options->app, {"アプリ", "app"});
    verb.option("--method", options->method, {"メソッド", "method"});
    verb.option("--path", options->path, {"パス", "path"});
    verb.option("--at", options->at, {"時刻（RFC 3339）", "time (RFC 3339)"});
    verb.option("--from", options->from, {"接続元のアドレス", "client address"});
    verb.option("--factor-age", options->factor_age,
                {"確認してからの分数", "minutes since the second factor"});
    verb.option("--request", options->request,
                {"拒否の画面にある照会番号", "request ID from a refusal page"});
    verb.json(options->json);
    verb.runs([&context, options] { explain(context, *options); });
}

}  // namespace sekisho::gateway::cli
