// Step-up: somebody signed in proves a factor again, because an app asks for a recent check. The fresh proof
// is the browser's session's, its app sessions' included, and counts for as long as each rule's max_age says.
#include "base/base64.hpp"
#include "base/words_time.hpp"
#include "gateway/portal/portal.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

std::string_view key_of(auth::StepUpOutcome outcome) {
    switch (outcome) {
        case auth::StepUpOutcome::code_used:
            return "factor.code_used";
        case auth::StepUpOutcome::slow_down:
            return "signin.slow_down";
        case auth::StepUpOutcome::confirmed:
        case auth::StepUpOutcome::code_wrong:
        case auth::StepUpOutcome::session_gone:
            break;
    }
    return "factor.code_wrong";
}

// What asks for the proof, as people call it.
std::string where_of(const PortalRequest& request, const Onward& onward) {
    for (const auto& app : request.model->apps)
        if (app.host == onward.host) return app.title.in(request.language());
    return onward.host.empty() ? std::string("Sekisho") : onward.host;
}

}  // namespace

std::optional<PortalResponse> Portal::fresh_proof_first(const PortalRequest& request,
                                                        std::string_view to) const {
    constexpr std::chrono::minutes proof_holds{15};
    const auto& session = *request.session;
    if (session.strength == FactorStrength::recovery || request.now - session.last_proof() <= proof_holds)
        return std::nullopt;
    return see_other(request.model->portal.url, Url(LocalPath("/.sekisho/step-up")).with({{"to", to}}));
}

PortalResponse Portal::show_step_up(const PortalRequest& request, std::string_view key,
                                    const FillPairs& fills, const Onward& onward, std::string_view to) const {
    const auto known = parts_.passkeys.list(request.session->user);
    const bool passkeys = known && std::any_of(known->begin(), known->end(), [&](const auto& row) {
                              return parts_.passkeys.strength(row) >= onward.wanted;
                          });
    // Nobody proves what they do not have: they are led to where one is registered.
    if (!passkeys && onward.wanted > FactorStrength::otp)
        return passkey_needed(request, where_of(request, onward));
    const Frame frame = frame_of(request);
    StepUpView view;
    int status = 200;
    if (!key.empty()) {
        const Word& words = word(key);
        view.notice =
            AnswerText{filled(words.title(frame.language), fills), filled(words.text(frame.language), fills)};
        status = words.status;
    }
    view.where = where_of(request, onward);
    view.token = own_token(request, "step-up");
    view.onward = onward;
    view.to = to;
    view.passkeys = passkeys;
    return html_response(status, frame.language, step_up_page(frame, view),
                         view.passkeys ? Script::passkeys : Script::none);
}

PortalResponse Portal::step_up_form(const PortalRequest& request) const {
    const auto query = Form::parse(request.query);
    const auto onward = query ? onward_of(*query) : std::nullopt;
    if (!onward) return answer_error(request, "http.bad");
    return show_step_up(request, {}, {}, *onward, query->get("to"));
}

PortalResponse Portal::step_up_step(const PortalRequest& request) const {
    auto checked = read_form(request);
    if (!checked.form) return std::move(checked.answer);
    const Form& form = *checked.form;
    const auto onward = onward_of(form);
    if (!onward) return answer_error(request, "http.bad");
    const auto to = form.get("to");
    const auto& portal = request.model->portal.url;
    // A form of this session's id before it was renewed in another tab: the page is shown again, with the
    // present one.
    if (!tokens_.bound_holds(form.get("token"), "step-up", request.session->id_hash))
        return show_step_up(request, "signin.form_expired", {}, *onward, to);
    if (form.has("ticket")) return passkey_step_up(request, form, *onward);
    const auto result = parts_.sign_in.step_up(
        request.session->id_hash, form.get("code"),
        {request.client, std::string(request.field("user-agent").substr(0, 200)), {}, WallTime::max()});
    if (!result) return answer_error(request, "fault.store");
    if (result->outcome == auth::StepUpOutcome::session_gone)
        return see_other(portal, onward->empty() ? Url(LocalPath("/")) : start_url(*onward));
    if (result->outcome != auth::StepUpOutcome::confirmed) {
        const auto wait = std::chrono::ceil<Seconds>(result->wait);
        auto response = show_step_up(request, key_of(result->outcome),
                                     {{"wait", span_in_text(wait, request.language())}}, *onward, to);
        response.events.push_back(page_event("stepup.failed", request, false, key_of(result->outcome)));
        return response;
    }
    return stepped_up(request, *result->session, *onward, to);
}

PortalResponse Portal::stepped_up(const PortalRequest& request, const auth::Issued& issued,
                                  const Onward& onward, std::string_view to) const {
    const Url next = onward.empty() ? Url::local(to).value_or(Url(LocalPath("/"))) : after_sign_in(onward);
    auto response = see_other(request.model->portal.url, next);
    set_cookie(response, cookie_names::sso, issued.cookie_value);
    response.events.push_back(page_event("stepup.succeeded", request));
    response.events.back().detail.emplace_back("factor", to_text(issued.session->strength));
    return response;
}

}  // namespace sekisho::gateway
