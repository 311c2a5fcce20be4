#pragma once
// SessionService is the one owner of sessions: it issues, hands over, rotates, ends and sweeps them, writes
// them to the store and publishes every change to the workers.
#include "auth/session.hpp"
#include "auth/store.hpp"
#include "config/model.hpp"

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

struct SessionCounts {
    std::size_t sso = 0, app = 0;
};

// Every end takes effect in memory first, then in the store (R8, R20); when the store fails the end holds, is
// tried again at each sweep, and the error is returned so that the caller can be loud.
// Thread: any pool thread; every call may block on the store.
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
    // s with its old rights (R27). App sessions follow the new id; a new proof is theirs too.
    Result<Issued> rotate(const Digest& sso, const std::optional<NewProof>& proof = std::nullopt);

    // Each of the following returns the sessions that ended.
    using Ended = std::vector<SessionPtr>;
    // sign_out ends the sso session that `id` is or belongs to, and its app sessions.
    Result<Ended> sign_out(const Digest& id, EndReason reason = EndReason::signed_out);
    // end_all ends every session of a person, but for `except` and its app sessions.
    Result<Ended> end_all(std::string_view user, EndReason reason,
                          const std::optional<Digest>& except = std::nullopt);
    // end_one ends one session of this person by the id people see. Errors: Errc::not_found.
    Result<Ended> end_one(std::string_view user, std::string_view public_id, EndReason reason);
    // end_any: the same by an operator, whoever's it is.
    Result<Ended> end_any(std::string_view public_id, EndReason reason);

    SessionPtr find(const Digest& id_hash) const;
    // list: newest first; an sso session before its app sessions.
    std::vector<SessionPtr> list(std::string_view user) const;
    std::vector<SessionPtr> list_all() const;
    SessionCounts counts() const;

    // sweep ends what is idle or past its end, drops expired codes and retries failed ends. A session and
    // those handed over from it count as used together: idleness is judged over the latest of them. Call
    // about once a second, from one thread. Flushes last_seen in one batch at most once a minute.
    Result<Ended> sweep();
    // flush_last_seen writes every last_seen that moved since the last flush. Also called at shutdown.
    Result<> flush_last_seen();

private:
    struct Code {
        Digest sso, transaction;
        std::string host;
        WallTime expires;
        NewProof proof;
    };

    void add_locked(const SessionPtr& session);
    void drop_locked(const Session& session);
    Ended family_locked(const Digest& sso) const;
    bool replaces_locked(const Digest& before, const Digest& after) const;
    Result<Ended> end_locked(Ended ending, EndReason reason);
    Result<> retry_ends_locked();
    void drop_codes_locked(WallTime now);
    void trim_siblings_locked(const Session& newest);
    WallTime family_seen_locked(const Session& sso) const;

    Store& store_;
    const Clock& clock_;
    SessionLog& log_;
    mutable std::mutex mutex_;
    std::unordered_map<Digest, SessionPtr, DigestHash> live_;
    std::unordered_map<std::string, std::vector<Digest>> roots_;  // user to sso sessions, oldest first
    std::unordered_map<Digest, std::vector<Digest>, DigestHash>
        children_;                                             // sso to app sessions, oldest first
    std::unordered_map<Digest, Digest, DigestHash> replaced_;  // old id in its last seconds to the new one
    std::unordered_map<Digest, Code, DigestHash> codes_;
    std::vector<Digest> unwritten_ends_;
    std::unordered_map<Digest, std::int64_t, DigestHash> flushed_;
    WallTime last_flush_;
};

}  // namespace sekisho::auth
