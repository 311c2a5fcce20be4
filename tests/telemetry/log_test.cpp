// Goal: whatever a field holds, a message stays one line of valid JSON; a slow sink costs lines, never time.
// Method: hostile fields, a sink that blocks until told, and counting.
#include "telemetry/log.hpp"

#include "telemetry/line_reader.hpp"

#include <gtest/gtest.h>

#include <future>
#include <gmock/gmock.h>

namespace sekisho::telemetry {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const WallTime noon = WallTime{1'795'608'000'123ms};

TEST(Log, WritesTypedFieldsInOrder) {
    std::string line;
    append_message(line, noon, Level::warning, "the upstream is down",
                   {{FieldName::upstream, "wiki"},
                    {FieldName::count, 3},
                    {FieldName::value, -4},
                    {FieldName::state, true}});
    EXPECT_EQ(
        line,
        "{\"time\":\"2026-11-25T12:00:00.123Z\",\"level\":\"warning\",\"message\":\"the upstream is down\","
        "\"upstream\":\"wiki\",\"count\":3,\"value\":-4,\"state\":true}\n");
}

TEST(Log, NoFieldCanBreakItsLine) {
    for (int byte = 0; byte < 256; ++byte) {
        const std::string hostile = std::string("a") + static_cast<char>(byte) + "\",\"level\":\"error";
        std::string line;
        append_message(line, noon, Level::info, "x", {{FieldName::detail, hostile}});
        EXPECT_EQ(line.find('\n'), line.size() - 1) << byte;
        EXPECT_EQ(line.find('\x1b'), line.npos);
        const auto fields = read_line(std::string_view(line).substr(0, line.size() - 1));
        ASSERT_TRUE(fields) << byte << ' ' << line;
        EXPECT_EQ(fields->text("level"), "info");
        EXPECT_TRUE(fields->text("detail").ends_with("\",\"level\":\"error")) << byte;
    }
}

TEST(Log, LevelsBelowTheLeastAreNotWritten) {
    std::string out;
    Registry registry;
    {
        LineWriter writer([&](std::string_view lines) {
            out += lines;
            return true;
        });
        Log log(writer, registry.shared(), system_clock_face(), Level::warning);
        log.info("quiet");
        log.error("loud", Error(Errc::timed_out, "no answer"));
        log.set_least(Level::debug);
        log.debug("whisper");
    }
    EXPECT_EQ(std::count(out.begin(), out.end(), '\n'), 2);
    EXPECT_THAT(out, HasSubstr(R"("message":"loud","errc":"timed_out","detail":"no answer"})"));
    EXPECT_THAT(render(registry), HasSubstr(R"(sekisho_log_lines_total{level="error"} 1)"));
}

TEST(LineWriter, ASinkThatHangsCostsLinesNotTime) {
    std::promise<void> release;
    std::shared_future<void> released = release.get_future();
    std::string out;
    Registry registry;
    {
        LineWriter writer(
            [&](std::string_view lines) {
                released.wait();
                out += lines;
                return true;
            },
            1000);
        Log log(writer, registry.shared(), system_clock_face());
        for (int i = 0; i < 100; ++i) log.info("one more", {{FieldName::count, i}});
        EXPECT_GT(writer.dropped(), 50u);
        EXPECT_LE(writer.queued_bytes(), 1000u);
        release.set_value();
        writer.flush();
        EXPECT_EQ(std::count(out.begin(), out.end(), '\n') + static_cast<std::int64_t>(writer.dropped()),
                  100);
    }
    EXPECT_THAT(render(registry), HasSubstr("sekisho_log_dropped_total "));
}

TEST(LineWriter, AFailingSinkIsCounted) {
    LineWriter writer([](std::string_view) { return false; });
    std::string text = "a\nb\n";
    EXPECT_TRUE(writer.submit(text, 2));
    writer.flush();
    EXPECT_EQ(writer.dropped(), 2u);
}

TEST(LogFields, NamesAreUniqueAndLowerCase) {
    std::set<std::string_view> names;
    for (const auto& row : field_table) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_FALSE(row.meaning.empty());
    }
    EXPECT_FALSE(names.contains("user"));
    EXPECT_FALSE(names.contains("client"));
}

}  // namespace
}  // namespace sekisho::telemetry
