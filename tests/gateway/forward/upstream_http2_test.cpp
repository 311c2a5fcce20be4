// Goal: one request over a shared HTTP/2 connection brings back a whole response or a visible break, is sent
// again only where nobody can have acted on it, and holds nobody else up. Method: the real codec against
// frames written by hand; connections without sockets; a permit from the real admission.
#include "../http/http2_frames.hpp"
#include "../http/read_head.hpp"
#include "gateway/admission/admission.hpp"
#include "gateway/forward/upstream_http2_io.hpp"
#include "tests/support/policies.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace sekisho::gateway {
namespace {

using namespace std::chrono_literals;
using frames::Frame;
using Peek = ResponsePeek::State;
using Body = BodyPeek::State;

// A connection whose other end is the test.
struct Link final : Http2Link, Http2Owner {
    FlatBuffer out;
    Http2Codec wire;
    SteadyTime now{Seconds{1000}};
    std::vector<Http2Guest*> guests;
    bool stands = true, doubted = false;

    explicit Link(BufferPool& pool) : out(pool), wire(Http2Codec::Role::client, settings(), *this, out) {}
    static Http2Settings settings() {
        Http2Settings some;
        some.head.head_bytes = 2048;
        some.stream_window_bytes = kHttp2WindowBytes;
        some.connection_window_bytes = kHttp2LinkStreams * kHttp2WindowBytes;
        return some;
    }
    bool ready() const noexcept override { return stands && wire.settings_came(); }
    Http2Codec& codec() noexcept override { return wire; }
    void wrote() noexcept override {}
    void doubt(SteadyTime) noexcept override { doubted = true; }
    void leave(Http2Guest& guest) noexcept override {
        guests.erase(std::find(guests.begin(), guests.end(), &guest));
    }
    void stream_opened(std::int32_t, std::unique_ptr<Http2Fields>, bool) override { FAIL(); }

    void hear(const std::string& bytes) { wire.receive(as_bytes(bytes), now); }
    void greet(const std::string& settings = {}) {
        hear(frame(frames::settings, 0, 0, settings) + frame(frames::settings, frames::ack, 0, ""));
        for (auto* guest : std::vector(guests)) guest->link_ready();
    }
    void lose(UpstreamFault fault, MessageFault why = {}) {
        for (auto* guest : std::exchange(guests, {})) guest->link_lost(fault, why);
    }
    std::vector<Frame> sent() {
        wire.collect();
        std::string text(out.text());
        out.consume(out.size_bytes());
        wire.output_drained();
        constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        if (text.starts_with(preface)) text.erase(0, preface.size());
        return frames::read(text);
    }
    std::vector<Frame> sent(std::uint8_t type) {
        auto all = sent();
        std::erase_if(all, [&](const Frame& one) { return one.type != type; });
        return all;
    }
};

struct Links final : Http2Links {
    BufferPool pool;
    std::vector<std::unique_ptr<Link>> links;
    std::size_t next = 0;
    int retries = 0;
    std::vector<UpstreamFault> faults;

    Link& add() { return *links.emplace_back(std::make_unique<Link>(pool)); }
    // join gives the links in turn, and the last one for good.
    Http2Link* join(Http2Guest& guest) override {
        if (links.empty()) return nullptr;
        auto& link = *links[std::min(next++, links.size() - 1)];
        link.guests.push_back(&guest);
        return &link;
    }
    void begin_drain() noexcept override {}
    void count_retry() noexcept override { ++retries; }
    void count_fault(UpstreamFault fault) noexcept override { faults.push_back(fault); }
};

class UpstreamHttp2Test : public ::testing::Test {
protected:
    UpstreamHttp2Test() {
        world.model.portal.host = "portal.example";
        world.model.apps[0].host = "app.corp.example";
        world.add(sekisho::testing::staff("sato"));
        world.allow("wiki-all", "any");
        auto next = std::make_shared<Snapshot>();
        next->tls = TlsContexts::create({}, TicketKeys::random()).value();
        next->generation = 1;
        next->model = std::make_shared<const config::Model>(world.model);
        next->program = policy::compile(*next->model).value();
        next->routes = RouteTable::create(*next->model, {}).value();
        for (std::size_t i = 0; i < next->model->apps.size(); ++i) next->apps.emplace_back().tier_rank = 1;
        snapshot = next;
        auto session = std::make_shared<auth::Session>();
        session->user = "sato";
        session->host = "app.corp.example";
        session->strength = FactorStrength::otp;
        const auto token = auth::make_token();
        session->id_hash = token.hash;
        session->kind = auth::Session::Kind::app;
        auto parent = std::make_shared<auth::Session>(*session);
        parent->id_hash = auth::make_token().hash;
        parent->kind = auth::Session::Kind::sso;
        session->parent = parent->id_hash;
        for (auto& one : {parent, session}) {
            one->proven_at = one->created = clock.wall();
            one->absolute_end = clock.wall() + 12h;
            one->idle = 12h;
            one->touch(clock.wall());
            log.publish({{one, {}, {}}});
        }
        const GoodRequest request("GET / HTTP/1.1\r\nHost: app.corp.example\r\nCookie: " +
                                  std::string(name_of(OurCookie::app)) + "=" + token.text + "\r\n\r\n");
        HeadScratch scratch;
        verdict = admission.judge(snapshot, request.head, {"app.corp.example", parse_ip("192.0.2.7").value()},
                                  clock.wall(), scratch);
        EXPECT_TRUE(verdict.permit.has_value());
        upstream.host = "10.0.0.1";
        upstream.port = 50051;
        upstream.tls = true;
        facts.path = "/pkg.Service/Call";
        facts.client_address = "192.0.2.7";
        facts.assertion = "a.b.c";
    }

    UpstreamHttp2& send(const GoodRequest& request) {
        side.emplace(*verdict.permit,
                     UpstreamHttp2::Place{
                         links, waiter, links.pool, upstream, {2048, 32, 512}, UpstreamPool::Use(uses)},
                     request.head, facts);
        side->flush();
        return *side;
    }
    UpstreamHttp2& get() { return send(GoodRequest::get("")); }
    UpstreamHttp2& upload() {
        return send(
            GoodRequest("POST / HTTP/1.1\r\nHost: app.corp.example\r\nTransfer-Encoding: chunked\r\nTE: "
                        "trailers\r\nConnection: TE\r\n\r\n"));
    }
    // standing gives a connection whose SETTINGS came.
    Link& standing(const std::string& settings = {}) {
        auto& link = links.add();
        link.greet(settings);
        link.sent();
        return link;
    }
    static std::string answer(std::uint32_t id, std::string_view more = {}, std::uint8_t flags = 0) {
        return frame(frames::headers, static_cast<std::uint8_t>(frames::end_headers | flags), id,
                     frames::field(":status", "200") + std::string(more));
    }
    // takes reads the response's head, then what of its body is there.
    std::string takes(int status = 200) {
        const auto peek = side->response();
        EXPECT_EQ(peek.state, Peek::final);
        if (peek.state == Peek::final) {
            EXPECT_EQ(peek.head->status, status);
        }
        return body();
    }
    std::string body() {
        std::string all;
        for (;;) {
            const auto piece = side->response_body();
            last = piece.state;
            if (piece.state != Body::data) return all;
            all += as_text(piece.bytes);
            side->consume_response_body(piece.bytes.size());
        }
    }

    sekisho::testing::World world;
    ManualClock clock{sekisho::testing::at("2026-11-24T10:00:00+09:00")};
    auth::SessionLog log;
    Admission admission{clock, log};
    SnapshotPtr snapshot;
    Verdict verdict;
    Reactor reactor{clock};
    Waiter waiter{reactor};
    config::Upstream upstream;
    UpstreamFacts facts;
    std::uint32_t uses = 0;
    Links links;
    std::optional<UpstreamHttp2> side;
    Body last = Body::wait;
};

TEST_F(UpstreamHttp2Test, NothingIsSentBeforeTheUpstreamsSettings) {
    auto& link = links.add();
    get();
    EXPECT_EQ(side->response().state, Peek::wait);
    EXPECT_TRUE(link.sent(frames::headers).empty());
    link.greet();
    side->flush();
    const auto heads = link.sent(frames::headers);
    ASSERT_EQ(heads.size(), 1U);
    EXPECT_EQ(heads[0].flags, frames::end_stream | frames::end_headers);
    EXPECT_NE(heads[0].payload.find("10.0.0.1"), 0U);
}

TEST_F(UpstreamHttp2Test, BringsHeadBodyAndTrailers) {
    auto& link = standing();
    get();
    link.hear(frame(frames::headers, frames::end_headers, 1, frames::field(":status", "103")) +
              answer(1, frames::field("content-type", "application/grpc")) +
              frame(frames::data, 0, 1, "one ") + frame(frames::data, 0, 1, "two") +
              frame(frames::headers, frames::end_headers | frames::end_stream, 1,
                    frames::field("grpc-status", "0")));
    const auto hint = side->response();
    ASSERT_EQ(hint.state, Peek::interim);
    EXPECT_EQ(hint.head->status, 103);
    EXPECT_EQ(takes(), "one two");
    EXPECT_EQ(last, Body::end);
    EXPECT_EQ(side->response_trailers(), "grpc-status: 0\r\n\r\n");
    EXPECT_EQ(side->fault(), UpstreamFault::none);
    side.reset();
    EXPECT_TRUE(link.sent(frames::reset).empty());
    EXPECT_TRUE(link.guests.empty());
}

TEST_F(UpstreamHttp2Test, CarriesABodyAndItsTrailersAndEndsItOnce) {
    auto& link = standing();
    upload();
    EXPECT_EQ(side->write_body(as_bytes(std::string_view("hello"))), 5U);
    side->finish_body("x-sum: 5\r\n\r\n");
    const auto sent = link.sent();
    ASSERT_GE(sent.size(), 3U);
    EXPECT_EQ(sent[0].type, frames::headers);
    EXPECT_EQ(sent[0].flags & frames::end_stream, 0);
    EXPECT_EQ(sent[1].payload, "hello");
    EXPECT_EQ(sent.back().type, frames::headers) << "the trailers";
    EXPECT_NE(sent.back().flags & frames::end_stream, 0);
}

TEST_F(UpstreamHttp2Test, AnAbortedUploadIsResetAndNeverEnds) {
    auto& link = standing();
    upload();
    side->write_body(as_bytes(std::string_view("hel")));
    side.reset();
    for (const auto& one : link.sent()) {
        if (one.type == frames::headers || one.type == frames::data) {
            EXPECT_EQ(one.flags & frames::end_stream, 0);
        }
        if (one.type == frames::reset) {
            EXPECT_EQ(frames::read_u32(one.payload), 8U);
        }
    }
    EXPECT_EQ(link.wire.streams(), 0U);
}

TEST_F(UpstreamHttp2Test, ABreakInTheBodyIsATruncation) {
    auto& link = standing();
    get();
    link.hear(answer(1) + frame(frames::data, 0, 1, "half") + frame(frames::reset, 0, 1, frames::u32(2)));
    EXPECT_EQ(takes(), "half") << "what came is passed on";
    EXPECT_EQ(last, Body::failed);
    EXPECT_EQ(side->fault(), UpstreamFault::truncated);
    EXPECT_EQ(side->message_fault().text(), "stream_reset");
}

TEST_F(UpstreamHttp2Test, RefusesMalformedResponses) {
    struct Row {
        const char* name;
        std::string head;
        std::uint8_t flags;
    };
    const Row rows[] = {
        {"no status", frames::field("x", "1"), 0},
        {"two statuses", frames::field(":status", "200") + frames::field(":status", "200"), 0},
        {"a request's pseudo-field", frames::field(":status", "200") + frames::field(":path", "/"), 0},
        {"a pseudo-field behind others", frames::field("x", "1") + frames::field(":status", "200"), 0},
        {"101", frames::field(":status", "101"), 0},
        {"status 600", frames::field(":status", "600"), 0},
        {"connection", frames::field(":status", "200") + frames::field("connection", "close"), 0},
        {"transfer-encoding", frames::field(":status", "200") + frames::field("transfer-encoding", "chunked"),
         0},
        {"capitals", frames::field(":status", "200") + frames::field("X-A", "1"), 0},
        {"two lengths",
         frames::field(":status", "200") + frames::field("content-length", "1") +
             frames::field("content-length", "2"),
         0},
        {"a length and the end", frames::field(":status", "200") + frames::field("content-length", "5"),
         frames::end_stream},
        {"an interim end", frames::field(":status", "103"), frames::end_stream}};
    for (const auto& row : rows) {
        links.links.clear();
        links.next = 0;
        auto& link = standing();
        get();
        link.hear(
            frame(frames::headers, static_cast<std::uint8_t>(frames::end_headers | row.flags), 1, row.head));
        EXPECT_EQ(side->response().state, Peek::failed) << row.name;
        EXPECT_EQ(side->fault(), UpstreamFault::malformed) << row.name;
        EXPECT_TRUE(static_cast<bool>(side->message_fault())) << row.name;
        EXPECT_EQ(link.sent(frames::reset).size(), 1U) << row.name;
        EXPECT_EQ(link.wire.state(), Http2Codec::State::open) << row.name << " ends its stream only";
        side.reset();
    }
}

TEST_F(UpstreamHttp2Test, LengthsAreKept) {
    for (const char* sent : {"four", "sixty6"}) {
        links.links.clear();
        links.next = 0;
        auto& link = standing();
        get();
        link.hear(answer(1, frames::field("content-length", "5")) +
                  frame(frames::data, frames::end_stream, 1, sent));
        takes();
        EXPECT_EQ(last, Body::failed) << sent;
        EXPECT_EQ(side->fault(), UpstreamFault::truncated) << sent;
        side.reset();
    }
}

TEST_F(UpstreamHttp2Test, AnEndBeforeAnyHeadIsNoResponse) {
    auto& link = standing();
    get();
    link.hear(frame(frames::headers, frames::end_headers, 1, frames::field(":status", "100")) +
              frame(frames::data, frames::end_stream, 1, ""));
    EXPECT_EQ(side->response().state, Peek::interim);
    EXPECT_EQ(side->response().state, Peek::failed);
    EXPECT_EQ(side->fault(), UpstreamFault::malformed);
}

TEST_F(UpstreamHttp2Test, AStormOfInterimHeadsIsBounded) {
    auto& link = standing();
    get();
    std::string storm;
    for (int i = 0; i < 5000; ++i)
        storm += frame(frames::headers, frames::end_headers, 1, frames::field(":status", "103"));
    link.hear(storm);
    auto state = Peek::interim;
    int heads = 0;
    while ((state = side->response().state) == Peek::interim) ++heads;
    EXPECT_LE(heads, 17);
    EXPECT_EQ(state, Peek::failed);
    EXPECT_EQ(side->message_fault().text(), "interim_storm");
}

TEST_F(UpstreamHttp2Test, TrailersThatClaimSomethingRefuseTheResponse) {
    auto& link = standing();
    get();
    link.hear(answer(1) + frame(frames::headers, frames::end_headers | frames::end_stream, 1,
                                frames::field("content-length", "1")));
    takes();
    EXPECT_EQ(last, Body::failed);
    EXPECT_EQ(side->message_fault().text(), "trailer_name");
}

TEST_F(UpstreamHttp2Test, ARefusedStreamIsSentAgainOnce) {
    auto& link = standing();
    upload();
    link.hear(frame(frames::reset, 0, 1, frames::u32(7)));
    EXPECT_EQ(side->response().state, Peek::wait);
    EXPECT_EQ(links.retries, 1);
    EXPECT_EQ(side->write_body(as_bytes(std::string_view("hello"))), 5U) << "nothing of the body was lost";
    EXPECT_EQ(link.sent(frames::headers).size(), 2U);
    link.hear(frame(frames::reset, 0, 3, frames::u32(7)));
    EXPECT_EQ(side->response().state, Peek::failed);
    EXPECT_EQ(side->fault(), UpstreamFault::refused);
    EXPECT_EQ(links.retries, 1);
}

TEST_F(UpstreamHttp2Test, NothingIsSentAgainOnceBytesOfItsBodyWentOut) {
    auto& link = standing();
    upload();
    side->write_body(as_bytes(std::string_view("hello")));
    link.hear(frame(frames::reset, 0, 1, frames::u32(7)));
    EXPECT_EQ(side->response().state, Peek::failed);
    EXPECT_EQ(links.retries, 0);
}

TEST_F(UpstreamHttp2Test, GoawaySendsWhatIsBehindItToAnotherConnection) {
    auto& old = standing();
    auto& fresh = standing();
    upload();
    old.hear(frame(frames::goaway, 0, 0, frames::u32(0) + frames::u32(0)));
    EXPECT_EQ(side->response().state, Peek::wait);
    EXPECT_EQ(fresh.sent(frames::headers).size(), 1U);
    EXPECT_TRUE(old.guests.empty());
    EXPECT_FALSE(old.wire.takes_more());
}

TEST_F(UpstreamHttp2Test, GoawayLetsWhatIsBeforeItFinish) {
    auto& link = standing();
    get();
    link.hear(frame(frames::goaway, 0, 0, frames::u32(1) + frames::u32(0)) + answer(1) +
              frame(frames::data, frames::end_stream, 1, "whole"));
    EXPECT_EQ(takes(), "whole");
    EXPECT_EQ(last, Body::end);
}

TEST_F(UpstreamHttp2Test, ALostConnectionIsTriedAgainForWhatMayBeRepeated) {
    auto& old = standing();
    auto& fresh = standing();
    get();
    old.lose(UpstreamFault::closed_early);
    EXPECT_EQ(side->response().state, Peek::wait);
    EXPECT_EQ(fresh.sent(frames::headers).size(), 1U);
    fresh.lose(UpstreamFault::closed_early);
    EXPECT_EQ(side->response().state, Peek::failed);
    EXPECT_EQ(side->fault(), UpstreamFault::closed_early);
    side.reset();

    links.next = 0;
    links.links.clear();
    auto& one = standing();
    standing();
    upload();
    one.lose(UpstreamFault::closed_early);
    EXPECT_EQ(side->response().state, Peek::failed) << "a POST may have been done";
}

TEST_F(UpstreamHttp2Test, AConnectionThatNeverStoodFailsWithItsReason) {
    auto& link = links.add();
    get();
    link.lose(UpstreamFault::protocol, MessageFault::Late::not_http2);
    EXPECT_EQ(side->response().state, Peek::failed);
    EXPECT_EQ(side->fault(), UpstreamFault::protocol);
    EXPECT_EQ(side->message_fault().text(), "not_http2");
    EXPECT_EQ(links.retries, 0);
}

TEST_F(UpstreamHttp2Test, TheUpstreamsStreamLimitHolds) {
    std::string limit(1, '\0');
    limit += '\3';
    limit += frames::u32(1);
    auto& first = standing(limit);
    auto& second = standing(limit);
    get();
    std::optional<UpstreamHttp2> other;
    links.next = 0;
    const auto request = GoodRequest::get("");
    other.emplace(
        *verdict.permit,
        UpstreamHttp2::Place{links, waiter, links.pool, upstream, {2048, 32, 512}, UpstreamPool::Use(uses)},
        request.head, facts);
    other->flush();
    EXPECT_EQ(first.sent(frames::headers).size(), 1U);
    EXPECT_EQ(second.sent(frames::headers).size(), 1U) << "the first was full";
    EXPECT_EQ(first.guests.size(), 1U);
}

TEST_F(UpstreamHttp2Test, NoPlaceIsBusy) {
    get();
    EXPECT_EQ(side->response().state, Peek::failed);
    EXPECT_EQ(side->fault(), UpstreamFault::busy);
}

TEST_F(UpstreamHttp2Test, OnlyWhatTheClientTookIsCredited) {
    auto& link = standing();
    get();
    link.hear(answer(1));
    std::string piece(16384, 'x');
    for (int i = 0; i < 8; ++i) link.hear(frame(frames::data, 0, 1, piece));
    EXPECT_TRUE(link.sent(frames::window).empty()) << "nobody read it yet";
    EXPECT_EQ(takes().size(), kHttp2WindowBytes);
    EXPECT_FALSE(link.sent(frames::window).empty());
    std::string more;
    for (int i = 0; i < 9; ++i) more += frame(frames::data, 0, 1, piece);
    link.hear(more);
    EXPECT_LE(body().size(), kHttp2WindowBytes + piece.size());
    EXPECT_EQ(last, Body::failed) << "who sends beyond its window loses the stream, or the connection";
}

TEST_F(UpstreamHttp2Test, WaitsForTheUpstreamsCredit) {
    auto& link = standing();
    upload();
    const std::string large(100'000, 'x');
    const auto first = side->write_body(as_bytes(large));
    EXPECT_EQ(first, 65'535U) << "the window of RFC 9113";
    EXPECT_EQ(side->write_body(as_bytes(large)), 0U);
    EXPECT_NE(side->deadline(), SteadyTime::max()) << "an upstream that never takes it is not waited for";
    link.sent();
    link.hear(frame(frames::window, 0, 0, frames::u32(1000)) +
              frame(frames::window, 0, 1, frames::u32(1000)));
    EXPECT_EQ(side->write_body(as_bytes(large)), 1000U);
}

TEST_F(UpstreamHttp2Test, ATimeOutLeavesTheConnectionInDoubt) {
    auto& link = standing();
    get();
    side->finish_body({});
    EXPECT_EQ(side->deadline(), reactor.now() + upstream.response_timeout);
    side->expire(side->deadline());
    EXPECT_EQ(side->response().state, Peek::failed);
    EXPECT_EQ(side->fault(), UpstreamFault::timed_out);
    EXPECT_TRUE(link.doubted);
    EXPECT_EQ(link.sent(frames::reset).size(), 1U) << "the others go on";
}

TEST_F(UpstreamHttp2Test, AnAnswerBeforeTheEndOfTheUploadIsWhole) {
    auto& link = standing();
    upload();
    side->write_body(as_bytes(std::string_view("hel")));
    link.hear(answer(1) + frame(frames::data, frames::end_stream, 1, "enough") +
              frame(frames::reset, 0, 1, frames::u32(0)));
    EXPECT_EQ(takes(), "enough");
    EXPECT_EQ(last, Body::end);
    EXPECT_EQ(side->write_body(as_bytes(std::string_view("lo"))), 2U) << "nobody wants it any more";
    EXPECT_EQ(side->fault(), UpstreamFault::none);
}

TEST_F(UpstreamHttp2Test, SecretsOfPeopleEnterNoTable) {
    auto& link = standing();
    const auto request = GoodRequest::get("X-Api-Key: sesame\r\nAccept: text/html\r\n");
    send(request);
    const auto heads = link.sent(frames::headers);
    ASSERT_EQ(heads.size(), 1U);
    // The same request again: what entered the table is one byte now, what did not is sent whole.
    std::optional<UpstreamHttp2> again;
    again.emplace(
        *verdict.permit,
        UpstreamHttp2::Place{links, waiter, links.pool, upstream, {2048, 32, 512}, UpstreamPool::Use(uses)},
        request.head, facts);
    again->flush();
    const auto second = link.sent(frames::headers);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_LT(second[0].payload.size(), heads[0].payload.size());
    const auto whole = [](const std::string& payload) {
        // Never indexed, with a new name: 0001 0000 (RFC 7541 section 6.2.3).
        return std::count(payload.begin(), payload.end(), '\x10');
    };
    EXPECT_GE(whole(second[0].payload), 1);
}

}  // namespace
}  // namespace sekisho::gateway
