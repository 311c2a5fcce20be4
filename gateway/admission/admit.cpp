#include "auth/token.hpp"
#include "base/text.hpp"
#include "gateway/admission/admission.hpp"
#include "gateway/forward/rewrite.hpp"
#include "gateway/http/fetch_metadata.hpp"
#include "gateway/http/preflight.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr std::size_t standings_max = 100'000;  // per worker (docs/limits.md)

Verdict& refuse(Verdict& verdict, Refused why) {
    verdict.kind = Verdict::Kind::refused;
    verdict.refused = why;
    return verdict;
}

// What a session may not do whatever the rules say: one opened by a recovery code reaches enrolment only, and
// a factor enrolled after a recovery has no power over critical apps for a day (R16).
void bound_by_proof(const AppParts& parts, const auth::Session& session, WallTime now,
                    policy::Decision& decision) {
    // A service token proves no factor: its floor is the app's consent, and that no rule asks for one.
    if (session.kind == auth::Session::Kind::token) {
        decision.allow = decision.allow && parts.service_tokens;
        return;
    }
    constexpr std::uint8_t critical_rank = 3;
    const bool limited = parts.tier_rank >= critical_rank && now < session.limited_until;
    if (session.strength >= FactorStrength::otp && !limited) return;
    decision.allow = false;
    if (decision.who_matched) decision.reason = policy::Reason::factor_missing;
}

// Until when a client certificate says anything: its own end, or that of the list of those revoked.
WallTime certificate_end(const Snapshot& snapshot, const ClientProof& proof, std::string_view host) {
    const auto* trust = snapshot.tls->client_trust(host);
    return trust ? std::min(proof.not_after(), trust->until()) : proof.not_after();
}

}  // namespace

Verdict Admission::judge(const SnapshotPtr& snapshot, const RequestHead& head, const PeerFacts& peer,
                         WallTime now, HeadScratch& scratch) {
    Verdict verdict;
    const auto* host = snapshot->routes.find_host(head.host);
    if (!host || !same_host(head.host, peer.server_name)) {
        refuse(verdict, Refused::misdirected);
        return verdict;
    }
    if (!pass_certificate(*snapshot, peer, now, verdict)) return verdict;
    if (head.form == TargetForm::asterisk) {
        refuse(verdict, Refused::unknown);
        return verdict;
    }
    const auto canonical = canonicalise_path(head.path, host->rules(), scratch.path);
    if (!canonical) {
        refuse(verdict, Refused::bad_request);
        return verdict;
    }
    verdict.path = canonical.path;
    const auto route = host->app_of(canonical.path);
    if (route.kind == RouteKind::app) verdict.app = route.app;
    const auto began = clock_.steady();
    table_.catch_up(log_);
    if (route.kind == RouteKind::portal)
        judge_portal(head, now, verdict);
    else
        judge_app(snapshot, head, peer, now, verdict);
    verdict.auth_nanoseconds = (clock_.steady() - began).count() - verdict.policy_nanoseconds;
    return verdict;
}

// What the handshake proved holds for as long as nothing says otherwise: the list of revoked certificates is
// asked on every request, and a host that began to ask, or to trust others, wants a new connection (421).
bool Admission::pass_certificate(const Snapshot& snapshot, const PeerFacts& peer, WallTime now,
                                 Verdict& verdict) {
    using Check = CertificateCheck;
    const auto* trust = snapshot.tls->client_trust(peer.server_name);
    if (!trust) return true;
    if (!peer.proof) {
        verdict.certificate = Check::none;
        if (trust->demand() == config::ClientCertificates::Demand::request) return true;
        refuse(verdict, Refused::misdirected);
        return false;
    }
    if (peer.proof->trust().digest() != trust->digest()) {
        verdict.certificate = Check::other_authority;
        refuse(verdict, Refused::misdirected);
        return false;
    }
    const auto standing = now >= peer.proof->not_after()
                              ? CertificateStanding::stale
                              : revocation_.judge(*trust, peer.proof->chain(), now);
    verdict.certificate = standing == CertificateStanding::good      ? Check::accepted
                          : standing == CertificateStanding::revoked ? Check::revoked
                                                                     : Check::stale;
    if (verdict.certificate == Check::accepted) return true;
    refuse(verdict, Refused::certificate);
    return false;
}

// still_good: the certificate an open exchange stands on, on the newest configuration and list.
bool Admission::still_good(const Snapshot& snapshot, const ClientProof* proof, std::string_view host,
                           WallTime now) {
    const auto* trust = snapshot.tls->client_trust(lower(split_host(host).name));
    if (!trust) return true;
    if (!proof) return trust->demand() == config::ClientCertificates::Demand::request;
    return trust->digest() == proof->trust().digest() && now < proof->not_after() &&
           revocation_.judge(*trust, proof->chain(), now) == CertificateStanding::good;
}

auth::SessionPtr Admission::identify(const OurCookies& cookies, OurCookie which, std::string_view host,
                                     WallTime now, Verdict& verdict) {
    const auto value = cookies[which];
    if (value.empty()) return nullptr;
    const auto hash = auth::token_hash(value);
    if (!hash) return nullptr;
    verdict.cookie_hash = *hash;
    auto session = table_.find_shared(*hash);
    if (!session || session->over(now)) return nullptr;
    const bool for_portal = which == OurCookie::sso;
    if (session->kind != (for_portal ? auth::Session::Kind::sso : auth::Session::Kind::app)) return nullptr;
    if (!for_portal && !equal_ignoring_case(session->host, split_host(host).name)) return nullptr;
    // An app session lives and rests with the sso session it came from. The sweep ends what is idle; a
    // request that comes before it must not wake the session up again.
    const auto* parent = for_portal ? session.get() : table_.find(session->parent);
    if (!parent || std::max(session->last_seen(), parent->last_seen()) + session->idle < now) return nullptr;
    session->touch(now);
    if (!for_portal) parent->touch(now);
    return session;
}

void Admission::judge_portal(const RequestHead& head, WallTime now, Verdict& verdict) {
    if (find_service_token(head).kind != PresentedToken::Kind::none) {
        refuse(verdict, Refused::token_misused);
        return;
    }
    verdict.kind = Verdict::Kind::portal;
    verdict.session = identify(find_our_cookies(head), OurCookie::sso, head.host, now, verdict);
}

void Admission::judge_app(const SnapshotPtr& snapshot, const RequestHead& head, const PeerFacts& peer,
                          WallTime now, Verdict& verdict) {
    if (verdict.app && !verdict.path.starts_with("/.sekisho") &&
        is_allowed_preflight(head, preflight_rules(snapshot->app(*verdict.app)))) {
        refuse(verdict, Refused::preflight);
        return;
    }
    const auto token = find_service_token(head);
    if (token.kind != PresentedToken::Kind::none)
        return judge_token(snapshot, head, peer, token, now, verdict);
    verdict.session = identify(find_our_cookies(head), OurCookie::app, head.host, now, verdict);
    if (verdict.path == "/.sekisho" || verdict.path.starts_with("/.sekisho/")) {
        verdict.kind = Verdict::Kind::app_host_page;
        return;
    }
    if (!verdict.session)
        refuse(verdict, Refused::not_signed_in);
    else if (!verdict.app)
        refuse(verdict, Refused::unknown);
    else
        decide_app(snapshot, head, peer, now, verdict);
}

void Admission::decide_app(const SnapshotPtr& snapshot, const RequestHead& head, const PeerFacts& peer,
                           WallTime now, Verdict& verdict) {
    const auto& app = snapshot->app(*verdict.app);
    const auto began = clock_.steady();
    const auto& standing = this->standing(snapshot, verdict.session, *verdict.app);
    verdict.decision = policy::decide(*standing.residual, {head.method, verdict.path, peer.client, now});
    if (standing.shadow) {
        const auto shadow = policy::decide(*standing.shadow, {head.method, verdict.path, peer.client, now});
        if (shadow.allow != verdict.decision.allow) verdict.shadow_flip = shadow;
    }
    verdict.policy_nanoseconds = (clock_.steady() - began).count();
    bound_by_proof(snapshot->parts(*verdict.app), *verdict.session, now, verdict.decision);
    if (!verdict.decision.allow) {
        refuse(verdict, verdict.decision.who_matched || app.listed ? Refused::denied : Refused::unknown);
        return;
    }
    // A cookie, be it only the app's own, is sent by whoever makes the browser ask.
    const bool ambient =
        verdict.session->kind != auth::Session::Kind::token || head.present.has(FieldId::cookie);
    const auto fetch = judge_fetch(head, {app.origins, app.cross_site_callers, app.websocket, ambient});
    if (fetch != FetchVerdict::allow) {
        refuse(verdict, fetch == FetchVerdict::cross_site ? Refused::cross_site : Refused::websocket);
        return;
    }
    if (uses_connection_auth(head)) {
        refuse(verdict, Refused::connection_auth);
        return;
    }
    verdict.kind = Verdict::Kind::permit;
    verdict.permit = Permit(*verdict.app, snapshot, verdict.session, verdict.decision.rule.value_or(RuleId{}),
                            std::min(verdict.decision.valid_until, verdict.session->absolute_end));
    if (!peer.proof) return;
    verdict.permit->proof_ = peer.proof;
    verdict.permit->valid_until_ =
        std::min(verdict.permit->valid_until_, certificate_end(*snapshot, *peer.proof, peer.server_name));
}

Admission::Standing& Admission::standing(const SnapshotPtr& snapshot, const auth::SessionPtr& session,
                                         AppId app) {
    const Key key{session.get(), app.value};
    auto found = standings_.find(key);
    if (found == standings_.end()) {
        if (standings_.size() >= standings_max) standings_.clear();
        found = standings_.emplace(key, Standing{session, nullptr, nullptr, 0, {}, {}, {}}).first;
    }
    auto& standing = found->second;
    if (!standing.residual || standing.generation != snapshot->generation) {
        standing = Standing{session, nullptr, nullptr, snapshot->generation, {}, {}, {}};
        const policy::SubjectFacts subject{session->user, session->strength, session->proven_at,
                                           session->lesser, session->lesser_at};
        standing.residual = policy::specialise(*snapshot->program, subject, app);
        if (const auto* shadow = snapshot->program->shadow())
            standing.shadow = policy::specialise(*shadow, subject, app);
    }
    return standing;
}

Recheck Admission::still_holds(Permit& permit, const SnapshotPtr& snapshot,
                               const policy::RequestFacts& request, std::string_view host) {
    using Outcome = Recheck::Outcome;
    table_.catch_up(log_);
    auto session = table_.find_shared(permit.session().id_hash);
    if (!session) return {Outcome::session_ended};
    permit.session_ = std::move(session);
    if (permit.session().over(request.now)) return {Outcome::time_over};
    const bool newer = permit.snapshot().generation != snapshot->generation;
    if ((newer || permit.proof()) && !still_good(*snapshot, permit.proof().get(), host, request.now))
        return {Outcome::certificate_ended};
    auto app = permit.app();
    if (newer) {
        // Ids are indices of their own generation: the app is found again by its name, and gone means no.
        const auto again = snapshot->program->find_app(permit.snapshot().app(app).name);
        if (!again) return {Outcome::policy_changed};
        const auto route = snapshot->routes.find(host, request.path);
        if (route.kind != RouteKind::app || route.app != *again) return {Outcome::policy_changed};
        app = *again;
    }
    const auto& standing = this->standing(snapshot, permit.session_owner(), app);
    auto decision = policy::decide(*standing.residual, request);
    bound_by_proof(snapshot->parts(app), permit.session(), request.now, decision);
    if (!decision.allow)
        return {newer && permit.valid_until() > request.now ? Outcome::policy_changed : Outcome::time_over,
                decision.reason};
    permit.valid_until_ = std::min(decision.valid_until, permit.session().absolute_end);
    if (const auto& proof = permit.proof())
        permit.valid_until_ =
            std::min(permit.valid_until_, certificate_end(*snapshot, *proof, lower(split_host(host).name)));
    return {};
}

void Admission::sweep() {
    // Of sessions that ended, or were published anew with a newer proof.
    std::erase_if(standings_, [&](const auto& entry) {
        return table_.find(entry.second.session->id_hash) != entry.second.session.get();
    });
}

}  // namespace sekisho::gateway
