#pragma once
// Admission turns one request into a verdict: whose host it is for, who asks, whether they may. It is the
// only maker of Permits, one per worker, and asks again while an exchange is open.
#include "auth/session.hpp"
#include "gateway/admission/permit.hpp"
#include "gateway/admission/revocation.hpp"
#include "gateway/http/cookies.hpp"
#include "gateway/http/message.hpp"
#include "gateway/http/service_token_field.hpp"
#include "gateway/snapshot.hpp"
#include "policy/decide.hpp"

#include <optional>
#include <unordered_map>

namespace sekisho::gateway {

// What is known of one connection.
struct PeerFacts {
    std::string_view server_name;  // SNI; empty on plain connections
    IpAddress client;
    std::shared_ptr<const ClientProof> proof = {};  // of a client certificate, on this connection (R12)
};

// What a host that asks for client certificates found; in the order of label_values::client_certificate.
enum class CertificateCheck : std::uint8_t { accepted, none, revoked, stale, other_authority, not_asked };

enum class Refused : std::uint8_t {
    none,
    bad_request,      // 400: a path nobody may ask for
    misdirected,      // 421 (R25)
    not_signed_in,    // 303 to the portal, 401 for scripts
    unknown,          // 404: no app, or none this person may know of
    denied,           // 403 with the decision's reason
    cross_site,       // 403 (R3)
    websocket,        // 403: off, or an origin that is not listed
    connection_auth,  // 403: NTLM or Negotiate (R4)
    not_serving,      // 503: the worker's lease lapsed (R8)
    token_misused,    // 400: two service tokens, one beside our cookies, or on our own pages
    token_invalid,    // 401: a service token that opens nothing here
    preflight,        // 204: a preflight the app's configuration answers; nobody was let in
    certificate,      // 403: a client certificate that was revoked, or of which nobody knows
};

struct Verdict {
    enum class Kind : std::uint8_t { permit, portal, app_host_page, refused };
    Kind kind = Kind::refused;
    std::optional<Permit> permit;
    Refused refused = Refused::none;
    auth::SessionPtr session;  // portal: the sso session; apps: the app session or the service token
    Digest cookie_hash{};      // of the session cookie that came, found or not; zero without one
    std::optional<AppId> app;
    policy::Decision decision;
    CertificateCheck certificate = CertificateCheck::not_asked;
    // What the policy says with the rules in shadow enforced, where that differs; never acted on.
    std::optional<policy::Decision> shadow_flip;
    std::string_view path;  // canonical; views the request's buffer or the scratch
    std::int64_t auth_nanoseconds = 0, policy_nanoseconds = 0;
};

class Admission {
public:
    Admission(const Clock& clock, const auth::SessionLog& sessions) : clock_(clock), log_(sessions) {}

    // judge decides one request on the worker's current snapshot. `scratch` holds a path that had to be
    // rewritten.
    Verdict judge(const SnapshotPtr& snapshot, const RequestHead& head, const PeerFacts& peer, WallTime now,
                  HeadScratch& scratch);

    // still_holds asks again for an open exchange: the session lives, and the decision, on `snapshot`, still
    // allows. If so, `permit` carries the session as it is now (its proof may be newer) and the new end of
    // its validity.
    // `host` is what was asked for ("name:port"): a new generation must still lead from there to the same
    // app.
    Recheck still_holds(Permit& permit, const SnapshotPtr& snapshot, const policy::RequestFacts& request,
                        std::string_view host);
    // used: the person behind this permit did something on what is open.
    void used(const Permit& permit, WallTime now) const noexcept {
        permit.session().touch(now);
        if (const auto* parent = table_.find(permit.session().parent)) parent->touch(now);
    }
    // unchanged: the session of this permit is the one the log knows; the cheap half of it, for a sweep over
    // many.
    bool unchanged(const Permit& permit) const noexcept {
        return table_.find(permit.session().id_hash) == &permit.session();
    }
    // losses moves when a session ended or was replaced.
    std::uint64_t losses() const noexcept { return table_.losses(); }
    // end_of: what is known of the end of the session a permit stands on.
    std::optional<auth::SessionLog::End> end_of(const auth::Session& session) const {
        return log_.end_of(session.id_hash);
    }

    // catch_up takes over what the session log has published; true when anything changed.
    bool catch_up() { return table_.catch_up(log_); }

    // Standing is what is remembered of one session and app, until either changes.
    struct Standing {
        auth::SessionPtr session;
        std::shared_ptr<const policy::Residual> residual;
        std::shared_ptr<const policy::Residual> shadow;  // nullptr when no rule is in shadow
        std::uint64_t generation = 0;
        std::string assertion;
        WallTime assertion_until{};
        std::vector<RuleId> recorded;  // rules whose first allow stands in the audit
    };
    Standing& standing(const SnapshotPtr& snapshot, const auth::SessionPtr& session, AppId app);
    // sweep forgets standings of sessions that ended or were replaced; called about once a second.
    void sweep();
    std::size_t sessions() const noexcept { return table_.size(); }
    std::size_t standings_held() const noexcept { return standings_.size(); }

private:
    struct Key {
        const auth::Session* session;
        std::uint32_t app;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept {
            return std::hash<const void*>{}(key.session) * 31 + key.app;
        }
    };
    bool pass_certificate(const Snapshot& snapshot, const PeerFacts& peer, WallTime now, Verdict& verdict);
    bool still_good(const Snapshot& snapshot, const ClientProof* proof, std::string_view host, WallTime now);
    auth::SessionPtr identify(const OurCookies& cookies, OurCookie which, std::string_view host, WallTime now,
                              Verdict& verdict);
    void judge_portal(const RequestHead& head, WallTime now, Verdict& verdict);
    void judge_app(const SnapshotPtr& snapshot, const RequestHead& head, const PeerFacts& peer, WallTime now,
                   Verdict& verdict);
    void judge_token(const SnapshotPtr& snapshot, const RequestHead& head, const PeerFacts& peer,
                     const PresentedToken& token, WallTime now, Verdict& verdict);
    void decide_app(const SnapshotPtr& snapshot, const RequestHead& head, const PeerFacts& peer, WallTime now,
                    Verdict& verdict);

    const Clock& clock_;
    const auth::SessionLog& log_;
    auth::SessionTable table_;
    std::unordered_map<Key, Standing, KeyHash> standings_;
    RevocationView revocation_;
};

}  // namespace sekisho::gateway
