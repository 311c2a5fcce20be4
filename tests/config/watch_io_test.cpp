// Goal: a configuration is picked up when it was replaced or closed, is stable, whole and different; never
// else (R14). Method: real files and real time, as inotify has no other; each wait is bounded.
#include "config/watch_io.hpp"

#include "base/blocking_pool.hpp"
#include "config/load.hpp"
#include "tests/config/folder.hpp"
#include "tests/config/support.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>

namespace sekisho::config {
namespace {

constexpr auto settle = std::chrono::milliseconds{1300};

class WatchFiles : public testing::Test {
protected:
    WatchFiles() {
        folder.put("main.yaml",
                   replaced(small_text(), "version: 1\n", "version: 1\ninclude: [conf.d/*.yaml]\n"));
        folder.put("conf.d/a.yaml", "groups: {a: A}\n...\n");
        follow();
        run();
        reasons.clear();
    }
    void follow() {
        auto loaded = load(folder.path("main.yaml"));
        ASSERT_TRUE(loaded.model) << to_text(loaded.diagnostics, Language::en);
        watch.follow(*loaded.model);
    }
    void run(std::chrono::milliseconds time = settle) {
        context.restart();
        context.run_for(time);
    }

    Folder folder;
    boost::asio::io_context context;
    std::vector<ChangeReason> reasons;
    // The files are read on another thread than the one that is told.
    std::thread::id read_on;
    BlockingPool pool{"watch", 1, 16};
    Watch watch{context, system_clock_face(),
                [this](std::function<void()> job) {
                    return pool.submit([this, job = std::move(job)] {
                        read_on = std::this_thread::get_id();
                        job();
                    });
                },
                [this](ChangeReason reason) { reasons.push_back(reason); }};
};

TEST_F(WatchFiles, QuietWhileNothingChanges) {
    ASSERT_TRUE(watch.working());
    folder.put("conf.d/a.yaml", "groups: {a: A}\n...\n");  // written anew, same content
    folder.put("unrelated.log", "x");
    run();
    EXPECT_TRUE(reasons.empty());
}

TEST_F(WatchFiles, ReplacedFileIsReadyAfterASecondAndToldOnce) {
    folder.replace("conf.d/a.yaml", "groups: {a: B}\n...\n");
    run(std::chrono::milliseconds{700});
    EXPECT_TRUE(reasons.empty());
    run();
    EXPECT_EQ(reasons, std::vector{ChangeReason::ready});
    EXPECT_NE(read_on, std::thread::id{});
    EXPECT_NE(read_on, std::this_thread::get_id()) << "the control thread waits for no disk";
    folder.put("conf.d/a.yaml", "groups: {a: B}\n...\n");
    run();
    EXPECT_EQ(reasons.size(), 1u);
}

TEST_F(WatchFiles, NewAndRemovedFilesOfAPatternCount) {
    folder.replace("conf.d/b.yaml", "groups: {b: B}\n...\n");
    run();
    EXPECT_EQ(reasons, std::vector{ChangeReason::ready});
    follow();
    folder.remove("conf.d/b.yaml");
    run();
    EXPECT_EQ(reasons.size(), 2u);
}

TEST_F(WatchFiles, HalfWrittenFileIsNeverReady) {
    std::ofstream slow(folder.path("conf.d/a.yaml"), std::ios::trunc);
    slow << "groups: {a: C}\n" << std::flush;
    run();
    EXPECT_TRUE(reasons.empty()) << "neither renamed nor closed";
    slow.close();
    run();
    EXPECT_EQ(reasons, std::vector{ChangeReason::incomplete});
    folder.put("conf.d/a.yaml", "groups: {a: C}\n...\n");
    run();
    EXPECT_EQ(reasons.back(), ChangeReason::ready);
}

TEST_F(WatchFiles, MissingMainFileIsSaid) {
    folder.remove("main.yaml");
    run();
    EXPECT_EQ(reasons, std::vector{ChangeReason::unreadable});
}

TEST_F(WatchFiles, ChangeBetweenReadingAndFollowingIsNoticed) {
    auto loaded = load(folder.path("main.yaml"));
    folder.replace("conf.d/a.yaml", "groups: {a: D}\n...\n");
    run();
    reasons.clear();
    watch.follow(*loaded.model);
    run();
    EXPECT_EQ(reasons, std::vector{ChangeReason::ready});
}

TEST(EndMarker, IsTheLastLineThatSaysAnything) {
    for (const auto* text : {"a: 1\n...\n", "...", "a: 1\n...   \n\n# done\n", "a\r\n...\r\n"})
        EXPECT_TRUE(has_end_marker(text)) << text;
    for (const auto* text :
         {"", "a: 1\n", "a: 1\n ...\n", "...\na: 1\n", "a: \"...", "....\n", "a: 1\n# ...\n"})
        EXPECT_FALSE(has_end_marker(text)) << text;
}

TEST(Glob, MatchesNamesWithoutSurprises) {
    const std::tuple<const char*, const char*, bool> cases[] = {
        {"*.yaml", "a.yaml", true},   {"*.yaml", ".a.yaml", false}, {"*.yaml", "a.yaml~", false},
        {"a?.yaml", "ab.yaml", true}, {"a?.yaml", "a.yaml", false}, {"*a*b*", "xaxbx", true},
        {"*a*b*", "xbxa", false},     {".*", ".a", true},           {"*", "a/b", false}};
    for (const auto& [pattern, name, matches] : cases)
        EXPECT_EQ(glob_matches(pattern, name), matches) << pattern << " " << name;
}

}  // namespace
}  // namespace sekisho::config
