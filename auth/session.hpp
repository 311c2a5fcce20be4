#pragma once
// Session is one signed-in browser on one host, or one service token; SessionLog carries every change of the
// set of sessions to the workers; SessionTable is one worker's copy of the set.
#include "auth/token.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/ip.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sekisho::auth {

// Session is immutable but for last_seen_seconds, and shared between threads.
// A session of kind `sso` lives on the portal. A session of kind `app` lives on one app host and dies with
// its parent, the sso session it was handed over from. One of kind `token` is a service token (see
// ServiceTokens): no browser, no factor, no idle time.
struct Session {
    enum class Kind : std::uint8_t { sso, app, token };

    Digest id_hash{};
    Kind kind = Kind::sso;
    Digest parent{};  // app: id_hash of the sso session
    std::string user;
    std::string host;               // app: the only host it is valid on
    std::string name;               // token: what its operator called it
    std::vector<std::string> apps;  // token: the apps it is for, by name
    FactorStrength strength = FactorStrength::none;
    WallTime proven_at{};  // when a factor of that strength was last proven
    // A weaker factor proven after that, as a code where the session stands on a passkey. It lasts no longer
    // than the process: after a restart it is asked for again.
    FactorStrength lesser = FactorStrength::none;
    WallTime lesser_at{};
    WallTime created{};
    WallTime absolute_end{};
    Seconds idle{0};
    IpAddress from;         // where it was opened
    std::string agent;      // User-Agent at that time, at most 200 bytes
    std::string public_id;  // shown to people and in records
    Digest device{};        // the known browser it was opened on; zero for one not known
    // Until then this proof reaches no critical app and no administration: the factor was enrolled after a
    // recovery less than a day ago (R16). The epoch when there is no such limit.
    WallTime limited_until{};
    mutable std::atomic<std::int64_t> last_seen_seconds{0};

    Session() = default;
    Session(const Session& other);  // copies every value; the copy has a last_seen of its own
    Session& operator=(const Session&) = delete;

    // touch marks the session as used now. Any thread, no lock; at most one store a second.
    void touch(WallTime now) const noexcept;
    // over: past the absolute end. Idleness is judged by SessionService alone (R27).
    bool over(WallTime now) const noexcept { return now >= absolute_end; }
    WallTime last_seen() const noexcept;
    // last_proof: when a factor was last proven, whichever.
    WallTime last_proof() const noexcept { return lesser == FactorStrength::none ? proven_at : lesser_at; }
};

using SessionPtr = std::shared_ptr<const Session>;

// device_id names a known browser to people: ten characters, of no use as a token. "-" for none.
std::string device_id(const Digest& device);

enum class EndReason : std::uint8_t {
    signed_out,       // this browser asked
    ended_by_person,  // the same person, from another session
    ended_by_admin,   // ended by an operator
    account,          // account disabled
    changed,          // password or factors changed
    device,           // the browser or device it was opened on was given up as lost
    idle,
    absolute,
    rotated,   // replaced by a new id of the same session
    too_many,  // made room for a newer one
};
// to_text names a reason as it stands in records: "signed_out".
std::string_view to_text(EndReason reason) noexcept;

// Writing says whether an end waits until the store has it, or leaves that to a later settle and waits for
// nothing.
enum class Writing : std::uint8_t { now, later };

// A change either begins a session (or replaces the one of the same id) or ends one.
struct SessionChange {
    SessionPtr begun;  // null: an end
    Digest ended{};
    EndReason reason = EndReason::signed_out;
    // ended: when the act behind it was accepted, from which the revocation bound counts.
    SteadyTime accepted{};
};

// SessionLog is the path from whoever changes sessions to every worker: a bounded ring of changes with an
// atomic sequence number, and the live set itself for those who fell behind.
// Thread: every member from any thread; head() takes no lock.
class SessionLog {
public:
    explicit SessionLog(std::size_t ring_size = 4096) : ring_size_(ring_size) {}

    // head is the number of the newest change: the hot path compares it with what it has seen.
    std::uint64_t head() const noexcept { return head_.load(std::memory_order_acquire); }

    // publish makes the changes visible in order, then calls every wake hook.
    void publish(std::vector<SessionChange> changes);

    // since appends the changes after `seq` to `out`. false: `seq` is too old, take a snapshot.
    bool since(std::uint64_t seq, std::vector<SessionChange>& out) const;
    // snapshot gives the live set and the number it stands for.
    std::uint64_t snapshot(std::vector<SessionPtr>& out) const;

    // on_change adds a hook that runs on the publishing thread after each publish, outside the lock: a worker
    // with idle tunnels registers one that wakes its loop. Returns a number for drop_hook.
    std::size_t on_change(std::function<void()> hook);
    void drop_hook(std::size_t number);

    // end_of: why a recent session ended, and when that was accepted.
    struct End {
        EndReason reason = EndReason::signed_out;
        SteadyTime accepted{};
    };
    std::optional<End> end_of(const Digest& id_hash) const;
    // why_ended: the reason alone, for the page its browser sees next.
    std::optional<EndReason> why_ended(const Digest& id_hash) const;

private:
    void apply(const SessionChange& change);

    const std::size_t ring_size_;
    std::atomic<std::uint64_t> head_{0};
    mutable std::mutex mutex_;
    std::deque<SessionChange> ring_;  // numbers head - size + 1 ... head
    std::unordered_map<Digest, SessionPtr, DigestHash> live_;
    std::unordered_map<Digest, End, DigestHash> ended_;
    std::deque<Digest> ended_order_;
    std::mutex hooks_mutex_;
    std::vector<std::pair<std::size_t, std::function<void()>>> hooks_;
    std::size_t next_hook_ = 0;
};

// SessionTable is one worker's copy of the live set.
// Thread: bound to one worker.
class SessionTable {
public:
    // catch_up takes over what was published since the last call. true when anything changed.
    bool catch_up(const SessionLog& log);
    // find: by the hash of the cookie's id (token_hash). null when there is no such session.
    const Session* find(const Digest& id_hash) const noexcept;
    SessionPtr find_shared(const Digest& id_hash) const noexcept;
    std::size_t size() const noexcept { return sessions_.size(); }
    // losses moves whenever a session ended or was replaced: what stood on one must be looked at again.
    std::uint64_t losses() const noexcept { return losses_; }

private:
    std::uint64_t seen_ = 0, losses_ = 0;
    std::unordered_map<Digest, SessionPtr, DigestHash> sessions_;
    std::vector<SessionChange> scratch_;
};

}  // namespace sekisho::auth
