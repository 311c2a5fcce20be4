#include "gateway/cli/cli.hpp"
#include "gateway/cli/doctor_facts.hpp"

#include <algorithm>

namespace sekisho::gateway::cli {
namespace {

struct Options {
    std::string path;
    bool json = false, strict = false;
};

void examine_machine(Context& context, const Options& options) {
    // Certificates, keys and secrets are judged with the configuration; the clock is the machine's own matter
    // here.
    const auto loaded = load_config(context, options.path);
    if (!loaded) return;
    const auto found = examine(*loaded->model, gather(*loaded->model));
    const bool failed = std::any_of(found.begin(), found.end(), [&](const auto& symptom) {
        return symptom.severity() == config::Severity::error ||
               (options.strict && symptom.severity() == config::Severity::warning);
    });
    if (failed) context.exit_code = exit_findings;
    if (options.json) return say(config::to_json(found));
    if (found.empty())
        return say(context.pick("良好  この機械で変えるべきところはありません",
                                "good  nothing on this machine needs changing"));
    say(config::to_text(found, context.language));
    say(context.pick("何も変更していません。", "Nothing was changed."));
}

}  // namespace

void add_doctor(const Verb& program, Context& context) {
    auto options = std::make_shared<Options>();
    const auto verb = program.add("doctor",
                                  {"この機械を調べ、変えるべきところを示す。何も変えない",
                                   "Look at this machine and say what to change; changes nothing"},
                                  "doctor --config sekisho.yaml");
    verb.config(options->path);
    verb.json(options->json);
    verb.flag("--strict", options->strict, {"注意も見つかったものに数える", "warnings count as findings"});
    verb.runs([&context, options] { examine_machine(context, *options); });
}

}  // namespace sekisho::gateway::cli
