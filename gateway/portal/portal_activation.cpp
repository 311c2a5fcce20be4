// The portal's activation: a link, a password, an authenticator app, recovery codes (R16).
#include "gateway/portal/portal.hpp"
#include "gateway/portal/problems.hpp"

namespace sekisho::gateway {
namespace {

Url app_step(std::string_view link) {
    return Url(LocalPath("/.sekisho/activate/app")).with({{"link", link}});
}

// Unknown, used and expired links look alike; a store that fails does not.
PortalResponse link_failed(const PortalRequest& request, const Error& error) {
    auto response =
        answer_error(request, error.code() == Errc::not_found ? "signin.invite_expired" : "fault.store");
    response.events.push_back(page_event("activation.refused", request, false, to_text(error.code())));
    return response;
}

PortalResponse form_expired(const PortalRequest& request) {
    auto response = answer_error(request, "signin.form_expired");
    response.events.push_back(page_event("form.refused", request, false, "token"));
    return response;
}

}  // namespace

PasswordProblem problem_of(auth::PasswordFault fault) noexcept {
    switch (fault) {
        case auth::PasswordFault::too_short:
            return PasswordProblem::too_short;
        case auth::PasswordFault::too_long:
            return PasswordProblem::too_long;
        case auth::PasswordFault::not_text:
            return PasswordProblem::not_text;
        case auth::PasswordFault::common:
            return PasswordProblem::common;
        case auth::PasswordFault::like_name:
            return PasswordProblem::like_name;
    }
    return PasswordProblem::none;
}

PortalResponse Portal::activation_form(const PortalRequest& request) const {
    const auto query = Form::parse(request.query);
    if (!query) return answer_error(request, "http.bad");
    const auto link = query->get("link");
    const auto found = parts_.activation.look(link);
    if (!found) return link_failed(request, found.error());
    PortalResponse cookies;
    std::optional<auth::Token> fresh;
    const Digest browser = browser_of(request, cookies, fresh);
    const Frame frame = frame_of(request);
    const ActivationView view{found->user, std::string(link), tokens_.bound("activate", browser),
                              PasswordProblem::none};
    auto response = html_response(200, frame.language, activation_page(frame, view));
    for (auto& field : cookies.fields) response.fields.push_back(std::move(field));
    return response;
}

PortalResponse Portal::activation_step(const PortalRequest& request) const {
    auto checked = read_form(request);
    if (!checked.form) return std::move(checked.answer);
    const Form& form = *checked.form;
    const auto browser = auth::token_hash(request.cookie(cookie_names::browser));
    if (!browser || !tokens_.bound_holds(form.get("token"), "activate", *browser))
        return form_expired(request);
    const auto link = form.get("link");
    const auto found = parts_.activation.look(link);
    if (!found) return link_failed(request, found.error());
    auto problem = form.get("new") == form.get("again") ? PasswordProblem::none : PasswordProblem::differ;
    if (problem == PasswordProblem::none) {
        const auto fault = parts_.activation.set_password(link, form.get("new"));
        if (!fault) return link_failed(request, fault.error());
        if (*fault) problem = problem_of(**fault);
    }
    if (problem == PasswordProblem::none) return see_other(request.model->portal.url, app_step(link));
    const Frame frame = frame_of(request);
    const ActivationView view{found->user, std::string(link), tokens_.bound("activate", *browser), problem};
    return html_response(422, frame.language, activation_page(frame, view));
}

PortalResponse Portal::show_activation_app(const PortalRequest& request, std::string_view link,
                                           bool code_wrong) const {
    const auto browser = auth::token_hash(request.cookie(cookie_names::browser));
    if (!browser) return answer_error(request, "signin.cookies_off");
    const auto offer = parts_.activation.offer_totp(link);
    if (!offer) return link_failed(request, offer.error());
    const Frame frame = frame_of(request);
    const EnrolView view{offer->uri,
                         offer->spaced,
                         code_wrong,
                         LocalPath("/.sekisho/activate/app"),
                         "link",
                         std::string(link),
                         tokens_.bound("activate-app", *browser)};
    return html_response(code_wrong ? 422 : 200, frame.language, enrol_page(frame, view));
}

PortalResponse Portal::activation_app_form(const PortalRequest& request) const {
    const auto query = Form::parse(request.query);
    if (!query) return answer_error(request, "http.bad");
    const auto link = query->get("link");
    const auto found = parts_.activation.look(link);
    if (!found) return link_failed(request, found.error());
    if (!found->password_set)
        return see_other(request.model->portal.url,
                         Url(LocalPath("/.sekisho/activate")).with({{"link", link}}));
    return show_activation_app(request, link, false);
}

PortalResponse Portal::activation_app_step(const PortalRequest& request) const {
    auto checked = read_form(request);
    if (!checked.form) return std::move(checked.answer);
    const Form& form = *checked.form;
    const auto browser = auth::token_hash(request.cookie(cookie_names::browser));
    if (!browser || !tokens_.bound_holds(form.get("token"), "activate-app", *browser))
        return form_expired(request);
    const auto link = form.get("link");
    auto result = parts_.activation.confirm(link, form.get("code"));
    if (!result) return link_failed(request, result.error());
    switch (result->outcome) {
        case auth::EnrolOutcome::code_wrong:
            return show_activation_app(request, link, true);
        case auth::EnrolOutcome::password_missing:
            return see_other(request.model->portal.url,
                             Url(LocalPath("/.sekisho/activate")).with({{"link", link}}));
        case auth::EnrolOutcome::expired:
            return answer_error(request, "signin.invite_expired");
        case auth::EnrolOutcome::done:
            break;
    }
    const Frame frame = frame_of(request);
    auto response = html_response(200, frame.language, recovery_codes_page(frame, {result->recovery_codes}));
    auto event = page_event("activation.completed", request);
    event.user = result->user;
    response.events.push_back(std::move(event));
    return response;
}

}  // namespace sekisho::gateway
