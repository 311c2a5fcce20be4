// Goal: only what the Trace Context recommendation calls valid is taken over, and what we send is valid.
// Method: the examples of the text, a table of violations, each prefix, each byte damaged; then round trips.
#include "telemetry/trace.hpp"

#include <gtest/gtest.h>

namespace sekisho::telemetry {
namespace {

constexpr std::string_view good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string text(const TraceContext& context) {
    const auto value = to_traceparent(context);
    return {value.begin(), value.end()};
}

TEST(Trace, ExampleOfTheTextComesBackUnchanged) {
    const auto context = parse_traceparent(good);
    ASSERT_TRUE(context);
    EXPECT_TRUE(context->sampled);
    EXPECT_EQ(text(*context), good);
    const auto trace = trace_id_text(*context);
    const auto span = span_id_text(*context);
    EXPECT_EQ(std::string(trace.begin(), trace.end()), "4bf92f3577b34da6a3ce929d0e0e4736");
    EXPECT_EQ(std::string(span.begin(), span.end()), "00f067aa0ba902b7");
}

TEST(Trace, FutureVersionsAreReadAsTheFirst) {
    const std::string rest = std::string(good.substr(2));
    EXPECT_EQ(parse_traceparent("cc" + rest), parse_traceparent(good));
    EXPECT_EQ(parse_traceparent("cc" + rest + "-what-the-future-brings"), parse_traceparent(good));
    EXPECT_FALSE(parse_traceparent("cc" + rest + "x"));
    EXPECT_FALSE(parse_traceparent("ff" + rest));
    EXPECT_FALSE(parse_traceparent("00" + rest + "-more"));
}

TEST(Trace, OnlyTheSampledFlagIsKept) {
    std::string other(good);
    other.replace(53, 2, "fe");
    ASSERT_TRUE(parse_traceparent(other));
    EXPECT_FALSE(parse_traceparent(other)->sampled);
    other.replace(53, 2, "ff");
    EXPECT_EQ(text(*parse_traceparent(other)), good);
}

TEST(Trace, ZeroIdsAndCapitalsAreRefused) {
    for (const std::string_view bad :
         {"00-00000000000000000000000000000000-00f067aa0ba902b7-01",
          "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
          "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "", "00", " "})
        EXPECT_FALSE(parse_traceparent(bad)) << bad;
}

TEST(Trace, EveryPrefixAndEveryForeignByteIsRefused) {
    for (std::size_t n = 0; n < good.size(); ++n) {
        EXPECT_FALSE(parse_traceparent(good.substr(0, n))) << n;
        for (const char foreign : {'g', '_', '\0', '\xe3'}) {
            std::string damaged(good);
            damaged[n] = foreign;
            EXPECT_FALSE(parse_traceparent(damaged)) << n;
        }
    }
}

TEST(Trace, NextSpanKeepsTheTraceAndMakesANewSpan) {
    const auto parent = *parse_traceparent(good);
    const auto span = next_span(parent);
    EXPECT_EQ(span.trace_id, parent.trace_id);
    EXPECT_NE(span.span_id, parent.span_id);
    EXPECT_TRUE(span.sampled);
    const auto fresh = start_trace();
    EXPECT_EQ(parse_traceparent(text(fresh)), fresh);
    EXPECT_NE(fresh.trace_id, start_trace().trace_id);
}

TEST(Trace, TracestatePassesWithinItsLimits) {
    EXPECT_TRUE(tracestate_passes("congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"));
    EXPECT_TRUE(tracestate_passes(std::string(512, 'a')));
    EXPECT_FALSE(tracestate_passes(std::string(513, 'a')));
    EXPECT_TRUE(tracestate_passes("a=1" + std::string(31, ',')));
    EXPECT_FALSE(tracestate_passes("a=1" + std::string(32, ',')));
    EXPECT_FALSE(tracestate_passes(""));
    EXPECT_FALSE(tracestate_passes("a=1\r\nSekisho-Assertion: x"));
    EXPECT_FALSE(tracestate_passes("a=\xe3\x81\x82"));
}

}  // namespace
}  // namespace sekisho::telemetry
