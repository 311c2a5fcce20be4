// Goal: every entry of a list is found and nothing else, in few reads, and what is no list is named, not
// used. Method: lists in memory of every shape people bring; one on disk; damage in each place.
#include "base/password_list_io.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace sekisho {
namespace {

std::vector<std::string> sorted_entries(int count) {
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) out.push_back(password_list_entry("correct horse " + std::to_string(i)));
    std::sort(out.begin(), out.end());
    return out;
}

std::string written(const std::vector<std::string>& entries, std::string_view after) {
    std::string out;
    for (const auto& entry : entries) out.append(entry).append(after);
    return out;
}

struct Memory {
    std::string text;
    mutable int reads = 0;

    ReadAt reader() const {
        return [this](std::uint64_t offset, std::span<char> into) -> Result<std::size_t> {
            ++reads;
            const auto rest = std::string_view(text).substr(static_cast<std::size_t>(offset), into.size());
            std::copy(rest.begin(), rest.end(), into.begin());
            return rest.size();
        };
    }
    Result<bool> holds(std::string_view entry) const { return list_holds(reader(), text.size(), entry); }
    Result<> judge() const { return judge_list(reader(), text.size()); }
};

TEST(PasswordList, AnEntryIsTheSha1OfThePassword) {
    EXPECT_EQ(password_list_entry("password"), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
}

TEST(PasswordList, FindsEveryEntryAndNothingElseInEveryForm) {
    for (const int count : {1, 2, 3, 64, 1000})
        for (const std::string_view after : {"\n", "\r\n", ":1\n", ":18446744073709551615\r\n"}) {
            const auto entries = sorted_entries(count);
            const Memory list{written(entries, after)};
            ASSERT_TRUE(list.judge()) << list.judge().error().detail();
            for (const auto& entry : entries) {
                list.reads = 0;
                ASSERT_TRUE(list.holds(entry).value());
                EXPECT_LE(list.reads, 17);
            }
            for (const char* absent : {"nobody chose this", "nor this", ""})
                EXPECT_FALSE(list.holds(password_list_entry(absent)).value());
        }
}

TEST(PasswordList, LowerCaseAndAMissingLastFeedAreRead) {
    const auto entries = sorted_entries(50);
    Memory list{written(entries, "\n")};
    list.text.pop_back();
    for (auto& c : list.text) c = static_cast<char>(std::tolower(c));
    EXPECT_TRUE(list.judge());
    for (const auto& entry : entries) EXPECT_TRUE(list.holds(entry).value());
}

TEST(PasswordList, WhatIsNoListIsNamed) {
    const auto entries = sorted_entries(40);
    const auto good = written(entries, "\n");
    auto reversed = entries;
    std::reverse(reversed.begin(), reversed.end());
    const std::pair<const char*, std::string> cases[] = {
        {"empty", ""},
        {"words", "password\nletmein\nqwerty\n"},
        {"one long line", std::string(5000, 'A')},
        {"unsorted", written(reversed, "\n")},
        {"a digit short", entries[0].substr(1) + "\n"},
        {"no digit", std::string(39, 'A') + "G\n"},
        {"a count that is none", written(entries, ":\n")},
        {"a count too long", written(entries, ":184467440737095516150\n")},
        {"a blank line at the end", good + "\n"},
        {"another column", written(entries, ",1\n")},
    };
    for (const auto& [what, text] : cases) {
        const auto judged = Memory{text}.judge();
        ASSERT_FALSE(judged) << what;
        EXPECT_EQ(judged.error().code(), Errc::malformed) << what;
    }
}

TEST(PasswordList, DamageIsAnErrorOrALineMissedNeverAFind) {
    const auto good = written(sorted_entries(30), "\n");
    const auto absent = password_list_entry("nobody chose this");
    for (std::size_t i = 0; i < good.size(); ++i) {
        Memory list{good};
        list.text[i] = '#';
        const auto held = list.holds(absent);
        EXPECT_FALSE(held && *held) << i;
        EXPECT_LE(list.reads, 64) << i;
    }
}

TEST(PasswordList, OpensOnlyRegularFiles) {
    std::string folder = "/tmp/sekisho-list-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    EXPECT_EQ(PasswordList::open(folder + "/none").error().code(), Errc::not_found);
    EXPECT_EQ(PasswordList::open(folder).error().code(), Errc::malformed);
    const auto path = folder + "/list";
    std::ofstream(path) << written(sorted_entries(500), "\n");
    {
        const auto list = PasswordList::open(path);
        ASSERT_TRUE(list);
        EXPECT_TRUE(list->holds("correct horse 77").value());
        EXPECT_FALSE(list->holds("correct horse 500").value());
        // Cut under a reader: an error, and the caller takes no password.
        std::filesystem::resize_file(path, 0);
        EXPECT_EQ(list->holds("correct horse 77").error().code(), Errc::unavailable);
    }
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sekisho
