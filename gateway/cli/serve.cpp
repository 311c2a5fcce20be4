#include "gateway/cli/cli.hpp"
#include "gateway/server_io.hpp"

namespace sekisho::gateway::cli {
namespace {

void serve(Context& context, const std::string& path) {
    harden_process();
    auto loaded = load_config(context, path);
    if (!loaded) return;
    if (!loaded->diagnostics.empty()) complain(config::to_text(loaded->diagnostics, context.language));
    auto server = Server::create(std::move(*loaded), path, context.environment);
    if (!server) {
        complain(server.error().detail());
        context.exit_code = exit_could_not_run;
        return;
    }
    (*server)->run();
}

}  // namespace

void add_serve(CLI::App& program, Context& context) {
    auto path = std::make_shared<std::string>();
    auto* verb = program.add_subcommand(
        "serve", context.ja() ? "ゲートウェイを動かす。SIGTERM で静かに止まり、SIGHUP で読み直す\n例: "
                                "sekisho serve --config /etc/sekisho/sekisho.yaml"
                              : "Run the gateway. SIGTERM drains and stops, SIGHUP reloads\nExample: sekisho "
                                "serve --config /etc/sekisho/sekisho.yaml");
    verb->add_option("--config,-c", *path, context.ja() ? "設定ファイル" : "configuration file")->required();
    verb->callback([&context, path] { serve(context, *path); });
}

}  // namespace sekisho::gateway::cli
