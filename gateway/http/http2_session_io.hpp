#pragma once
// Http2Session is one client connection that speaks HTTP/2: it reads frames, lets each stream be a flow of
// its own (Http2Request), and writes what they have to say once a turn.
#include "gateway/http/client_connection_io.hpp"
#include "gateway/http/http2_codec.hpp"
#include "gateway/http/http2_output.hpp"

#include <memory>
#include <unordered_set>

namespace sekisho::gateway {

class Http2Request;

class Http2Session final : public OpenConnection, private Http2Owner, private TurnEnd {
public:
    explicit Http2Session(ClientConnection& connection);
    ~Http2Session() override;

    // step does all that can be done now; false when the connection is over and no stream is left.
    bool step(Wakes wakes);
    SteadyTime deadline() const noexcept { return deadline_; }

    void begin_drain() noexcept override { connection_.waiter().wake(Wake::control); }
    void thaw() noexcept override;

    // For its streams.
    Http2Codec& codec() noexcept { return codec_; }
    ClientConnection& connection() noexcept { return connection_; }
    // wrote: something stands in the output, or may: it leaves at the end of this turn.
    void wrote() noexcept { worker_.at_turn_end(*this); }
    // forwarded: what was written came from an app, and is held while nothing may be forwarded.
    void forwarded() noexcept { holds_forwarded_ = true; }
    // withhold takes back what a stream has written. What cannot be, as the TLS layer holds it, leaves within
    // withheld_leaves_within, or the connection ends.
    void withhold(std::int32_t stream);
    static constexpr Millis withheld_leaves_within{1000};  // the published bound
    // push sends now; true when nothing is left.
    bool push() noexcept;
    // rechecked: one of the streams that wait for it after a thaw was asked again.
    void rechecked() noexcept;
    void enter(Http2Request& request) { requests_.insert(&request); }
    void leave(Http2Request& request) noexcept;

private:
    enum class Phase : std::uint8_t { open, lingering, over };

    void stream_opened(std::int32_t id, std::unique_ptr<Http2Fields> fields, bool ends) override;
    void end_of_turn() noexcept override { flush(); }
    void read();
    void flush() noexcept;
    bool ends() const noexcept;
    void judge();
    void judge_drain();
    void judge_idle();
    void judge_output();
    void judge_withheld();
    void begin_linger();
    void linger();
    void close() noexcept;
    SteadyTime now() const noexcept { return worker_.reactor().now(); }

    ClientConnection& connection_;
    Worker& worker_;
    FlatBuffer in_, out_;
    Http2Output output_{out_};
    Http2Codec codec_;
    std::unordered_set<Http2Request*> requests_;
    SteadyTime deadline_ = SteadyTime::max(), idle_since_, drain_at_ = SteadyTime::max(), linger_until_{};
    SteadyTime stalled_since_ = SteadyTime::max();  // the client leaves output standing
    std::uint64_t sent_bytes_ = 0, stalled_at_bytes_ = 0;
    SteadyTime withheld_until_ = SteadyTime::max();  // by then all up to withheld_at_bytes_ has left
    std::uint64_t withheld_at_bytes_ = 0;            // of sent_bytes_
    std::size_t lingered_bytes_ = 0;
    std::size_t rechecks_left_ = 0;  // streams to be asked again before forwarded bytes leave
    Phase phase_ = Phase::open;
    bool served_ = false, reading_held_ = false, write_failed_ = false, shut_ = false;
    bool holds_forwarded_ = false;
};

}  // namespace sekisho::gateway
