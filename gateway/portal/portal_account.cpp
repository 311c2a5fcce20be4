// The portal's pages for somebody signed in: apps, sessions, account, sign-out.
#include "base/words_time.hpp"
#include "gateway/portal/portal.hpp"
#include "gateway/portal/problems.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

std::string_view kind_key(PersonKind kind) {
    switch (kind) {
        case PersonKind::staff:
            return "kind.staff";
        case PersonKind::contractor:
            return "kind.contractor";
        case PersonKind::ops:
            return "kind.ops";
        case PersonKind::none:
            break;
    }
    return "kind.none";
}

std::string app_title(const config::Model& model, std::string_view host, Language language) {
    for (const auto& app : model.apps)
        if (app.host == host) return app.title.in(language);
    return std::string(host);
}

std::string network_of(const config::Model& model, const IpAddress& address) {
    for (const auto& network : model.networks)
        for (const auto& prefix : network.prefixes)
            if (prefix.contains(address)) return network.name;
    return {};
}

std::vector<SessionRow> rows_of(const std::vector<auth::SessionPtr>& list, const PortalRequest& request) {
    std::vector<SessionRow> rows;
    const auto language = request.language();
    for (const auto& session : list) {
        if (session->kind != auth::Session::Kind::sso) continue;
        const bool known = session->device != Digest{};
        rows.push_back({session,
                        session->id_hash == request.session->id_hash,
                        {},
                        session->last_seen(),
                        network_of(*request.model, session->from),
                        known && session->device != request.session->device});
    }
    for (const auto& session : list) {
        if (session->kind != auth::Session::Kind::app) continue;
        const auto parent = std::find_if(rows.begin(), rows.end(), [&](const SessionRow& row) {
            return row.session->id_hash == session->parent;
        });
        if (parent == rows.end()) continue;
        parent->used = std::max(parent->used, session->last_seen());
        auto title = app_title(*request.model, session->host, language);
        if (std::find(parent->apps.begin(), parent->apps.end(), title) == parent->apps.end())
            parent->apps.push_back(std::move(title));
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.here && !b.here; });
    // A page holds 10 rows; whoever has more ends all others at once.
    if (rows.size() > 10) rows.resize(10);
    return rows;
}

void note_ended(const PortalRequest& request, PortalResponse& response,
                const auth::SessionService::Ended& ended) {
    for (const auto& session : ended) {
        auto event = page_event("session.ended", request);
        event.detail.emplace_back("ended", session->public_id);
        response.events.push_back(std::move(event));
    }
}

PortalResponse session_gone(const PortalRequest& request) {
    return see_other(request.model->portal.url, LocalPath("/.sekisho/sign-in"));
}

}  // namespace

PortalResponse Portal::apps(const PortalRequest& request) const {
    const Frame frame = frame_of(request, Section::apps);
    const auto passkeys = parts_.passkeys.list(request.session->user);
    const AppsView view{
        request.standings->tiles(*request.session, request.client, request.now, frame.language),
        request.session, passkeys && passkeys->empty()};
    return html_response(200, frame.language, apps_page(frame, view));
}

PortalResponse Portal::sessions_list(const PortalRequest& request) const {
    const Frame frame = frame_of(request, Section::sessions);
    const auto query = Form::parse(request.query);
    const auto done = query ? query->get("done") : std::string_view{};
    SessionsView view;
    view.rows = rows_of(parts_.sessions.list(request.session->user), request);
    view.token = own_token(request, "sessions");
    view.done = done == "one"      ? "sessions_page.ended"
                : done == "others" ? "sessions_page.others_ended"
                : done == "lost"   ? "sessions_page.device_lost"
                                   : "";
    return html_response(200, frame.language, sessions_page(frame, view));
}

// The device of a session of this person's own list.
Digest Portal::device_of(std::string_view user, std::string_view public_id) const {
    for (const auto& session : parts_.sessions.list(user))
        if (session->public_id == public_id) return session->device;
    return {};
}

// Whoever found a browser that stands open must not be able to end its owner's other sessions:
// ASVS 5.0, 7.5.2.
PortalResponse Portal::sessions_end(const PortalRequest& request) const {
    auto checked = read_own_form(request, "sessions");
    if (!checked.form) return std::move(checked.answer);
    const auto& user = request.session->user;
    const bool others = checked.form->has("others"), lost = checked.form->has("lost");
    const bool only_this = !others && !lost && checked.form->get("end") == request.session->public_id;
    if (!only_this)
        if (auto first = fresh_proof_first(request, "/.sekisho/sessions")) return std::move(*first);
    const auto device = lost ? device_of(user, checked.form->get("lost")) : Digest{};
    const auto ended =
        others ? parts_.sessions.end_all(user, auth::EndReason::ended_by_person, request.session->id_hash,
                                         auth::Writing::later)
        : lost ? parts_.sessions.end_device(user, device, auth::EndReason::device, auth::Writing::later)
               : parts_.sessions.end_one(user, checked.form->get("end"), auth::EndReason::ended_by_person,
                                         auth::Writing::later);
    if (!ended && ended.error().code() != Errc::not_found) return answer_error(request, "fault.internal");
    auto response = see_other(request.model->portal.url, Url(LocalPath("/.sekisho/sessions"))
                                                             .with({{"done", others ? "others"
                                                                             : lost ? "lost"
                                                                                    : "one"}}));
    if (!ended) return response;
    note_ended(request, response, *ended);
    if (!lost) return response;
    auto event = page_event("device.lost", request);
    event.detail.emplace_back("device", auth::device_id(device));
    event.detail.emplace_back("sessions", std::to_string(ended->size()));
    response.events.push_back(std::move(event));
    return response;
}

PortalResponse Portal::show_account(const PortalRequest& request, int status, AccountView view) const {
    const Frame frame = frame_of(request, Section::account);
    const auto* person = find_person(*request.model, request.session->user);
    view.user = request.session->user;
    view.kind_key = kind_key(person != nullptr ? person->kind : PersonKind::none);
    if (person != nullptr) {
        if (const auto* org = find_org(*request.model, person->org)) view.org = org->title.in(frame.language);
    }
    view.strength = request.session->strength;
    const auto left = parts_.store.recovery_codes_left(request.session->user);
    if (!left) return answer_error(request, "fault.internal");
    view.codes_left = *left;
    const auto passkeys = parts_.passkeys.list(request.session->user);
    if (!passkeys) return answer_error(request, "fault.internal");
    view.passkeys = passkeys->size();
    view.token = own_token(request, "account");
    if (!view.notice && view.codes_left <= 2) {
        const auto n = std::to_string(view.codes_left);
        view.notice = answer_text("factor.recovery_last", frame.language, {{"n", n}});
        view.mood = AccountView::Mood::soon;
    }
    return html_response(status, frame.language, account_page(frame, view));
}

PortalResponse Portal::account(const PortalRequest& request) const {
    AccountView view;
    const auto query = Form::parse(request.query);
    if (query && query->get("done") == "password") {
        view.notice = answer_text("password.changed", request.language());
        view.mood = AccountView::Mood::good;
    }
    return show_account(request, 200, std::move(view));
}

PortalResponse Portal::change_password(const PortalRequest& request) const {
    auto checked = read_own_form(request, "account");
    if (!checked.form) return std::move(checked.answer);
    const Form& form = *checked.form;
    AccountView view;
    if (form.get("new") != form.get("again")) {
        view.problem = PasswordProblem::differ;
        return show_account(request, 422, std::move(view));
    }
    auto result =
        parts_.sign_in.change_password(request.session->id_hash, form.get("current"), form.get("new"));
    if (!result) return answer_error(request, "fault.store");
    const auto language = request.language();
    const auto wait = span_in_text(std::chrono::ceil<Seconds>(result->wait), language);
    std::string_view key = "signin.failed";
    switch (result->outcome) {
        case auth::ChangeOutcome::session_gone:
            return session_gone(request);
        case auth::ChangeOutcome::changed: {
            auto response = see_other(request.model->portal.url,
                                      Url(LocalPath("/.sekisho/account")).with({{"done", "password"}}));
            if (result->session) set_cookie(response, cookie_names::sso, result->session->cookie_value);
            response.events.push_back(page_event("password.changed", request));
            return response;
        }
        case auth::ChangeOutcome::refused:
            view.problem = result->fault ? problem_of(*result->fault) : PasswordProblem::none;
            return show_account(request, 422, std::move(view));
        case auth::ChangeOutcome::slow_down:
            key = "signin.slow_down";
            break;
        case auth::ChangeOutcome::busy:
            key = "signin.busy";
            break;
        case auth::ChangeOutcome::wrong_password:
            key = "password.wrong";
            break;
    }
    view.notice = answer_text(key, language, {{"wait", wait}});
    auto response = show_account(request, word(key).status, std::move(view));
    response.events.push_back(page_event("password.refused", request, false, key));
    return response;
}

PortalResponse Portal::renew_recovery(const PortalRequest& request) const {
    auto checked = read_own_form(request, "account");
    if (!checked.form) return std::move(checked.answer);
    if (auto first = fresh_proof_first(request, "/.sekisho/account")) return std::move(*first);
    auto codes = parts_.activation.renew_recovery_codes(request.session->id_hash);
    if (!codes)
        return codes.error().code() == Errc::denied ? session_gone(request)
                                                    : answer_error(request, "fault.store");
    const Frame frame = frame_of(request, Section::account);
    auto response = html_response(200, frame.language, recovery_codes_page(frame, {std::move(codes->codes)}));
    if (codes->session) set_cookie(response, cookie_names::sso, codes->session->cookie_value);
    response.events.push_back(page_event("recovery.renewed", request));
    return response;
}

PortalResponse Portal::show_enrolment(const PortalRequest& request, bool code_wrong) const {
    const auto offer = parts_.activation.offer_enrolment(request.session->id_hash);
    if (!offer)
        return offer.error().code() == Errc::denied ? session_gone(request)
                                                    : answer_error(request, "fault.store");
    const Frame frame = frame_of(request, Section::account);
    const EnrolView view{offer->uri,
                         offer->spaced,
                         code_wrong,
                         LocalPath("/.sekisho/account/enrol"),
                         "ticket",
                         offer->ticket,
                         own_token(request, "enrol")};
    return html_response(code_wrong ? 422 : 200, frame.language, enrol_page(frame, view));
}

PortalResponse Portal::enrol_form(const PortalRequest& request) const {
    if (auto first = fresh_proof_first(request, "/.sekisho/account/enrol")) return std::move(*first);
    return show_enrolment(request, false);
}

PortalResponse Portal::enrol_step(const PortalRequest& request) const {
    auto checked = read_own_form(request, "enrol");
    if (!checked.form) return std::move(checked.answer);
    if (auto first = fresh_proof_first(request, "/.sekisho/account/enrol")) return std::move(*first);
    auto result = parts_.activation.confirm_enrolment(request.session->id_hash, checked.form->get("ticket"),
                                                      checked.form->get("code"));
    if (!result)
        return result.error().code() == Errc::denied ? session_gone(request)
                                                     : answer_error(request, "fault.store");
    // A wrong code gets a new secret to scan: the old one was on a screen already.
    if (result->outcome == auth::EnrolOutcome::code_wrong) return show_enrolment(request, true);
    if (result->outcome != auth::EnrolOutcome::done) return answer_error(request, "signin.form_expired");
    const Frame frame = frame_of(request, Section::account);
    auto response = html_response(200, frame.language, recovery_codes_page(frame, {result->recovery_codes}));
    if (result->session) set_cookie(response, cookie_names::sso, result->session->cookie_value);
    response.events.push_back(page_event("factor.enrolled", request));
    return response;
}

PortalResponse Portal::sign_out_form(const PortalRequest& request) const {
    const Frame frame = frame_of(request);
    return html_response(200, frame.language, sign_out_page(frame, {own_token(request, "sign-out")}));
}

PortalResponse Portal::sign_out_step(const PortalRequest& request) const {
    auto checked = read_own_form(request, "sign-out");
    if (!checked.form) return std::move(checked.answer);
    const bool everywhere = checked.form->has("everywhere");
    if (everywhere)
        if (auto first = fresh_proof_first(request, "/.sekisho/sign-out")) return std::move(*first);
    using auth::EndReason, auth::Writing;
    const auto ended = everywhere ? parts_.sessions.end_all(request.session->user, EndReason::signed_out,
                                                            std::nullopt, Writing::later)
                                  : parts_.sessions.sign_out(request.session->id_hash, EndReason::signed_out,
                                                             Writing::later);
    // The end holds in memory even when the store could not keep it; the browser forgets its cookie either
    // way.
    auto response = see_other(request.model->portal.url, LocalPath("/.sekisho/signed-out"));
    drop_cookie(response, cookie_names::sso);
    response.events.push_back(page_event(everywhere ? "signout.everywhere" : "signout.here", request));
    if (ended) note_ended(request, response, *ended);
    return response;
}

PortalResponse Portal::signed_out(const PortalRequest& request) const {
    if (request.session) return see_other(request.model->portal.url, LocalPath("/"));
    const Frame frame = frame_of(request);
    return html_response(200, frame.language, signed_out_page(frame, "session.signed_out"));
}

}  // namespace sekisho::gateway
