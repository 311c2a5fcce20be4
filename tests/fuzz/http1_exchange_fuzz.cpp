// A whole HTTP/1 exchange: any client bytes, any upstream bytes, any room on either side. It always ends; the
// upstream is sent exactly one well-formed message, the client at most 16 interim heads and one final
// response whose framing a strict reader agrees with; a response that did not end well never ends cleanly.
//
// The input is two byte strings, parted by the first 0xff: what the client sends and what the upstream
// answers; the byte behind it sets how much each socket takes at a time.
#include "gateway/forward/rewrite.hpp"
#include "gateway/http/exchange.hpp"
#include "gateway/http/http1_client_side.hpp"
#include "gateway/http/http1_codec.hpp"
#include "tests/gateway/scripted_stream.hpp"

#include <algorithm>
#include <cstring>

namespace {

using namespace sekisho::gateway;

void require(bool holds) {
    if (!holds) __builtin_trap();
}

constexpr HeadLimits limits{4096, 32, 1024};

// ScriptedUpstream is an app at the end of a scripted stream, read and written as a real one is.
class ScriptedUpstream final : public UpstreamSide {
public:
    ScriptedUpstream(BufferPool& pool, ScriptedStream& stream, const RequestHead& head)
        : stream_(stream),
          in_(pool),
          out_(pool),
          body_out_(stream, out_),
          framing_(head.framing),
          method_(head.method_id),
          upgrade_(head.upgrade_token) {
        UpstreamFacts facts;
        facts.path = "/";
        const auto space = out_.room(upstream_head_bound(head, facts));
        out_.commit(*write_upstream_head(head, facts, {reinterpret_cast<char*>(space.data()), space.size()}));
    }
    std::size_t write_body(sekisho::ByteView bytes) override { return body_out_.write(bytes, framing_); }
    void finish_body(std::string_view trailers) override { body_out_.finish(framing_, trailers); }
    Flush flush() override { return body_out_.flush(); }
    ResponsePeek response() override {
        if (interim_) in_.consume(std::exchange(head_bytes_, 0));
        if (std::exchange(interim_, false)) scan_ = {};
        for (;;) {
            const auto step =
                parse_response_head(in_.text(), limits, {method_, upgrade_, {}}, scan_, scratch_, head_);
            if (step.state == HeadStep::State::fault) return failed(step.fault);
            if (step.state == HeadStep::State::done) return judge(step.head_bytes);
            const auto got = stream_.read(in_.room(1));
            if (got.state == IoState::would_block) return {};
            if (got.state != IoState::done) return failed(HeadFault::status_line);
            in_.commit(got.bytes);
        }
    }
    BodyPeek response_body() override {
        if (!body_in_) {
            body_in_.emplace(stream_, in_, BodyDecoder::of(head_, 0));
            in_.consume(std::exchange(head_bytes_, 0));
        }
        const auto piece = body_in_->peek();
        if (piece.state == BodyPeek::State::failed) fault_ = UpstreamFault::truncated;
        return piece;
    }
    void consume_response_body(std::size_t bytes) override { body_in_->consume(bytes); }
    std::string_view response_trailers() const override { return {}; }
    UpstreamFault fault() const override { return fault_; }
    sekisho::SteadyTime deadline() const override { return sekisho::SteadyTime::max(); }
    void expire(sekisho::SteadyTime) override {}

private:
    ResponsePeek failed(HeadFault) {
        fault_ = UpstreamFault::malformed;
        return {ResponsePeek::State::failed};
    }
    ResponsePeek judge(std::size_t bytes) {
        head_bytes_ = bytes;
        interim_ = head_.is_interim();
        if (interim_) return {ResponsePeek::State::interim, &head_};
        return {head_.status == 101 ? ResponsePeek::State::switching : ResponsePeek::State::final, &head_};
    }

    ScriptedStream& stream_;
    FlatBuffer in_, out_;
    BodyOut body_out_;
    std::optional<BodyIn> body_in_;
    Framing framing_;
    Method method_;
    std::string upgrade_;
    HeadScan scan_;
    HeadScratch scratch_;
    ResponseHead head_;
    std::size_t head_bytes_ = 0;
    bool interim_ = false;
    UpstreamFault fault_ = UpstreamFault::none;
};

// body_ends reads a body strictly; true when it is whole and nothing is left behind it.
bool body_ends(const Head& head, std::string_view text) {
    auto decoder = BodyDecoder::of(head, 0);
    while (decoder.state() == BodyDecoder::State::more) {
        const auto step = decoder.feed(text);
        if (step.consumed == 0) break;
        text.remove_prefix(step.consumed);
    }
    if (head.framing == Framing::until_close) return true;
    return decoder.state() == BodyDecoder::State::done && text.empty();
}

void check_upstream(const std::string& wrote, const RequestHead& asked, bool whole) {
    HeadScan scan;
    HeadScratch scratch;
    RequestHead head;
    const HeadLimits wide{1u << 20, 1000, 1u << 20};
    const auto step = parse_request_head(wrote, wide, scan, scratch, head);
    if (step.state == HeadStep::State::more) return;  // not all of the head went out
    if (asked.host.empty()) return;                   // HTTP/1.0 without Host: admission answers 421
    require(step.state == HeadStep::State::done);
    require(head.framing == asked.framing && head.content_length == asked.content_length);
    const bool ends = body_ends(head, std::string_view(wrote).substr(step.head_bytes));
    require(ends || !whole);
}

void check_client(std::string_view wrote, const RequestHead& asked, Exchange::State state) {
    for (int interims = 0;; ++interims) {
        HeadScan scan;
        HeadScratch scratch;
        ResponseHead head;
        const HeadLimits wide{1u << 20, 1000, 1u << 20};
        const auto step =
            parse_response_head(wrote, wide, {asked.method_id, asked.upgrade_token, {}}, scan, scratch, head);
        if (step.state == HeadStep::State::more) return require(state != Exchange::State::completed);
        require(step.state == HeadStep::State::done && interims <= 16);
        wrote.remove_prefix(step.head_bytes);
        if (head.is_interim()) continue;
        if (state == Exchange::State::switched) return;
        const bool ends = body_ends(head, wrote);
        if (state == Exchange::State::completed) require(ends);
        if (state == Exchange::State::upstream_failed && head.framing == Framing::chunked) require(!ends);
        return;
    }
}

// feed cuts bytes into pieces of the size given.
void feed(ScriptedStream& stream, std::string_view text, std::size_t piece) {
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
        stream.pieces.emplace_back(text.substr(0, piece));
    stream.after_pieces = IoState::closed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto* mark = static_cast<const std::uint8_t*>(size == 0 ? nullptr : std::memchr(data, 0xff, size));
    if (!mark || mark + 1 >= data + size) return 0;
    const std::size_t room = 1u + mark[1];
    const std::string_view client_text(reinterpret_cast<const char*>(data),
                                       static_cast<std::size_t>(mark - data));
    const std::string_view upstream_text(reinterpret_cast<const char*>(mark + 2),
                                         size - client_text.size() - 2);
    HeadScan scan;
    HeadScratch scratch;
    RequestHead head;
    const auto step = parse_request_head(client_text, limits, scan, scratch, head);
    if (step.state != HeadStep::State::done || head.form == TargetForm::asterisk) return 0;

    BufferPool pool;
    ScriptedStream client_stream, upstream_stream;
    feed(client_stream, client_text.substr(step.head_bytes), room);
    feed(upstream_stream, upstream_text, room);
    FlatBuffer in(pool), out(pool);
    Http1ClientSide client(client_stream, in, out, head, {}, 0, "Sun, 22 Nov 2026 13:00:00 GMT");
    ScriptedUpstream upstream(pool, upstream_stream, head);
    sekisho::SteadyTime now{sekisho::Seconds{1000}};
    Exchange exchange(client, upstream, {}, now);
    int turns = 0;
    for (; exchange.state() == Exchange::State::running && turns < 100'000; ++turns) {
        client_stream.room = upstream_stream.room = room;
        exchange.step(now += sekisho::Millis{1});
    }
    require(exchange.state() != Exchange::State::running);
    check_upstream(upstream_stream.wrote, head,
                   exchange.request_done() && exchange.state() == Exchange::State::completed &&
                       upstream.flush() == Flush::done);
    check_client(client_stream.wrote, head, exchange.state());
    return 0;
}
