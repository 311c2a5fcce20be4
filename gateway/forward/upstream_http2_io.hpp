#pragma once
// UpstreamHttp2 carries one permitted request to an app as a stream of an HTTP/2 connection that others
// share.
#include "gateway/admission/permit.hpp"
#include "gateway/forward/http2_links.hpp"
#include "gateway/forward/rewrite.hpp"
#include "gateway/forward/upstream_pool_io.hpp"
#include "gateway/net/reactor_io.hpp"

#include <memory>
#include <string>
#include <vector>

namespace sekisho::gateway {

class UpstreamHttp2 final : public UpstreamSide, private Http2Stream, private Http2Guest {
public:
    // What it works with; all of it outlives the request.
    struct Place {
        Http2Links& links;
        Waiter& waiter;  // woken when the request should be stepped again
        BufferPool& buffers;
        const config::Upstream& upstream;
        HeadLimits limits;
        UpstreamPool::Use use;
    };

    // The permit is the key: nothing is sent without one. `head` and `facts` may go away afterwards.
    UpstreamHttp2(const Permit& permit, Place place, const RequestHead& head, const UpstreamFacts& facts);
    ~UpstreamHttp2() override;

    std::size_t write_body(ByteView bytes) override;
    void finish_body(std::string_view trailers) override;
    Flush flush() override;
    ResponsePeek response() override;
    BodyPeek response_body() override;
    void consume_response_body(std::size_t bytes) override;
    std::string_view response_trailers() const override { return trailers_; }
    SteadyTime connected_at() const noexcept override { return connected_at_; }
    UpstreamFault fault() const override { return fault_; }
    bool withholds_continue() const noexcept override { return withholds_continue_; }
    MessageFault message_fault() const override { return message_fault_; }
    SteadyTime deadline() const override;
    void expire(SteadyTime now) override;

private:
    enum class Phase : std::uint8_t { waiting, open, failed, done };
    // How the stream ended before its response did.
    enum class Loss : std::uint8_t {
        none,
        refused,  // the upstream certainly did not look at it (RFC 9113 section 8.7)
        gone,     // its connection is over; anything may have happened
        broken,   // reset, or malformed
    };
    struct Arrived {
        Http2Fields fields;
        ResponseHead head;  // views fields
    };

    // Http2Stream
    void head_came(Http2Fields& fields, bool ends) override;
    void body_came(ByteView bytes) override;
    void end_came(std::span<const Field> trailers) override;
    void closed(Http2Code code) override;
    void may_write() override { place_.waiter.wake(Wake::io); }

    // Http2Guest
    void link_ready() override { place_.waiter.wake(Wake::io); }
    void link_lost(UpstreamFault fault, MessageFault why) override;

    void join();
    void leave() noexcept;
    void advance();
    bool open();
    bool may_try_again() const noexcept;
    void try_again();
    void refuse(MessageFault why);
    void lose(Loss loss, UpstreamFault fault, MessageFault why) noexcept;
    void fail(UpstreamFault fault, MessageFault why = {});
    ResponsePeek give_head();
    SteadyTime now() const noexcept { return place_.waiter.reactor().now(); }

    Place place_;
    Http2Link* link_ = nullptr;
    // Kept for one more try.
    std::string method_, authority_, target_, lines_, trailers_up_;
    std::vector<std::unique_ptr<Arrived>> heads_;  // the one that is passed on now, and what came behind it
    std::size_t head_bytes_ = 0;                   // of those
    FlatBuffer in_;                                // of the body; at most kHttp2WindowBytes
    std::string trailers_;
    SteadyTime connected_at_{}, waiting_since_;
    std::uint64_t upload_left_, uploaded_ = 0;
    Framing framing_;
    Method method_id_;
    Phase phase_ = Phase::waiting;
    Loss loss_ = Loss::none;
    UpstreamFault fault_ = UpstreamFault::none, lost_by_ = UpstreamFault::none;
    MessageFault message_fault_, lost_why_;
    std::uint8_t joins_ = 0;
    bool repeatable_, withholds_continue_, retried_ = false;
    bool body_finished_ = false, stalled_ = false;  // of the request
    bool head_given_ = false, answered_ = false, ended_ = false;
};

}  // namespace sekisho::gateway
