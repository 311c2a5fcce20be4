// Goal: a request's body comes out of its framing whole and in place, a response is framed so that its client
// can read it, and nothing is lost or doubled however the socket takes it.
// Method: a scripted stream; every split of every body; a table of versions and statuses; random capacities,
// read back with the decoder of the other direction.
#include "gateway/http/http1_client_side.hpp"

#include "read_head.hpp"
#include "tests/gateway/scripted_stream.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <random>

namespace sekisho::gateway {
namespace {

constexpr std::string_view kDate = "Sun, 22 Nov 2026 13:00:00 GMT";

GoodRequest post(const std::string& fields) {
    return GoodRequest("POST /form HTTP/1.1\r\nHost: app.corp.example\r\n" + fields + "\r\n");
}

// One request on a connection of its own.
struct Rig {
    explicit Rig(const GoodRequest& request, ClientFacts with = {}, std::uint64_t body_bytes_max = 0)
        : facts(with), side(stream, in, out, request.head, facts, body_bytes_max, kDate) {}

    BufferPool pool;
    ScriptedStream stream;
    FlatBuffer in{pool}, out{pool};
    ClientFacts facts;
    Http1ClientSide side;

    // read takes the body as far as it is there, and says how that ended.
    BodyPeek::State read(std::string& into, std::size_t at_once = 1'000'000) {
        for (;;) {
            const auto piece = side.request_body();
            if (piece.state != BodyPeek::State::data) return piece.state;
            const auto held = std::as_const(in).readable();
            EXPECT_FALSE(piece.bytes.empty());
            EXPECT_EQ(piece.bytes.data(), held.data()) << "the body was copied";
            EXPECT_LE(piece.bytes.size(), held.size());
            const auto bytes = std::min(at_once, piece.bytes.size());
            into += as_text(piece.bytes.first(bytes));
            side.consume_request_body(bytes);
        }
    }
    // respond sends a whole response through a socket that takes everything.
    std::string respond(const ResponseHead& head, std::string_view body, std::string_view trailers = {}) {
        side.start(head);
        EXPECT_EQ(side.write_body(as_bytes(body)), body.size());
        side.finish(trailers);
        EXPECT_EQ(side.flush(), Flush::done);
        return stream.wrote;
    }
};

std::string head_of(const std::string& wire) { return wire.substr(0, wire.find("\r\n\r\n") + 4); }
std::string body_of(const std::string& wire) { return wire.substr(wire.find("\r\n\r\n") + 4); }

struct BodyRow {
    const char* fields;
    const char* wire;
    const char* payload;
};
constexpr BodyRow kBodies[] = {
    {"", "", ""},
    {"Content-Length: 0\r\n", "", ""},
    {"Content-Length: 12\r\n", "hello, world", "hello, world"},
    {"Transfer-Encoding: chunked\r\n", "0\r\n\r\n", ""},
    {"Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n", "hello, world"},
    {"Transfer-Encoding: chunked\r\n", "C\r\nhello, world\r\n0\r\nServer-Timing: a\r\n\r\n", "hello, world"}};

TEST(Http1ClientSideBody, ComesWholeAtEverySplit) {
    for (const BodyRow& row : kBodies) {
        const auto request = post(row.fields);
        const std::string wire = std::string(row.wire) + "GET /next";
        for (std::size_t at = 0; at <= wire.size(); ++at) {
            SCOPED_TRACE(std::string(row.fields) + " split at " + std::to_string(at));
            Rig rig(request);
            rig.in.append(wire.substr(0, at));  // came with the head
            std::string payload;
            auto state = rig.read(payload, 3);
            EXPECT_EQ(state,
                      at < std::string_view(row.wire).size() ? BodyPeek::State::wait : BodyPeek::State::end);
            if (at < wire.size()) rig.stream.pieces.push_back(wire.substr(at));
            state = rig.read(payload);
            EXPECT_EQ(state, BodyPeek::State::end);
            EXPECT_EQ(payload, row.payload);
            std::string rest(rig.in.text());
            for (const auto& piece : rig.stream.pieces) rest += piece;
            EXPECT_EQ(rest, "GET /next") << "the next request lost bytes";
        }
    }
}

TEST(Http1ClientSideBody, ComesWholeByteByByte) {
    for (const BodyRow& row : kBodies) {
        const auto request = post(row.fields);
        Rig rig(request);
        std::string payload;
        for (const char c : std::string_view(row.wire)) {
            EXPECT_EQ(rig.read(payload), BodyPeek::State::wait);
            rig.stream.pieces.emplace_back(1, c);
        }
        EXPECT_EQ(rig.read(payload), BodyPeek::State::end);
        EXPECT_EQ(payload, row.payload);
    }
}

TEST(Http1ClientSideBody, CutShortIsAFailureAtEveryByte) {
    for (const BodyRow& row : kBodies) {
        const auto request = post(row.fields);
        const std::string_view wire = row.wire;
        for (std::size_t at = 0; at < wire.size(); ++at) {
            for (const auto end : {IoState::closed, IoState::failed}) {
                Rig rig(request);
                rig.in.append(wire.substr(0, at));
                rig.stream.after_pieces = end;
                std::string payload;
                EXPECT_EQ(rig.read(payload), BodyPeek::State::failed) << row.fields << at;
                EXPECT_TRUE(std::string_view(row.payload).starts_with(payload));
            }
        }
    }
}

TEST(Http1ClientSideBody, StaysWithinItsLimit) {
    struct Row {
        const char* fields;
        const char* wire;
    };
    constexpr Row kRows[] = {{"Content-Length: 10\r\n", "0123456789"},
                             {"Transfer-Encoding: chunked\r\n", "6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n"}};
    for (const Row& row : kRows) {
        for (const std::uint64_t limit : {9u, 10u, 11u}) {
            const auto request = post(row.fields);
            Rig rig(request, {}, limit);
            rig.in.append(std::string_view(row.wire));
            std::string payload;
            EXPECT_EQ(rig.read(payload), limit < 10 ? BodyPeek::State::failed : BodyPeek::State::end);
            EXPECT_EQ(rig.side.body_fault(), limit < 10 ? BodyFault::too_large : BodyFault::none);
            EXPECT_LE(payload.size(), limit);
        }
    }
}

TEST(Http1ClientSideBody, LargeOnesComeInLargePieces) {
    const auto request = post("Content-Length: 1000000\r\n");
    Rig rig(request);
    std::string sent(1'000'000, ' ');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>('a' + i * 7 % 23);
    rig.in.append(std::string_view(sent).substr(0, 5'000));
    rig.stream.pieces.push_back(sent.substr(5'000) + "GET");
    std::string payload;
    std::size_t largest = 0;
    for (auto piece = rig.side.request_body(); piece.state == BodyPeek::State::data;
         piece = rig.side.request_body()) {
        largest = std::max(largest, piece.bytes.size());
        payload += as_text(piece.bytes);
        rig.side.consume_request_body(piece.bytes.size());
    }
    EXPECT_TRUE(payload == sent);
    EXPECT_EQ(largest, std::size_t{128} << 10);
}

TEST(Http1ClientSideTrailers, PassAreDroppedOrRefused) {
    struct Row {
        const char* lines;
        const char* passed;  // null: the message is refused
    };
    constexpr Row kRows[] = {{"", ""},
                             {"Server-Timing: a\r\n", "Server-Timing: a\r\n\r\n"},
                             {"X-Checksum: 1\r\nETag: \"x\"\r\n", "X-Checksum: 1\r\nETag: \"x\"\r\n\r\n"},
                             {"Vary: a\r\n", "\r\n"},
                             {"Vary: a\r\nX-Checksum: 1\r\n", "X-Checksum: 1\r\n\r\n"},
                             {"Content-Length: 3\r\n", nullptr},
                             {"Host: other\r\n", nullptr},
                             {"Transfer-Encoding: chunked\r\n", nullptr},
                             {"X-Forwarded-For: 1.2.3.4\r\n", nullptr},
                             {"X_Forwarded_For: 1.2.3.4\r\n", nullptr},
                             {"Sekisho-Assertion: x\r\n", nullptr}};
    const auto request = post("Transfer-Encoding: chunked\r\n");
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.lines);
        Rig rig(request);
        rig.in.append("3\r\nabc\r\n0\r\n" + std::string(row.lines) + "\r\n");
        std::string payload;
        EXPECT_EQ(rig.read(payload), row.passed ? BodyPeek::State::end : BodyPeek::State::failed);
        EXPECT_EQ(rig.side.request_body().state, row.passed ? BodyPeek::State::end : BodyPeek::State::failed)
            << "asked twice, answered twice";
        EXPECT_EQ(payload, "abc");
        EXPECT_EQ(rig.side.request_trailers(), row.passed ? row.passed : "");
        EXPECT_EQ(rig.side.body_fault(), row.passed ? BodyFault::none : BodyFault::trailer_name);
    }
}

struct FramingRow {
    const char* what;
    const char* request;
    const char* response;  // as the upstream sent it
    const char* has;       // a line of the head the client gets
    const char* hasnt;
    const char* body;  // on the wire, for "hello" from upstream
    bool keeps;
};
constexpr FramingRow kFramings[] = {
    {"length", "GET / HTTP/1.1", "200 OK\r\nContent-Length: 5\r\n", "\r\nContent-Length: 5\r\n",
     "Transfer-Encoding", "hello", true},
    {"chunked", "GET / HTTP/1.1", "200 OK\r\nTransfer-Encoding: chunked\r\n",
     "\r\nTransfer-Encoding: chunked\r\n", "Content-Length", "5\r\nhello\r\n0\r\n\r\n", true},
    {"until close becomes chunked", "GET / HTTP/1.1", "200 OK\r\n", "\r\nTransfer-Encoding: chunked\r\n",
     "Connection: close", "5\r\nhello\r\n0\r\n\r\n", true},
    {"HEAD", "HEAD / HTTP/1.1", "200 OK\r\nContent-Length: 5\r\n", "\r\nContent-Length: 5\r\n", "chunked", "",
     true},
    {"HEAD chunked", "HEAD / HTTP/1.1", "200 OK\r\nTransfer-Encoding: chunked\r\n", "HTTP/1.1 200 OK\r\n",
     "Content-Length", "", true},
    {"204", "GET / HTTP/1.1", "204 No Content\r\n", "HTTP/1.1 204 No Content\r\n", "Content-Length", "",
     true},
    {"304", "GET / HTTP/1.1", "304 Not Modified\r\nContent-Length: 5\r\n", "\r\nContent-Length: 5\r\n",
     "chunked", "", true},
    {"1.0 length", "GET / HTTP/1.0", "200 OK\r\nContent-Length: 5\r\n", "\r\nConnection: keep-alive\r\n",
     "chunked", "hello", true},
    {"1.0 chunked", "GET / HTTP/1.0", "200 OK\r\nTransfer-Encoding: chunked\r\n", "\r\nConnection: close\r\n",
     "chunked", "hello", false},
    {"1.0 until close", "GET / HTTP/1.0", "200 OK\r\n", "\r\nConnection: close\r\n", "chunked", "hello",
     false}};

AskedFor asked_for(const RequestHead& head) { return {head.method_id, {}, {}}; }

TEST(Http1ClientSideResponse, IsFramedForItsClient) {
    for (const FramingRow& row : kFramings) {
        SCOPED_TRACE(row.what);
        const GoodRequest request(std::string(row.request) + "\r\nHost: app.corp.example\r\n\r\n");
        const GoodResponse response("HTTP/1.1 " + std::string(row.response) + "\r\n",
                                    asked_for(request.head));
        ClientFacts facts;
        facts.version = request.head.version;
        Rig rig(request, facts);
        const auto wire = rig.respond(response.head, "hello");
        EXPECT_NE(head_of(wire).find(row.has), std::string::npos) << wire;
        EXPECT_EQ(head_of(wire).find(row.hasnt), std::string::npos) << wire;
        EXPECT_EQ(body_of(wire), row.body);
        EXPECT_EQ(rig.side.keeps_connection(), row.keeps);
        EXPECT_EQ(rig.side.status(), response.head.status);
    }
}

TEST(Http1ClientSideResponse, TrailersGoToClientsThatReadThem) {
    const GoodResponse response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const bool reads : {true, false}) {
        const auto request = GoodRequest::get(reads ? "Connection: TE\r\nTE: trailers\r\n" : "");
        Rig rig(request);
        EXPECT_EQ(body_of(rig.respond(response.head, "hi", "Server-Timing: a\r\n\r\n")),
                  reads ? "2\r\nhi\r\n0\r\nServer-Timing: a\r\n\r\n" : "2\r\nhi\r\n0\r\n\r\n");
    }
}

TEST(Http1ClientSideResponse, KeepsTheConnectionOnlyWhenNothingIsLeftOnIt) {
    struct Row {
        const char* what;
        bool we_would, body_read;
        bool wanted;
    };
    constexpr Row kRows[] = {{"all read", true, true, true},
                             {"we would not", false, true, false},
                             {"an answer before the request's end", true, false, false}};
    const auto response = GoodResponse::ok("");
    for (const bool ours : {false, true}) {
        for (const Row& row : kRows) {
            SCOPED_TRACE(row.what);
            const auto request = post("Content-Length: 4\r\n");
            ClientFacts facts;
            facts.keep_alive = row.we_would;
            Rig rig(request, facts);
            rig.in.append(row.body_read ? std::string_view("abcd") : std::string_view("ab"));
            std::string payload;
            rig.read(payload);
            if (ours)
                rig.side.start_ours({200, {}, "abc", false});
            else
                rig.side.start(response.head);
            rig.side.flush();
            EXPECT_EQ(rig.side.keeps_connection(), row.wanted);
            EXPECT_EQ(rig.stream.wrote.find("Connection: close") == std::string::npos, row.wanted);
        }
    }
}

TEST(Http1ClientSideResponse, InterimHeadsComeFirstAndNeverToOldClients) {
    const GoodResponse early("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n");
    const auto response = GoodResponse::ok("");
    for (const bool old : {false, true}) {
        const GoodRequest request(std::string("GET / HTTP/1.") + (old ? "0" : "1") +
                                  "\r\nHost: app.corp.example\r\n\r\n");
        ClientFacts facts;
        facts.version = request.head.version;
        Rig rig(request, facts);
        rig.side.interim(early.head);
        const auto wire = rig.respond(response.head, "abc");
        EXPECT_EQ(
            wire.starts_with("HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200"),
            !old);
        EXPECT_EQ(wire.starts_with("HTTP/1.1 200"), old);
        EXPECT_EQ(rig.side.status(), 200);
    }
}

TEST(Http1ClientSideResponse, AValidatedSwitchEndsTheKeepAlive) {
    const auto request = GoodRequest::get(
        "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    const GoodResponse response(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        {Method::get, "websocket", {}});
    Rig rig(request);
    rig.side.start(response.head);
    EXPECT_EQ(rig.side.flush(), Flush::done);
    EXPECT_NE(rig.stream.wrote.find("\r\nUpgrade: websocket\r\n"), std::string::npos);
    EXPECT_EQ(body_of(rig.stream.wrote), "");
    EXPECT_FALSE(rig.side.keeps_connection());
}

TEST(Http1ClientSideResponse, OurOwnAnswerIsWhole) {
    const auto request = GoodRequest::get("");
    ClientFacts facts;
    facts.request_id = "8F3K-20QX-71MD";
    Rig rig(request, facts);
    LocalReply reply{404, {}, "not here", false};
    reply.with("Content-Type", "text/plain");
    rig.side.start_ours(reply);
    EXPECT_EQ(rig.side.write_body(as_bytes(std::string_view(reply.body))), reply.body.size());
    rig.side.finish({});
    EXPECT_EQ(rig.side.flush(), Flush::done);
    EXPECT_EQ(rig.stream.wrote,
              "HTTP/1.1 404 Not Found\r\nDate: " + std::string(kDate) +
                  "\r\nContent-Type: text/plain\r\nStrict-Transport-Security: max-age=31536000\r\n"
                  "Sekisho-Request-Id: 8F3K-20QX-71MD\r\nContent-Length: 8\r\nConnection: keep-alive\r\n\r\n"
                  "not here");
}

TEST(Http1ClientSideResponse, OurOwnAnswerHasNoBodyWhereNoneMayBe) {
    struct Row {
        const char* method;
        LocalReply reply;
        const char* length;  // null: no such line
        bool keeps;
    };
    const Row rows[] = {{"HEAD", {200, {}, "abc", false}, "\r\nContent-Length: 3\r\n", true},
                        {"GET", {204, {}, "", false}, nullptr, true},
                        {"GET", {304, {}, "", false}, nullptr, true},
                        {"GET", {413, {}, "", true}, "\r\nContent-Length: 0\r\n", false}};
    for (const Row& row : rows) {
        const GoodRequest request(std::string(row.method) + " / HTTP/1.1\r\nHost: app.corp.example\r\n\r\n");
        Rig rig(request);
        rig.side.start_ours(row.reply);
        rig.side.write_body(as_bytes(std::string_view(row.reply.body)));
        rig.side.finish({});
        EXPECT_EQ(rig.side.flush(), Flush::done);
        EXPECT_EQ(body_of(rig.stream.wrote), "");
        const auto head = head_of(rig.stream.wrote);
        EXPECT_EQ(head.find("Content-Length") != std::string::npos, row.length != nullptr);
        if (row.length) {
            EXPECT_NE(head.find(row.length), std::string::npos) << head;
        }
        EXPECT_EQ(rig.side.keeps_connection(), row.keeps);
    }
}

TEST(Http1ClientSideMemory, NothingIsHeldWhileABodyOrTheNextRequestIsWaitedFor) {
    const auto request = post("Content-Length: 12\r\n");
    Rig rig(request);
    rig.stream.pieces = {"hello"};
    std::string body;
    EXPECT_EQ(rig.read(body), BodyPeek::State::wait);
    EXPECT_EQ(rig.pool.lent_bytes(), 0u) << "of a client that does not go on";
    rig.stream.pieces = {", world"};
    EXPECT_EQ(rig.read(body), BodyPeek::State::end);
    EXPECT_EQ(body, "hello, world");
    rig.in.release();

    rig.stream.room = 0;
    rig.side.start_ours(LocalReply{200, {}, "here it is", false});
    EXPECT_NE(rig.side.write_body(as_bytes(std::string_view("here it is"))), 0u);
    rig.side.finish({});
    EXPECT_EQ(rig.side.flush(), Flush::wait);
    EXPECT_NE(rig.pool.lent_bytes(), 0u) << "what the socket did not take";
    rig.stream.room = ScriptedStream::unlimited;
    EXPECT_EQ(rig.side.flush(), Flush::done);
    EXPECT_EQ(rig.pool.lent_bytes(), 0u) << "of an answer that was sent";
}

TEST(Http1ClientSideWriting, AGoneClientIsSeenAtTheNextFlush) {
    const char* const framings[] = {"Content-Length: 100000\r\n", "Transfer-Encoding: chunked\r\n", ""};
    const std::string body(100'000, 'x');
    for (const char* framing : framings) {
        SCOPED_TRACE(framing);
        const auto request = GoodRequest::get("");
        const GoodResponse response("HTTP/1.1 200 OK\r\n" + std::string(framing) + "\r\n");
        Rig rig(request);
        rig.side.start(response.head);
        EXPECT_EQ(rig.side.flush(), Flush::done);
        rig.stream.write_fails = true;
        rig.side.write_body(as_bytes(std::string_view(body)));
        EXPECT_EQ(rig.side.flush(), Flush::failed);
    }
}

TEST(Http1ClientSideWriting, HoldsNoMoreThanItsBoundForAStalledClient) {
    const auto request = GoodRequest::get("");
    const std::string body(1'000'000, 'x');
    for (const char* framing : {"Content-Length: 1000000\r\n", "Transfer-Encoding: chunked\r\n"}) {
        const GoodResponse response("HTTP/1.1 200 OK\r\n" + std::string(framing) + "\r\n");
        Rig rig(request);
        rig.stream.room = 0;
        rig.side.start(response.head);
        std::size_t given = 0;
        for (int i = 0; i < 100; ++i)
            given += rig.side.write_body(as_bytes(std::string_view(body)).subspan(given));
        EXPECT_LE(given, 128u << 10);
        EXPECT_EQ(rig.side.flush(), Flush::wait);
        EXPECT_EQ(rig.side.write_body(as_bytes(std::string_view(body))), 0u);
    }
}

// One response sent through a socket that takes what `random` says; the whole wire.
std::string send_through(Rig& rig, const ResponseHead& head, std::string_view body, std::mt19937& random) {
    const auto draw = [&](std::uint32_t below) { return static_cast<std::size_t>(random() % below); };
    rig.stream.room = draw(200);
    rig.stream.holds_at_most = draw(2) * draw(100);
    rig.side.start(head);
    std::size_t given = 0;
    for (int turn = 0; given < body.size(); ++turn) {
        const auto offered = std::min(body.size() - given, 1 + draw(30'000));
        given += rig.side.write_body(as_bytes(body.substr(given, offered)));
        if (draw(3) == 0) rig.side.flush();
        rig.stream.room = draw(4) == 0 ? 0 : draw(20'000);
        if (turn > 100'000) {
            ADD_FAILURE() << "stuck after " << given;
            return {};
        }
    }
    rig.side.finish({});
    Flush flushed = Flush::wait;
    for (int turn = 0; flushed == Flush::wait && turn < 100'000; ++turn) {
        rig.stream.room = draw(5'000);
        flushed = rig.side.flush();
    }
    EXPECT_EQ(flushed, Flush::done);
    return rig.stream.wrote;
}

TEST(Http1ClientSideWriting, LosesAndDoublesNothingForAnyCapacity) {
    std::mt19937 random(20'261'122);
    for (int round = 0; round < 150; ++round) {
        std::string body(random() % 120'000, ' ');
        for (char& c : body) c = static_cast<char>(random());
        const int framing = round % 3;
        const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
        const GoodRequest request(framing == 2 ? "GET / HTTP/1.0\r\nHost: a\r\n\r\n"
                                               : "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        const GoodResponse response("HTTP/1.1 200 OK\r\n" +
                                    (framing == 0 ? length : "Transfer-Encoding: chunked\r\n") + "\r\n");
        ClientFacts facts;
        facts.version = request.head.version;
        Rig rig(request, facts);
        const auto wire = body_of(send_through(rig, response.head, body, random));
        BodyDecoder decoder(framing == 0   ? Framing::length
                            : framing == 1 ? Framing::chunked
                                           : Framing::until_close,
                            body.size(), 0);
        std::string_view rest = wire;
        std::string got;
        while (!rest.empty() && decoder.state() == BodyDecoder::State::more) {
            const auto step = decoder.feed(rest);
            got += step.payload;
            rest.remove_prefix(step.consumed);
        }
        EXPECT_EQ(decoder.finish(), BodyDecoder::State::done) << round;
        EXPECT_TRUE(rest.empty()) << round;
        ASSERT_TRUE(got == body) << "round " << round << ": " << got.size() << " of " << body.size();
    }
}

}  // namespace
}  // namespace sekisho::gateway
