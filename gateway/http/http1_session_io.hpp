#pragma once
// Http1Session is one client connection that speaks HTTP/1: requests one after the other, tunnel, end. Every
// step does what can be done and never blocks.
#include "gateway/http/client_connection_io.hpp"

namespace sekisho::gateway {

class Http1Session final : public OpenConnection, private RequestCarrier {
public:
    explicit Http1Session(ClientConnection& connection);
    ~Http1Session() override;

    // step does all that can be done now; false when the connection is over.
    bool step(Wakes wakes);
    SteadyTime deadline() const noexcept { return deadline_; }

    void begin_drain() noexcept override { connection_.waiter().wake(Wake::control); }
    void thaw() noexcept override;

private:
    enum class Phase : std::uint8_t { idle, head, running, lingering, over };
    enum class Next : std::uint8_t { again, wait };

    Next advance();
    Next do_idle();
    Next do_head();
    Next do_run();
    Next do_linger();

    ClientSide& client_for(RequestState& state, const RequestHead& head, const ClientFacts& facts,
                           std::uint64_t body_bytes_max) override;
    void ask_for_body() override { out_.append(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")); }
    void drop_output() override { out_.consume(out_.size_bytes()); }
    void drop_input() override { in_.consume(in_.size_bytes()); }
    Raw raw() override { return {stream_, in_}; }
    void break_off() override { stream_.close(); }

    void begin_request(const RequestHead& head, std::size_t head_bytes);
    LocalReply redirect_for(const RequestHead& head);
    void reject_head(int status, MessageFault fault = {});
    Next hold_request();
    void linger();
    SteadyTime now() const noexcept { return worker_.reactor().now(); }

    ClientConnection& connection_;
    Worker& worker_;
    ByteStream& stream_;
    FlatBuffer in_, out_;
    RequestRun run_;
    SteadyTime deadline_, linger_until_{}, hold_until_{};
    std::size_t lingered_bytes_ = 0;
    std::uint32_t served_in_turn_ = 0;
    Phase phase_ = Phase::idle;
    bool keep_alive_ = false, held_ = false, shut_ = false;
};

}  // namespace sekisho::gateway
