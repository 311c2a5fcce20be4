// Goal: messages read as written down, in both languages, with the caret under the right cells.
// Method: golden texts.
#include "config/diagnostics.hpp"

#include "tests/config/support.hpp"

#include <gtest/gtest.h>

namespace sekisho::config {
namespace {

std::string told(std::string_view from, std::string_view to, Language language) {
    return to_text(load_small(from, to).diagnostics, language);
}

TEST(Diagnostics, UnknownKeyAsWrittenDown) {
    EXPECT_EQ(
        told("groups: [finance]", "gruops: [finance]", Language::en),
        "main.yaml:10:23: error: there is no key \"gruops\" here; did you mean \"groups\"? [key.unknown]\n"
        "  10 |   sato: {kind: staff, gruops: [finance]}\n"
        "     |                       ^^^^^^\n");
    EXPECT_EQ(told("groups: [finance]", "gruops: [finance]", Language::ja),
              "main.yaml:10:23: エラー: 「gruops」というキーはありません。「groups」ではありませんか "
              "[key.unknown]\n"
              "  10 |   sato: {kind: staff, gruops: [finance]}\n"
              "     |                       ^^^^^^\n");
}

TEST(Diagnostics, RangeWithBounds) {
    EXPECT_EQ(told("audit: {", "limits: {head: 1KiB}\naudit: {", Language::en),
              "main.yaml:6:16: error: \"1KiB\" is out of range; expected a size such as 64KiB, from 4KiB to "
              "1MiB [value.range]\n"
              "  6 | limits: {head: 1KiB}\n"
              "    |                ^^^^\n");
    EXPECT_EQ(told("audit: {", "limits: {head: 1KiB}\naudit: {", Language::ja),
              "main.yaml:6:16: エラー: 「1KiB」は範囲外です。64KiB のような大きさ（4KiB から 1MiB "
              "まで）を書いてください [value.range]\n"
              "  6 | limits: {head: 1KiB}\n"
              "    |                ^^^^\n");
}

TEST(Diagnostics, RemedyFollows) {
    EXPECT_EQ(
        told("tier: general}", "tier: general, listed: no}", Language::en),
        "main.yaml:16:84: error: \"no\" is true or false in YAML 1.1 and text in YAML 1.2 "
        "[value.boolean_word]\n"
        "  16 |   wiki: {title: Wiki, host: wiki.localhost, upstream: wiki, tier: general, listed: no}\n"
        "     |                                                                                    ^^\n"
        "  remedy: write true or false\n");
}

TEST(Diagnostics, CaretCountsCellsAndColumnCountsCharacters) {
    const auto loaded = load_small("title: Wiki, host", "title: 業務手順書, hots");
    const auto& last = loaded.diagnostics.back();
    EXPECT_EQ(last.column, 24u);
    EXPECT_EQ(to_text(last, Language::en),
              "main.yaml:16:24: error: there is no key \"hots\" here; did you mean \"host\"? [key.unknown]\n"
              "  16 |   wiki: {title: 業務手順書, hots: wiki.localhost, upstream: wiki, tier: general}\n"
              "     |                             ^^^^\n");
    EXPECT_EQ(cells("業務 a"), 6u);
}

TEST(Diagnostics, LongLinesAreCutAroundTheFault) {
    const auto text = told("title: Wiki", "title: Wiki, x" + std::string(5000, 'x') + ": 1", Language::en);
    EXPECT_LT(text.size(), 5600u);
    EXPECT_NE(text.find('^'), std::string::npos);
}

TEST(Diagnostics, HostileTextCannotSteerATerminal) {
    Source source{"a\x1b[2J.yaml", "k: \x1b]0;x\x07", false};
    Sources sources{source};
    Findings findings(sources);
    findings.add("key.unknown", {0, 1, 1}, {"\x1b[31mred"});
    const auto text = to_text(findings.take(), Language::en);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\x07'), std::string::npos);
}

TEST(Diagnostics, SumCountsBothKinds) {
    const auto loaded = load_small("audit: {checkpoints: elsewhere/checkpoints.log}", "grups: {}");
    EXPECT_EQ(sum_text(loaded.diagnostics, Language::en), "1 error, 0 warnings. Nothing was changed.");
    EXPECT_EQ(sum_text(loaded.diagnostics, Language::ja), "エラー 1 件、注意 0 件。何も変更していません。");
    EXPECT_EQ(sum_text({}, Language::en), "0 errors, 0 warnings.");
}

TEST(Diagnostics, JsonCarriesBothLanguagesAndThePlace) {
    const auto json = to_json(load_small("kind: staff", "kind: staf").diagnostics);
    for (const auto* part :
         {R"("id":"value.choice")", R"("severity":"error")", R"("file":"main.yaml")", R"("line":10)",
          R"("column":16)", R"("meant":"staff")", "did you mean", "ではありませんか"})
        EXPECT_NE(json.find(part), std::string::npos) << part << "\n" << json;
}

}  // namespace
}  // namespace sekisho::config
