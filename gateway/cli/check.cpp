#include "config/check.hpp"

#include "config/sarif.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/http/route_table.hpp"
#include "policy/compile.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::gateway::cli {
namespace {

struct Options {
    std::string path;
    bool json = false, sarif = false, strict = false;
};

bool fails(const std::vector<config::Diagnostic>& diagnostics, bool strict) {
    return std::any_of(diagnostics.begin(), diagnostics.end(), [&](const auto& diagnostic) {
        return diagnostic.severity() == config::Severity::error ||
               (strict && diagnostic.severity() == config::Severity::warning);
    });
}

void check_config(Context& context, const Options& options) {
    config::CheckOptions how{system_clock_face().wall(), true};
    how.lint = config::Lint::all;
    const auto loaded = config::load_checked(options.path, how);
    if (!loaded.model || fails(loaded.diagnostics, options.strict)) context.exit_code = exit_findings;
    if (options.json) return say(config::to_json(loaded.diagnostics));
    if (options.sarif) return say(config::to_sarif(loaded.diagnostics, SEKISHO_VERSION, context.language));
    if (!loaded.diagnostics.empty()) {
        complain(config::to_text(loaded.diagnostics, context.language));
        complain(config::sum_text(loaded.diagnostics, context.language));
    }
    if (!loaded.model) return;
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
    const auto verb = program.add("check",
                                  {"設定の誤りと危険な設定を探す。何も変えない",
                                   "Find errors and dangerous settings in a configuration; changes nothing"},
                                  "check --config sekisho.yaml");
    verb.config(options->path);
    verb.json(options->json);
    verb.flag("--sarif", options->sarif,
              {"コードレビュー用に SARIF 2.1.0 で出す", "print SARIF 2.1.0, for code review"});
    verb.flag("--strict", options->strict, {"注意も見つかったものに数える", "warnings count as findings"});
    verb.runs([&context, options] { check_config(context, *options); });
}

}  // namespace sekisho::gateway::cli
