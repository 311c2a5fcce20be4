// The portal's page of code tokens: several for each person, each with a name.
#include "auth/code_tokens.hpp"
#include "gateway/portal/portal.hpp"

namespace sekisho::gateway {
namespace {

constexpr LocalPath own_page{"/.sekisho/account/codes"};

PageEvent token_event(std::string_view name, const PortalRequest& request, std::string_view id) {
    auto event = page_event(name, request);
    event.detail.emplace_back("token", id);
    return event;
}

PortalResponse to_own_page(const PortalRequest& request, std::string_view done) {
    const Url page(own_page);
    return see_other(request.model->portal.url, done.empty() ? page : page.with({{"done", done}}));
}

std::string_view said_of(std::string_view done) {
    return done == "added"      ? "code_page.added"
           : done == "replaced" ? "code_page.replaced"
           : done == "removed"  ? "code_page.removed"
           : done == "renamed"  ? "code_page.renamed"
                                : "";
}

}  // namespace

PortalResponse Portal::show_code_tokens(const PortalRequest& request, std::string_view key) const {
    const Frame frame = frame_of(request, Section::account);
    const auto rows = parts_.code_tokens.list(request.session->user);
    if (!rows) return answer_error(request, "fault.store");
    CodeTokensView view;
    view.token = own_token(request, "codes");
    view.full = rows->size() >= auth::code_tokens_per_person_max;
    for (const auto& row : *rows)
        view.rows.push_back({row.id, row.name, row.enrolled, row.last_used, row.kind == auth::OtpKind::hotp});
    int status = 200;
    if (!key.empty()) {
        view.good = !key.starts_with("factor.");
        view.notice =
            view.good ? AnswerText{text(key, frame.language), {}} : answer_text(key, frame.language);
        if (!view.good) status = word(key).status;
    }
    return html_response(status, frame.language, code_tokens_page(frame, view));
}

PortalResponse Portal::code_tokens(const PortalRequest& request) const {
    if (auto first = fresh_proof_first(request, own_page.text)) return std::move(*first);
    const auto query = Form::parse(request.query);
    return show_code_tokens(request, said_of(query ? query->get("done") : std::string_view{}));
}

PortalResponse Portal::code_tokens_step(const PortalRequest& request) const {
    auto checked = read_own_form(request, "codes");
    if (!checked.form) return std::move(checked.answer);
    const Form& form = *checked.form;
    if (auto first = fresh_proof_first(request, own_page.text)) return std::move(*first);
    if (form.has("remove")) return remove_code_token(request, form.get("remove"));
    const auto done =
        parts_.code_tokens.rename(request.session->id_hash, form.get("rename"), form.get("name"));
    if (!done && done.error().code() == Errc::unavailable) return answer_error(request, "fault.store");
    return to_own_page(request, done ? "renamed" : "");
}

PortalResponse Portal::remove_code_token(const PortalRequest& request, std::string_view id) const {
    const auto removed = parts_.code_tokens.remove(request.session->id_hash, id);
    if (!removed && removed.error().code() == Errc::unavailable) return answer_error(request, "fault.store");
    if (!removed || removed->outcome == auth::CodeTokenRemoval::not_found) return to_own_page(request, "");
    if (removed->outcome == auth::CodeTokenRemoval::last_one)
        return show_code_tokens(request, "factor.last_one");
    auto response = to_own_page(request, "removed");
    set_cookie(response, cookie_names::sso, removed->session->cookie_value);
    response.events.push_back(token_event("factor.code_removed", request, id));
    return response;
}

PortalResponse Portal::show_new_code_token(const PortalRequest& request, const Form& wish,
                                           bool code_wrong) const {
    const bool counter = wish.get("kind") == "counter";
    const auto offer = parts_.code_tokens.offer(
        request.session->id_hash, counter ? auth::OtpKind::hotp : auth::OtpKind::totp, wish.get("replaces"));
    if (!offer)
        return offer.error().code() == Errc::unavailable ? answer_error(request, "fault.store")
                                                         : to_own_page(request, "");
    const Frame frame = frame_of(request, Section::account);
    EnrolView view{offer->uri,
                   offer->spaced,
                   code_wrong,
                   LocalPath("/.sekisho/account/codes/new"),
                   "ticket",
                   offer->ticket,
                   own_token(request, "codes")};
    view.asks_name = true;
    view.counter = counter;
    view.name = wish.get("name");
    view.replaces = wish.get("replaces");
    return html_response(code_wrong ? 422 : 200, frame.language, enrol_page(frame, view));
}

PortalResponse Portal::new_code_token(const PortalRequest& request) const {
    if (auto first = fresh_proof_first(request, own_page.text)) return std::move(*first);
    const auto query = Form::parse(request.query);
    if (!query) return answer_error(request, "http.bad");
    return show_new_code_token(request, *query, false);
}

PortalResponse Portal::new_code_token_step(const PortalRequest& request) const {
    auto checked = read_own_form(request, "codes");
    if (!checked.form) return std::move(checked.answer);
    const Form& form = *checked.form;
    if (auto first = fresh_proof_first(request, own_page.text)) return std::move(*first);
    const auto added = parts_.code_tokens.confirm(request.session->id_hash, form.get("ticket"),
                                                  form.get("code"), form.get("name"));
    if (!added && added.error().code() == Errc::unavailable) return answer_error(request, "fault.store");
    if (!added) return to_own_page(request, "");
    if (added->outcome == auth::CodeTokenOutcome::expired)
        return answer_error(request, "signin.form_expired");
    // A wrong code gets a new secret to scan: the old one was on a screen already.
    if (added->outcome == auth::CodeTokenOutcome::code_wrong) return show_new_code_token(request, form, true);
    auto response = to_own_page(request, added->replaced ? "replaced" : "added");
    if (added->session) set_cookie(response, cookie_names::sso, added->session->cookie_value);
    auto event =
        token_event(added->replaced ? "factor.code_replaced" : "factor.code_added", request, added->row.id);
    event.detail.emplace_back("kind", added->row.kind == auth::OtpKind::hotp ? "counter" : "clock");
    response.events.push_back(std::move(event));
    return response;
}

}  // namespace sekisho::gateway
