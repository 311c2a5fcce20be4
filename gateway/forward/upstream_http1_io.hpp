#pragma once
// UpstreamHttp1 carries one permitted request to an app over HTTP/1.1 and brings its response back.
#include "gateway/admission/permit.hpp"
#include "gateway/forward/rewrite.hpp"
#include "gateway/forward/upstream_connect_io.hpp"
#include "gateway/http/http1_client_side.hpp"
#include "gateway/http/http1_codec.hpp"
#include "gateway/http/upstream_side.hpp"

#include <optional>

namespace sekisho::gateway {

class UpstreamHttp1 final : public UpstreamSide {
public:
    // The permit is the key: nothing is sent without one. The head is written out at once; `head` and `facts`
    // may go away afterwards. `scratch` is the worker's, used while one head is parsed and passed on.
    UpstreamHttp1(const Permit& permit, UpstreamPool& pool, Waiter& waiter, BufferPool& buffers,
                  HeadScratch& scratch, const RequestHead& head, const UpstreamFacts& facts,
                  const HeadLimits& limits);
    ~UpstreamHttp1() override;

    std::size_t write_body(ByteView bytes) override;
    void finish_body(std::string_view trailers) override;
    Flush flush() override;
    ResponsePeek response() override;
    BodyPeek response_body() override;
    void consume_response_body(std::size_t bytes) override;
    std::string_view response_trailers() const override { return trailers_; }
    UpstreamFault fault() const override { return fault_; }
    bool withholds_continue() const noexcept override { return withholds_continue_; }
    MessageFault message_fault() const override { return message_fault_; }
    SteadyTime deadline() const override;
    void expire(SteadyTime now) override;

    // After Exchange::State::switched: the raw connection and what came behind the 101.
    ByteStream& stream() noexcept { return connection_->stream(); }
    FlatBuffer& received() noexcept {
        in_.consume(std::exchange(head_bytes_, 0));
        return in_;
    }

    SteadyTime connected_at() const noexcept override { return connected_at_; }
    bool anything_sent() const noexcept { return sent_anything_; }

private:
    enum class Phase : std::uint8_t { connecting, ready, failed, done };

    void acquire(bool fresh_only);
    bool advance();
    void connected();
    void fail(UpstreamFault fault, MessageFault message = {}) noexcept;
    bool retry_elsewhere();
    ResponsePeek parse_head();
    ResponsePeek judge_head();
    void forget_interim();
    void settle();
    bool can_rest() const noexcept;
    bool end_body();

    UpstreamPool& pool_;
    UpstreamPool::Use use_;
    Waiter& waiter_;
    HeadScratch& scratch_;
    HeadLimits limits_;
    FlatBuffer out_, in_;
    std::string head_text_;                   // kept until the first response byte, for one more try
    std::optional<UpstreamConnect> connect_;  // while a new connection is made
    std::unique_ptr<UpstreamConnection> connection_;
    std::optional<BodyOut> body_out_;
    std::optional<BodyIn> body_in_;
    Framing framing_;
    Method method_;
    std::string upgrade_token_, websocket_accept_;
    HeadScan scan_;
    ResponseHead head_;
    std::size_t head_bytes_ = 0;  // of a parsed head still at the front of in_
    std::string trailers_;
    SteadyTime connected_at_{}, waiting_since_;
    Phase phase_ = Phase::connecting;
    UpstreamFault fault_ = UpstreamFault::none;
    MessageFault message_fault_;
    bool repeatable_, unusual_body_, retried_ = false, body_finished_ = false, sent_anything_ = false;
    bool withholds_continue_;
    bool head_is_final_ = false, interim_head_ = false, upstream_keeps_ = false, write_failed_ = false;
    bool takes_nothing_ = false;  // of the body that waits
};

}  // namespace sekisho::gateway
