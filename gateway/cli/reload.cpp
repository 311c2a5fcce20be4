#include "config/check.hpp"
#include "gateway/cli/cli.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace sekisho::gateway::cli {
namespace {

namespace json = boost::json;

struct Options {
    std::string path;
    int to = 0;  // a former generation; 0: what the files say
    bool accept = false, json = false;
};

void list(const Context& context, const json::array& sentences) {
    for (const auto& sentence : sentences)
        say(fmt::format("  {}", sentence.as_object().at(context.ja() ? "ja" : "en").as_string().c_str()));
}

void reload(Context& context, const Options& options) {
    // The file is judged here first: its faults are shown with place and remedy, and the gateway is left
    // alone.
    const auto loaded =
        config::load_checked(options.path, {system_clock_face().wall(), true, nullptr, config::Lint::errors});
    if (!loaded.model) {
        complain(config::to_text(loaded.diagnostics, context.language));
        complain(context.pick("再読み込みを中止しました。いまの世代のまま動いています。",
                              "Reload refused. The present generation stays in force."));
        context.exit_code = exit_findings;
        // A broken file has no socket to tell; the running gateway's own attempt makes its metric say so.
        return;
    }
    json::object arguments{{"accept", options.accept}};
    if (options.to > 0) arguments["to"] = options.to;
    const auto result = ask(context, *loaded.model, "reload", std::move(arguments), Alone::refused);
    if (!result) {
        if (context.exit_code == exit_findings)
            complain(context.pick(
                "利用を広げる変更です。再読み込みを中止しました。よければ --accept を付けてください。",
                "This loosens access. Reload refused. If that is meant, add --accept."));
        return;
    }
    if (options.json) return say(json::serialize(*result));
    const auto generation = result->at("generation").to_number<std::int64_t>();
    say(context.ja() ? fmt::format("世代 {} になりました。", generation)
                     : fmt::format("Generation {} is in force.", generation));
    list(context, result->at("changes").as_array());
    if (!result->at("needs_restart").as_array().empty())
        say(context.pick("再起動してから効くもの:", "In force after a restart:"));
    list(context, result->at("needs_restart").as_array());
}

}  // namespace

void add_reload(const Verb& program, Context& context) {
    auto options = std::make_shared<Options>();
    const auto verb = program.add("reload",
                                  {"動いているゲートウェイに設定を読み直させる",
                                   "Have the running gateway read its configuration again"},
                                  "reload --config sekisho.yaml");
    verb.config(options->path);
    verb.option("--to", options->to,
                {"この世代の設定に戻す", "go back to the configuration of this generation"});
    verb.flag("--accept", options->accept,
              {"利用を広げる変更も受け入れる", "take changes that loosen access too"});
    verb.json(options->json);
    verb.runs([&context, options] { reload(context, *options); });
}

}  // namespace sekisho::gateway::cli
