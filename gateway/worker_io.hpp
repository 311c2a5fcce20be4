#pragma once
// Worker is one thread with one of everything: reactor, listeners, upstream pools, session table, buffers,
// metric shard. Workers share only what other threads hand them.
#include "auth/jwt.hpp"
#include "gateway/admission/admission.hpp"
#include "gateway/control/lease.hpp"
#include "gateway/forward/upstream_pool_io.hpp"
#include "gateway/http/buffer_pool.hpp"
#include "gateway/net/listener_io.hpp"
#include "gateway/recorder.hpp"
#include "gateway/responder.hpp"

#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace sekisho::gateway {

struct RequestState;

// What every worker is given; all of it outlives the workers.
struct WorkerShared {
    const Clock& clock;
    SnapshotBoard& board;
    auth::SessionLog& sessions;
    const auth::AssertionMaker& assertions;
    Responder& responder;
    Resolver& resolver;
    UpstreamStates& upstreams;
    telemetry::Registry& registry;
    telemetry::LineWriter& lines;
    telemetry::AuditWriter& audit;
    const Lease& lease;
};

// ActiveExchange is the hook by which a worker finds its open, permitted exchanges.
class ActiveExchange {
public:
    // review asks again whether the permit holds, `all` even when its session is unchanged; where it does
    // not, or holds for another time, the exchange is woken.
    virtual void review(bool all) = 0;
    // thaw wakes the exchange, if it was held, after the worker found its lease renewed.
    virtual void thaw() noexcept = 0;
    ActiveExchange() = default;
    ActiveExchange(const ActiveExchange&) = delete;
    ActiveExchange& operator=(const ActiveExchange&) = delete;
    virtual ~ActiveExchange() = default;

private:
    friend class Worker;
    std::size_t place_ = SIZE_MAX;  // in Worker::active_
};

// OpenConnection is the hook by which a worker finds its connections, also those that rest.
class OpenConnection {
public:
    // begin_drain wakes the connection so that it ends when nothing runs on it.
    virtual void begin_drain() noexcept = 0;
    // thaw wakes the connection, if it held a request back, after the worker found its lease renewed.
    virtual void thaw() noexcept = 0;
    OpenConnection() = default;
    OpenConnection(const OpenConnection&) = delete;
    OpenConnection& operator=(const OpenConnection&) = delete;
    virtual ~OpenConnection() = default;
};

// TurnEnd is called at the end of the turn in which Worker::at_turn_end was given it, however often.
class TurnEnd : private Link {
public:
    TurnEnd() = default;
    virtual ~TurnEnd() = default;
    virtual void end_of_turn() noexcept = 0;

private:
    friend class Worker;
};

class Worker {
public:
    explicit Worker(const WorkerShared& shared);
    ~Worker();

    // listen adds a socket; `redirect_only` answers everything with a redirect to https (port 80).
    void listen(UniqueFd socket, std::shared_ptr<ConnectionLimits> limits, bool redirect_only);
    // run serves until stop(); call on the worker's own thread.
    void run();

    // Thread: any.
    void nudge();        // something changed: sessions or the snapshot
    void clock_moved();  // the wall clock was stepped: every open exchange asks again
    void drain(Millis within);
    ReactorLoad load() noexcept { return reactor_.load(); }
    // view_age is the time since this worker last knew, under a lease that held, every end of access.
    Millis view_age() const noexcept;

    // For connections, on the worker's thread.
    Reactor& reactor() noexcept { return reactor_; }
    BufferPool& buffers() noexcept { return buffers_; }
    Admission& admission() noexcept { return admission_; }
    Recorder& recorder() noexcept { return recorder_; }
    Responder& responder() noexcept { return shared_.responder; }
    HeadScratch& request_scratch() noexcept { return request_scratch_; }
    HeadScratch& response_scratch() noexcept { return response_scratch_; }
    const SnapshotPtr& snapshot();
    bool draining() const noexcept { return draining_; }
    // serving: the lease holds and nothing that ended is unknown here. While it does not, nothing may be
    // forwarded. Asked before every step of a connection.
    bool serving();
    // frozen_for is the time since the lease lapsed; while serving, nothing.
    Millis frozen_for() const noexcept { return shared_.lease.age() - Lease::length; }
    Recheck recheck(Permit& permit, const policy::RequestFacts& request, std::string_view host) {
        note_review();
        return admission_.still_holds(permit, snapshot(), request, host);
    }
    Trigger trigger_of(const Permit& permit, const Recheck& recheck) const {
        return gateway::trigger_of(recheck, admission_.end_of(permit.session()));
    }
    // ended_early counts what was open and is no more.
    void ended_early(const Permit& permit, const Recheck& recheck, WallTime valid_until);
    UpstreamPool* pool_for(const Snapshot& snapshot, AppId app);
    // assertion is the signed token for this session and app, made anew every 30 s; empty when the app wants
    // none or it could not be made.
    std::string_view assertion(const Snapshot& snapshot, Admission::Standing& standing, const Permit& permit,
                               WallTime now);
    std::string_view http_date();
    void make_request_id(std::string& out);
    void make_websocket_key(std::string& out);  // RFC 6455 section 4.1
    telemetry::TraceContext trace_for(std::string_view traceparent, bool& continued);
    std::unique_ptr<RequestState> take_state();
    void give_back(std::unique_ptr<RequestState> state);
    void enter(ActiveExchange& exchange);
    void leave(ActiveExchange& exchange) noexcept;
    void connected(OpenConnection& connection) { connections_.insert(&connection); }
    void at_turn_end(TurnEnd& what) noexcept {
        if (!what.linked()) what.insert_before(turn_ends_);
    }
    // line_scratch is memory for field lines on their way; nothing in it outlives the call it is used in.
    std::vector<char>& line_scratch() noexcept { return line_scratch_; }
    void disconnected(OpenConnection& connection) noexcept { connections_.erase(&connection); }

private:
    void refresh();
    void end_turn();
    void every_second();
    void feed_metrics();
    void look_for_losses(bool all);
    void begin_sweep(bool all);
    void sweep_some();
    void note_review();
    void end_review();
    void confirm_view();
    void thaw();
    std::uint64_t random64() noexcept;

    WorkerShared shared_;
    Reactor reactor_;
    BufferPool buffers_;
    HeadScratch request_scratch_, response_scratch_;
    Admission admission_;
    Recorder recorder_;
    SnapshotPtr snapshot_;
    std::uint64_t board_version_ = 0;
    std::map<std::string, std::unique_ptr<UpstreamPool>> pools_;
    std::vector<UpstreamPool*> pool_of_upstream_;  // of snapshot_
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<ActiveExchange*> active_;
    std::unordered_set<OpenConnection*> connections_;
    Link turn_ends_;
    std::vector<char> line_scratch_;
    std::vector<std::unique_ptr<RequestState>> states_;
    std::vector<std::uint8_t> random_;
    std::size_t random_at_ = 0;
    std::string date_;
    std::int64_t date_second_ = -1;
    SteadyTime last_tick_{}, last_flush_{};
    std::size_t hook_ = 0;
    std::atomic<bool> nudged_{false};
    std::atomic<std::int64_t> confirmed_;  // boot time of the last confirmed view, in milliseconds
    // The sweep over active_, from its end to its beginning, some in each turn.
    std::size_t sweep_at_ = 0;
    bool sweeping_ = false, sweep_all_ = false;           // now
    bool sweep_again_ = false, sweep_again_all_ = false;  // once more after this one
    std::uint64_t swept_losses_ = 0, swept_generation_ = 0;
    std::chrono::nanoseconds review_began_{-1};  // own processor time; negative: no review in this turn
    bool frozen_ = false;
    ListenerCounts counted_;  // as far as the metrics know
    std::int64_t buffers_shown_ = 0;
    bool draining_ = false;
};

}  // namespace sekisho::gateway
