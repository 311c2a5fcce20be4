// Admission of requests that carry a service token: scripts and machines that act for a person.
#include "auth/service_token_value.hpp"
#include "gateway/admission/admission.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

bool carries_our_cookies(const RequestHead& head) noexcept {
    const auto cookies = find_our_cookies(head);
    for (std::size_t i = 0; i < cookies.values.size(); ++i)
        if (!cookies.values[i].empty() || cookies.repeated[i]) return true;
    return false;
}

bool is_for(const auth::Session& token, const config::App& app) noexcept {
    return app.service_tokens &&
           std::find(token.apps.begin(), token.apps.end(), app.name) != token.apps.end();
}

}  // namespace

// Every token that opens nothing here is refused alike: unknown, expired, damaged, of another app, or shown
// to a host that has no app (R26).
void Admission::judge_token(const SnapshotPtr& snapshot, const RequestHead& head, const PeerFacts& peer,
                            const PresentedToken& token, WallTime now, Verdict& verdict) {
    verdict.kind = Verdict::Kind::refused;
    verdict.refused = Refused::token_misused;
    const bool own_path = verdict.path == "/.sekisho" || verdict.path.starts_with("/.sekisho/");
    if (token.kind == PresentedToken::Kind::several || own_path || carries_our_cookies(head)) return;
    verdict.refused = Refused::token_invalid;
    const auto hash = auth::service_token_hash(token.value);
    auto session = hash ? table_.find_shared(*hash) : nullptr;
    if (!session || session->kind != auth::Session::Kind::token) return;
    verdict.session = session;
    if (session->over(now) || !verdict.app || !is_for(*session, snapshot->app(*verdict.app))) return;
    session->touch(now);
    verdict.refused = Refused::none;
    decide_app(snapshot, head, peer, now, verdict);
}

}  // namespace sekisho::gateway
