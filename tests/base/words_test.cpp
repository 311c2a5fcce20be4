// Goal: both languages say the same things and no page can ask for a text that is not there.
// Method: walk the whole table; then the filler and the choice of language on small cases.
#include "base/words.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

namespace sekisho {
namespace {

std::multiset<std::string> placeholders(std::string_view pattern) {
    std::multiset<std::string> names;
    for (auto open = pattern.find('{'); open != std::string_view::npos; open = pattern.find('{', open + 1)) {
        names.emplace(pattern.substr(open + 1, pattern.find('}', open) - open - 1));
    }
    return names;
}

bool holds_japanese(std::string_view text) {
    // Kana and kanji take three bytes in UTF-8, from U+3000 on: E3 to E9.
    return std::any_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0xE3 && byte <= 0xE9;
    });
}

TEST(Words, EachKeyStandsOnceAndIsFound) {
    std::set<std::string_view> seen;
    for (const Word& w : all_words()) {
        EXPECT_TRUE(seen.insert(w.key).second) << w.key;
        EXPECT_EQ(find_word(w.key), &w) << w.key;
    }
    EXPECT_GT(seen.size(), 150u);
    EXPECT_EQ(find_word("no.such.key"), nullptr);
}

TEST(Words, BothLanguagesAreThereWithTheSamePlaceholders) {
    for (const Word& w : all_words()) {
        EXPECT_FALSE(w.text_en.empty() && w.title_en.empty()) << w.key;
        EXPECT_EQ(w.text_en.empty(), w.text_ja.empty()) << w.key;
        EXPECT_EQ(w.title_en.empty(), w.title_ja.empty()) << w.key;
        auto en = placeholders(w.title_en), ja = placeholders(w.title_ja);
        en.merge(placeholders(w.text_en));
        ja.merge(placeholders(w.text_ja));
        EXPECT_EQ(en, ja) << w.key;
        EXPECT_EQ(w.title_en.find('!'), std::string_view::npos) << w.key;
        if (w.key != "page.language") {
            EXPECT_FALSE(holds_japanese(w.text_en)) << w.key;
        }
        if (w.status != 0) {
            EXPECT_TRUE(holds_japanese(w.title_ja)) << w.key;
        }
    }
}

TEST(Words, AnswersHaveAStatusAndStrangersHearNoNames) {
    for (const Word& w : all_words()) {
        if (w.title_en.empty()) continue;
        EXPECT_TRUE(w.status == 200 || (w.status >= 400 && w.status < 600)) << w.key;
        if (w.audience != Word::Audience::anyone) continue;
        for (const auto& name : placeholders(w.text_en)) EXPECT_EQ(name, "wait") << w.key;
    }
    EXPECT_EQ(word("signin.failed").status, 401);
    EXPECT_EQ(word("access.unknown").audience, Word::Audience::anyone);
}

TEST(Words, WhoeverMustWaitHearsOfPasskeysInBothLanguages) {
    const Word& wait = word("signin.slow_down");
    EXPECT_NE(wait.text_en.find("passkey"), std::string_view::npos);
    EXPECT_NE(wait.text_ja.find("パスキー"), std::string_view::npos);
}

// Every key that stands as a literal beside text(, title( or word( in the sources is in the table.
TEST(Words, EveryKeyInTheSourcesExists) {
    const std::regex use(R"re(\b(?:text|title|word|say|heading)\(\s*"([a-z_]+\.[a-z_]+)")re");
    int found = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(SEKISHO_SOURCE_DIR "/gateway")) {
        if (entry.path().extension() != ".cpp") continue;
        std::ifstream file(entry.path());
        const std::string source{std::istreambuf_iterator<char>(file), {}};
        for (std::sregex_iterator at(source.begin(), source.end(), use), end; at != end; ++at, ++found) {
            EXPECT_NE(find_word((*at)[1].str()), nullptr) << entry.path() << ": " << (*at)[1];
        }
    }
    EXPECT_GT(found, 50);
}

TEST(Words, FillingReplacesOnceAndLeavesUnknownNames) {
    const std::array<Fill, 2> fills{{{"app", "{n}"}, {"n", "3"}}};
    EXPECT_EQ(fill_in("{app} and {n}", fills), "{n} and 3");
    EXPECT_EQ(fill_in("{other} {", fills), "{other} {");
    EXPECT_EQ(fill_in("", fills), "");
    EXPECT_EQ(text("access.network", Language::en, {{"app", "Wiki"}}),
              "Change to a network from which Wiki opens, then try again.");
}

TEST(Words, LanguageIsThePreferredOfTheTwo) {
    struct Case {
        const char* field;
        Language want;
    };
    const Case cases[] = {
        {"", Language::en},
        {"ja", Language::ja},
        {"ja-JP,ja;q=0.9,en;q=0.8", Language::ja},
        {"en-GB,en;q=0.9,ja;q=0.8", Language::en},
        {"en;q=0.3, ja;q=0.31", Language::ja},
        {"fr, JA;q=0.2", Language::ja},
        {"ja;q=0, en;q=0.1", Language::en},
        {"ja;q=0", Language::en},
        {"jam, de", Language::en},
        {"en, ja", Language::en},
        {"ja, en", Language::ja},
        {"ja;q=nonsense", Language::en},
        {",,;;,ja", Language::ja},
    };
    for (const auto& c : cases) EXPECT_EQ(pick_language(c.field), c.want) << c.field;
}

}  // namespace
}  // namespace sekisho
