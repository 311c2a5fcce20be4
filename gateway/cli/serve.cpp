#include "gateway/cli/cli.hpp"
#include "gateway/server_io.hpp"

namespace sekisho::gateway::cli {
namespace {

void serve(Context& context, const std::string& path) {
    harden_process();
    const auto manager = ServiceManager::take();
    auto sockets = PassedSockets::take();
    if (!sockets) {
        complain(sockets.error().detail());
        context.exit_code = exit_could_not_run;
        return;
    }
    auto loaded = load_config(context, path, CheckFiles::yes, config::Lint::errors);
    if (!loaded) return;
    if (!loaded->diagnostics.empty()) complain(config::to_text(loaded->diagnostics, context.language));
    auto server =
        Server::create(std::move(*loaded), path, context.environment, {std::move(*sockets), manager});
    if (!server) {
        complain(server.error().detail());
        context.exit_code = exit_could_not_run;
        return;
    }
    (*server)->run();
}

}  // namespace

void add_serve(const Verb& program, Context& context) {
    auto path = std::make_shared<std::string>();
    const auto verb = program.add("serve",
                                  {"ゲートウェイを動かす。SIGTERM で静かに止まり、SIGHUP で読み直す",
                                   "Run the gateway. SIGTERM drains and stops, SIGHUP reloads"},
                                  "serve --config /etc/sekisho/sekisho.yaml");
    verb.config(*path);
    verb.runs([&context, path] { serve(context, *path); });
}

}  // namespace sekisho::gateway::cli
