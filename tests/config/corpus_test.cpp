// Goal: the sentences people read about a broken configuration stay what was reviewed, in both languages.
// Method: each tests/config/corpus/NNN-name.yaml is loaded, checked and linted as `sekisho check` does,
// without a disk; what it says is compared with NNN-name.en.txt and NNN-name.ja.txt. After a review of the
// difference:
//     SEKISHO_WRITE_GOLDEN=1 build/dev/test_config --gtest_filter='Corpus.*'
#include "config/check.hpp"
#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace sekisho::config {
namespace {

const std::filesystem::path corpus_dir = std::filesystem::path(SEKISHO_SOURCE_DIR) / "tests/config/corpus";

std::vector<std::filesystem::path> corpus() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(corpus_dir))
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

std::vector<Diagnostic> found_in(const std::filesystem::path& path) {
    CheckOptions options;
    options.files = false;
    options.now = WallTime{std::chrono::sys_days{std::chrono::year{2026} / 11 / 28}};
    options.lint = Lint::all;
    const auto name = path.filename().string();
    return load_checked_from(MemoryFiles().put(name, file_text(path.string())), name, options).diagnostics;
}

void compare(const std::filesystem::path& path, const std::vector<Diagnostic>& found, Language language) {
    auto golden = path;
    golden.replace_extension(language == Language::ja ? ".ja.txt" : ".en.txt");
    const auto said = to_text(found, language) + sum_text(found, language) + "\n";
    if (std::getenv("SEKISHO_WRITE_GOLDEN") != nullptr) {
        std::ofstream(golden, std::ios::binary) << said;
        return;
    }
    EXPECT_EQ(file_text(golden.string()), said) << golden;
}

TEST(Corpus, HoldsAHundredBrokenConfigurations) { EXPECT_GE(corpus().size(), 100u); }

TEST(Corpus, SaysWhatWasReviewed) {
    for (const auto& path : corpus()) {
        const auto found = found_in(path);
        EXPECT_FALSE(found.empty()) << path << " is not broken";
        compare(path, found, Language::en);
        compare(path, found, Language::ja);
    }
}

}  // namespace
}  // namespace sekisho::config
