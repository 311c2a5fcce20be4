// Goal: what is counted is what is shown, nothing grows without bound, and the page of names is current.
// Method: count into shards of several threads and read the exposition text; compare the page with the table.
#include "telemetry/metrics.hpp"

#include <gtest/gtest.h>

#include <gmock/gmock.h>
#include <regex>
#include <set>
#include <thread>

namespace sekisho::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTable, NamesAreUniqueAndSayKindAndUnit) {
    std::set<std::string_view> names;
    for (const auto& row : metric_table) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_TRUE(row.name.starts_with("sekisho_") || row.name.starts_with("process_")) << row.name;
        EXPECT_TRUE(std::regex_match(std::string(row.name), std::regex("[a-z0-9_]+"))) << row.name;
        const bool counter = row.kind == MetricKind::sum || row.kind == MetricKind::scraped_sum;
        EXPECT_EQ(row.name.ends_with("_total"), counter) << row.name;
        if (row.kind == MetricKind::histogram) {
            EXPECT_TRUE(row.name.ends_with("_seconds")) << row.name;
        }
        if (row.unit == Unit::bytes) {
            EXPECT_THAT(std::string(row.name), HasSubstr("_bytes"));
        }
        if (row.unit == Unit::seconds) {
            EXPECT_THAT(std::string(row.name), HasSubstr("_seconds"));
        }
        if (row.unit == Unit::ratio) {
            EXPECT_TRUE(row.name.ends_with("_ratio")) << row.name;
        }
        EXPECT_TRUE(row.help.ends_with(".")) << row.name;
        EXPECT_TRUE(row.question.ends_with("?")) << row.name;
    }
}

TEST(MetricsTable, NoLabelNamesAPersonOrAnAddress) {
    for (const auto& label : label_table)
        for (const std::string_view forbidden :
             {"user", "person", "client", "address", "session", "email", "path"})
            EXPECT_NE(label.name, forbidden);
}

TEST(Metrics, ShardsOfAllThreadsAddUp) {
    Registry registry;
    const auto apps = registry.name_labels(Label::app, {"wiki", "files"});
    auto& one = registry.make_shard();
    auto& two = registry.make_shard();
    std::thread other([&] {
        for (int i = 0; i < 1000; ++i) two.count<Metric::requests>(apps[0], 0, 2);
    });
    for (int i = 0; i < 500; ++i) one.count<Metric::requests>(apps[0], 0, 2);
    registry.shared().count<Metric::requests>(apps[1], 1, 4);
    other.join();
    const auto text = render(registry);
    EXPECT_THAT(text, HasSubstr("# TYPE sekisho_requests_total counter"));
    EXPECT_THAT(text, HasSubstr(R"(sekisho_requests_total{app="wiki",method="GET",code_class="2xx"} 1500)"));
    EXPECT_THAT(text, HasSubstr(R"(sekisho_requests_total{app="files",method="HEAD",code_class="4xx"} 1)"));
}

TEST(Metrics, BucketsCountAtBelowAndAboveABound) {
    EXPECT_EQ(bucket_of(service_bounds, -5), 0u);
    for (std::size_t b = 0; b < bound_count; ++b) {
        EXPECT_EQ(bucket_of(service_bounds, service_bounds[b] - 1), b);
        EXPECT_EQ(bucket_of(service_bounds, service_bounds[b]), b);
        EXPECT_EQ(bucket_of(service_bounds, service_bounds[b] + 1), b + 1);
    }
}

TEST(Metrics, HistogramIsCumulativeInSeconds) {
    Registry registry;
    auto& shard = registry.make_shard();
    shard.observe<Metric::check_duration>(90, 1);
    shard.observe<Metric::check_duration>(2'000, 1);
    shard.observe<Metric::check_duration>(60'000'000'000, 1);
    const auto text = render(registry);
    EXPECT_THAT(text, HasSubstr(R"(sekisho_check_duration_seconds_count{phase="policy"} 3)"));
    EXPECT_THAT(text, HasSubstr(R"(le="+Inf"} 3)"));
    EXPECT_THAT(text, HasSubstr(R"(sekisho_check_duration_seconds_sum{phase="policy"} 60.00000209)"));
    EXPECT_THAT(text, Not(HasSubstr(R"(phase="auth")")));
}

// increase() cannot see a series begin at 1.
TEST(Metrics, CountersOfFewFixedSeriesShowBeforeTheyCount) {
    const auto text = render(Registry{});
    EXPECT_THAT(text, HasSubstr(R"(sekisho_config_reloads_total{result="refused"} 0)"));
    EXPECT_THAT(text, HasSubstr(R"(sekisho_factor_attempts_total{factor="otp",result="replayed"} 0)"));
    EXPECT_THAT(text, Not(HasSubstr("sekisho_requests_total{")));
    EXPECT_THAT(text, Not(HasSubstr("sekisho_limits_reached_total{")));
}

TEST(Metrics, BoundsAreWrittenAsTheDecimalsTheyAre) {
    Registry registry;
    registry.make_shard().observe<Metric::event_loop_lag>(1);
    const auto text = render(registry);
    for (const char* bound : {R"(le="0.00025")", R"(le="0.1")", R"(le="15")", R"(le="60")"})
        EXPECT_THAT(text, HasSubstr(bound));
}

TEST(Metrics, LevelsGoUpAndDownAcrossShards) {
    Registry registry;
    auto &one = registry.make_shard(), &two = registry.make_shard();
    one.add<Metric::connections_open>(5, 0);
    two.add<Metric::connections_open>(-3, 0);
    EXPECT_THAT(render(registry), HasSubstr(R"(sekisho_connections_open{listener="https"} 2)"));
    EXPECT_EQ(registry.totals().connections_open, 2);
}

TEST(Metrics, NamesPastTheCapacityShareOther) {
    Registry registry;
    std::vector<std::string> names;
    for (int i = 0; i < 300; ++i) names.push_back("app" + std::to_string(i));
    const auto ids = registry.name_labels(Label::app, names);
    EXPECT_EQ(ids[126], 126);
    EXPECT_EQ(ids[127], Registry::other(Label::app));
    EXPECT_EQ(ids[299], Registry::other(Label::app));
    registry.make_shard().count<Metric::tunnels>(ids[299]);
    EXPECT_THAT(render(registry), HasSubstr(R"(sekisho_tunnels_total{app="other"} 1)"));
}

TEST(Metrics, ARetiredNameKeepsItsCountAndItsId) {
    Registry registry;
    auto& shard = registry.make_shard();
    shard.count<Metric::tunnels>(registry.name_labels(Label::app, {"old"})[0]);
    const auto next = registry.name_labels(Label::app, {"new", "old"});
    EXPECT_EQ(next, (std::vector<LabelId>{1, 0}));
    EXPECT_THAT(render(registry), HasSubstr(R"(sekisho_tunnels_total{app="old"} 1)"));
}

TEST(Metrics, AnIdOutOfRangeIsCountedAsTheLastValueNotElsewhere) {
    Registry registry;
    registry.make_shard().count<Metric::decisions>(60'000, 1, 999);
    const auto text = render(registry);
    EXPECT_THAT(text,
                HasSubstr(R"(sekisho_policy_decisions_total{app="other",effect="deny",reason="other"} 1)"));
    EXPECT_EQ(registry.totals().denied, 1u);
}

TEST(Metrics, ScrapedValuesAndProcessMetricsAppear) {
    Registry registry;
    use_process_metrics(registry, "0.1.0", "OpenSSL 3.0.0");
    registry.on_scrape(Metric::certificate_expiry, [] {
        return std::vector<Sample>{{{"wiki.corp.example"}, 1.8e9}};
    });
    const auto text = render(registry);
    EXPECT_THAT(
        text, HasSubstr(R"(sekisho_certificate_expiry_timestamp_seconds{certificate="wiki.corp.example"})"));
    EXPECT_THAT(text, HasSubstr(R"(sekisho_build_info{version="0.1.0",compiler=")"));
    std::smatch found;
    ASSERT_TRUE(std::regex_search(text, found, std::regex("process_resident_memory_bytes ([0-9.e+]+)")));
    EXPECT_GT(std::stod(found[1]), 1e6);
    ASSERT_TRUE(std::regex_search(text, found, std::regex("process_open_fds ([0-9]+)")));
    EXPECT_GE(std::stoi(found[1]), 3);
    ASSERT_TRUE(std::regex_search(text, found, std::regex("process_start_time_seconds ([0-9.e+]+)")));
    EXPECT_NEAR(std::stod(found[1]), static_cast<double>(::time(nullptr)), 3600);
    registry.on_scrape(Metric::certificate_expiry, {});
    EXPECT_THAT(render(registry), Not(HasSubstr("certificate_expiry")));
}

TEST(Metrics, TotalsGiveRatesAndQuantiles) {
    Registry registry;
    const auto app = registry.name_labels(Label::app, {"wiki"})[0];
    auto& shard = registry.make_shard();
    const auto before = registry.totals();
    EXPECT_EQ(before.total.quantile(0.5), 0);
    for (int i = 0; i < 98; ++i) shard.observe<Metric::request_duration>(2'000'000, app, 0);
    for (int i = 0; i < 2; ++i) shard.observe<Metric::request_duration>(900'000'000, app, 0);
    for (int i = 0; i < 100; ++i) shard.count<Metric::requests>(app, 0, 2);
    shard.add<Metric::body_bytes>(77, app, 1);
    const auto after = registry.totals();
    const auto latency = after.total.since(before.total);
    EXPECT_EQ(latency.count(), 100u);
    EXPECT_EQ(after.requests - before.requests, 100u);
    EXPECT_EQ(after.requests_by_class[2], 100u);
    EXPECT_EQ(after.bytes_out, 77u);
    EXPECT_GT(latency.quantile(0.5), 0.001);
    EXPECT_LT(latency.quantile(0.5), 0.0025);
    EXPECT_GT(latency.quantile(0.99), 0.5);
    EXPECT_LE(latency.quantile(0.99), 1.0);
}

}  // namespace
}  // namespace sekisho::telemetry
