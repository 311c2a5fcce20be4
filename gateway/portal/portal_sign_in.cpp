// The portal's sign-in: two forms judged together, and the hand-over to app hosts.
#include "base/base64.hpp"
#include "base/words_time.hpp"
#include "gateway/portal/handover.hpp"
#include "gateway/portal/portal.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

// A form left open over a working day is still good: nothing is proven by its first step.
constexpr Seconds first_form_lifetime{12 * 3600};
constexpr Seconds known_browser_lifetime{400 * 86400};

// Only a cookie that was once right says why it is no longer; any other gets the plain page
// (docs/decisions/0022).
std::string_view ended_key(const PortalRequest& request) {
    if (!request.ended) return {};
    switch (*request.ended) {
        case auth::EndReason::idle:
            return "session.idle";
        case auth::EndReason::absolute:
            return "session.max";
        case auth::EndReason::ended_by_person:
        case auth::EndReason::device:  // given up as lost, by the person themself
            return "session.ended_by_you";
        case auth::EndReason::ended_by_admin:
        case auth::EndReason::account:
            return "session.ended_by_admin";
        case auth::EndReason::changed:
            return "session.changed";
        case auth::EndReason::too_many:
        case auth::EndReason::signed_out:
        case auth::EndReason::rotated:
            break;
    }
    return {};
}

FillPairs wait_fill(Millis wait, Language language) {
    const auto seconds = std::chrono::ceil<Seconds>(wait);
    return {{"wait", span_in_text(seconds, language)}};
}

void retry_after(PortalResponse& response, Millis wait) {
    const auto seconds = std::max<std::int64_t>(std::chrono::ceil<Seconds>(wait).count(), 1);
    response.fields.push_back({"retry-after", std::to_string(seconds)});
}

std::string_view key_of(auth::SignInOutcome outcome) {
    switch (outcome) {
        case auth::SignInOutcome::slow_down:
            return "signin.slow_down";
        case auth::SignInOutcome::busy:
            return "signin.busy";
        case auth::SignInOutcome::expired:
            return "signin.form_expired";
        case auth::SignInOutcome::disabled:
            return "signin.account_disabled";
        case auth::SignInOutcome::ask_code:
        case auth::SignInOutcome::signed_in:
        case auth::SignInOutcome::failed:
            break;
    }
    return "signin.failed";
}

}  // namespace

auth::Origin origin_of(const PortalRequest& request) {
    return {request.client, std::string(request.field("user-agent").substr(0, 200)),
            std::string(request.cookie(cookie_names::known)), WallTime::max()};
}

config::SessionLimits limits_of(const config::Model& model, std::string_view account) {
    const auto* person = find_person(model, account);
    switch (person != nullptr ? person->kind : PersonKind::none) {
        case PersonKind::contractor:
            return model.sessions.contractor;
        case PersonKind::ops:
            return model.sessions.ops;
        case PersonKind::staff:
        case PersonKind::none:
            break;
    }
    return model.sessions.staff;
}

PortalResponse Portal::show_sign_in(const PortalRequest& request, std::string_view key,
                                    const FillPairs& fills, std::string_view account,
                                    const Onward& onward) const {
    const Frame frame = frame_of(request);
    SignInView view;
    int status = 200;
    if (!key.empty()) {
        const Word& words = word(key);
        view.notice =
            AnswerText{filled(words.title(frame.language), fills), filled(words.text(frame.language), fills)};
        if (request.method == "POST") status = words.status;
    }
    view.account = account.substr(0, 254);
    view.token = tokens_.stamp("sign-in", request.now);
    view.onward = onward;
    auto response = html_response(status, frame.language, sign_in_page(frame, view), Script::passkeys);
    std::optional<auth::Token> fresh;
    browser_of(request, response, fresh);
    return response;
}

PortalResponse Portal::sign_in_form(const PortalRequest& request) const {
    if (request.session) return see_other(request.model->portal.url, LocalPath("/"));
    return show_sign_in(request, ended_key(request), {}, {}, {});
}

PortalResponse Portal::start(const PortalRequest& request) const {
    const auto query = Form::parse(request.query);
    const auto onward = query ? onward_of(*query) : std::nullopt;
    if (!onward || onward->empty()) return answer_error(request, "http.bad");
    if (!request.session) return show_sign_in(request, ended_key(request), {}, {}, *onward);
    if (request.session->strength == FactorStrength::recovery)
        return see_other(request.model->portal.url, LocalPath("/.sekisho/account/enrol"));
    // The app sent them for a fresh proof; with one that fresh there is nothing more to ask.
    if (query->has("fresh") &&
        request.now - proven(*request.session, onward->wanted) > Handover::proof_is_fresh)
        return show_step_up(request, {}, {}, *onward, {});
    if (!request.standings->may_know_host(*request.session, onward->host)) {
        auto response = answer_error(request, "access.unknown");
        response.events.push_back(page_event("handover.denied", request, false, "access.unknown"));
        response.events.back().detail.emplace_back("host", onward->host);
        return response;
    }
    Digest transaction{};
    const auto bytes = from_base64url(onward->transaction).value();
    std::copy(bytes.begin(), bytes.end(), transaction.begin());
    auto code = parts_.sessions.issue_code(request.session->id_hash, onward->host, transaction);
    if (!code) {
        const auto key = code.error().code() == Errc::unavailable ? "fault.store" : "signin.form_expired";
        return answer_error(request, key);
    }
    const auto target = Url::https(app_origin(*request.model, onward->host) + "/.sekisho/callback");
    if (!target) return answer_error(request, "http.bad");
    return see_other(target->with({{"code", *code}, {"flow", onward->flow}}));
}

PortalResponse Portal::sign_in_step(const PortalRequest& request) const {
    auto checked = read_form(request);
    if (!checked.form) return std::move(checked.answer);
    const Form& form = *checked.form;
    const auto onward = onward_of(form);
    if (!onward) return answer_error(request, "http.bad");
    const auto& portal = request.model->portal.url;
    // Another tab was quicker: nothing is left to prove.
    if (request.session) return see_other(portal, after_sign_in(*onward));
    const auto account = form.get("account");
    if (!tokens_.stamp_holds(form.get("token"), "sign-in", request.now, first_form_lifetime)) {
        auto response = show_sign_in(request, "signin.form_expired", {}, account, *onward);
        response.events.push_back(page_event("form.refused", request, false, "token"));
        return response;
    }
    const auto browser = auth::token_hash(request.cookie(cookie_names::browser));
    if (!browser) return show_sign_in(request, "signin.cookies_off", {}, account, *onward);

    const auto step = parts_.sign_in.begin(account, form.get("password"), origin_of(request));
    if (!step) return answer_error(request, "fault.store");
    const Frame frame = frame_of(request);
    if (step->outcome != auth::SignInOutcome::ask_code) {
        auto response = show_sign_in(request, key_of(step->outcome), wait_fill(step->wait, frame.language),
                                     account, *onward);
        retry_after(response, step->wait);
        response.events.push_back(page_event("signin.held", request, false, auth::to_text(step->outcome)));
        return response;
    }
    const SecondFactorView view{step->ticket, tokens_.bound("second-factor", *browser), *onward};
    return html_response(200, frame.language, second_factor_page(frame, view));
}

PortalResponse Portal::second_factor_form(const PortalRequest& request) const {
    // The code's form hangs on what was posted before: without it a sign-in begins anew.
    return see_other(request.model->portal.url, LocalPath("/"));
}

PortalResponse Portal::second_factor_step(const PortalRequest& request) const {
    auto checked = read_form(request);
    if (!checked.form) return std::move(checked.answer);
    const Form& form = *checked.form;
    const auto onward = onward_of(form);
    if (!onward) return answer_error(request, "http.bad");
    // The Back button showed the form once more: it was answered already.
    if (request.session) return see_other(request.model->portal.url, after_sign_in(*onward));
    const auto browser = auth::token_hash(request.cookie(cookie_names::browser));
    if (!browser || !tokens_.bound_holds(form.get("token"), "second-factor", *browser)) {
        auto response =
            show_sign_in(request, browser ? "signin.form_expired" : "signin.cookies_off", {}, {}, *onward);
        response.events.push_back(page_event("form.refused", request, false, "token"));
        return response;
    }
    const auto ticket = form.get("ticket");
    const auto account = parts_.sign_in.account_of(ticket);
    auto origin = origin_of(request);
    origin.no_longer_than = request.standings->bound_of(account, request.now);
    const auto result =
        parts_.sign_in.finish(ticket, form.get("code"), origin, limits_of(*request.model, account));
    if (!result) return answer_error(request, "fault.store");
    if (result->outcome == auth::SignInOutcome::signed_in && result->session)
        return signed_in(request, *result, *onward);

    const auto fills = wait_fill(result->wait, request.language());
    auto response = show_sign_in(request, key_of(result->outcome), fills, {}, *onward);
    if (result->wait.count() > 0) retry_after(response, result->wait);
    auto event = page_event("signin.failed", request, false, auth::to_text(result->finding));
    event.user = result->account;
    event.detail.emplace_back("outcome", auth::to_text(result->outcome));
    response.events.push_back(std::move(event));
    return response;
}

PortalResponse Portal::signed_in(const PortalRequest& request, const auth::SignInResult& result,
                                 const Onward& onward) const {
    const auto& session = *result.session->session;
    const Url next = session.strength == FactorStrength::recovery ? Url(LocalPath("/.sekisho/account/enrol"))
                                                                  : after_sign_in(onward);
    auto response = see_other(request.model->portal.url, next);
    set_cookie(response, cookie_names::sso, result.session->cookie_value);
    if (!result.known_browser.empty())
        set_cookie(response, cookie_names::known, result.known_browser, known_browser_lifetime);
    auto event = page_event("signin.succeeded", request);
    event.user = session.user;
    event.session = session.public_id;
    event.detail.emplace_back("factor", to_text(session.strength));
    event.detail.emplace_back("new_browser", result.new_browser ? "yes" : "no");
    if (session.strength == FactorStrength::recovery)
        event.detail.emplace_back("codes_left", std::to_string(result.recovery_codes_left));
    if (result.token_found_again) event.detail.emplace_back("by", "two codes in a row");
    response.events.push_back(std::move(event));
    return response;
}

PortalResponse Portal::go_on(const PortalRequest& request) const {
    const auto query = Form::parse(request.query);
    const auto onward = query ? onward_of(*query) : std::nullopt;
    if (!onward || onward->empty()) return see_other(request.model->portal.url, LocalPath("/"));
    const Frame frame = frame_of(request);
    return html_response(200, frame.language, continue_page(frame, {start_url(*onward), onward->host}));
}

}  // namespace sekisho::gateway
