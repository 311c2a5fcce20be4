#pragma once
// RequestRun is one request from its whole head to its record, whatever wire it came by: judged, answered by
// an app, a page or a refusal, carried, asked again while it is open, cut, recorded.
#include "gateway/forward/upstream_http1_io.hpp"
#include "gateway/forward/upstream_http2_io.hpp"
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
    HeadScan scan;                          // HTTP/1 only
    std::optional<Http1ClientSide> client;  // HTTP/1 only
    std::optional<LocalUpstream> local;
    std::optional<UpstreamHttp1> upstream;
    std::optional<UpstreamHttp2> upstream_http2;
    std::optional<Exchange> exchange;
    std::optional<Tunnel> tunnel;
    // app: the one of the two upstreams that is there, or null.
    const UpstreamSide* app() const noexcept {
        if (upstream) return &*upstream;
        return upstream_http2 ? &*upstream_http2 : nullptr;
    }
    void drop_app() noexcept {
        upstream.reset();
        upstream_http2.reset();
    }
    std::string websocket_key;                     // ours, for a client whose wire has none (RFC 8441)
    std::shared_ptr<std::optional<bool>> durable;  // an allow that waits for its record
    void clear();
};

// What is known of the connection a request came on; it outlives the run.
struct RequestOrigin {
    PeerFacts peer;
    std::string client_text;                    // the peer's address
    std::string_view tls_version;               // empty on plain connections
    HttpVersion version = HttpVersion::http11;  // of what is no head
};

// RequestCarrier is the connection, or the stream of one, that a request came on.
class RequestCarrier {
public:
    struct Raw {
        ByteStream& stream;
        FlatBuffer& received;  // what came behind the request
    };
    // client_for makes the client side of the exchange that begins now; one made before is gone. It lives
    // until the run is over. `head` and `facts` are as for Http1ClientSide.
    virtual ClientSide& client_for(RequestState& state, const RequestHead& head, const ClientFacts& facts,
                                   std::uint64_t body_bytes_max) = 0;
    // ask_for_body sends 100 (Continue).
    virtual void ask_for_body() = 0;
    // drop_output takes back what was written for this request and not sent. Where some of its final head
    // was, break_off follows.
    virtual void drop_output() = 0;
    // drop_input lets go of what came for this request and was not read.
    virtual void drop_input() = 0;
    // raw: the bytes both ways once a switch of protocols stands.
    virtual Raw raw() = 0;
    // break_off ends the request at once and so that the client sees that something is missing.
    virtual void break_off() = 0;

protected:
    ~RequestCarrier() = default;
};

class RequestRun final : public ActiveExchange {
public:
    // What the carrier may do once the run is over.
    enum class Ending : std::uint8_t {
        again,   // everything was read and answered: the next request may come
        last,    // answered, but what the client still sends belongs to nobody
        broken,  // break_off() was called
    };

    RequestRun(Worker& worker, Waiter& waiter, RequestCarrier& carrier, const RequestOrigin& origin) noexcept
        : worker_(worker), waiter_(waiter), carrier_(carrier), origin_(origin) {}
    ~RequestRun() override;

    // open: the first byte of a request is here. Then exactly one of accept, answer and reject follows.
    void open();
    bool is_open() const noexcept { return state_ != nullptr; }
    RequestState& state() noexcept { return *state_; }

    // accept judges a whole head and begins to answer it. `head` may go away afterwards.
    void accept(const RequestHead& head);
    // answer answers a head without judging it.
    void answer(const RequestHead& head, LocalReply reply);
    // reject answers what is no request: 4xx or 5xx as HeadFault says, 408, or 503 when nothing may be
    // forwarded. `fault` names what was wrong with it.
    void reject(int status, MessageFault fault = {});

    // step does all that can be done now; false when the run is over and its record was written.
    bool step();
    // cancel ends what is still open.
    void cancel();
    SteadyTime deadline() const noexcept { return deadline_; }
    Ending ending() const noexcept { return ending_; }
    // forwards: a permit stands behind what is written now.
    bool forwards() const noexcept { return active_; }

    void review(bool all) override;
    void thaw() noexcept override;

private:
    enum class Phase : std::uint8_t { wait_record, exchanging, tunnelling, over };
    enum class Next : std::uint8_t { again, wait };

    Next advance();
    Next do_wait_record();
    Next do_exchange();
    Next do_tunnel();
    void note_request(const RequestHead& head);
    void route_request(const RequestHead& head);
    void begin_forward(const RequestHead& head);
    void begin_page(const RequestHead& head);
    void reply(const RequestHead* head, LocalReply reply);
    Asker asker() const noexcept { return {state_->facts.navigation, state_->facts.accept_language}; }
    std::uint64_t body_bytes_max() const;
    void begin_exchange(const RequestHead& head, UpstreamSide& upstream, PaceLimits pace);
    UpstreamSide& make_upstream(UpstreamPool& pool, const RequestHead& head, const UpstreamFacts& facts);
    void record_allow();
    void answer_upstream_fault();
    void note_upstream_fault();
    void switch_to_tunnel();
    void judge_exchange();
    void judge_client_failure();
    void finish(telemetry::ExchangeOutcome outcome, Ending ending);
    Recheck ask_admission();
    bool recheck();
    bool hold();
    void end_access(const Recheck& found, WallTime valid_until);
    void cut(Cut why);
    SteadyTime permit_deadline() const;
    SteadyTime now() const noexcept { return worker_.reactor().now(); }

    Worker& worker_;
    Waiter& waiter_;
    RequestCarrier& carrier_;
    const RequestOrigin& origin_;
    std::unique_ptr<RequestState> state_;
    ClientSide* client_ = nullptr;
    SteadyTime deadline_ = SteadyTime::max();
    Phase phase_ = Phase::over;
    Ending ending_ = Ending::broken;
    bool ask_again_ = false, active_ = false;
};

}  // namespace sekisho::gateway
