// Goal: what HTTP/2 brings is read by the rules every head is read by, and what only HTTP/2 has is as strict.
// Method: a table of field sections, each with the fault it deserves; the good ones are looked at in full.
#include "gateway/http/http2_head.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace sekisho::gateway {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

const Pairs kGet = {
    {":method", "GET"}, {":scheme", "https"}, {":authority", "wiki.test"}, {":path", "/a?b=c"}};

Pairs with(Pairs more) {
    Pairs all = kGet;
    all.insert(all.end(), more.begin(), more.end());
    return all;
}

Pairs without(std::string_view name) {
    Pairs rest;
    for (const auto& pair : kGet)
        if (pair.first != name) rest.push_back(pair);
    return rest;
}

Pairs instead(std::string_view name, std::string value) {
    Pairs all = kGet;
    for (auto& pair : all)
        if (pair.first == name) pair.second = value;
    return all;
}

struct Read {
    Http2Fields fields;
    RequestHead head;
    HeadFault fault = HeadFault::none;
    explicit Read(const Pairs& pairs, bool ends = true, HeadLimits limits = {}) {
        for (const auto& [name, value] : pairs) fields.add(name, value, limits);
        fault = fields.request(ends, limits, head);
    }
};

TEST(Http2Head, ReadsARequest) {
    const Read read(with({{"accept", "text/html"}, {"te", "trailers"}}));
    ASSERT_EQ(read.fault, HeadFault::none) << to_text(read.fault);
    EXPECT_EQ(read.head.method_id, Method::get);
    EXPECT_EQ(read.head.path, "/a");
    EXPECT_EQ(read.head.query, "b=c");
    EXPECT_EQ(read.head.host, "wiki.test");
    EXPECT_EQ(read.head.version, HttpVersion::http2);
    EXPECT_EQ(read.head.framing, Framing::none);
    EXPECT_EQ(read.head.value(FieldId::accept), "text/html");
    EXPECT_TRUE(read.head.te_trailers);
    EXPECT_FALSE(read.head.has_body());
}

TEST(Http2Head, RefusesWhatItMust) {
    const std::string nul("a\0b", 3);
    const struct {
        const char* about;
        Pairs pairs;
        HeadFault fault;
    } rows[] = {
        {"no method", without(":method"), HeadFault::pseudo_field},
        {"no scheme", without(":scheme"), HeadFault::pseudo_field},
        {"no path", without(":path"), HeadFault::pseudo_field},
        {"no authority and no host", without(":authority"), HeadFault::host_missing},
        {"pseudo-field twice", with({{":path", "/b"}}), HeadFault::pseudo_field},
        {"unknown pseudo-field", with({{":origin", "x"}}), HeadFault::pseudo_field},
        {"a response's pseudo-field", with({{":status", "200"}}), HeadFault::pseudo_field},
        {"pseudo-field behind a field", with({{"accept", "*/*"}, {":path", "/b"}}), HeadFault::pseudo_field},
        {"plain scheme", instead(":scheme", "http"), HeadFault::target_form},
        {"empty path", instead(":path", ""), HeadFault::target_invalid},
        {"absolute path", instead(":path", "https://wiki.test/"), HeadFault::target_form},
        {"blank in path", instead(":path", "/a b"), HeadFault::target_invalid},
        {"fragment", instead(":path", "/a#b"), HeadFault::fragment_in_target},
        {"star with GET", instead(":path", "*"), HeadFault::target_form},
        {"blank in method", instead(":method", "GE T"), HeadFault::method_invalid},
        {"small method", instead(":method", "get"), HeadFault::method_refused},
        {"CONNECT", instead(":method", "CONNECT"), HeadFault::method_refused},
        {"TRACE", instead(":method", "TRACE"), HeadFault::method_refused},
        {"user in authority", instead(":authority", "me@wiki.test"), HeadFault::host_invalid},
        {"line end in authority", instead(":authority", "wiki.test\r\nx: y"), HeadFault::field_value},
        {"other host beside it", with({{"host", "files.test"}}), HeadFault::host_disagrees},
        {"host twice", with({{"host", "wiki.test"}, {"host", "wiki.test"}}), HeadFault::host_repeated},
        {"capital in name", with({{"Accept", "x"}}), HeadFault::field_name},
        {"empty name", with({{"", "x"}}), HeadFault::field_name},
        {"blank in name", with({{"a b", "x"}}), HeadFault::field_name},
        {"colon in name", with({{"a:b", "x"}}), HeadFault::field_name},
        {"line end in name", with({{"a\r\nb", "x"}}), HeadFault::field_name},
        {"NUL in name", with({{nul, "x"}}), HeadFault::field_name},
        {"line feed in value", with({{"a", "x\ny"}}), HeadFault::field_value},
        {"carriage return in value", with({{"a", "x\ry"}}), HeadFault::field_value},
        {"NUL in value", with({{"a", nul}}), HeadFault::field_value},
        {"blank before value", with({{"a", " x"}}), HeadFault::field_value},
        {"tab behind value", with({{"a", "x\t"}}), HeadFault::field_value},
        {"connection", with({{"connection", "close"}}), HeadFault::connection_invalid},
        {"keep-alive", with({{"keep-alive", "5"}}), HeadFault::connection_invalid},
        {"proxy-connection", with({{"proxy-connection", "close"}}), HeadFault::connection_invalid},
        {"transfer-encoding", with({{"transfer-encoding", "chunked"}}), HeadFault::connection_invalid},
        {"upgrade", with({{"upgrade", "websocket"}}), HeadFault::connection_invalid},
        {"te with more", with({{"te", "trailers, gzip"}}), HeadFault::connection_invalid},
        {"length twice", with({{"content-length", "0"}, {"content-length", "0"}}),
         HeadFault::length_repeated},
        {"length not a number", with({{"content-length", "+1"}}), HeadFault::length_invalid},
        {"length and nothing follows", with({{"content-length", "3"}}), HeadFault::length_invalid},
        {"unknown expectation", with({{"expect", "more"}}), HeadFault::expectation_unknown},
        {"protocol on GET", with({{":protocol", "websocket"}}), HeadFault::upgrade_invalid},
    };
    for (const auto& row : rows) {
        const Read read(row.pairs);
        EXPECT_EQ(to_text(read.fault), to_text(row.fault)) << row.about;
    }
}

TEST(Http2Head, ABodyWithoutLengthEndsWithTheStream) {
    const Read open(instead(":method", "POST"), false);
    EXPECT_EQ(open.fault, HeadFault::none);
    EXPECT_EQ(open.head.framing, Framing::chunked);
    auto pairs = instead(":method", "POST");
    pairs.push_back({"content-length", "12"});
    const Read bounded(pairs, false);
    EXPECT_EQ(bounded.fault, HeadFault::none);
    EXPECT_EQ(bounded.head.framing, Framing::length);
    EXPECT_EQ(bounded.head.content_length, 12U);
}

TEST(Http2Head, CrumbsOfACookieBecomeOne) {
    const Read read(with({{"cookie", "a=1"}, {"accept", "x"}, {"cookie", "b=2"}, {"cookie", "c=3"}}));
    ASSERT_EQ(read.fault, HeadFault::none);
    EXPECT_EQ(read.head.value(FieldId::cookie), "a=1; b=2; c=3");
    EXPECT_FALSE(read.head.repeated.has(FieldId::cookie));
    EXPECT_EQ(read.head.value(FieldId::accept), "x");
}

TEST(Http2Head, HostAloneNamesTheHost) {
    auto pairs = without(":authority");
    pairs.push_back({"host", "wiki.test"});
    const Read read(pairs);
    EXPECT_EQ(read.fault, HeadFault::none);
    EXPECT_EQ(read.head.host, "wiki.test");
    EXPECT_EQ(Read(with({{"host", "WIKI.test"}})).fault, HeadFault::none);
}

TEST(Http2Head, AnExtendedConnectOpensAWebSocket) {
    auto pairs = instead(":method", "CONNECT");
    pairs.insert(pairs.begin() + 1, {":protocol", "websocket"});
    pairs.push_back({"sec-websocket-version", "13"});
    pairs.push_back({"origin", "https://wiki.test"});
    const Read read(pairs, false);
    ASSERT_EQ(read.fault, HeadFault::none) << to_text(read.fault);
    EXPECT_EQ(read.head.method, "GET");
    EXPECT_EQ(read.head.upgrade, Upgrade::websocket);
    EXPECT_EQ(read.head.framing, Framing::none);
    EXPECT_EQ(Read(pairs, true).fault, HeadFault::upgrade_invalid) << "nothing could follow";
    auto other = pairs;
    other[1].second = "connect-udp";
    EXPECT_EQ(Read(other, false).fault, HeadFault::upgrade_invalid);
    auto old = pairs;
    old[5].second = "8";
    EXPECT_EQ(Read(old, false).fault, HeadFault::upgrade_invalid);
    auto long_one = pairs;
    long_one.push_back({"content-length", "1"});
    EXPECT_EQ(Read(long_one, false).fault, HeadFault::upgrade_invalid);
}

TEST(Http2Head, LimitsHoldJustBelowAtAndAbove) {
    std::size_t bytes = 0;
    for (const auto& [name, value] : kGet) bytes += name.size() + value.size() + 4;
    const auto limited = [&](std::size_t more) {
        HeadLimits limits;
        limits.head_bytes = static_cast<std::uint32_t>(bytes + 4 + 1 + 10);
        return Read(with({{"a", std::string(more, 'x')}}), true, limits).fault;
    };
    EXPECT_EQ(limited(9), HeadFault::none);
    EXPECT_EQ(limited(10), HeadFault::none);
    EXPECT_EQ(limited(11), HeadFault::head_too_large);
    HeadLimits few;
    few.fields = 2;
    EXPECT_EQ(Read(with({{"a", "1"}, {"b", "2"}}), true, few).fault, HeadFault::none);
    EXPECT_EQ(Read(with({{"a", "1"}, {"b", "2"}, {"c", "3"}}), true, few).fault, HeadFault::too_many_fields);
    // Browsers send each cookie as a field of its own: together they are one (RFC 9113 section 8.2.3).
    EXPECT_EQ(
        Read(with({{"cookie", "a=1"}, {"cookie", "b=2"}, {"cookie", "c=3"}, {"cookie", "d=4"}}), true, few)
            .fault,
        HeadFault::none);
    HeadLimits narrow;
    narrow.target_bytes = 6;
    EXPECT_EQ(Read(kGet, true, narrow).fault, HeadFault::none);
    narrow.target_bytes = 5;
    EXPECT_EQ(Read(kGet, true, narrow).fault, HeadFault::target_too_long);
}

TEST(Http2Head, FieldsPastALimitAreCountedAndNotKept) {
    HeadLimits limits;
    limits.head_bytes = 100;
    Http2Fields fields;
    for (int i = 0; i < 1000; ++i) fields.add("name", std::string(92, 'x'), limits);
    EXPECT_EQ(fields.bytes(), 100'000U);
    RequestHead head;
    EXPECT_EQ(fields.request(true, limits, head), HeadFault::head_too_large);
    EXPECT_TRUE(head.fields.empty());
}

TEST(Http2Head, ReadsAResponseAndRefusesItsFaults) {
    const struct {
        const char* about;
        Pairs pairs;
        bool ends;
        HeadFault fault;
        Framing framing;
    } rows[] = {
        {"plain", {{":status", "200"}}, false, HeadFault::none, Framing::chunked},
        {"ended", {{":status", "200"}}, true, HeadFault::none, Framing::none},
        {"length", {{":status", "200"}, {"content-length", "5"}}, false, HeadFault::none, Framing::length},
        {"length ended", {{":status", "200"}, {"content-length", "5"}}, true, HeadFault::length_invalid, {}},
        {"no status", {{"a", "b"}}, true, HeadFault::status_line, {}},
        {"status too short", {{":status", "20"}}, true, HeadFault::status_line, {}},
        {"switching", {{":status", "101"}}, false, HeadFault::switching_invalid, {}},
        {"interim that ends", {{":status", "103"}}, true, HeadFault::status_line, {}},
        {"request's pseudo-field", {{":status", "200"}, {":path", "/"}}, true, HeadFault::pseudo_field, {}},
        {"connection", {{":status", "200"}, {"connection", "x"}}, true, HeadFault::connection_invalid, {}},
        {"two lengths",
         {{":status", "200"}, {"content-length", "5"}, {"content-length", "5"}},
         false,
         HeadFault::length_repeated,
         {}},
    };
    for (const auto& row : rows) {
        Http2Fields fields;
        for (const auto& [name, value] : row.pairs) fields.add(name, value, {});
        ResponseHead head;
        const auto fault = fields.response(row.ends, {}, head);
        EXPECT_EQ(to_text(fault), to_text(row.fault)) << row.about;
        if (fault == HeadFault::none) {
            EXPECT_EQ(head.framing, row.framing) << row.about;
        }
    }
}

TEST(Http2Head, TrailersHaveNoPseudoFields) {
    Http2Fields fields;
    fields.add("grpc-status", "0", {});
    std::span<const Field> trailers;
    ASSERT_EQ(fields.trailers(trailers), HeadFault::none);
    ASSERT_EQ(trailers.size(), 1U);
    EXPECT_EQ(trailers[0].name, "grpc-status");
    fields.reset();
    fields.add(":status", "200", {});
    EXPECT_EQ(fields.trailers(trailers), HeadFault::pseudo_field);
}

TEST(Http2Head, FieldLinesLoseTheirCapitalsAndNothingElse) {
    std::string text = "Content-Type: text/HTML\r\nX-A:b\r\nEmpty: \r\n\r\nnot: read\r\n";
    std::span<char> lines(text);
    std::string_view name, value;
    ASSERT_TRUE(next_field_line(lines, name, value));
    EXPECT_EQ(name, "content-type");
    EXPECT_EQ(value, "text/HTML");
    ASSERT_TRUE(next_field_line(lines, name, value));
    EXPECT_EQ(name, "x-a");
    EXPECT_EQ(value, "b");
    ASSERT_TRUE(next_field_line(lines, name, value));
    EXPECT_EQ(value, "");
    EXPECT_FALSE(next_field_line(lines, name, value));
}

}  // namespace
}  // namespace sekisho::gateway
