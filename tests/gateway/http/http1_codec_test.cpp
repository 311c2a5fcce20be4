// Goal: a head is read in one way or refused, whatever pieces it comes in.
// Method: known-good heads cut at every byte, damaged at every byte, grown to each limit; tables of refusals;
// and Beast's parser as a second reader of whatever is accepted.
// Beast's parser is a test's business alone: header-only here, whatever the product links.
#undef BOOST_BEAST_SEPARATE_COMPILATION
#include "gateway/http/http1_codec.hpp"

#include "gateway/http/websocket_key.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sekisho::gateway {
namespace {

constexpr std::string_view kGood =
    "POST /wiki/page?x=1&y=%2F HTTP/1.1\r\n"
    "Host: wiki.localhost:8443\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
    "Accept: */*\r\n"
    "Content-Length: 12\r\n"
    "X-Odd_name!: \tvalue with blanks\t \r\n"
    "Cookie: a=b; c=d\r\n"
    "\r\n";

constexpr std::string_view kGoodResponse =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Content-Length: 5\r\n"
    "Set-Cookie: a=b\r\n"
    "\r\n";

struct Read {
    HeadStep step;
    HeadScratch scratch;
    RequestHead head;
};

HeadStep read_request(std::string_view text, Read& into, const HeadLimits& limits = {}) {
    HeadScan scan;
    into.step = parse_request_head(text, limits, scan, into.scratch, into.head);
    return into.step;
}

HeadFault fault_of(std::string_view text) {
    Read read;
    const HeadStep step = read_request(text, read);
    return step.state == HeadStep::State::fault ? step.fault : HeadFault::none;
}

HeadFault response_fault(std::string_view text, const AskedFor& asked = {}) {
    HeadScan scan;
    HeadScratch scratch;
    ResponseHead head;
    const HeadStep step = parse_response_head(text, {}, asked, scan, scratch, head);
    return step.state == HeadStep::State::fault ? step.fault : HeadFault::none;
}

TEST(Http1Request, ReadsEveryPartOfAGoodHead) {
    Read read;
    const std::string text = std::string(kGood) + "body of 12 b";
    const auto step = read_request(text, read);
    ASSERT_EQ(step.state, HeadStep::State::done);
    EXPECT_EQ(step.head_bytes, kGood.size());
    EXPECT_EQ(read.head.method, "POST");
    EXPECT_EQ(read.head.method_id, Method::post);
    EXPECT_EQ(read.head.path, "/wiki/page");
    EXPECT_EQ(read.head.query, "x=1&y=%2F");
    EXPECT_EQ(read.head.host, "wiki.localhost:8443");
    EXPECT_EQ(read.head.framing, Framing::length);
    EXPECT_EQ(read.head.content_length, 12U);
    EXPECT_TRUE(read.head.keep_alive);
    ASSERT_EQ(read.head.fields.size(), 6U);
    EXPECT_EQ(read.head.fields[4].name, "X-Odd_name!");
    EXPECT_EQ(read.head.fields[4].value, "value with blanks");
    EXPECT_EQ(read.head.value(FieldId::cookie), "a=b; c=d");
    EXPECT_EQ(read.head.find(FieldId::origin), nullptr);
}

TEST(Http1Request, EveryProperPrefixAsksForMore) {
    for (std::size_t n = 0; n < kGood.size(); ++n) {
        Read read;
        EXPECT_EQ(read_request(kGood.substr(0, n), read).state, HeadStep::State::more) << n;
    }
}

TEST(Http1Request, ReadsTheSameWhateverPiecesItComesIn) {
    for (std::size_t step_bytes = 1; step_bytes < kGood.size(); ++step_bytes) {
        HeadScan scan;
        Read read;
        HeadStep step;
        for (std::size_t n = step_bytes; n < kGood.size(); n += step_bytes) {
            step = parse_request_head(kGood.substr(0, n), {}, scan, read.scratch, read.head);
            ASSERT_EQ(step.state, HeadStep::State::more) << n << " in steps of " << step_bytes;
        }
        step = parse_request_head(kGood, {}, scan, read.scratch, read.head);
        ASSERT_EQ(step.state, HeadStep::State::done) << step_bytes;
        EXPECT_EQ(read.head.fields.size(), 6U);
    }
}

TEST(Http1Request, ABareLineFeedIsRefusedInPiecesToo) {
    const std::string text = "GET / HTTP/1.1\r\nHost: a\r\nX: y\nZ: w\r\n\r\n";
    HeadScan scan;
    Read read;
    bool refused = false;
    for (std::size_t n = 1; n <= text.size() && !refused; ++n)
        refused = parse_request_head(text.substr(0, n), {}, scan, read.scratch, read.head).fault ==
                  HeadFault::line_end;
    EXPECT_TRUE(refused);
}

// agrees_with_beast: same method, target and fields in the second reader.
void expect_beast_agrees(std::string_view text, const RequestHead& head) {
    namespace http = boost::beast::http;
    http::request_parser<http::string_body> parser;
    parser.eager(false);
    boost::system::error_code error;
    parser.put(boost::asio::buffer(text.data(), text.size()), error);
    ASSERT_TRUE(!error || error == http::error::need_more) << error.message() << " for " << text;
    ASSERT_TRUE(parser.is_header_done()) << text;
    const auto& theirs = parser.get();
    EXPECT_EQ(std::string_view(theirs.method_string().data(), theirs.method_string().size()), head.method);
    EXPECT_EQ(std::string_view(theirs.target().data(), theirs.target().size()), head.target);
    std::size_t count = 0;
    for (const auto& field : theirs) {
        const auto same = [&field](const Field& ours) {
            return ours.name == std::string_view(field.name_string().data(), field.name_string().size()) &&
                   ours.value == std::string_view(field.value().data(), field.value().size());
        };
        EXPECT_TRUE(std::any_of(head.fields.begin(), head.fields.end(), same)) << field.name_string();
        ++count;
    }
    EXPECT_EQ(count, head.fields.size());
}

TEST(Http1Request, OneDamagedByteIsRefusedOrReadAsASecondReaderReadsIt) {
    constexpr std::string_view kBytes{"\0\x01\t\n\r \"#%,/:;?A\\\x7f\x80\xff", 19};
    for (std::size_t at = 0; at < kGood.size(); ++at) {
        for (const char byte : kBytes) {
            std::string text(kGood);
            text[at] = byte;
            Read read;
            const HeadStep step = read_request(text, read);
            if (step.state != HeadStep::State::done) continue;
            ASSERT_LE(step.head_bytes, text.size());
            expect_beast_agrees(std::string_view(text).substr(0, step.head_bytes), read.head);
        }
    }
}

TEST(Http1Request, ControlBytesNeverPassAnywhere) {
    for (std::size_t at = 0; at < kGood.size() - 4; ++at) {
        for (const char byte : {'\0', '\x01', '\x0b', '\x1f', '\x7f'}) {
            std::string text(kGood);
            text[at] = byte;
            Read read;
            EXPECT_EQ(read_request(text, read).state, HeadStep::State::fault) << at << ' ' << int{byte};
        }
    }
}

struct RefusalRow {
    const char* what;
    std::string text;
    HeadFault fault;
    std::uint16_t status;
};

std::string get(const std::string& fields) {
    return "GET / HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n";
}
std::string post(const std::string& fields) {
    return "POST / HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n";
}

using F = HeadFault;
const RefusalRow kRefusals[] = {
    {"HTTP/0.9", "GET /\r\n", F::http09, 400},
    {"empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", F::method_invalid, 400},
    {"tail of a chunk", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", F::method_invalid, 400},
    {"method with a colon", "GE:T / HTTP/1.1\r\n", F::method_invalid, 400},
    {"blank before method", " GET / HTTP/1.1\r\n", F::method_invalid, 400},
    {"lower-case method", "post / HTTP/1.1\r\nHost: a\r\n\r\n", F::method_refused, 501},
    {"long method", std::string(33, 'A') + " / HTTP/1.1\r\n", F::method_refused, 501},
    {"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", F::method_refused, 501},
    {"TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", F::method_refused, 501},
    {"two blanks", "GET  / HTTP/1.1\r\n", F::target_invalid, 400},
    {"tab for a blank", "GET\t/ HTTP/1.1\r\n", F::method_invalid, 400},
    {"blank in target", "GET /a b HTTP/1.1\r\n", F::version_malformed, 400},
    {"fragment", "GET /a#b HTTP/1.1\r\n", F::fragment_in_target, 400},
    {"raw UTF-8 in target", "GET /\xe6\x97\xa5 HTTP/1.1\r\n", F::target_invalid, 400},
    {"backslash in target", "GET /a\\b HTTP/1.1\r\n", F::target_invalid, 400},
    {"NUL in target", std::string("GET /a\0b HTTP/1.1\r\n", 19), F::target_invalid, 400},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", F::version_unsupported, 505},
    {"HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", F::version_unsupported, 505},
    {"http/1.1", "GET / http/1.1\r\nHost: a\r\n\r\n", F::version_malformed, 400},
    {"HTTP/01.1", "GET / HTTP/01.1\r\nHost: a\r\n\r\n", F::version_malformed, 400},
    {"blank after version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", F::version_malformed, 400},
    {"bare LF after request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", F::line_end, 400},
    {"CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", F::line_end, 400},
    {"bare LF after a field", get("X: y\n"), F::line_end, 400},
    {"bare CR in a field", get("X: y\rz\r\n"), F::line_end, 400},
    {"bare LF as the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", F::line_end, 400},
    {"NUL in a value", get(std::string("X: y\0z\r\n", 8)), F::field_value, 400},
    {"NUL in Host", std::string("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 30), F::field_value, 400},
    {"obs-fold", get("X: y\r\n z\r\n"), F::obsolete_fold, 400},
    {"folded first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", F::obsolete_fold, 400},
    {"blank before the colon", get("Transfer-Encoding : chunked\r\n"), F::field_name, 400},
    {"empty name", get(": x\r\n"), F::field_name, 400},
    {"line without a colon", get("chunked\r\n"), F::field_name, 400},
    {"8-bit name", get("X\xc3\xa9: y\r\n"), F::field_name, 400},
    {"damaged Transfer-Encoding name",
     post("Transfer\x01"
          "Encoding: chunked\r\n"),
     F::field_name, 400},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", F::host_missing, 400},
    {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", F::host_invalid, 400},
    {"two Hosts", get("Host: b.example\r\n"), F::host_repeated, 400},
    {"the same Host twice", get("host: a.example\r\n"), F::host_repeated, 400},
    {"Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", F::host_invalid, 400},
    {"Host with userinfo", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", F::host_invalid, 400},
    {"Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", F::host_invalid, 400},
    {"Host with a bad port", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", F::host_invalid, 400},
    {"absolute form elsewhere", "GET https://b/ HTTP/1.1\r\nHost: a\r\n\r\n", F::host_disagrees, 400},
    {"absolute form, other port", "GET https://a:1/ HTTP/1.1\r\nHost: a\r\n\r\n", F::host_disagrees, 400},
    {"absolute form, userinfo", "GET https://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", F::host_disagrees, 400},
    {"other scheme", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", F::target_form, 400},
    {"authority form", "GET a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", F::target_form, 400},
    {"asterisk with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", F::target_form, 400},
    {"no slash", "GET a/b HTTP/1.1\r\nHost: a\r\n\r\n", F::target_form, 400},
    {"two lengths", post("Content-Length: 1\r\nContent-Length: 2\r\n"), F::length_repeated, 400},
    {"one length twice", post("Content-Length: 1\r\nContent-Length: 1\r\n"), F::length_repeated, 400},
    {"length list", post("Content-Length: 1, 1\r\n"), F::length_invalid, 400},
    {"signed length", post("Content-Length: +1\r\n"), F::length_invalid, 400},
    {"negative length", post("Content-Length: -1\r\n"), F::length_invalid, 400},
    {"hex length", post("Content-Length: 0x1\r\n"), F::length_invalid, 400},
    {"empty length", post("Content-Length:\r\n"), F::length_invalid, 400},
    {"length with a blank", post("Content-Length: 1 1\r\n"), F::length_invalid, 400},
    {"length past 2^63", post("Content-Length: 9223372036854775808\r\n"), F::length_invalid, 400},
    {"CL.TE", post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"), F::length_and_coding, 400},
    {"TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"), F::length_and_coding, 400},
    {"TE identity", post("Transfer-Encoding: identity\r\n"), F::coding_unknown, 501},
    {"TE gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n"), F::coding_unknown, 501},
    {"TE chunked, chunked", post("Transfer-Encoding: chunked, chunked\r\n"), F::coding_unknown, 501},
    {"TE xchunked", post("Transfer-Encoding: xchunked\r\n"), F::coding_unknown, 501},
    {"TE quoted", post("Transfer-Encoding: \"chunked\"\r\n"), F::coding_unknown, 501},
    {"TE with a vertical tab",
     post("Transfer-Encoding: \x0b"
          "chunked\r\n"),
     F::field_value, 400},
    {"TE empty", post("Transfer-Encoding:\r\n"), F::coding_unknown, 501},
    {"TE twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), F::coding_repeated,
     400},
    {"TE in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
     F::coding_in_http10, 400},
    {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", F::host_repeated, 400},
    {"unknown expectation", post("Expect: 200-ok\r\nContent-Length: 1\r\n"), F::expectation_unknown, 417},
    {"Authorization twice", get("Authorization: a\r\nAuthorization: b\r\n"), F::field_repeated, 400},
    {"Sec-Fetch-Site twice", get("Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n"), F::field_repeated,
     400},
    {"bad Connection", get("Connection: a b\r\n"), F::connection_invalid, 400},
};

TEST(Http1Request, RefusesWhatCouldBeReadInTwoWays) {
    for (const RefusalRow& row : kRefusals) {
        EXPECT_EQ(to_text(fault_of(row.text)), to_text(row.fault)) << row.what;
        EXPECT_EQ(status_of(row.fault), row.status) << row.what;
    }
}

TEST(Http1Request, LimitsHoldBelowAtAndAbove) {
    const std::string head = get("X: " + std::string(100, 'x') + "\r\n");
    HeadLimits limits;
    for (const int delta : {-1, 0, 1}) {
        limits.head_bytes = static_cast<std::uint32_t>(static_cast<int>(head.size()) + delta);
        Read read;
        const auto step = read_request(head, read, limits);
        EXPECT_EQ(step.state, delta < 0 ? HeadStep::State::fault : HeadStep::State::done) << delta;
        EXPECT_EQ(status_of(step.fault), delta < 0 ? 431 : 200);
    }
    limits = {};
    for (const std::uint32_t fields : {1U, 2U, 3U}) {
        limits.fields = fields;
        Read read;
        const auto step = read_request(head, read, limits);
        EXPECT_EQ(step.state, fields < 2 ? HeadStep::State::fault : HeadStep::State::done) << fields;
    }
    limits = {};
    for (const std::size_t bytes : {99U, 100U, 101U}) {
        limits.target_bytes = 100;
        Read read;
        const auto step = read_request("GET /" + std::string(bytes - 1, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
                                       read, limits);
        EXPECT_EQ(step.state, bytes > 100 ? HeadStep::State::fault : HeadStep::State::done) << bytes;
        EXPECT_EQ(status_of(step.fault), bytes > 100 ? 414 : 200);
    }
}

TEST(Http1Request, AnEndlessHeadStopsAtTheLimitInPiecesToo) {
    HeadLimits limits;
    limits.head_bytes = 1000;
    HeadScan scan;
    Read read;
    std::string text = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    HeadStep step;
    while (text.size() < 1000) {
        step = parse_request_head(text, limits, scan, read.scratch, read.head);
        ASSERT_EQ(step.state, HeadStep::State::more) << text.size();
        text.push_back('x');
    }
    step = parse_request_head(text, limits, scan, read.scratch, read.head);
    EXPECT_EQ(step.fault, HeadFault::head_too_large);
    const std::string target(1000, 'A');
    HeadScan other;
    EXPECT_EQ(parse_request_head("GET /" + target, limits, other, read.scratch, read.head).fault,
              HeadFault::target_too_long);
}

TEST(Http1Request, KeepAliveFollowsVersionAndConnection) {
    struct Row {
        std::string text;
        bool keep;
    };
    const Row rows[] = {
        {get(""), true},
        {get("Connection: close\r\n"), false},
        {get("Connection: keep-alive, close\r\n"), false},
        {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", true},
        {get("Connection: keep-alive\r\nConnection: CLOSE\r\n"), false},
    };
    for (const Row& row : rows) {
        Read read;
        ASSERT_EQ(read_request(row.text, read).state, HeadStep::State::done) << row.text;
        EXPECT_EQ(read.head.keep_alive, row.keep) << row.text;
    }
}

TEST(Http1Request, ReadsTheFormsOfATarget) {
    Read read;
    ASSERT_EQ(read_request("GET HTTPS://A.example?q HTTP/1.1\r\nHost: a.EXAMPLE\r\n\r\n", read).state,
              HeadStep::State::done);
    EXPECT_EQ(read.head.form, TargetForm::absolute);
    EXPECT_EQ(read.head.path, "/");
    EXPECT_EQ(read.head.query, "q");
    ASSERT_EQ(read_request("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", read).state, HeadStep::State::done);
    EXPECT_EQ(read.head.form, TargetForm::asterisk);
    ASSERT_EQ(read_request("GET /?a?b HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", read).state,
              HeadStep::State::done);
    EXPECT_EQ(read.head.query, "a?b");
}

std::string websocket(const std::string& extra, const std::string& connection = "keep-alive, Upgrade") {
    return get("Connection: " + connection + "\r\nUpgrade: websocket\r\n" + extra);
}

TEST(Http1Request, UpgradeIsWebSocketOtherOrIgnored) {
    constexpr auto kKey = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    const std::string good = std::string(kKey) + "Sec-WebSocket-Version: 13\r\n";
    struct Row {
        const char* what;
        std::string text;
        Upgrade upgrade;
        HeadFault fault;
    };
    const Row rows[] = {
        {"good", websocket(good), Upgrade::websocket, HeadFault::none},
        {"no Connection: upgrade", websocket(good, "keep-alive"), Upgrade::none, HeadFault::none},
        {"old version", websocket(std::string(kKey) + "Sec-WebSocket-Version: 8\r\n"), Upgrade::none,
         HeadFault::upgrade_invalid},
        {"short key", websocket("Sec-WebSocket-Key: abc=\r\nSec-WebSocket-Version: 13\r\n"), Upgrade::none,
         HeadFault::upgrade_invalid},
        {"two keys", websocket(good + kKey), Upgrade::none, HeadFault::field_repeated},
        {"with a body", websocket(good + "Content-Length: 3\r\n"), Upgrade::none, HeadFault::upgrade_invalid},
        {"h2c", get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"),
         Upgrade::none, HeadFault::none},
        {"TLS/1.2", get("Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n"), Upgrade::none, HeadFault::none},
        {"list", get("Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n"), Upgrade::none, HeadFault::none},
        {"other", get("Connection: upgrade\r\nUpgrade: derp/1\r\n"), Upgrade::other, HeadFault::none},
        {"bad token", get("Connection: upgrade\r\nUpgrade: a b\r\n"), Upgrade::none,
         HeadFault::upgrade_invalid},
        {"twice", get("Connection: upgrade\r\nUpgrade: a\r\nUpgrade: a\r\n"), Upgrade::none,
         HeadFault::field_repeated},
    };
    for (const Row& row : rows) {
        Read read;
        const HeadStep step = read_request(row.text, read);
        EXPECT_EQ(to_text(step.fault), to_text(row.fault)) << row.what;
        if (step.state != HeadStep::State::done) continue;
        EXPECT_EQ(read.head.upgrade, row.upgrade) << row.what;
    }
}

TEST(Http1Request, ABodyOnASafeMethodIsMarked) {
    Read read;
    ASSERT_EQ(read_request(get("Content-Length: 5\r\n"), read).state, HeadStep::State::done);
    EXPECT_TRUE(read.head.body_is_unusual());
    ASSERT_EQ(read_request(get("Content-Length: 0\r\n"), read).state, HeadStep::State::done);
    EXPECT_FALSE(read.head.body_is_unusual());
    ASSERT_EQ(read_request(post("Transfer-Encoding: Chunked\r\n"), read).state, HeadStep::State::done);
    EXPECT_TRUE(read.head.has_body());
    EXPECT_FALSE(read.head.body_is_unusual());
}

TEST(Http1Response, EveryProperPrefixAsksForMore) {
    for (std::size_t n = 0; n <= kGoodResponse.size(); ++n) {
        HeadScan scan;
        HeadScratch scratch;
        ResponseHead head;
        const auto step = parse_response_head(kGoodResponse.substr(0, n), {}, {}, scan, scratch, head);
        EXPECT_EQ(step.state, n < kGoodResponse.size() ? HeadStep::State::more : HeadStep::State::done) << n;
    }
}

TEST(Http1Response, RefusesAnUpstreamThatLies) {
    const AskedFor socket{Method::get, "websocket", {}};
    const auto ok = [](const std::string& fields) { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n"; };
    const std::string switching = "HTTP/1.1 101 Switching Protocols\r\n";
    const std::string accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    struct Row {
        const char* what;
        std::string text;
        AskedFor asked;
        F fault;
    };
    const Row rows[] = {
        {"text without a status line", "<html>", {}, F::status_line},
        {"HTTP/2 status line", "HTTP/2 200 OK\r\n\r\n", {}, F::status_line},
        {"ICY", "ICY 200 OK\r\n\r\n", {}, F::status_line},
        {"short status", "HTTP/1.1 20 OK\r\n\r\n", {}, F::status_line},
        {"status 600", "HTTP/1.1 600 Odd\r\n\r\n", {}, F::status_line},
        {"status 099", "HTTP/1.1 099 Odd\r\n\r\n", {}, F::status_line},
        {"four digits", "HTTP/1.1 2000 OK\r\n\r\n", {}, F::status_line},
        {"control in the reason", "HTTP/1.1 200 O\x01K\r\n\r\n", {}, F::field_value},
        {"two lengths", ok("Content-Length: 1\r\nContent-Length: 2\r\n"), {}, F::length_repeated},
        {"bad length", ok("Content-Length: 1x\r\n"), {}, F::length_invalid},
        {"length and coding",
         ok("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
         {},
         F::length_and_coding},
        {"unknown coding", ok("Transfer-Encoding: gzip, chunked\r\n"), {}, F::coding_unknown},
        {"coding in HTTP/1.0",
         "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
         {},
         F::coding_in_http10},
        {"obs-fold", ok("X: y\r\n z\r\n"), {}, F::obsolete_fold},
        {"bare LF", ok("X: y\n"), {}, F::line_end},
        {"length on 204", "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", {}, F::length_forbidden},
        {"coding on 204", "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n", {}, F::length_forbidden},
        {"length on 103", "HTTP/1.1 103 Early\r\nContent-Length: 0\r\n\r\n", {}, F::length_forbidden},
        {"101 nobody asked for",
         switching + "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
         {},
         F::switching_unasked},
        {"101 to another protocol", switching + "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n", socket,
         F::switching_invalid},
        {"101 without Connection", switching + "Upgrade: websocket\r\n" + accept + "\r\n", socket,
         F::switching_invalid},
        {"101 without Accept", switching + "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n", socket,
         F::switching_invalid},
        {"101 with a length",
         switching + "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n" + accept + "\r\n",
         socket, F::switching_invalid},
        {"good 101", switching + "Connection: upgrade\r\nUpgrade: WebSocket\r\n" + accept + "\r\n", socket,
         F::none},
        {"204 with length 0", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", {}, F::none},
        {"no reason, no blank", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", {}, F::none},
    };
    for (const Row& row : rows)
        EXPECT_EQ(to_text(response_fault(row.text, row.asked)), to_text(row.fault)) << row.what;
}

TEST(Http1Response, FramingFollowsStatusAndMethod) {
    struct Row {
        std::string text;
        Method method;
        Framing framing;
        bool keep;
    };
    const Row rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::get, Framing::length, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::head, Framing::none, true},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", Method::get, Framing::none, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::get, Framing::chunked, true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::head, Framing::none, true},
        {"HTTP/1.1 200 OK\r\n\r\n", Method::get, Framing::until_close, false},
        {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", Method::get, Framing::length, false},
        {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", Method::get, Framing::none, true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", Method::get, Framing::length,
         false},
    };
    for (const Row& row : rows) {
        HeadScan scan;
        HeadScratch scratch;
        ResponseHead head;
        const auto step = parse_response_head(row.text, {}, {row.method, {}, {}}, scan, scratch, head);
        ASSERT_EQ(step.state, HeadStep::State::done) << row.text;
        EXPECT_EQ(head.framing, row.framing) << row.text;
        EXPECT_EQ(head.keep_alive, row.keep) << row.text;
    }
}

TEST(FieldTable, KnowsEachNameInAnyCasingAndNoNeighbour) {
    for (std::size_t i = 1; i < kFieldCount; ++i) {
        std::string name(kFieldTraits[i].name);
        const auto id = static_cast<FieldId>(i);
        EXPECT_EQ(find_field_id(name), id) << name;
        for (char& c : name)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
        EXPECT_EQ(find_field_id(name), id) << name;
        for (char& c : name) {
            const char before = c;
            c = c == '_' ? '.' : '_';
            EXPECT_EQ(find_field_id(name), FieldId::other) << name;
            c = before;
        }
        EXPECT_NE(find_field_id(name + "s"), id) << name;
    }
}

// The key and its answer are those of RFC 6455 section 1.3.
TEST(Http1Response, AWebSocketNeedsTheAnswerToItsOwnKey) {
    const auto accept = accept_of("dGhlIHNhbXBsZSBub25jZQ==");
    const AskedFor asked{Method::get, "websocket", accept};
    for (const std::string answer : {"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "t3pPLMBiTxaQ9kYGzzhZRbK+xOo="}) {
        HeadScan scan;
        HeadScratch scratch;
        ResponseHead head;
        const auto step = parse_response_head(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Accept: " +
                answer + "\r\n\r\n",
            {}, asked, scan, scratch, head);
        EXPECT_EQ(step.fault, answer == accept ? HeadFault::none : HeadFault::switching_invalid) << answer;
    }
}

}  // namespace
}  // namespace sekisho::gateway
