#include "config/reference.hpp"

#include "gateway/cli/cli.hpp"
#include "telemetry/audit.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

#include <array>

namespace sekisho::gateway::cli {
namespace {

struct Page {
    const char* name;
    std::string (*make)();
};

constexpr std::array<Page, 6> pages{{{"config", [] { return config::reference_page(Language::en); }},
                                     {"config.ja", [] { return config::reference_page(Language::ja); }},
                                     {"limits", config::limits_page},
                                     {"metrics", telemetry::metrics_reference},
                                     {"audit", telemetry::audit_reference},
                                     {"log-fields", telemetry::log_reference}}};

}  // namespace

void add_reference(CLI::App& program, Context& context) {
    auto wanted = std::make_shared<std::string>();
    auto* verb = program.add_subcommand(
        "reference", context.ja() ? "参照ページを出す\n例: sekisho reference config"
                                  : "Print a reference page\nExample: sekisho reference config");
    std::vector<std::string> names;
    for (const auto& page : pages) names.emplace_back(page.name);
    verb->add_option("page", *wanted, context.ja() ? "ページの名前" : "which page")
        ->required()
        ->check(CLI::IsMember(names));
    verb->callback([wanted] {
        for (const auto& page : pages)
            if (*wanted == page.name) say(page.make());
    });
}

}  // namespace sekisho::gateway::cli
