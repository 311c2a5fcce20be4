#pragma once
// Http2Pool is one worker's HTTP/2 connections to one upstream. Each is a flow of its own; requests fill the
// oldest first, so that the ones a peak needed come to rest and end.
#include "gateway/forward/http2_links.hpp"
#include "gateway/forward/http2_liveness.hpp"
#include "gateway/forward/upstream_connect_io.hpp"
#include "gateway/worker_io.hpp"

#include <optional>
#include <vector>

namespace sekisho::gateway {

class Http2Pool;

class Http2Connection final : public Http2Link, private Http2Owner, private TurnEnd {
public:
    explicit Http2Connection(Http2Pool& pool);
    ~Http2Connection() override;

    Waiter& waiter() noexcept { return waiter_; }
    // step does all that can be done now; false when the connection is over and nobody is on it.
    bool step(Wakes wakes);
    SteadyTime deadline() const noexcept { return deadline_; }

    // takes_another: one more request may be given to it.
    bool takes_another() const noexcept;
    void enter(Http2Guest& guest);
    bool empty() const noexcept { return guests_.empty(); }
    // nudge: look again whether there is still something to do here.
    void nudge() noexcept { waiter_.wake(Wake::control); }

    // Http2Link
    bool ready() const noexcept override { return phase_ == Phase::open; }
    Http2Codec& codec() noexcept override { return *codec_; }
    void wrote() noexcept override;
    void doubt(SteadyTime since) noexcept override;
    void leave(Http2Guest& guest) noexcept override;

private:
    enum class Phase : std::uint8_t { connecting, settling, open, over };

    void stream_opened(std::int32_t, std::unique_ptr<Http2Fields>, bool) override {}  // servers open none
    void end_of_turn() noexcept override { flush(); }
    void connect();
    void read();
    void settle();
    void flush() noexcept;
    void judge();
    void judge_life();
    void judge_rest();
    void end(UpstreamFault fault, MessageFault why = {});
    void end_broken();
    void end_unspoken();
    SteadyTime now() const noexcept;

    Http2Pool& pool_;
    UpstreamPool::Use use_;
    Worker& worker_;
    Waiter waiter_;
    std::optional<UpstreamConnect> connect_;
    std::unique_ptr<UpstreamConnection> connection_;
    FlatBuffer in_, out_;
    std::optional<Http2Codec> codec_;
    std::vector<Http2Guest*> guests_;
    Http2Liveness life_;
    SteadyTime deadline_ = SteadyTime::max(), settle_by_{}, idle_since_;
    Phase phase_ = Phase::connecting;
    bool write_failed_ = false;
    bool held_ = false;  // output waits until forwarding is allowed again
};

class Http2Pool final : public Http2Links {
public:
    Http2Pool(Worker& worker, UpstreamPool& upstream) noexcept : worker_(worker), upstream_(upstream) {}

    Http2Link* join(Http2Guest& guest) override;
    void count_retry() noexcept override { upstream_.count_retry(); }
    void count_fault(UpstreamFault fault) noexcept override { upstream_.count_fault(fault); }
    void begin_drain() noexcept override;

private:
    friend class Http2Connection;
    std::uint32_t connections_max() const noexcept;

    Worker& worker_;
    UpstreamPool& upstream_;
    std::vector<Http2Connection*> connections_;  // the oldest first
    // What the upstream last allowed, for a connection whose SETTINGS are still to come.
    std::uint32_t streams_expected_ = kHttp2LinkStreams;
};

}  // namespace sekisho::gateway
