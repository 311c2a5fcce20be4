#pragma once
// Two ends of an exchange in memory: a client's stream that takes everything, and an app that answers each
// request with the same bytes. What benchmarks and instruction counts of the data path share.
#include "gateway/http/http1_codec.hpp"
#include "gateway/http/upstream_side.hpp"
#include "gateway/net/byte_stream.hpp"

#include <string>

namespace sekisho::gateway {

// The request of an ordinary browser on a signed-in page, 13 fields.
inline std::string browser_request(std::string_view host, std::string_view cookie) {
    return std::string("GET /procedures/closing/2026-11.html?from=portal HTTP/1.1\r\nHost: ") +
           std::string(host) +
           "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"
           "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
           "Accept-Language: ja,en-US;q=0.7,en;q=0.3\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
           "Referer: https://" +
           std::string(host) + "/procedures/\r\nConnection: keep-alive\r\nCookie: wiki_seen=yes; " +
           std::string(cookie) +
           "\r\nUpgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n"
           "Sec-Fetch-Site: same-origin\r\n\r\n";
}

inline std::string app_response(std::size_t body_bytes) {
    return "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Tue, 24 Nov 2026 01:00:00 GMT\r\nContent-Type: "
           "text/html; "
           "charset=utf-8\r\nContent-Length: " +
           std::to_string(body_bytes) +
           "\r\nLast-Modified: Mon, 23 Nov 2026 01:00:00 GMT\r\nETag: \"69239a10-400\"\r\nConnection: "
           "keep-alive\r\n"
           "Accept-Ranges: bytes\r\n\r\n" +
           std::string(body_bytes, 'x');
}

class SwallowingStream final : public ByteStream {
public:
    std::size_t taken_bytes = 0;

    IoResult read(std::span<std::uint8_t>) override { return {IoState::would_block, 0}; }
    IoResult write(ByteView from) override {
        taken_bytes += from.size();
        return {IoState::done, from.size()};
    }
    IoState flush() override { return IoState::done; }
    bool holds_output() const noexcept override { return false; }
    IoState shutdown() override { return IoState::done; }
    void close() noexcept override {}
    bool truncated() const noexcept override { return false; }
    std::string_view fault() const noexcept override { return {}; }
    void attach(Waiter&) override {}
    void attach(ReadyHook&) override {}
    void detach() noexcept override {}
};

// AnsweringApp parses its own answer with the real codec, as a connection to an app would.
class AnsweringApp final : public UpstreamSide {
public:
    explicit AnsweringApp(std::string_view answer) : answer_(answer) {}

    std::size_t write_body(ByteView bytes) override { return bytes.size(); }
    void finish_body(std::string_view) override {}
    Flush flush() override { return Flush::done; }
    ResponsePeek response() override {
        HeadScan scan;
        const auto step = parse_response_head(answer_, {}, {Method::get, {}, {}}, scan, scratch_, head_);
        if (step.state != HeadStep::State::done) return {ResponsePeek::State::failed, nullptr, nullptr};
        at_ = step.head_bytes;
        return {ResponsePeek::State::final, &head_, nullptr};
    }
    BodyPeek response_body() override {
        if (at_ == answer_.size()) return {BodyPeek::State::end, {}};
        return {BodyPeek::State::data, as_bytes(answer_.substr(at_))};
    }
    void consume_response_body(std::size_t bytes) override { at_ += bytes; }
    std::string_view response_trailers() const override { return {}; }
    UpstreamFault fault() const override { return UpstreamFault::none; }
    SteadyTime deadline() const override { return SteadyTime::max(); }
    void expire(SteadyTime) override {}
    void again() noexcept { at_ = 0; }

private:
    std::string_view answer_;
    HeadScratch scratch_;
    ResponseHead head_;
    std::size_t at_ = 0;
};

}  // namespace sekisho::gateway
