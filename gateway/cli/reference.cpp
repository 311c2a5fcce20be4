#include "config/reference.hpp"

#include "config/lint.hpp"
#include "gateway/cli/cli.hpp"
#include "telemetry/audit.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

#include <array>

namespace sekisho::gateway::cli {
namespace {

// Every page of docs/lint, each after a line that names its file.
std::string lint_pages() {
    std::string out = "<!-- file: README.md -->\n" + config::lint_index();
    for (const auto* rule : config::lint_rules())
        out += "<!-- file: " + std::string(rule->message.id) + ".md -->\n" + config::lint_page(*rule);
    return out;
}

struct Page {
    const char* name;
    std::string (*make)();
};

constexpr std::array<Page, 7> pages{{{"config", [] { return config::reference_page(Language::en); }},
                                     {"config.ja", [] { return config::reference_page(Language::ja); }},
                                     {"limits", config::limits_page},
                                     {"metrics", telemetry::metrics_reference},
                                     {"audit", telemetry::audit_reference},
                                     {"log-fields", telemetry::log_reference},
                                     {"lint", lint_pages}}};

}  // namespace

void add_reference(const Verb& program, Context&) {
    auto wanted = std::make_shared<std::string>();
    const auto verb =
        program.add("reference", {"参照ページを出す", "Print a reference page"}, "reference config");
    std::vector<std::string> names;
    for (const auto& page : pages) names.emplace_back(page.name);
    verb.option("page", *wanted, {"ページの名前", "which page"}).required().one_of(names);
    verb.runs([wanted] {
        for (const auto& page : pages)
            if (*wanted == page.name) say(page.make());
    });
}

}  // namespace sekisho::gateway::cli
