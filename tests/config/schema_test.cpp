// Goal: table of keys, model and documents cannot drift apart.
// Method: every row is tried through the decoder; defaults are compared with the structs; pages with the
// files.
#include "config/schema.hpp"

#include "base/text.hpp"
#include "config/reference.hpp"
#include "config/sections.hpp"
#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

namespace sekisho::config {
namespace {

// "rules[].allow.if[].mfa" with the value ~ at its end: "rules: [{allow: {if: [{mfa: ~}]}}]".
std::string flow_of(std::string_view path) {
    std::string open, close;
    for (auto part : split(path, '.')) {
        const bool list = part.size() > 2 && part.substr(part.size() - 2) == "[]";
        if (list) part.remove_suffix(2);
        open += "{" + (part == "*" ? std::string("x") : std::string(part)) + ": " + (list ? "[" : "");
        close.insert(0, list ? "]}" : "}");
    }
    return open + "~" + close;
}

TEST(Schema, EveryKeyIsKnownToTheDecoder) {
    for (const auto& key : keys()) {
        const auto loaded = load_string(flow_of(key.path));
        for (const auto& d : loaded.diagnostics)
            EXPECT_TRUE(d.id() != "key.unknown" && d.id() != "yaml.syntax") << key.path << "\n"
                                                                            << to_text(d, Language::en);
        EXPECT_TRUE(
            std::any_of(loaded.diagnostics.begin(), loaded.diagnostics.end(),
                        [&](const Diagnostic& d) { return d.line == 1 && d.column > key.path.size(); }))
            << key.path << " is not read";
    }
}

TEST(Schema, DefaultsAreThoseOfTheModel) {
    Model model;
    model.upstreams.emplace_back().name = "x";
    model.apps.emplace_back().name = "x";
    std::size_t compared = 0;
    for (const auto& flat : flatten(model)) {
        const auto& key = *flat.key;
        if (key.need != Need::given || key.type == Type::record || key.type == Type::endpoint) continue;
        ASSERT_EQ(flat.values.size(), 1u) << flat.path;
        EXPECT_EQ(flat.values[0], key.fallback) << flat.path;
        ++compared;
    }
    EXPECT_GT(compared, 40u);
}

TEST(Schema, EveryLimitTakesItsBoundsAndNothingBeyond) {
    const auto with = [](const Key& key, std::uint64_t value) {
        const auto text = key.type == Type::bytes      ? size_text(value)
                          : key.type == Type::duration ? duration_text(Millis(value))
                                                       : std::to_string(value);
        const auto name = key.path.substr(key.path.rfind('.') + 1);
        return std::pair(
            text, load_small("audit: {", "limits: {" + std::string(name) + ": " + text + "}\naudit: {"));
    };
    for (const auto* key : child_keys("limits")) {
        for (const auto value : {key->min, key->max}) {
            const auto [text, loaded] = with(*key, value);
            ASSERT_TRUE(loaded.model) << key->path << " " << to_text(loaded.diagnostics, Language::en);
            const auto flats = flatten(*loaded.model);
            const auto flat = std::find_if(flats.begin(), flats.end(),
                                           [&](const Flat& one) { return one.path == key->path; });
            ASSERT_NE(flat, flats.end()) << key->path;
            EXPECT_EQ(flat->values.at(0), text) << key->path;
        }
        if (key->min > 0) {
            EXPECT_FALSE(with(*key, key->min - 1).second.model) << key->path;
        }
        EXPECT_FALSE(with(*key, key->max + 1).second.model) << key->path;
    }
}

TEST(Schema, EveryRowSpeaksBothLanguages) {
    for (const auto& key : keys()) {
        EXPECT_FALSE(key.en.empty() || key.ja.empty()) << key.path;
        EXPECT_EQ(key.danger_en.empty(), key.danger_ja.empty()) << key.path;
        EXPECT_NE(type_words(key.type).en, "a value") << key.path;
    }
    std::set<std::string_view> ids;
    for (const auto& message : messages()) {
        EXPECT_TRUE(ids.insert(message.id).second) << message.id;
        EXPECT_FALSE(message.en.empty() || message.ja.empty()) << message.id;
        EXPECT_EQ(message.remedy_en.empty(), message.remedy_ja.empty()) << message.id;
        for (const auto* slot : {"{0}", "{1}"})
            EXPECT_EQ(message.en.find(slot) == message.en.npos, message.ja.find(slot) == message.ja.npos)
                << message.id;
    }
}

TEST(Reference, PagesAreCurrent) {
    const std::pair<const char*, std::string> pages[] = {
        {"/docs/reference/config.md", reference_page(Language::en)},
        {"/docs/reference/config.ja.md", reference_page(Language::ja)},
        {"/docs/limits.md", limits_page()},
    };
    for (const auto& [path, page] : pages) {
        // SEKISHO_WRITE_REFERENCE=1 writes them anew.
        if (std::getenv("SEKISHO_WRITE_REFERENCE") != nullptr)
            std::ofstream(std::string(SEKISHO_SOURCE_DIR) + path) << page;
        EXPECT_EQ(file_text(std::string(SEKISHO_SOURCE_DIR) + path), page) << path << " is stale";
    }
}

TEST(Reference, NamesEveryKey) {
    for (const auto& key : keys())
        for (const auto language : {Language::en, Language::ja})
            EXPECT_NE(reference_page(language).find("`" + std::string(key.path) + "`"), std::string::npos)
                << key.path;
}

}  // namespace
}  // namespace sekisho::config
