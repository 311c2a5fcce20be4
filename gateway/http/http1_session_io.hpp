#pragma once
// Http1Session is one client connection for its whole life: handshake, requests one after the other, tunnel,
// end. One flat coroutine drives it; every step does what can be done and never blocks.
#include "gateway/http/request_run_io.hpp"

#include <memory>

namespace sekisho::gateway {

enum class ConnectionKind : std::uint8_t { tls, redirect };

// serve_connection runs one accepted connection to its end.
Flow serve_connection(Reactor& reactor, Worker& worker, AcceptedSocket socket, ConnectionKind kind);

class Http1Session final : public OpenConnection, private RequestCarrier {
public:
    Http1Session(Worker& worker, AcceptedSocket socket, ConnectionKind kind);
    ~Http1Session() override;

    Waiter& waiter() noexcept { return waiter_; }
    // step does all that can be done now; false when the connection is over.
    bool step(Wakes wakes);
    SteadyTime deadline() const noexcept { return deadline_; }

    void begin_drain() noexcept override { waiter_.wake(Wake::control); }
    void thaw() noexcept override;

private:
    enum class Phase : std::uint8_t { handshake, idle, head, running, lingering, over };
    enum class Next : std::uint8_t { again, wait };

    Next advance();
    Next do_handshake();
    Next do_idle();
    Next do_head();
    Next do_run();
    Next do_linger();

    ClientSide& client_for(RequestState& state, const RequestHead& head, const ClientFacts& facts,
                           std::uint64_t body_bytes_max) override;
    void ask_for_body() override { out_.append(std::string_view("HTTP/1.1 100 Continue\r\n\r\n")); }
    void drop_output() override { out_.consume(out_.size_bytes()); }
    void drop_input() override { in_.consume(in_.size_bytes()); }
    Raw raw() override { return {*stream_, in_}; }
    void break_off() override { stream_->close(); }

    void begin_request(const RequestHead& head, std::size_t head_bytes);
    LocalReply redirect_for(const RequestHead& head);
    void reject_head(int status, MessageFault fault = {});
    Next hold_request();
    void count_handshake();
    void linger();
    SteadyTime now() const noexcept { return worker_.reactor().now(); }

    Worker& worker_;
    Waiter waiter_;
    ConnectionLease lease_;
    ConnectionKind kind_;
    std::unique_ptr<ByteStream> stream_;
    TlsStream* tls_ = nullptr;
    RequestOrigin origin_;
    FlatBuffer in_, out_;
    RequestRun run_;
    SteadyTime deadline_ = SteadyTime::max(), began_{}, linger_until_{}, hold_until_{};
    std::size_t lingered_bytes_ = 0;
    std::uint32_t served_in_turn_ = 0;
    Phase phase_;
    bool keep_alive_ = false, held_ = false, shut_ = false;
};

}  // namespace sekisho::gateway
