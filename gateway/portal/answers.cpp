#include "gateway/portal/answers.hpp"

#include "base/json.hpp"
#include "gateway/near_end.hpp"
#include "gateway/portal/page_policy.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

// The other language of this very page: only where a GET of the portal can show it again.
std::optional<Url> language_url(const PortalRequest& request) {
    if (request.host != request.model->portal.host || request.method != "GET") return std::nullopt;
    std::string here = request.path;
    if (!request.query.empty()) here += "?" + request.query;
    if (!is_local_path(here)) return std::nullopt;
    const auto other = request.language() == Language::ja ? "en" : "ja";
    return Url(LocalPath("/.sekisho/language")).with({{"l", other}, {"to", here}});
}

std::optional<Ending> ending_of(const PortalRequest& request) {
    const auto& session = *request.session;
    const auto contract = request.standings->bound_of(session.user, request.now);
    const auto at = std::min(contract, session.absolute_end);
    if (near_end_seconds(at, request.now) == 0) return std::nullopt;
    return Ending{at, contract <= session.absolute_end};
}

void retry_hint(PortalResponse& response) {
    if (response.status == 503 || response.status == 429) response.fields.push_back({"retry-after", "10"});
}

// RFC 9470 section 3: what a script's user has to show, and how fresh. The age is the least that a rule of
// this app asks for.
std::string step_up_challenge(const config::Model& model, AppId app, FactorStrength wanted) {
    std::string challenge =
        "Bearer error=\"insufficient_user_authentication\", error_description=\"A fresh second factor is "
        "needed\", acr_values=\"" +
        std::string(to_text(wanted)) + "\"";
    std::optional<Seconds> least;
    for (const auto& rule : model.rules) {
        const auto& name = model.apps[app.value].name;
        if (!rule.apps.empty() && std::find(rule.apps.begin(), rule.apps.end(), name) == rule.apps.end())
            continue;
        for (const auto& condition : rule.conditions)
            if (condition.max_age) least = std::min(least.value_or(*condition.max_age), *condition.max_age);
    }
    if (least) challenge += ", max_age=" + std::to_string(least->count());
    return challenge;
}

}  // namespace

Frame frame_of(const PortalRequest& request, Section section) {
    const auto& model = *request.model;
    Frame frame;
    frame.language = request.language();
    frame.organisation = model.portal.organisation;
    frame.help = model.portal.help;
    frame.portal_origin = model.portal.url;
    frame.language_url = language_url(request);
    frame.section = section;
    frame.now = request.now;
    frame.zone = zone_of(model);
    if (!request.session) return frame;
    const auto* person = find_person(model, request.session->user);
    frame.person = person != nullptr ? person->display.in(frame.language) : request.session->user;
    if (frame.person.empty()) frame.person = request.session->user;
    if (section != Section::none) frame.ending = ending_of(request);
    frame.is_ops = person != nullptr && person->kind == PersonKind::ops;
    return frame;
}

PortalResponse problem_response(const PortalRequest& request, std::string_view key, const FillPairs& fills) {
    const Word& words = word(key);
    const auto language = request.language();
    std::string body;
    JsonWriter json(body);
    json.begin_object()
        .field("type", "urn:sekisho:" + std::string(key))
        .field("status", words.status)
        .field("title", filled(words.title(language), fills))
        .field("detail", filled(words.text(language), fills))
        .field("title_en", filled(words.title(Language::en), fills))
        .field("title_ja", filled(words.title(Language::ja), fills))
        .field("request_id", request.request_id)
        .end_object();
    PortalResponse response = html_response(words.status, language, std::move(body));
    response.fields.front().value = "application/problem+json";
    retry_hint(response);
    return response;
}

PortalResponse answer_error(const PortalRequest& request, std::string_view key, const FillPairs& fills) {
    if (!request.is_navigation()) return problem_response(request, key, fills);
    const Word& words = word(key);
    Frame frame = frame_of(request);
    if (words.audience == Word::Audience::anyone) {
        frame.person.clear();
        frame.language_url.reset();
    }
    ErrorView view;
    view.key = key;
    view.fills = fills;
    view.request_id = request.request_id;
    auto response = html_response(words.status, frame.language, error_page(frame, view));
    retry_hint(response);
    return response;
}

FactorStrength wanted_strength(const config::Model& model, const policy::Decision& decision) noexcept {
    FactorStrength wanted = FactorStrength::otp;
    if (decision.rule && decision.rule->value < model.rules.size())
        for (const auto& condition : model.rules[decision.rule->value].conditions)
            if (condition.kind == config::Condition::Kind::mfa) wanted = std::max(wanted, condition.strength);
    return wanted;
}

bool proof_would_help(const PortalRequest& request, const policy::Decision& decision) noexcept {
    if (!request.session) return false;
    if (decision.reason == policy::Reason::factor_too_old) return true;
    // Whoever came in by a recovery code, or is limited after one, enrols first (R16).
    return decision.reason == policy::Reason::factor_missing &&
           request.session->strength >= FactorStrength::otp && request.now >= request.session->limited_until;
}

WallTime proven(const auth::Session& session, FactorStrength wanted) noexcept {
    if (session.lesser != FactorStrength::none && session.lesser >= wanted) return session.lesser_at;
    return session.strength >= wanted ? session.proven_at : WallTime{};
}

PortalResponse answer_refusal(const PortalRequest& request, AppId app, const policy::Decision& decision) {
    // Who has just proven a factor and is refused all the same is told so, not asked for another.
    const bool too_old = decision.reason == policy::Reason::factor_too_old;
    const bool at_passkey = !too_old && proof_would_help(request, decision);
    const bool has_proven_passkey = at_passkey && request.session->strength >= FactorStrength::passkey;
    const auto key = too_old && request.is_navigation() ? "factor.not_enough"
                     : has_proven_passkey               ? "factor.device_passkey_needed"
                     : at_passkey                       ? "factor.passkey_needed"
                                                        : reason_key(decision.reason);
    if (key == "access.unknown" || !request.session) return answer_error(request, "access.unknown");
    const auto& model = *request.model;
    const auto language = request.language();
    const auto fills = reason_fills(model, request.session->user, app, decision, request.now, language);
    if (!request.is_navigation()) {
        auto response = problem_response(request, key, fills);
        if (proof_would_help(request, decision))
            response.fields.push_back(
                {"www-authenticate", step_up_challenge(model, app, wanted_strength(model, decision))});
        return response;
    }
    RefusalView view;
    view.key = key;
    view.fills = fills;
    if (app.value < model.apps.size()) view.app = model.apps[app.value].title.in(language);
    view.request_id = request.request_id;
    if (request.method == "GET") view.again = Url::local(request.path);
    using policy::Reason;
    view.at_passkey = at_passkey;
    view.at_factor = decision.reason == Reason::factor_too_old || decision.reason == Reason::factor_missing;
    view.may_change = decision.reason != Reason::denied && decision.reason != Reason::contract_ended &&
                      decision.reason != Reason::part && decision.reason != Reason::view_only;
    if (decision.rule && decision.rule->value < model.rules.size())
        view.note = model.rules[decision.rule->value].reason.in(language);
    return html_response(word(key).status == 401 ? 403 : word(key).status, language,
                         refusal_page(frame_of(request), view));
}

PortalResponse answer_cookies(const PortalRequest& request) {
    Frame frame = frame_of(request);
    frame.person.clear();
    frame.language_url.reset();
    return html_response(431, frame.language, cookies_page(frame, request.host));
}

}  // namespace sekisho::gateway
