// Goal: every rule of the lint finds its own mistake, at its line, and nothing else; none cries without
// cause. Method: tests/config/lint/ID/bad.yaml and good.yaml, whose "# on disk:" lines stand for certificates
// and disks. The same two files are the examples on the rule's page in docs/lint.
#include "config/lint.hpp"

#include "config/lint_view.hpp"
#include "tests/config/lint_cases.hpp"
#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

namespace sekisho::config {
namespace {

const std::filesystem::path cases_dir = std::filesystem::path(SEKISHO_SOURCE_DIR) / "tests/config/lint";

std::vector<Diagnostic> found_in(const std::string& text) {
    CheckOptions options;
    options.files = false;
    options.now = lint_case_now();
    auto loaded = load_checked_from(MemoryFiles().put("sekisho.yaml", text), "sekisho.yaml", options);
    if (!loaded.model) return loaded.diagnostics;
    EXPECT_TRUE(loaded.diagnostics.empty()) << to_text(loaded.diagnostics, Language::en);
    Findings findings(loaded.sources);
    auto facts = facts_of_case(text, *loaded.model);
    facts.accepted = loaded.accepted;
    lint(*loaded.model, facts, Lint::all, findings);
    return findings.take();
}

std::uint32_t marked_line(const std::string& text) {
    std::uint32_t line = 1;
    const auto at = text.find("# here\n");
    for (std::size_t i = 0; i < at && i < text.size(); ++i) line += text[i] == '\n' ? 1 : 0;
    return line;
}

TEST(Lint, EveryRuleHasAnExample) {
    std::set<std::string> kept;
    for (const auto& entry : std::filesystem::directory_iterator(cases_dir))
        kept.insert(entry.path().filename());
    std::set<std::string> rules;
    for (const auto* rule : lint_rules()) rules.insert(std::string(rule->message.id));
    EXPECT_EQ(kept, rules);
    EXPECT_GE(rules.size(), 40u);
}

TEST(Lint, BadExampleGivesExactlyItsFindingAtItsLine) {
    for (const auto* rule : lint_rules()) {
        const auto text = file_text((cases_dir / rule->message.id / "bad.yaml").string());
        ASSERT_NE(text.find("# here\n"), std::string::npos) << rule->message.id;
        const auto found = found_in(text);
        ASSERT_EQ(found.size(), 1u) << rule->message.id << "\n" << to_text(found, Language::en);
        EXPECT_EQ(found[0].id(), rule->message.id) << to_text(found, Language::en);
        EXPECT_EQ(found[0].line, marked_line(text)) << to_text(found, Language::en);
    }
}

TEST(Lint, GoodExampleGivesNoFindingOfAnyRule) {
    for (const auto* rule : lint_rules()) {
        const auto found = found_in(file_text((cases_dir / rule->message.id / "good.yaml").string()));
        EXPECT_TRUE(found.empty()) << rule->message.id << "\n" << to_text(found, Language::en);
    }
}

TEST(Lint, EveryRuleSaysEverythingInBothLanguages) {
    for (const auto* rule : lint_rules()) {
        const auto& message = rule->message;
        for (const auto text :
             {message.en, message.ja, message.remedy_en, message.remedy_ja, rule->why, rule->mistake})
            EXPECT_FALSE(text.empty()) << message.id;
        for (const auto text : {message.en, message.remedy_en}) EXPECT_NE(text.back(), '.') << message.id;
        for (const auto text : {rule->why, rule->mistake}) EXPECT_EQ(text.back(), '.') << message.id;
        EXPECT_EQ(find_message(message.id), nullptr) << message.id << " is an id of config/messages.cpp too";
        EXPECT_EQ(find_lint_rule(message.id), rule);
    }
    EXPECT_EQ(find_lint_rule("no-such-rule"), nullptr);
}

// The example with a finding of portal.hsts, and an acceptance of it.
std::vector<std::string> ids_with(const std::string& acceptance) {
    auto text = file_text((cases_dir / "hsts-off/bad.yaml").string());
    text = replaced(text, "rules:\n", "accept: [" + acceptance + "]\nrules:\n");
    std::vector<std::string> ids;
    for (const auto& found : found_in(text)) ids.emplace_back(found.id());
    return ids;
}

TEST(Lint, AcceptedFindingsAreLeftOutUntilTheirLastDayIsOver) {
    using Ids = std::vector<std::string>;
    const std::string why = ", reason: branches are changed in spring";
    EXPECT_EQ(ids_with("{rule: hsts-off, until: 2026-11-28" + why + "}"), Ids{}) << "the last day counts";
    EXPECT_EQ(ids_with("{rule: hsts-off, until: 2026-11-27" + why + "}"),
              (Ids{"hsts-off", "acceptance-over"}));
    EXPECT_EQ(ids_with("{rule: hsts-off, at: portal, until: 2026-12-31" + why + "}"), Ids{});
    EXPECT_EQ(ids_with("{rule: hsts-off, at: port, until: 2026-12-31" + why + "}"),
              (Ids{"hsts-off", "acceptance-unused"}))
        << "a path ends at a dot";
    EXPECT_EQ(ids_with("{rule: demo-store, until: 2026-12-31" + why + "}"),
              (Ids{"hsts-off", "acceptance-unused"}));
    EXPECT_EQ(ids_with("{rule: hsts-of, until: 2026-12-31" + why + "}"), Ids{"accept.rule"});
}

TEST(Lint, ErrorsRefuseLikeAnyOtherError) {
    CheckOptions options;
    options.files = false;
    options.lint = Lint::errors;
    const auto load_with = [&](const char* id) {
        const auto text = file_text((cases_dir / id / "bad.yaml").string());
        return load_checked_from(MemoryFiles().put("sekisho.yaml", text), "sekisho.yaml", options);
    };
    EXPECT_FALSE(load_with("upstream-link-local").model);
    EXPECT_FALSE(load_with("upstream-is-gateway").model);
    const auto warned = load_with("hsts-off");
    EXPECT_TRUE(warned.model);
    EXPECT_TRUE(warned.diagnostics.empty()) << "start and reload hear of errors only";
}

TEST(Lint, TheExampleConfigurationIsCleanOrSaysWhyNot) {
    const auto found = found_in(example_text(SEKISHO_SOURCE_DIR));
    EXPECT_TRUE(found.empty()) << to_text(found, Language::en);
}

TEST(LintView, KnowsWhatOneOwnerRegisters) {
    const std::pair<const char*, const char*> cases[] = {{"portal.mihon.example", "mihon.example"},
                                                         {"a.b.mihon.co.jp", "mihon.co.jp"},
                                                         {"mihon.co.jp", "mihon.co.jp"},
                                                         {"www.mihon.jp", "mihon.jp"},
                                                         {"wiki.localhost", "wiki.localhost"},
                                                         {"localhost", ""},
                                                         {"10.0.0.1", ""},
                                                         {"2001:db8::1", ""},
                                                         {".jp", ""},
                                                         {".co.jp", ".co.jp"}};
    for (const auto& [host, domain] : cases) EXPECT_EQ(registrable_domain(host), domain) << host;
}

TEST(LintView, FoldersEndAtASlash) {
    EXPECT_TRUE(is_under("/var/lib/a", "/var/lib"));
    EXPECT_TRUE(is_under("/var/lib", "/var/lib/"));
    EXPECT_TRUE(is_under("/var", "/"));
    EXPECT_FALSE(is_under("/var/library", "/var/lib"));
    EXPECT_FALSE(is_under("/var", ""));
}

}  // namespace
}  // namespace sekisho::config
