#pragma once
// Http1Session is one client connection for its whole life: handshake, requests one after the other, tunnel,
// end. One flat coroutine drives it; every step does what can be done and never blocks.
#include "gateway/forward/upstream_http1_io.hpp"
#include "gateway/http/exchange.hpp"
#include "gateway/http/http1_client_side.hpp"
#include "gateway/http/local_upstream.hpp"
#include "gateway/tunnel/tunnel.hpp"
#include "gateway/worker_io.hpp"

#include <memory>
#include <optional>

namespace sekisho::gateway {

// RequestState is what one request needs while it runs; used again for the next one of the worker.
struct RequestState {
    ExchangeFacts facts;
    Verdict verdict;
    SnapshotPtr snapshot;
    HeadScan scan;
    std::optional<Http1ClientSide> client;
    std::optional<LocalUpstream> local;
    std::optional<UpstreamHttp1> upstream;
    std::optional<Exchange> exchange;
    std::optional<Tunnel> tunnel;
    std::shared_ptr<std::optional<bool>> durable;  // an allow that waits for its record
    void clear();
};

enum class ConnectionKind : std::uint8_t { tls, redirect };

// serve_connection runs one accepted connection to its end.
Flow serve_connection(Reactor& reactor, Worker& worker, AcceptedSocket socket, ConnectionKind kind);

class Http1Session final : public ActiveExchange {
public:
    Http1Session(Worker& worker, AcceptedSocket socket, ConnectionKind kind);
    ~Http1Session() override;

    Waiter& waiter() noexcept { return waiter_; }
    // step does all that can be done now; false when the connection is over.
    bool step(Wakes wakes);
    SteadyTime deadline() const noexcept { return deadline_; }

    void begin_drain() noexcept override { waiter_.wake(Wake::control); }
    void review(bool all) override;
    void thaw() noexcept override;

private:
    enum class Phase : std::uint8_t {
        handshake,
        idle,
        head,
        wait_record,
        exchanging,
        tunnelling,
        lingering,
        over
    };
    enum class Next : std::uint8_t { again, wait };

    Next advance();
    Next do_handshake();
    Next do_idle();
    Next do_head();
    Next do_wait_record();
    Next do_exchange();
    Next do_tunnel();
    Next do_linger();

    void begin_request(const RequestHead& head, std::size_t head_bytes);
    void note_request(const RequestHead& head);
    void route_request(const RequestHead& head);
    void begin_forward(const RequestHead& head);
    void begin_page(const RequestHead& head);
    void reply(const RequestHead* head, LocalReply reply);
    void begin_exchange(const RequestHead& head, UpstreamSide& upstream, PaceLimits pace);
    void record_allow();
    void reject_head(int status);
    void answer_upstream_fault();
    void switch_to_tunnel();
    void finish_request(telemetry::ExchangeOutcome outcome);
    void judge_exchange();
    Recheck ask_admission();
    bool recheck();
    bool hold();
    Next hold_request();
    void end_access(const Recheck& found, WallTime valid_until);
    void cut(Cut why);
    SteadyTime permit_deadline() const;
    void count_handshake();
    void linger();
    SteadyTime now() const noexcept { return worker_.reactor().now(); }

    Worker& worker_;
    Waiter waiter_;
    ConnectionLease lease_;
    ConnectionKind kind_;
    IpAddress peer_;
    std::unique_ptr<ByteStream> stream_;
    TlsStream* tls_ = nullptr;
    HandshakeFacts tls_facts_;
    std::string client_text_;
    FlatBuffer in_, out_;
    std::unique_ptr<RequestState> request_;
    SteadyTime deadline_ = SteadyTime::max(), began_{}, linger_until_{}, hold_until_{};
    std::size_t lingered_bytes_ = 0;
    std::uint32_t served_in_turn_ = 0;
    Phase phase_;
    bool keep_alive_ = false, ask_again_ = false, active_ = false, held_ = false, shut_ = false;
};

}  // namespace sekisho::gateway
