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

void add_status(const Verb& program, Context& context) {
    auto options = std::make_shared<Options>();
    const auto verb =
        program.add("status", {"いまの様子を一画面で見る", "One screen about the running gateway"},
                    "status --config sekisho.yaml");
    verb.config(options->path);
    verb.json(options->json);
    verb.runs([&context, options] { status(context, *options); });
#ifdef SEKISHO_TEST_HOOKS
    const auto clock = program.add("test-clock", "Move the gateway's wall clock; only in builds for tests",
                                   "test-clock --shift 3600 -c sekisho.yaml");
    clock.option("--shift", options->shift, "seconds ahead of the machine's clock").required();
    clock.config(options->path);
    clock.runs([&context, options] { shift_clock(context, *options); });
    const auto sleep = program.add("test-freeze", "Put the control thread to sleep; only in builds for tests",
                                   "test-freeze --milliseconds 2000 -c sekisho.yaml");
    sleep.option("--milliseconds", options->milliseconds, "how long").required();
    sleep.config(options->path);
    sleep.runs([&context, options] { freeze(context, *options); });
#endif
}

}  // namespace sekisho::gateway::cli
