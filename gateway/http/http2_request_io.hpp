#pragma once
// Http2Request is one stream of a client connection: what its exchange, its tunnel and its run know of the
// client.
#include "gateway/http/http2_session_io.hpp"

namespace sekisho::gateway {

// serve_stream runs one request to its end, as a flow of its own. A session ends after all of its streams.
Flow serve_stream(Reactor& reactor, Http2Session& session, std::int32_t id,
                  std::unique_ptr<Http2Fields> fields, bool ends);

class Http2Request final : public Http2Stream, public ClientSide, private RequestCarrier {
public:
    Http2Request(Http2Session& session, std::int32_t id, std::unique_ptr<Http2Fields> fields, bool ends);
    ~Http2Request() override;

    Waiter& waiter() noexcept { return waiter_; }
    bool step(Wakes wakes);
    SteadyTime deadline() const noexcept { return deadline_; }
    // await_recheck wakes it to be asked again; true when it was not waiting for that already.
    bool await_recheck() noexcept;
    // abandon: the connection is gone.
    void abandon() noexcept;

private:
    // Http2Stream
    void head_came(Http2Fields&, bool) override {}
    void body_came(ByteView bytes) override;
    void end_came(std::span<const Field> trailers) override;
    void closed(Http2Code code) override;
    void may_write() override { waiter_.wake(Wake::io); }

    // ClientSide
    BodyPeek request_body() override;
    void consume_request_body(std::size_t bytes) override;
    std::string_view request_trailers() const override { return trailers_; }
    void interim(const ResponseHead& head) override;
    void start(const ResponseHead& head) override;
    void start_ours(const LocalReply& reply) override;
    std::size_t write_body(ByteView bytes) override;
    void finish(std::string_view trailers) override;
    Flush flush() override;
    std::uint16_t status() const noexcept override { return status_; }
    BodyFault body_fault() const noexcept override { return body_fault_; }
    bool keeps_connection() const noexcept override { return true; }
    bool blocked_by_others() const noexcept override { return waits_for_room(); }

    // RequestCarrier
    ClientSide& client_for(RequestState& state, const RequestHead& head, const ClientFacts& facts,
                           std::uint64_t body_bytes_max) override;
    void ask_for_body() override;
    // Before a head of it was sent nothing of the stream can stand anywhere.
    void drop_output() override {
        if (status_ != 0) session_.withhold(id());
    }
    void drop_input() override;
    Raw raw() override { return {bytes_, tunnel_in_}; }
    void break_off() override;

    // The stream as bytes, for a tunnel.
    class Bytes final : public ByteStream {
    public:
        explicit Bytes(Http2Request& request) noexcept : request_(request) {}
        IoResult read(std::span<std::uint8_t> into) override;
        IoResult write(ByteView from) override;
        IoState flush() override;
        bool holds_output() const noexcept override { return false; }
        IoState shutdown() override;
        void close() noexcept override { request_.break_off(); }
        bool truncated() const noexcept override { return false; }
        std::string_view fault() const noexcept override { return request_.gone_ ? "stream reset" : ""; }
        void attach(Waiter&) override {}
        void attach(ReadyHook&) override {}
        void detach() noexcept override {}

    private:
        Http2Request& request_;
    };

    bool begin();
    bool go_on(Wakes wakes);
    void wrote() noexcept;
    void send_head(std::span<char> lines);
    std::span<char> write_lines(const ResponseHead& head, Framing& framing);

    Http2Session& session_;
    Http2Codec& codec_;
    Worker& worker_;
    Waiter waiter_;
    std::unique_ptr<Http2Fields> fields_;  // until the run begins; head_ views it
    RequestHead head_;
    HeadFault fault_ = HeadFault::none;
    FlatBuffer in_, tunnel_in_;  // body bytes that came and were not yet taken
    RequestRun run_;
    Bytes bytes_{*this};
    ClientFacts facts_;
    std::string trailers_;
    SteadyTime deadline_ = SteadyTime::max(), hold_until_ = SteadyTime::max();
    std::uint64_t body_bytes_max_ = 0, body_bytes_ = 0, response_left_ = 0;
    Framing framing_ = Framing::none;
    std::uint16_t status_ = 0;
    BodyFault body_fault_ = BodyFault::none;
    bool ended_;         // the client sent everything
    bool gone_ = false;  // the stream was reset, or broken off
    bool awaits_recheck_ = false;
    bool began_ = false, finished_ = false, discarding_ = false, head_method_ = false,
         takes_trailers_ = false, upgrades_ = false;
};

}  // namespace sekisho::gateway
