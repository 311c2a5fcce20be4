#include "gateway/cli/cli.hpp"
#include "gateway/ops/ops_probe_io.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::gateway::cli {
namespace {

struct Options {
    std::string path;
    std::uint64_t seconds = 3;
    bool live = false;
};

// Only where the listener is matters here: a file that would not be accepted today says nothing of the
// gateway that runs on yesterday's, so no file is checked.
void healthcheck(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.path, CheckFiles::no);
    if (!loaded) return;
    const auto answer = probe_ops(loaded->model->ops, options.live ? "/livez" : "/readyz",
                                  Seconds{std::clamp<std::uint64_t>(options.seconds, 1, 60)});
    if (!answer) {
        complain(context.ja() ? fmt::format("不良  応答がありません: {}", answer.error().detail())
                              : fmt::format("bad  {}", answer.error().detail()));
        context.exit_code = exit_findings;
        return;
    }
    if (answer->status != 200) context.exit_code = exit_findings;
    (answer->status == 200 ? say : complain)(answer->body);
}

}  // namespace

void add_healthcheck(const Verb& program, Context& context) {
    auto options = std::make_shared<Options>();
    const auto verb = program.add("healthcheck",
                                  {"動いているゲートウェイに、受け付けられるかを聞く。0 はよい、1 はよくない",
                                   "Ask the running gateway whether it is ready: 0 yes, 1 no"},
                                  "healthcheck --config /etc/sekisho/sekisho.yaml");
    verb.config(options->path);
    verb.flag("--live", options->live, {"生きているかだけを聞く", "ask only whether it is alive"});
    verb.option("--timeout", options->seconds,
                {"待つ秒数（既定 3、最長 60）", "seconds to wait (3 unless given, at most 60)"});
    verb.runs([&context, options] { healthcheck(context, *options); });
}

}  // namespace sekisho::gateway::cli
