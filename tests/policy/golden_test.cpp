// Goal: two hundred decisions of a bank's policy come out as they were written down, with rule, reason and
// end; each rule decides one; and no part of a configuration, saved in place, lets anybody in who was kept
// out (R14). Method: tests/policy/golden, the example configuration.
#include "config/check.hpp"
#include "config/policy_files.hpp"
#include "policy/cases.hpp"
#include "policy/compare.hpp"
#include "policy/compile.hpp"
#include "policy/lint.hpp"
#include "policy/prove.hpp"

#include <gtest/gtest.h>

namespace sekisho::policy {
namespace {

const std::string source_tree = SEKISHO_SOURCE_DIR;
const WallTime autumn = parse_rfc3339("2026-11-24T10:00:00+09:00").value();

config::Loaded load(const std::string& path) {
    auto loaded = config::load_checked(path, {autumn, false});
    EXPECT_TRUE(loaded.model) << config::to_text(loaded.diagnostics, Language::en);
    return loaded;
}

Case case_of(const config::CaseText& text) {
    return {text.name,     text.why, text.user,  text.app,  text.method, text.path,  text.client, text.now,
            text.strength, text.age, text.allow, text.rule, text.reason, text.until, text.place};
}

std::vector<Case> golden_cases() {
    std::vector<Case> cases;
    for (const auto* name : {"factors-and-networks", "contracts-and-scope", "calendar"}) {
        const auto read =
            config::read_cases(config::DiskFiles(), source_tree + "/tests/policy/golden/" + name + ".yaml");
        EXPECT_TRUE(read.cases) << config::to_text(read.diagnostics, Language::en);
        for (const auto& text : read.cases.value_or(std::vector<config::CaseText>{}))
            cases.push_back(case_of(text));
    }
    return cases;
}

TEST(Golden, TwoHundredDecisions) {
    const auto loaded = load(source_tree + "/tests/policy/golden/policy.yaml");
    const auto program = compile(*loaded.model).value();
    const auto cases = golden_cases();
    EXPECT_GE(cases.size(), 200u);
    const auto report = run_cases(*program, cases);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        EXPECT_TRUE(report.results[i].passed)
            << cases[i].place << " " << cases[i].name << "\n  wanted " << report.results[i].wanted
            << "\n  got    " << report.results[i].got;
        EXPECT_FALSE(cases[i].why.empty()) << cases[i].place;
        EXPECT_TRUE(cases[i].rule && cases[i].reason) << cases[i].place;
    }
    EXPECT_TRUE(report.never.empty()) << ::testing::PrintToString(report.never);
}

TEST(Golden, AWrongCaseIsTold) {
    const auto loaded = load(source_tree + "/tests/policy/golden/policy.yaml");
    const auto program = compile(*loaded.model).value();
    auto cases = golden_cases();
    cases.resize(1);
    cases[0].allow = !cases[0].allow;
    const auto report = run_cases(*program, cases);
    EXPECT_EQ(report.passed, 0u);
    EXPECT_NE(report.results[0].wanted, report.results[0].got);
    EXPECT_EQ(report.never.size(), report.rules - 1);
}

TEST(Golden, ShadowChangesNothingAndItsTwinDoes) {
    auto loaded = load(source_tree + "/tests/policy/golden/policy.yaml");
    const auto program = compile(*loaded.model).value();
    ASSERT_NE(program->shadow(), nullptr);
    const Horizon day{autumn, autumn + std::chrono::days{1}};
    auto without = *loaded.model;
    std::erase_if(without.rules, [](const config::Rule& rule) { return rule.shadow; });
    const auto plain = compile(without).value();
    EXPECT_EQ(plain->shadow(), nullptr);
    EXPECT_TRUE(
        compare({&*loaded.model, program.get()}, {&without, plain.get()}, day).value().shifts.empty());
    const auto twin =
        compare({&*loaded.model, program.get()}, {&*loaded.model, program->shadow()}, day).value();
    ASSERT_FALSE(twin.shifts.empty());
    for (const auto& shift : twin.shifts) {
        EXPECT_FALSE(shift.gains);
        EXPECT_EQ(shift.app, "wiki");
    }
}

// A file cut at any line either does not load, or is not taken up by itself, or lets nobody in anew.
TEST(Golden, NoPartOfTheExampleWidensAccess) {
    for (const auto* path : {"/docs/examples/sekisho.yaml", "/tests/policy/golden/policy.yaml"}) {
        const auto whole = load(source_tree + path);
        const auto program = compile(*whole.model).value();
        const Horizon week{autumn, autumn + std::chrono::days{7}};
        std::size_t loadable = 0, lines = 0, gaining = 0;
        const auto& text = whole.sources[0].text;
        for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n', end + 1), ++lines) {
            config::MemoryFiles files;
            files.put(source_tree + path, text.substr(0, end + 1));
            for (std::size_t i = 1; i < whole.sources.size(); ++i)
                files.put(whole.sources[i].name, whole.sources[i].text);
            const auto part = config::load_checked_from(files, source_tree + path, {autumn, false});
            if (!part.model) continue;
            ++loadable;
            const auto other = compile(*part.model).value();
            const bool gains =
                compare({&*whole.model, program.get()}, {&*part.model, other.get()}, week).value().gains();
            gaining += gains ? 1 : 0;
            EXPECT_TRUE(!gains || !part.complete()) << path << ":" << lines + 1;
        }
        EXPECT_GT(loadable, 3u) << path;  // the rule would hold of nothing otherwise
        EXPECT_GT(gaining, 0u) << path;   // and without the end marker it would be broken
        EXPECT_GT(lines, 60u);
    }
}

TEST(Golden, PropertiesAreReadAsStrictlyAsRules) {
    auto loaded = load(source_tree + "/tests/policy/golden/policy.yaml");
    config::MemoryFiles files;
    files.put("p.yaml",
              "levels: {outside: [{network: \"!office\"}, {network: \"!satellite\"}]}\n"
              "rules:\n"
              "  - id: ledger-only-from-inside\n"
              "    deny: {who: \"kind:staff\", app: ledger, if: [outside]}\n"
              "  - id: no-contractor-on-the-ledger\n"
              "    deny: {who: \"kind:contractor\", app: ledger}\n"
              "  - id: no-files-on-holidays\n"
              "    deny: {who: any, app: files, if: [{hours: {calendar: bank, \"on\": closed_days}}]}\n"
              "  - id: no-chat-for-contractors\n"
              "    deny: {who: \"kind:contractor\", app: chat}\n");
    const auto read = config::read_properties(files, "p.yaml", *loaded.model);
    ASSERT_TRUE(read.added) << config::to_text(read.diagnostics, Language::en);
    ASSERT_EQ(*read.added, 4u);
    const auto proofs = prove(*loaded.model, 4, {autumn, autumn + std::chrono::days{60}}).value();
    EXPECT_TRUE(proofs[0].holds());
    EXPECT_FALSE(proofs[0].vacuous());
    EXPECT_TRUE(proofs[1].vacuous() || proofs[1].holds());
    EXPECT_TRUE(proofs[2].holds());
    ASSERT_FALSE(proofs[3].holds());
    EXPECT_EQ(proofs[3].rule, "chat-all");
    files.put("bad.yaml", "rules:\n  - id: x\n    deny: {whom: any}\n");
    auto model = *loaded.model;
    const auto bad = config::read_properties(files, "bad.yaml", model);
    EXPECT_FALSE(bad.added);
    EXPECT_FALSE(bad.diagnostics.empty());
}

TEST(Golden, BadCasesHaveAPlace) {
    config::MemoryFiles files;
    const auto sentence_of = [&](const std::string& text) {
        files.put("c.yaml", text);
        const auto read = config::read_cases(files, "c.yaml");
        EXPECT_FALSE(read.cases) << text;
        return read.diagnostics.empty() ? std::string() : config::to_text(read.diagnostics, Language::en);
    };
    EXPECT_NE(sentence_of("cases:\n  - {name: x}\n").find("c.yaml:2:5"), std::string::npos);
    EXPECT_NE(sentence_of("cases:\n  - {name: x, who: a, app: b, at: yesterday, expect: allow}\n")
                  .find("is not a time"),
              std::string::npos);
    EXPECT_NE(
        sentence_of("cases:\n  - {name: x, who: a, app: b, at: \"2026-01-01T00:00:00Z\", expect: perhaps}\n")
            .find("allow or deny"),
        std::string::npos);
    EXPECT_NE(sentence_of("cases:\n  - {nam: x}\n").find("there is no key"), std::string::npos);
    EXPECT_NE(sentence_of("nothing: 1\n").find("cases"), std::string::npos);
    EXPECT_FALSE(config::read_cases(files, "absent.yaml").cases);
}

}  // namespace
}  // namespace sekisho::policy
