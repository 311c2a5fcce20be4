// Goal: one line for each exchange, cheap, whole, and without a query; lines without room are counted.
// Method: read lines back, hostile texts, a bounded writer, and a generous time limit that a regression would
// pass.
#include "telemetry/access_log.hpp"

#include "telemetry/line_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <gmock/gmock.h>

namespace sekisho::telemetry {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

ExchangeRecord typical() {
    ExchangeRecord record;
    record.at = WallTime{1'795'608'000'123ms};
    record.received = 1'000'000;
    record.decided = 1'020'000;
    record.upstream_connected = 1'030'000;
    record.first_byte = 3'000'000;
    record.done = 4'500'000;
    record.auth_nanoseconds = 400;
    record.policy_nanoseconds = 120;
    record.request_id = "01JD3V5W8N2F7Q";
    record.session = "4T9K2M";
    record.user = "sato";
    record.org = "";
    record.kind = PersonKind::staff;
    record.app = "wiki";
    record.rule = "wiki-staff";
    record.upstream = "wiki";
    record.method = "GET";
    record.host = "wiki.corp.example";
    record.path = "/pages/handbook/chapter-4";
    record.protocol = "HTTP/1.1";
    record.tls_version = "TLSv1.3";
    record.client = "2001:db8::17";
    record.status = 200;
    record.bytes_out = 10'240;
    record.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
    record.span_id = "00f067aa0ba902b7";
    record.generation = 3;
    record.audit_seq = 41;
    return record;
}

TEST(AccessLog, LineHoldsWhatWasKnown) {
    std::string out;
    append_line(out, typical());
    EXPECT_EQ(
        out,
        R"({"time":"2026-11-25T12:00:00.123Z","request":"01JD3V5W8N2F7Q","method":"GET","host":"wiki.corp.example",)"
        R"("path":"/pages/handbook/chapter-4","protocol":"HTTP/1.1","tls":"TLSv1.3","user":"sato","kind":"staff",)"
        R"("session":"4T9K2M","client":"2001:db8::17","app":"wiki","rule":"wiki-staff","generation":3,"audit":41,)"
        R"("status":200,"outcome":"completed","upstream":"wiki","bytes_out":10240,"total_us":3500,"decided_us":20,)"
        R"("connected_us":30,"first_byte_us":2000,"auth_ns":400,"policy_ns":120,)"
        R"("trace":"4bf92f3577b34da6a3ce929d0e0e4736","span":"00f067aa0ba902b7"})"
        "\n");
}

TEST(AccessLog, NothingKnownIsStillALine) {
    std::string out;
    append_line(out, {});
    ASSERT_TRUE(read_line(std::string_view(out).substr(0, out.size() - 1)));
}

TEST(AccessLog, HostileTextsStayInsideTheirField) {
    for (int byte = 0; byte < 256; ++byte) {
        auto record = typical();
        const std::string hostile = std::string("/") + static_cast<char>(byte) + "\"},\n{";
        record.path = record.user = record.method = record.client = hostile;
        std::string out;
        append_line(out, record);
        EXPECT_EQ(out.find('\n'), out.size() - 1);
        ASSERT_TRUE(read_line(std::string_view(out).substr(0, out.size() - 1))) << byte;
    }
}

TEST(AccessLog, ALongPathIsCutAndSaysSo) {
    auto record = typical();
    const std::string path = "/" + std::string(40'000, 'x');
    record.path = path;
    std::string out;
    append_line(out, record);
    EXPECT_LT(out.size(), 2'000u);
    EXPECT_THAT(out, HasSubstr(R"("path_cut":true)"));
}

TEST(AccessLog, EveryLineArrivesOrIsCounted) {
    Registry registry;
    auto& shard = registry.make_shard();
    std::int64_t arrived = 0;
    {
        LineWriter writer(
            [&](std::string_view lines) {
                arrived += std::count(lines.begin(), lines.end(), '\n');
                return true;
            },
            300'000);
        AccessLog log(writer, shard);
        for (int i = 0; i < 20'000; ++i) log.write(typical());
        log.flush();
        writer.flush();
        EXPECT_EQ(arrived + static_cast<std::int64_t>(writer.dropped()), 20'000);
        EXPECT_EQ(registry.totals().access_log_dropped, writer.dropped());
    }
    EXPECT_GT(arrived, 0);
    EXPECT_THAT(render(registry), HasSubstr("sekisho_access_log_lines_total 20000"));
}

TEST(AccessLog, ALineIsCheap) {
    const auto record = typical();
    std::string out;
    out.reserve(1 << 20);
    auto best = 1h / 1ns;
    for (int round = 0; round < 20; ++round) {
        out.clear();
        const auto began = std::chrono::steady_clock::now();
        for (int i = 0; i < 1000; ++i) append_line(out, record);
        best = std::min<std::int64_t>(best, (std::chrono::steady_clock::now() - began) / 1ns / 1000);
    }
    RecordProperty("nanoseconds_per_line", static_cast<int>(best));
    // Release builds stay below 1.5 us; sanitizers and -O0 are allowed ten times that.
    EXPECT_LT(best, 15'000);
}

}  // namespace
}  // namespace sekisho::telemetry
