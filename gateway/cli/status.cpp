#include "gateway/cli/cli.hpp"

#include <boost/json/serialize.hpp>

namespace sekisho::gateway::cli {
namespace {

struct Options {
    std::string path;
    bool json = false;
    int shift = 0;
    int milliseconds = 0;
};

void status(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.path, CheckFiles::no);
    if (!loaded) return;
    auto result =
        ask(context, *loaded->model, "status", {{"language", context.ja() ? "ja" : "en"}}, Alone::refused);
    if (!result) return;
    const std::string screen = result->at("screen").as_string().c_str();
    result->erase("screen");
    say(options.json ? boost::json::serialize(*result) : screen);
}

#ifdef SEKISHO_TEST_HOOKS
void shift_clock(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.path, CheckFiles::no);
    if (!loaded) return;
    if (const auto result =
            ask(context, *loaded->model, "test-clock", {{"shift", options.shift}}, Alone::refused))
        say(boost::json::serialize(*result));
}

void freeze(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.path, CheckFiles::no);
    if (!loaded) return;
    (void)ask(context, *loaded->model, "test-freeze", {{"milliseconds", options.milliseconds}},
              Alone::refused);
}
#endif

}  // namespace

void add_status(CLI::App& program, Context& context) {
    auto options = std::make_shared<Options>();
    auto* verb = program.add_subcommand(
        "status",
        context.ja() ? "いまの様子を一画面で見る\n例: sekisho status --config sekisho.yaml"
                     : "One screen about the running gateway\nExample: sekisho status --config sekisho.yaml");
    verb->add_option("--config,-c", options->path, context.ja() ? "設定ファイル" : "configuration file")
        ->required();
    verb->add_flag("--json", options->json, context.ja() ? "JSON で出す" : "print JSON");
    verb->callback([&context, options] { status(context, *options); });
#ifdef SEKISHO_TEST_HOOKS
    auto* clock = program.add_subcommand("test-clock",
                                         "Move the gateway's wall clock; only in builds for tests\nExample: "
                                         "sekisho test-clock --shift 3600 -c sekisho.yaml");
    clock->add_option("--shift", options->shift, "seconds ahead of the machine's clock")->required();
    clock->add_option("--config,-c", options->path, "configuration file")->required();
    clock->callback([&context, options] { shift_clock(context, *options); });
    auto* sleep =
        program.add_subcommand("test-freeze",
                               "Put the control thread to sleep; only in builds for tests\nExample: "
                               "sekisho test-freeze --milliseconds 2000 -c sekisho.yaml");
    sleep->add_option("--milliseconds", options->milliseconds, "how long")->required();
    sleep->add_option("--config,-c", options->path, "configuration file")->required();
    sleep->callback([&context, options] { freeze(context, *options); });
#endif
}

}  // namespace sekisho::gateway::cli
