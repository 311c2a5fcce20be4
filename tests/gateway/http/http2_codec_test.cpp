// Goal: streams come out of bytes and go back as RFC 9113 wants, no byte is credited before it was taken, and
// each flood ends the connection with its reason while memory stays flat. Method: frames written by hand
// against the server role, at every split and with every byte damaged; the client role against the server
// role.
#include "gateway/http/http2_codec.hpp"

#include "http2_frames.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>

namespace sekisho::gateway {
namespace {

using frames::Frame;

struct TestStream final : Http2Stream {
    std::string body, trailers;
    std::vector<int> heads;
    std::optional<Http2Code> was_closed;
    int writable = 0;
    bool ended = false;
    Http2Codec* codec = nullptr;

    void head_came(Http2Fields& fields, bool ends) override {
        ResponseHead head;
        ASSERT_EQ(fields.response(ends, {}, head), HeadFault::none);
        heads.push_back(head.status);
        if (!head.is_interim()) codec->expect_body(*this, head);
    }
    void body_came(ByteView bytes) override { body += as_text(bytes); }
    void end_came(std::span<const Field> fields) override {
        EXPECT_FALSE(ended);
        ended = true;
        for (const auto& field : fields)
            trailers += std::string(field.name) + "=" + std::string(field.value) + ";";
    }
    void closed(Http2Code code) override { was_closed = code; }
    void may_write() override { ++writable; }
};

struct Server final : Http2Owner {
    BufferPool pool;
    FlatBuffer out{pool};
    Http2Settings settings;
    SteadyTime now{Seconds{1000}};
    std::map<std::int32_t, std::unique_ptr<TestStream>> streams;
    std::map<std::int32_t, HeadFault> faults;
    std::string paths;
    std::unique_ptr<Http2Codec> codec;

    explicit Server(Http2Settings with = {}) : settings(with) {
        codec = std::make_unique<Http2Codec>(Http2Codec::Role::server, settings, *this, out);
    }
    void stream_opened(std::int32_t id, std::unique_ptr<Http2Fields> fields, bool ends) override {
        RequestHead head;
        faults[id] = fields->request(ends, settings.head, head);
        paths += std::string(head.path) + ";";
        auto& stream = streams[id] = std::make_unique<TestStream>();
        stream->codec = codec.get();
        codec->accept(id, *stream, head, ends);
        codec->give_back(std::move(fields));
    }
    void take(std::string_view bytes) { codec->receive(as_bytes(bytes), now); }
    TestStream& stream(std::int32_t id) { return *streams.at(id); }
    // sent gives the frames since the last time and empties the output.
    std::vector<Frame> sent() {
        auto all = frames::read(out.text());
        out.consume(out.size_bytes());
        codec->output_drained();
        return all;
    }
    bool over() const { return codec->state() == Http2Codec::State::over; }
};

std::string get(std::uint32_t id, std::string_view path = "/") {
    return frame(frames::headers, frames::end_headers | frames::end_stream, id, frames::request_fields(path));
}
std::string post(std::uint32_t id, std::string_view more = {}) {
    return frame(frames::headers, frames::end_headers, id,
                 frames::request_fields("/", "POST") + std::string(more));
}

std::vector<Frame> of_type(const std::vector<Frame>& all, std::uint8_t type) {
    std::vector<Frame> some;
    for (const auto& one : all)
        if (one.type == type) some.push_back(one);
    return some;
}

TEST(Http2Codec, SaysItsSettingsFirst) {
    Server server;
    const auto sent = server.sent();
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(sent[0].type, frames::settings);
    EXPECT_EQ(sent[0].payload.size() % 6, 0U);
}

TEST(Http2Codec, ReadsRequestsAtEverySplit) {
    const auto split_head = frames::request_fields("/two");
    const std::string input = frames::preface() + get(1, "/one") +
                              frame(frames::headers, frames::end_stream, 3, split_head.substr(0, 7)) +
                              frame(frames::continuation, 0, 3, split_head.substr(7, 9)) +
                              frame(frames::continuation, frames::end_headers, 3, split_head.substr(16)) +
                              post(5) + frame(frames::data, 0, 5, "hello") +
                              frame(frames::data, frames::end_stream, 5, " you");
    for (std::size_t at = 0; at <= input.size(); ++at) {
        Server server;
        server.take(std::string_view(input).substr(0, at));
        server.take(std::string_view(input).substr(at));
        ASSERT_EQ(server.paths, "/one;/two;/;") << "split at " << at;
        ASSERT_EQ(server.stream(5).body, "hello you") << "split at " << at;
        ASSERT_TRUE(server.stream(5).ended) << "split at " << at;
        ASSERT_FALSE(server.over()) << "split at " << at;
        ASSERT_EQ(server.codec->section_since(), SteadyTime::max());
    }
}

TEST(Http2Codec, EveryDamagedByteLeavesAConnectionOrEndsIt) {
    const std::string input =
        frames::preface() + get(1) + post(3, frames::field("content-length", "5")) +
        frame(frames::data, frames::end_stream, 3, "hello") + frame(frames::window, 0, 0, frames::u32(1000)) +
        frame(frames::ping, 0, 0, "12345678") + frame(frames::reset, 0, 1, frames::u32(8)) + get(5);
    for (std::size_t at = 0; at < input.size(); ++at) {
        for (const int change : {1, 0x20, 0x80, 0xff}) {
            Server server;
            std::string damaged = input;
            damaged[at] = static_cast<char>(damaged[at] ^ change);
            server.take(damaged);
            server.take(damaged);
            for (auto& [id, stream] : server.streams) server.codec->drop(*stream, Http2Code::cancel);
            ASSERT_LT(server.out.size_bytes(), 64U << 10U) << "byte " << at;
            ASSERT_EQ(server.codec->streams(), 0U) << "byte " << at;
        }
    }
}

TEST(Http2Codec, AnswersAndEndsWithTheLastByte) {
    Server server;
    server.take(frames::preface() + get(1));
    server.sent();
    std::string lines = "Content-Type: text/plain\r\nContent-Length: 5\r\n";
    server.codec->respond(server.stream(1), 200, lines, false);
    EXPECT_EQ(server.codec->send_body(server.stream(1), as_bytes(std::string_view("hello")), true), 5U);
    const auto sent = server.sent();
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[0].type, frames::headers);
    EXPECT_EQ(sent[1].type, frames::data);
    EXPECT_EQ(sent[1].flags, frames::end_stream);
    EXPECT_EQ(sent[1].payload, "hello");
    EXPECT_TRUE(server.stream(1).sent_end());
    EXPECT_FALSE(server.stream(1).was_closed) << "a stream that ended properly was not closed on anybody";
    server.codec->drop(server.stream(1), Http2Code::no_error);
    EXPECT_TRUE(server.sent().empty());
}

TEST(Http2Codec, EndsWithTrailers) {
    Server server;
    server.take(frames::preface() + get(1));
    server.codec->respond(server.stream(1), 200, {}, false);
    server.codec->send_body(server.stream(1), as_bytes(std::string_view("x")), false);
    server.sent();
    server.codec->end_body(server.stream(1), "Grpc-Status: 0\r\n\r\n");
    const auto sent = server.sent();
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(sent.back().type, frames::headers);
    EXPECT_NE(sent.back().flags & frames::end_stream, 0);
    EXPECT_TRUE(server.stream(1).sent_end());
}

TEST(Http2Codec, SendsNoMoreThanTheWindowsAndGoesOnWhenTheyOpen) {
    Server server;
    server.take(frames::preface() + get(1));
    server.codec->respond(server.stream(1), 200, {}, false);
    const std::string body(100'000, 'x');
    EXPECT_EQ(server.codec->send_body(server.stream(1), as_bytes(std::string_view(body)), true), 65'535U);
    const auto rest = std::string_view(body).substr(65'535);
    EXPECT_EQ(server.codec->send_body(server.stream(1), as_bytes(rest), true), 0U);
    EXPECT_EQ(server.stream(1).writable, 0);
    server.sent();
    server.take(frame(frames::window, 0, 1, frames::u32(50'000)));
    EXPECT_EQ(server.stream(1).writable, 0) << "the connection's window is still shut";
    server.take(frame(frames::window, 0, 0, frames::u32(50'000)));
    EXPECT_EQ(server.stream(1).writable, 1);
    EXPECT_EQ(server.codec->send_body(server.stream(1), as_bytes(rest), true), rest.size());
    EXPECT_TRUE(server.stream(1).sent_end());
}

TEST(Http2Codec, TheEndWaitsForTheWindowToo) {
    Server server;
    server.take(frames::preface() + get(1));
    server.codec->respond(server.stream(1), 200, {}, false);
    const std::string body(65'535, 'x');
    EXPECT_EQ(server.codec->send_body(server.stream(1), as_bytes(std::string_view(body)), false),
              body.size());
    server.codec->end_body(server.stream(1), {});
    EXPECT_FALSE(server.stream(1).sent_end());
    server.take(frame(frames::window, 0, 1, frames::u32(1)) + frame(frames::window, 0, 0, frames::u32(1)));
    EXPECT_TRUE(server.stream(1).sent_end());
}

TEST(Http2Codec, AFullOutputHoldsBodiesBack) {
    Server server;
    server.take(frames::preface() + frame(frames::window, 0, 0, frames::u32(1U << 24U)) +
                frame(frames::settings, 0, 0, std::string("\0\4", 2) + frames::u32(1U << 24U)) + get(1));
    server.sent();
    server.codec->respond(server.stream(1), 200, {}, false);
    const std::string body(300'000, 'x');
    const auto taken = server.codec->send_body(server.stream(1), as_bytes(std::string_view(body)), false);
    EXPECT_LE(taken, Http2Codec::kOutputBytesMax);
    EXPECT_EQ(server.codec->send_body(server.stream(1), as_bytes(std::string_view(body)), false), 0U);
    EXPECT_LT(server.out.size_bytes(), Http2Codec::kOutputBytesMax + 1024);
    server.sent();
    EXPECT_EQ(server.stream(1).writable, 1);
    EXPECT_GT(server.codec->send_body(server.stream(1), as_bytes(std::string_view(body)), false), 0U);
}

TEST(Http2Codec, CreditsOnlyWhatWasConsumed) {
    Http2Settings settings;
    settings.stream_window_bytes = 65'535;
    settings.connection_window_bytes = 65'535;
    Server server(settings);
    server.take(frames::preface() + post(1));
    server.sent();
    const std::string piece(16'000, 'x');
    for (int i = 0; i < 4; ++i) server.take(frame(frames::data, 0, 1, piece));
    EXPECT_TRUE(of_type(server.sent(), frames::window).empty());
    server.codec->consumed(server.stream(1), 48'000);
    server.codec->collect();
    std::uint32_t stream = 0, connection = 0;
    for (const auto& one : of_type(server.sent(), frames::window))
        (one.stream == 0 ? connection : stream) += frames::read_u32(one.payload);
    EXPECT_EQ(stream, 48'000U);
    EXPECT_EQ(connection, 48'000U);
    server.codec->drop(server.stream(1), Http2Code::no_error);
    std::uint32_t after = 0;
    for (int i = 0; i < 3; ++i)
        for (const auto& one : of_type(server.sent(), frames::window)) after += frames::read_u32(one.payload);
    EXPECT_LE(after, 16'000U) << "what a dropped stream left unread is the connection's again, once";
}

TEST(Http2Codec, ALengthThatDoesNotFitResetsTheStream) {
    for (const auto* pieces : {"toolong", "abc"}) {
        Server server;
        server.take(frames::preface() + post(1, frames::field("content-length", "5")));
        server.sent();
        server.take(frame(frames::data, frames::end_stream, 1, pieces));
        EXPECT_FALSE(server.stream(1).ended) << pieces;
        EXPECT_EQ(server.stream(1).was_closed, Http2Code::protocol_error) << pieces;
        const auto resets = of_type(server.sent(), frames::reset);
        ASSERT_EQ(resets.size(), 1U) << pieces;
        EXPECT_EQ(frames::read_u32(resets[0].payload), 1U);
        EXPECT_FALSE(server.over()) << pieces;
    }
}

TEST(Http2Codec, TrailersComeWithTheEndOrNotAtAll) {
    Server server;
    server.take(frames::preface() + post(1) + post(3) + post(5));
    server.take(
        frame(frames::headers, frames::end_headers | frames::end_stream, 1, frames::field("x-sum", "1")));
    EXPECT_TRUE(server.stream(1).ended);
    EXPECT_EQ(server.stream(1).trailers, "x-sum=1;");
    server.take(frame(frames::headers, frames::end_headers, 3, frames::field("x-sum", "1")));
    EXPECT_EQ(server.stream(3).was_closed, Http2Code::protocol_error);
    server.take(
        frame(frames::headers, frames::end_headers | frames::end_stream, 5, frames::field(":path", "/")));
    EXPECT_EQ(server.stream(5).was_closed, Http2Code::protocol_error);
}

TEST(Http2Codec, AResetTellsTheStreamOnce) {
    Server server;
    server.take(frames::preface() + post(1) + frame(frames::reset, 0, 1, frames::u32(8)));
    EXPECT_EQ(server.stream(1).was_closed, Http2Code::cancel);
    EXPECT_FALSE(server.stream(1).attached());
    EXPECT_EQ(server.codec->streams(), 0U);
    server.sent();
    server.codec->respond(server.stream(1), 200, {}, true);
    EXPECT_EQ(server.codec->send_body(server.stream(1), as_bytes(std::string_view("x")), true), 0U);
    server.codec->drop(server.stream(1), Http2Code::cancel);
    EXPECT_TRUE(server.sent().empty());
}

TEST(Http2Codec, DroppingWhatIsOpenResetsIt) {
    Server server;
    server.take(frames::preface() + post(1));
    server.codec->respond(server.stream(1), 200, {}, true);
    server.sent();
    server.codec->drop(server.stream(1), Http2Code::no_error);
    const auto resets = of_type(server.sent(), frames::reset);
    ASSERT_EQ(resets.size(), 1U);
    EXPECT_EQ(frames::read_u32(resets[0].payload), 0U);
}

TEST(Http2Codec, MoreStreamsThanAllowedAreRefusedUnread) {
    Http2Settings settings;
    settings.streams = 2;
    Server server(settings);
    server.take(
        frames::preface().substr(0, 24 + 9));  // our settings are not acknowledged: they bind all the same
    server.take(get(1) + get(3) + get(5));
    EXPECT_EQ(server.codec->streams(), 2U);
    const auto resets = of_type(server.sent(), frames::reset);
    ASSERT_EQ(resets.size(), 1U);
    EXPECT_EQ(resets[0].stream, 5U);
    EXPECT_EQ(frames::read_u32(resets[0].payload), 7U);
}

TEST(Http2Codec, LeavesInTwoSteps) {
    Server server;
    server.take(frames::preface() + get(1));
    server.sent();
    server.codec->announce_end();
    auto away = of_type(server.sent(), frames::goaway);
    ASSERT_EQ(away.size(), 1U);
    EXPECT_EQ(frames::read_u32(away[0].payload), 0x7fffffffU);
    server.take(get(3));
    EXPECT_EQ(server.streams.size(), 2U) << "what came before the client heard is served";
    server.codec->refuse_new();
    away = of_type(server.sent(), frames::goaway);
    ASSERT_EQ(away.size(), 1U);
    EXPECT_EQ(frames::read_u32(away[0].payload), 3U);
    server.take(get(5));
    EXPECT_EQ(server.streams.size(), 2U);
    server.codec->respond(server.stream(1), 200, {}, true);
    server.codec->respond(server.stream(3), 200, {}, true);
    EXPECT_EQ(of_type(server.sent(), frames::headers).size(), 2U);
}

TEST(Http2Codec, EachFloodEndsWithItsReason) {
    const auto opened_and_reset = [](std::uint32_t i) {
        return get(2 * i + 1) + frame(frames::reset, 0, 2 * i + 1, frames::u32(8));
    };
    // A window that overflows is a stream's fault: we are the one to reset it.
    const auto made_us_reset = [](std::uint32_t i) {
        return post(2 * i + 1) + frame(frames::window, 0, 2 * i + 1, frames::u32(0x7fffffff));
    };
    const struct {
        Http2Fault fault;
        Http2Spending what;
        std::string (*make)(std::uint32_t);
    } rows[] = {
        {Http2Fault::reset_flood, Http2Spending::reset, opened_and_reset},
        {Http2Fault::made_reset_flood, Http2Spending::made_reset, made_us_reset},
        {Http2Fault::settings_flood, Http2Spending::settings,
         [](std::uint32_t) { return frame(frames::settings, 0, 0, ""); }},
        {Http2Fault::ping_flood, Http2Spending::ping,
         [](std::uint32_t) { return frame(frames::ping, 0, 0, "12345678"); }},
        {Http2Fault::priority_flood, Http2Spending::priority,
         [](std::uint32_t i) { return frame(frames::priority, 0, 2 * i + 1, std::string("\0\0\0\0\7", 5)); }},
        {Http2Fault::empty_flood, Http2Spending::empty,
         [](std::uint32_t i) { return (i == 0 ? post(1) : "") + frame(frames::data, 0, 1, ""); }},
        {Http2Fault::empty_flood, Http2Spending::empty,  // padding alone
         [](std::uint32_t i) {
             return (i == 0 ? post(1) : "") + frame(frames::data, 8, 1, std::string(1, '\0'));
         }},
        {Http2Fault::window_flood, Http2Spending::window,
         [](std::uint32_t) { return frame(frames::window, 0, 0, frames::u32(1)); }},
    };
    for (const auto& row : rows) {
        Server server;
        server.take(frames::preface());
        const auto& budget = kHttp2Budgets[static_cast<std::size_t>(row.what)];
        // What the preface itself spent.
        std::uint32_t spent = row.what == Http2Spending::settings || row.what == Http2Spending::empty ? 1 : 0;
        std::size_t peak = 0;
        for (std::uint32_t i = 0; spent < budget.burst; ++i, ++spent) {
            server.take(row.make(i));
            peak = std::max(peak, server.out.size_bytes());
            server.sent();
            for (auto& [id, stream] : server.streams)
                if (!stream->attached()) server.codec->drop(*stream, Http2Code::cancel);
        }
        ASSERT_FALSE(server.over()) << to_text(row.fault) << ": the budget is there to be used";
        server.take(row.make(5000));
        ASSERT_TRUE(server.over()) << to_text(row.fault);
        EXPECT_EQ(to_text(server.codec->fault()), to_text(row.fault));
        const auto away = of_type(server.sent(), frames::goaway);
        ASSERT_EQ(away.size(), 1U) << to_text(row.fault);
        EXPECT_EQ(frames::read_u32(away[0].payload, 4), 11U) << "ENHANCE_YOUR_CALM";
        EXPECT_LT(peak, 4096U) << to_text(row.fault);
    }
}

TEST(Http2Codec, BudgetsGrowBack) {
    Server server;
    server.take(frames::preface());
    const auto ping = frame(frames::ping, 0, 0, "12345678");
    const auto& budget = kHttp2Budgets[static_cast<std::size_t>(Http2Spending::ping)];
    for (int second = 0; second < 100; ++second) {
        for (int i = 0; i < budget.per_second; ++i) server.take(ping);
        server.sent();
        server.now += Seconds{1};
        ASSERT_FALSE(server.over()) << second;
    }
}

TEST(Http2Codec, ContinuationsAreBounded) {
    for (const bool empty : {true, false}) {
        Server server;
        const auto text = frames::request_fields();
        server.take(frames::preface() + frame(frames::headers, 0, 1, text.substr(0, 5)));
        EXPECT_EQ(server.codec->section_since(), server.now);
        for (int i = 0; i < (empty ? 1 : 9); ++i) {
            ASSERT_FALSE(server.over()) << i;
            server.take(frame(frames::continuation, 0, 1, empty ? "" : frames::field("a", "b")));
        }
        EXPECT_TRUE(server.over());
        EXPECT_EQ(server.codec->fault(), Http2Fault::continuation_flood);
        EXPECT_TRUE(server.streams.empty());
    }
}

TEST(Http2Codec, AFieldSectionFarBeyondAHeadEndsTheConnection) {
    Http2Settings settings;
    settings.head.head_bytes = 4096;
    Server server(settings);
    server.take(frames::preface());
    // A name and value enter the table once and are repeated by one byte each: 61 + 1 is its index.
    std::string bomb(1, '\x40');
    bomb += static_cast<char>(1);
    bomb += "a";
    bomb += static_cast<char>(100);
    bomb += std::string(100, 'x');
    bomb += std::string(1000, static_cast<char>(0x80 + 62));
    server.take(
        frame(frames::headers, frames::end_headers | frames::end_stream, 1, frames::request_fields() + bomb));
    EXPECT_TRUE(server.over());
    EXPECT_EQ(server.codec->fault(), Http2Fault::head_flood);
    EXPECT_TRUE(server.streams.empty());
}

TEST(Http2Codec, ALittleBeyondIsTheRequestsFaultAlone) {
    Http2Settings settings;
    settings.head.head_bytes = 200;
    Server server(settings);
    server.take(frames::preface() +
                frame(frames::headers, frames::end_headers | frames::end_stream, 1,
                      frames::request_fields() + frames::field("a", std::string(126, 'x')) +
                          frames::field("b", std::string(100, 'x'))));
    EXPECT_FALSE(server.over());
    EXPECT_EQ(server.faults[1], HeadFault::head_too_large);
}

TEST(Http2Codec, ProtocolFaultsEndTheConnection) {
    const struct {
        const char* about;
        std::string bytes;
    } rows[] = {
        {"data on an idle stream", frame(frames::data, 0, 1, "x")},
        {"a stream of ours", get(2)},
        {"push", frame(frames::push, frames::end_headers, 1, frames::u32(2))},
        {"continuation alone", frame(frames::continuation, frames::end_headers, 1, "x")},
        {"another frame inside a field section",
         frame(frames::headers, 0, 1, "") + frame(frames::ping, 0, 0, "12345678")},
        {"ping of seven", frame(frames::ping, 0, 0, "1234567")},
        {"settings on a stream", frame(frames::settings, 0, 1, "")},
        {"settings of five", frame(frames::settings, 0, 0, "12345")},
        {"window of nothing", frame(frames::window, 0, 0, frames::u32(0))},
        {"window overflow", frame(frames::window, 0, 0, frames::u32(0x7fffffff))},
        {"padding beyond the frame", post(1) + frame(frames::data, 8, 1, "\x09xx")},
        {"broken compression", frame(frames::headers, frames::end_headers, 1, "\xff\xff\xff\xff\xff\xff")},
    };
    for (const auto& row : rows) {
        Server server;
        server.take(frames::preface());
        server.sent();
        server.take(row.bytes);
        EXPECT_TRUE(server.over()) << row.about;
        EXPECT_EQ(server.codec->fault(), Http2Fault::protocol) << row.about;
        EXPECT_EQ(of_type(server.sent(), frames::goaway).size(), 1U) << row.about;
    }
    Server plain;
    plain.take("GET / HTTP/1.1\r\nHost: wiki.test\r\n\r\n");
    EXPECT_TRUE(plain.over()) << "HTTP/1.1 after ALPN chose HTTP/2";
}

TEST(Http2Codec, TheClientRoleSpeaksWithTheServerRole) {
    Server server;
    struct Nobody final : Http2Owner {
        void stream_opened(std::int32_t, std::unique_ptr<Http2Fields>, bool) override { FAIL(); }
    } nobody;
    BufferPool pool;
    FlatBuffer out(pool);
    Http2Codec client(Http2Codec::Role::client, {}, nobody, out);
    const auto exchange = [&] {
        for (int i = 0; i < 4; ++i) {
            const std::string up(out.text());
            out.consume(out.size_bytes());
            server.take(up);
            const std::string down(server.out.text());
            server.out.consume(server.out.size_bytes());
            client.receive(as_bytes(std::string_view(down)), server.now);
        }
    };
    TestStream stream;
    stream.codec = &client;
    std::string lines = "Content-Type: application/grpc\r\nTE: trailers\r\n";
    EXPECT_FALSE(client.open(stream, {"POST", "https", "wiki.test", "/a"}, lines, false))
        << "whether it speaks HTTP/2 is not known yet";
    exchange();
    ASSERT_TRUE(client.settings_came());
    ASSERT_TRUE(client.open(stream, {"POST", "https", "wiki.test", "/a"}, lines, false));
    EXPECT_EQ(client.send_body(stream, as_bytes(std::string_view("ping")), false), 4U);
    client.end_body(stream, "x-up: 1\r\n");
    exchange();
    ASSERT_EQ(server.streams.size(), 1U);
    auto& there = server.stream(1);
    EXPECT_EQ(there.body, "ping");
    EXPECT_TRUE(there.ended);
    EXPECT_EQ(there.trailers, "x-up=1;");
    std::string early = "link: </a.css>\r\n";
    server.codec->interim(there, 103, early);
    server.codec->respond(there, 200, {}, false);
    server.codec->send_body(there, as_bytes(std::string_view("pong")), false);
    server.codec->end_body(there, "grpc-status: 0\r\n");
    exchange();
    EXPECT_EQ(stream.heads, (std::vector<int>{103, 200}));
    EXPECT_EQ(stream.body, "pong");
    EXPECT_EQ(stream.trailers, "grpc-status=0;");
    EXPECT_TRUE(stream.ended);
    EXPECT_EQ(client.state(), Http2Codec::State::open);
    EXPECT_EQ(client.streams(), 0U);
    client.drop(stream, Http2Code::cancel);
}

struct Client final : Http2Owner {
    BufferPool pool;
    FlatBuffer out{pool};
    SteadyTime now{Seconds{1000}};
    Http2Codec codec{Http2Codec::Role::client, {}, *this, out};
    void stream_opened(std::int32_t, std::unique_ptr<Http2Fields>, bool) override { FAIL(); }
    void take(std::string_view bytes) { codec.receive(as_bytes(bytes), now); }
    std::unique_ptr<TestStream> open() {
        auto stream = std::make_unique<TestStream>();
        stream->codec = &codec;
        if (!codec.open(*stream, {"GET", "https", "wiki.test", "/"}, {}, true)) return nullptr;
        return stream;
    }
};

std::string setting(std::uint8_t name, std::uint32_t value) {
    return std::string(1, '\0') + static_cast<char>(name) + frames::u32(value);
}
constexpr std::uint8_t max_streams = 3;

TEST(Http2CodecClient, OpensNoMoreStreamsThanThePeerTakes) {
    Client client;
    client.take(frame(frames::settings, 0, 0, setting(max_streams, 2)));
    EXPECT_EQ(client.codec.streams_max(), 2U);
    auto first = client.open(), second = client.open();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(client.open(), nullptr);
    EXPECT_TRUE(client.codec.takes_more()) << "not now is not never";
    client.codec.drop(*first, Http2Code::cancel);
    auto third = client.open();
    ASSERT_TRUE(third) << "a stream that was reset makes room";
    client.take(frame(frames::settings, 0, 0, setting(max_streams, 0)));
    client.codec.drop(*second, Http2Code::cancel);
    EXPECT_EQ(client.open(), nullptr);
    client.take(frame(frames::settings, 0, 0, setting(max_streams, 1000)));
    EXPECT_EQ(client.codec.streams_max(), client.codec.settings().streams) << "our own bound holds, too";
    client.codec.drop(*third, Http2Code::cancel);
}

TEST(Http2CodecClient, GoawayRefusesWhatIsBehindItAndOpensNothingMore) {
    Client client;
    client.take(frame(frames::settings, 0, 0, ""));
    auto first = client.open(), second = client.open();
    client.take(frame(frames::goaway, 0, 0, frames::u32(1) + frames::u32(0)));
    EXPECT_FALSE(first->was_closed);
    ASSERT_TRUE(second->was_closed);
    EXPECT_EQ(*second->was_closed, Http2Code::refused_stream);
    EXPECT_FALSE(client.codec.takes_more());
    EXPECT_EQ(client.open(), nullptr);
    client.codec.drop(*first, Http2Code::cancel);
}

TEST(Http2CodecClient, FloodsOfAServerEndTheConnection) {
    struct Row {
        std::string frame;
        Http2Fault fault;
    };
    const Row rows[] = {{frame(frames::settings, 0, 0, ""), Http2Fault::settings_flood},
                        {frame(frames::ping, 0, 0, "12345678"), Http2Fault::ping_flood},
                        {frame(frames::reset, 0, 1, frames::u32(8)), Http2Fault::reset_flood},
                        {frame(frames::priority, 0, 1, frames::u32(0) + "\x01"), Http2Fault::priority_flood},
                        {frame(frames::window, 0, 0, frames::u32(1)), Http2Fault::window_flood},
                        {frames::frame(0x77, 0, 0, ""), Http2Fault::empty_flood}};
    for (const auto& row : rows) {
        Client client;
        client.take(frame(frames::settings, 0, 0, ""));
        auto stream = client.open();
        client.codec.drop(*stream, Http2Code::cancel);
        for (int i = 0; i < 3000; ++i) client.take(row.frame);
        EXPECT_EQ(client.codec.state(), Http2Codec::State::over) << to_text(row.fault);
        EXPECT_EQ(client.codec.fault(), row.fault);
        EXPECT_LT(client.out.size_bytes(), 16U << 10U);
    }
}

TEST(Http2CodecClient, EachStreamPaysForOneReset) {
    Client client;
    client.take(frame(frames::settings, 0, 0, ""));
    std::uint32_t id = 1;
    for (int i = 0; i < 2000; ++i, id += 2) {
        auto stream = client.open();
        ASSERT_TRUE(stream) << i;
        client.take(frame(frames::reset, 0, id, frames::u32(2)));
        ASSERT_EQ(stream->was_closed, Http2Code::internal_error);
    }
    EXPECT_EQ(client.codec.state(), Http2Codec::State::open)
        << "an app that fails each request hurts no other";
}

TEST(Http2CodecClient, PushIsNeverTaken) {
    Client client;
    client.take(frame(frames::settings, 0, 0, ""));
    auto stream = client.open();
    client.take(frame(frames::push, frames::end_headers, 1, frames::u32(2) + frames::request_fields()));
    EXPECT_EQ(client.codec.state(), Http2Codec::State::over);
    client.codec.drop(*stream, Http2Code::cancel);
}

}  // namespace
}  // namespace sekisho::gateway
