#include "config/check.hpp"

#include "gateway/cli/cli.hpp"
#include "gateway/http/route_table.hpp"
#include "policy/compile.hpp"

#include <fmt/format.h>

namespace sekisho::gateway::cli {
namespace {

struct Options {
    std::string path;
    bool json = false, strict = false;
};

void check_config(Context& context, const Options& options) {
    const auto loaded = config::load_checked(options.path, {system_clock_face().wall(), true});
    const bool warned = !loaded.diagnostics.empty();
    if (!loaded.model || (warned && options.strict)) context.exit_code = exit_findings;
    if (options.json) return say(config::to_json(loaded.diagnostics));
    if (warned) complain(config::to_text(loaded.diagnostics, context.language));
    if (!loaded.model) return complain(config::sum_text(loaded.diagnostics, context.language));
    // What compiling finds is a fault of the file too.
    if (const auto program = policy::compile(*loaded.model); !program) {
        context.exit_code = exit_findings;
        return complain(program.error().detail());
    }
    const auto& model = *loaded.model;
    say(context.ja() ? fmt::format("良好  {}  アプリ {}、ルール {}、人 {}", options.path, model.apps.size(),
                                   model.rules.size(), model.people.size())
                     : fmt::format("good  {}  {} apps, {} rules, {} people", options.path, model.apps.size(),
                                   model.rules.size(), model.people.size()));
}

}  // namespace

void add_check(const Verb& program, Context& context) {
    auto options = std::make_shared<Options>();
    const auto verb =
        program.add("check", {"設定を確かめる。何も変えない", "Check a configuration; changes nothing"},
                    "check --config sekisho.yaml");
    verb.config(options->path);
    verb.json(options->json);
    verb.flag("--strict", options->strict, {"注意も見つかったものに数える", "warnings count as findings"});
    verb.runs([&context, options] { check_config(context, *options); });
}

}  // namespace sekisho::gateway::cli
