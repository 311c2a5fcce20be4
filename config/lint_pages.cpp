// The pages docs/lint: one for each rule, and the index.
#include "config/lint.hpp"

namespace sekisho::config {
namespace {

// {0} in a sentence stands for a name the reader knows; a page shows it as an ellipsis.
std::string general(std::string_view sentence) {
    std::string out;
    for (std::size_t i = 0; i < sentence.size(); ++i) {
        const bool slot = sentence[i] == '{' && i + 2 < sentence.size() && sentence[i + 2] == '}' &&
                          sentence[i + 1] >= '0' && sentence[i + 1] <= '9';
        if (slot) {
            out += "…";
            i += 2;
        } else {
            if (sentence[i] == '<' || sentence[i] == '*' || sentence[i] == '|') out += '\\';
            out += sentence[i];
        }
    }
    return out;
}

std::string capital(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

}  // namespace

std::string lint_page(const LintRule& rule) {
    const auto& message = rule.message;
    std::string out = "# " + std::string(message.id) + "\n\n";
    out +=
        "**" + capital(std::string(severity_name(message.severity))) + "**: " + general(message.en) + ".\n\n";
    out += general(message.ja) + "。\n\n";
    out += "## Why\n\n" + std::string(rule.why) + "\n\n";
    out += "## Where it happened, or who warns\n\n" + std::string(rule.mistake) + "\n\n";
    out += "## What to do\n\n" + capital(general(message.remedy_en)) + ".\n\n" + general(message.remedy_ja) +
           "。\n";
    return out;
}

std::string lint_index() {
    std::string out =
        "# What `sekisho check` looks for\n\n"
        "Each rule finds a setting that is valid but dangerous, and names the mistake it comes from. A "
        "finding stands "
        "with its place and a remedy;\nthe id in brackets is a page here. Errors keep a configuration from "
        "being used, "
        "as any other error does; warnings and advice do not,\nunless `--strict` asks for it (warnings).\n\n"
        "A finding that is meant is accepted beside what it is about, with a reason and an end date. After "
        "that day it "
        "comes back,\nand [acceptance-over](acceptance-over.md) says so:\n\n"
        "```yaml\naccept:\n"
        "  - rule: upstream-plain-text\n"
        "    at: upstreams.printer.url     # the value, or a thing around it; left out: anywhere\n"
        "    reason: the printer speaks no TLS; its cable ends in the same rack\n"
        "    until: 2027-03-31\n```\n\n"
        "| rule | severity | finds | 内容 |\n|---|---|---|---|\n";
    for (const auto* rule : lint_rules()) {
        const auto& message = rule->message;
        out += "| [" + std::string(message.id) + "](" + std::string(message.id) + ".md) | " +
               std::string(severity_name(message.severity)) + " | " + general(message.en) + " | " +
               general(message.ja) + " |\n";
    }
    return out;
}

}  // namespace sekisho::config
