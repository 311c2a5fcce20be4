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
    become_owner_of(loaded->model->store.data_directory);
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
    become_owner_of(loaded->model->store.data_directory);
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

void add_audit(const Verb& program, Context& context) {
    auto options = std::make_shared<Options>();
    const auto audit = program.group("audit", {"監査記録を確かめ、探す", "Verify and search the audit log"},
                                     "audit verify -c sekisho.yaml");
    const auto verifying = audit.add("verify", {"鎖と署名を確かめる", "Verify chain and signatures"},
                                     "audit verify -c sekisho.yaml");
    verifying.option("--checkpoint", options->checkpoint,
                     {"別の場所にある署名の控え", "checkpoints kept elsewhere"});
    verifying.runs([&context, options] { verify(context, *options); });
    const auto searching =
        audit.add("search", {"記録を探す", "Search records"}, "audit search --user ishii -c sekisho.yaml");
    searching.option("--user", options->user, {"アカウント名", "account name"});
    searching.option("--app", options->app, {"アプリ", "app"});
    searching.option("--event", options->event, {"出来事", "event"});
    searching.option("--reason", options->reason, {"理由", "reason"});
    searching.option("--request", options->request, {"照会番号", "request ID"});
    searching.option("--session", options->session, {"セッション", "session"});
    searching.option("--from", options->from, {"この時刻から", "from this time"});
    searching.option("--to", options->to, {"この時刻まで", "before this time"});
    searching.option("--limit", options->limit, {"最大件数", "at most so many"});
    searching.runs([&context, options] { search(context, *options); });
    for (const auto& verb : {verifying, searching}) {
        verb.config(options->config);
        verb.json(options->json);
    }
}

}  // namespace sekisho::gateway::cli
