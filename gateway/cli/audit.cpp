#include "base/civil_time.hpp"
#include "base/json.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/services.hpp"
#include "telemetry/audit_search_io.hpp"

#include <fmt/format.h>

namespace sekisho::gateway::cli {
namespace {

struct Options {
    std::string config, checkpoint, key, user, app, event, reason, request, session, from, to;
    std::uint64_t limit = 1000;
    bool json = false;
};

void could_not(Context& context, std::string_view sentence) {
    complain(sentence);
    context.exit_code = exit_could_not_run;
}

std::string report_json(const telemetry::VerifyReport& report) {
    std::string out;
    JsonWriter json(out);
    json.begin_object()
        .field("intact", report.intact())
        .field("records", report.records)
        .field("segments", report.segments);
    json.field("checkpoints", report.checkpoints)
        .field("protected_to", report.protected_to)
        .field("signature_checked", report.signature_checked);
    json.field("tail", report.tail_sentence()).key("findings").begin_array();
    for (const auto& finding : report.findings) {
        json.begin_object()
            .field("damage", to_text(finding.damage))
            .field("first", finding.first)
            .field("last", finding.last);
        json.field("file", finding.file)
            .field("line", finding.line)
            .field("sentence", finding.sentence)
            .end_object();
    }
    json.end_array().end_object();
    return out;
}

void verify(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.config, CheckFiles::no);
    if (!loaded) return;
    auto keys = open_audit_keys(*loaded->model, context.environment);
    if (!keys) return could_not(context, keys.error().detail());
    telemetry::VerifyFiles files;
    files.directory = loaded->model->audit.directory;
    files.checkpoints =
        options.checkpoint.empty() ? loaded->model->audit.checkpoint_path : options.checkpoint;
    files.public_key = (*keys)->audit_public_key();
    files.origin = loaded->model->portal.host;
    files.live = (*keys)->gateway_runs();
    const auto report = telemetry::verify_audit(files);
    if (!report) return could_not(context, report.error().detail());
    if (!report->intact()) context.exit_code = exit_findings;
    if (options.json) return say(report_json(*report));
    for (const auto& finding : report->findings)
        say(fmt::format("{}  {}: {}{}", context.pick("不良", "bad"), to_text(finding.damage),
                        finding.sentence,
                        finding.file.empty() ? "" : fmt::format("  ({}:{})", finding.file, finding.line)));
    if (report->intact())
        say(context.ja() ? fmt::format("良好  記録 {} 件、鎖は切れていません", report->records)
                         : fmt::format("good  {} records, chain unbroken", report->records));
    if (const auto tail = report->tail_sentence(); !tail.empty()) say(tail);
}

bool fill_query(Context& context, const Options& options, telemetry::AuditQuery& query) {
    query.user = options.user;
    query.app = options.app;
    query.reason = options.reason;
    query.request_id = options.request;
    query.session = options.session;
    query.limit = options.limit;
    if (!options.event.empty() && !(query.event = telemetry::parse_event(options.event))) {
        could_not(context, context.ja() ? fmt::format("「{}」という出来事はありません。", options.event)
                                        : fmt::format("There is no event \"{}\".", options.event));
        return false;
    }
    for (const auto& [text, time] :
         {std::pair{&options.from, &query.from}, std::pair{&options.to, &query.to}}) {
        if (text->empty()) continue;
        *time = parse_rfc3339(*text);
        if (*time) continue;
        could_not(context, context.pick("時刻は 2026-11-24T10:42:07+09:00 の形で。",
                                        "Times are written 2026-11-24T10:42:07+09:00."));
        return false;
    }
    return true;
}

void search(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.config, CheckFiles::no);
    if (!loaded) return;
    telemetry::AuditQuery query;
    if (!fill_query(context, options, query)) return;
    auto keys = open_audit_keys(*loaded->model, context.environment);
    if (!keys) return could_not(context, keys.error().detail());
    const auto summary = telemetry::search_audit(
        loaded->model->audit.directory, query, &(*keys)->person_keys(),
        [&](const telemetry::ReadRecord& record, std::string_view) {
            say(options.json ? telemetry::to_json(record) : telemetry::to_terminal(record));
        });
    if (!summary && summary.error().code() != Errc::not_found)
        return could_not(context, summary.error().detail());
    if (summary && summary->matched != 0) return;
    context.exit_code = exit_findings;
    if (!options.json) complain(context.pick("該当するものはありません。", "Nothing matches."));
}

}  // namespace

void add_audit(CLI::App& program, Context& context) {
    auto options = std::make_shared<Options>();
    auto* audit = program.add_subcommand(
        "audit", context.ja()
                     ? "監査記録を確かめ、探す\n例: sekisho audit verify -c sekisho.yaml"
                     : "Verify and search the audit log\nExample: sekisho audit verify -c sekisho.yaml");
    audit->require_subcommand(1);
    auto* verifying = audit->add_subcommand(
        "verify", context.ja()
                      ? "鎖と署名を確かめる\n例: sekisho audit verify -c sekisho.yaml"
                      : "Verify chain and signatures\nExample: sekisho audit verify -c sekisho.yaml");
    verifying->add_option("--checkpoint", options->checkpoint,
                          context.ja() ? "別の場所にある署名の控え" : "checkpoints kept elsewhere");
    verifying->callback([&context, options] { verify(context, *options); });
    auto* searching = audit->add_subcommand(
        "search", context.ja()
                      ? "記録を探す\n例: sekisho audit search --user ishii -c sekisho.yaml"
                      : "Search records\nExample: sekisho audit search --user ishii -c sekisho.yaml");
    searching->add_option("--user", options->user, context.ja() ? "アカウント名" : "account name");
    searching->add_option("--app", options->app, context.ja() ? "アプリ" : "app");
    searching->add_option("--event", options->event, context.ja() ? "出来事" : "event");
    searching->add_option("--reason", options->reason, context.ja() ? "理由" : "reason");
    searching->add_option("--request", options->request, context.ja() ? "照会番号" : "request ID");
    searching->add_option("--session", options->session, context.ja() ? "セッション" : "session");
    searching->add_option("--from", options->from, context.ja() ? "この時刻から" : "from this time");
    searching->add_option("--to", options->to, context.ja() ? "この時刻まで" : "before this time");
    searching->add_option("--limit", options->limit, context.ja() ? "最大件数" : "at most so many");
    searching->callback([&context, options] { search(context, *options); });
    for (auto* verb : {verifying, searching}) {
        verb->add_option("--config,-c", options->config, context.ja() ? "設定ファイル" : "configuration file")
            ->required();
        verb->add_flag("--json", options->json, context.ja() ? "JSON で出す" : "print JSON");
    }
}

}  // namespace sekisho::gateway::cli
