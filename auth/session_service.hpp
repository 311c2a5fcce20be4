#pragma once
// SessionService is the one owner of sessions: it issues, hands over, rotates, ends and sweeps them, writes
// them to the store and publishes every change to the workers.
#include "auth/session.hpp"
#include "auth/store.hpp"
#include "config/model.hpp"

#include <array>
#include <functional>
#include <unordered_map>

namespace sekisho::auth {

// Issued is a new session and the cookie value that names it. The value exists nowhere else.
struct Issued {
    std::string cookie_value;
    SessionPtr session;
};

struct NewSession {
    std::string user;
    std::uint64_t account_epoch = 0;  // as read when the factors were judged
    FactorStrength strength = FactorStrength::none;
    config::SessionLimits limits;
    WallTime no_longer_than = WallTime::max();  // as the end of the day's window of a contractor
    Digest device{};                            // the known browser it is opened on
    IpAddress from;
    std::string agent;
    WallTime limited_until{};
};

// What is kept of a factor proof when a session is given a new id.
struct NewProof {
    FactorStrength strength = FactorStrength::none;
    WallTime proven_at{};
    WallTime limited_until{};
};

// SessionBound is what a person's sessions may have at most.
struct SessionBound {
    config::SessionLimits limits;
    WallTime no_longer_than = WallTime::max();
};

struct SessionCounts {
    std::size_t sso = 0, app = 0;
};

// Every end takes effect in memory first, and for every worker, then in the store (R8, R20): it waits for no
// disk, not even for one that another call waits for. When the store fails the end holds, is tried again at
// each sweep, and the error is returned so that the caller can be loud. What begins is in the store before
// anybody sees it.
// Thread: any pool thread; every call that returns a Result may block on the store, after its ends took
// effect, unless it was told Writing::later.
class SessionService {
public:
    SessionService(Store& store, const Clock& clock, SessionLog& log);

    // load publishes every session of the store that is still valid. Once, before serving.
    Result<> load();

    // Errors: Errc::denied when the account is not active or its epoch moved (disabled, password changed,
    // ...) since the factors were judged.
    Result<Issued> issue_sso(const NewSession& wanted);

    // issue_code makes the one-time code that carries a sign-in from the portal to an app host (R2): 256 bit,
    // 30 s, single use, bound to host, portal session and the app host's transaction hash.
    // Errors: Errc::denied when the session is gone or is no sso session; Errc::too_large past 64 codes under
    // way for one session.
    Result<std::string> issue_code(const Digest& sso, std::string_view host, const Digest& transaction);
    // redeem_code gives the app host its own session.
    // Errors: Errc::denied for any code that is unknown, used, expired or bound to something else.
    Result<Issued> redeem_code(std::string_view code, std::string_view host, const Digest& transaction,
                               const IpAddress& from, std::string_view agent);

    // rotate gives an sso session a new id, and a new proof when one is given. The old id stays valid for 30
    // s with its old rights (R27). App sessions follow the new id; a new proof is theirs too. A proof weaker
    // than what the session stands on lowers nothing: it is kept beside it, with its own time.
    Result<Issued> rotate(const Digest& sso, const std::optional<NewProof>& proof = std::nullopt);

    // begin_anew is rotate after a password changed: the old id, the app sessions and the codes under way end
    // at once, so that a stolen copy of the old id keeps nothing. App hosts are handed over to again.
    Result<Issued> begin_anew(const Digest& sso);

    // Each of the following returns the sessions that ended.
    using Ended = std::vector<SessionPtr>;

    // Held keeps a person from getting new sessions while it lives: from the moment theirs end until the
    // store knows why.
    class Held {
    public:
        Held(SessionService& service, std::string_view user);
        ~Held();
        Held(const Held&) = delete;
        Held& operator=(const Held&) = delete;

    private:
        SessionService& service_;
        std::string user_;
    };
    // sign_out ends the sso session that `id` is or belongs to, and its app sessions.
    Result<Ended> sign_out(const Digest& id, EndReason reason = EndReason::signed_out,
                           Writing writing = Writing::now);
    // end_all ends every session of a person, but for `except` and its app sessions.
    Result<Ended> end_all(std::string_view user, EndReason reason,
                          const std::optional<Digest>& except = std::nullopt, Writing writing = Writing::now);
    // end_one ends one session of this person by the id people see. Errors: Errc::not_found.
    Result<Ended> end_one(std::string_view user, std::string_view public_id, EndReason reason,
                          Writing writing = Writing::now);
    // end_any: the same by an operator, whoever's it is.
    Result<Ended> end_any(std::string_view public_id, EndReason reason);
    // end_where ends all that `chosen` says yes to; an sso session takes its app sessions along. `chosen`
    // must be quick and may not call back.
    Result<Ended> end_where(const std::function<bool(const Session&)>& chosen, EndReason reason,
                            Writing writing = Writing::now);
    // end_device ends what this person opened on one known browser (Session::device), and forgets the
    // browser.
    Result<Ended> end_device(std::string_view user, const Digest& device, EndReason reason,
                             Writing writing = Writing::now);
    // unwritten: how many ends the store does not have yet. While it is out they hold in memory alone (R8).
    std::size_t unwritten() const;
    // settle writes what ended and is not written yet. It waits for no disk when there is nothing.
    Result<> settle();

    // narrow holds every session to its person's bound: shorter where it is longer, never longer; beyond the
    // most of one person, the oldest end. `bound_of` may not call back.
    Result<> narrow(const std::function<SessionBound(std::string_view user)>& bound_of);

    SessionPtr find(const Digest& id_hash) const;
    // beginning: somebody's new session waits for the store.
    bool beginning() const;
    // list: newest first; an sso session before its app sessions.
    std::vector<SessionPtr> list(std::string_view user) const;
    std::vector<SessionPtr> list_all() const;
    SessionCounts counts() const;

    // end_due ends what is idle or past its end and drops expired codes, and waits for nothing. A session and
    // those handed over from it count as used together: idleness is judged over the latest of them. An end
    // counts from the moment it was due, however late it is found. Call about once a second.
    Ended end_due();
    // sweep does the same, retries failed ends and flushes last_seen in one batch at most once a minute.
    Result<Ended> sweep();
    // flush_last_seen writes every last_seen that moved since the last flush. Also called at shutdown.
    Result<> flush_last_seen();

private:
    struct Code {
        Digest sso, transaction;
        std::string host;
        WallTime expires;
        std::array<NewProof, 2> proofs;
    };

    void add_locked(const SessionPtr& session);
    void drop_locked(const Session& session);
    Ended family_locked(const Digest& sso) const;
    Ended of_person_locked(std::string_view user, const std::optional<Digest>& except) const;
    bool replaces_locked(const Digest& before, const Digest& after) const;
    // Due is a session whose time is over, and since when.
    struct Due {
        SessionPtr session;
        WallTime since;
    };
    Ended end_locked(Ended ending, EndReason reason, SteadyTime accepted);
    void end_due_locked(const std::vector<Due>& due, EndReason reason, Ended& ended);
    void publish_ends_locked(std::vector<SessionChange> changes);
    Result<Ended> write_ends(Ended ended, Writing writing);
    Result<> write_ends_in_turn();
    void drop_codes_locked(WallTime now);
    Ended crowded_out_locked(const Session& newest, std::size_t most) const;
    Ended too_many_siblings_locked(const Session& newest) const;
    WallTime family_seen_locked(const Session& sso) const;
    std::vector<SessionPtr> narrow_locked(const std::function<SessionBound(std::string_view user)>& bound_of);
    std::vector<Due> due_locked(WallTime now, EndReason reason) const;
    void pair_rotated_locked();
    std::vector<SessionPtr> renewed_locked(const Session& sso, const Digest& id,
                                           const std::optional<NewProof>& proof, WallTime now) const;
    std::vector<Digest> install_locked(const Digest& sso, const std::vector<SessionPtr>& all);
    Result<Issued> undo(const std::vector<Digest>& ids);

    Store& store_;
    const Clock& clock_;
    SessionLog& log_;
    // Taken first: one writer of session rows at a time. May be held for as long as a disk takes.
    std::mutex writing_;
    // What is in memory. Never held while the store is asked.
    mutable std::mutex mutex_;
    std::unordered_map<Digest, SessionPtr, DigestHash> live_;
    std::unordered_map<std::string, std::vector<Digest>> roots_;  // user to sso sessions, oldest first
    std::unordered_map<Digest, std::vector<Digest>, DigestHash>
        children_;                                             // sso to app sessions, oldest first
    std::unordered_map<Digest, Digest, DigestHash> replaced_;  // old id in its last seconds to the new one
    std::unordered_map<Digest, Code, DigestHash> codes_;
    std::vector<Digest> unwritten_ends_;
    std::vector<std::pair<std::string, Digest>> unwritten_forgets_;  // browsers given up, by whom
    std::unordered_map<std::string, int> held_;                      // people who get no new session now
    SessionPtr beginning_;  // on its way to the store; null when an end took it along
    std::unordered_map<Digest, std::int64_t, DigestHash> flushed_;
    WallTime last_flush_;
    SteadyTime last_due_;  // when end_due last looked
};

}  // namespace sekisho::auth
