// The portal's passkeys: questions for the script, and the forms that bring an authenticator's answers.
#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "gateway/portal/agent.hpp"
#include "gateway/portal/portal.hpp"

#include <algorithm>
#include <chrono>

namespace sekisho::gateway {
namespace {

constexpr Seconds first_form_lifetime{12 * 3600};
constexpr std::string_view own_page = "/.sekisho/account/passkeys";

// An answer's fields as bytes. A field that is no base64url is empty, and fits nothing.
struct AnswerFields {
    Bytes id, handle, client, data, signature;

    explicit AnswerFields(const Form& form)
        : id(bytes_of(form, "id")),
          handle(bytes_of(form, "handle")),
          client(bytes_of(form, "client")),
          data(bytes_of(form, "data")),
          signature(bytes_of(form, "signature")) {}
    auth::PasskeyAnswer answer() const { return {id, handle, {client, data, signature}}; }

    static Bytes bytes_of(const Form& form, std::string_view name) {
        return from_base64url(form.get(name)).value_or(Bytes{});
    }
};

void write_known(JsonWriter& json, std::string_view list, const std::vector<auth::PasskeyRow>& known) {
    json.key(list).begin_array();
    for (const auto& row : known) {
        json.begin_object().field("type", "public-key").field("id", base64url(row.id));
        if (!row.transports.empty()) {
            json.key("transports").begin_array();
            std::optional<std::string_view> rest = row.transports;
            while (const auto part = next_part(rest, ',')) json.value(*part);
            json.end_array();
        }
        json.end_object();
    }
    json.end_array();
}

// PublicKeyCredentialRequestOptions (WebAuthn section 5.5), and the ticket.
PortalResponse question_response(const auth::PasskeyQuestion& question, const auth::RelyingParty& party) {
    std::string body;
    JsonWriter json(body);
    json.begin_object().field("ticket", question.ticket).key("publicKey").begin_object();
    json.field("challenge", base64url(question.challenge))
        .field("rpId", party.ids.front())
        .field("timeout", 300'000)
        .field("userVerification", "required");
    write_known(json, "allowCredentials", question.known);
    json.end_object().end_object();
    return json_response(std::move(body));
}

// PublicKeyCredentialCreationOptions (WebAuthn section 5.4), and the ticket.
PortalResponse creation_response(const auth::PasskeyQuestion& question, const auth::RelyingParty& party,
                                 std::string_view organisation, std::string_view display, bool attested) {
    std::string body;
    JsonWriter json(body);
    json.begin_object().field("ticket", question.ticket).key("publicKey").begin_object();
    json.field("challenge", base64url(question.challenge));
    json.key("rp").begin_object().field("id", party.ids.front()).field("name", organisation).end_object();
    json.key("user").begin_object().field("id", base64url(question.user_handle));
    json.field("name", question.user).field("displayName", display).end_object();
    json.key("pubKeyCredParams").begin_array();
    for (const auto algorithm : {auth::CoseAlgorithm::es256, auth::CoseAlgorithm::eddsa,
                                 auth::CoseAlgorithm::es384, auth::CoseAlgorithm::rs256})
        json.begin_object()
            .field("type", "public-key")
            .field("alg", static_cast<std::int32_t>(algorithm))
            .end_object();
    json.end_array().field("timeout", 300'000);
    write_known(json, "excludeCredentials", question.known);
    json.key("authenticatorSelection")
        .begin_object()
        .field("residentKey", "required")
        .field("requireResidentKey", true)
        .field("userVerification", "required")
        .end_object();
    json.field("attestation", attested ? "direct" : "none").end_object().end_object();
    return json_response(std::move(body));
}

std::string_view key_of(auth::PasskeyOutcome outcome) {
    switch (outcome) {
        case auth::PasskeyOutcome::expired:
            return "signin.form_expired";
        case auth::PasskeyOutcome::unknown:
            return "factor.passkey_unknown";
        case auth::PasskeyOutcome::refused:
        case auth::PasskeyOutcome::proven:
            break;
    }
    return "factor.passkey_refused";
}

PageEvent passkey_event(std::string_view name, const PortalRequest& request, bool allowed,
                        std::string_view reason, std::string_view passkey) {
    auto event = page_event(name, request, allowed, reason);
    event.detail.emplace_back("factor", "passkey");
    if (!passkey.empty()) event.detail.emplace_back("passkey", passkey);
    return event;
}

// A counter that did not grow: loud, and on record, whatever came of the proof.
void note_alarm(const PortalRequest& request, PortalResponse& response, const auth::PasskeyResult& result) {
    if (!result.counter_alarm) return;
    auto event = passkey_event("factor.counter_alarm", request, true, "perhaps a copy", result.passkey);
    event.user = result.user;
    response.events.push_back(std::move(event));
}

auth::Hardware hardware_for(const config::Model& model, std::string_view user) {
    const auto* person = find_person(model, user);
    const auto& kinds = model.factors.passkeys.hardware_only;
    const bool only = person != nullptr && std::find(kinds.begin(), kinds.end(), person->kind) != kinds.end();
    return only ? auth::Hardware::vouched_for : auth::Hardware::any;
}

std::string_view refused_question(Errc code) {
    return code == Errc::unavailable ? "fault.store"
           : code == Errc::timed_out ? "factor.too_old"
                                     : "factor.passkey_refused";
}

}  // namespace

PortalResponse Portal::ask_sign_in(const PortalRequest& request) const {
    auto checked = read_form(request);
    if (!checked.form) return std::move(checked.answer);
    const auto browser = auth::token_hash(request.cookie(cookie_names::browser));
    if (!browser) return problem_response(request, "signin.cookies_off");
    if (!tokens_.stamp_holds(checked.form->get("token"), "sign-in", request.now, first_form_lifetime))
        return problem_response(request, "signin.form_expired");
    return question_response(parts_.passkeys.ask_sign_in(*browser), parts_.passkeys.party());
}

PortalResponse Portal::ask_step_up(const PortalRequest& request) const {
    auto checked = read_own_form(request, "step-up");
    if (!checked.form) return std::move(checked.answer);
    const auto question = parts_.passkeys.ask_step_up(request.session->id_hash);
    if (!question) return problem_response(request, refused_question(question.error().code()));
    return question_response(*question, parts_.passkeys.party());
}

PortalResponse Portal::ask_new_passkey(const PortalRequest& request) const {
    auto checked = read_own_form(request, "passkeys");
    if (!checked.form) return std::move(checked.answer);
    const auto question = parts_.passkeys.ask_new(request.session->id_hash);
    if (!question) return problem_response(request, refused_question(question.error().code()));
    const Frame frame = frame_of(request);
    const auto& organisation = frame.organisation.in(frame.language);
    return creation_response(*question, parts_.passkeys.party(),
                             organisation.empty() ? std::string("Sekisho") : organisation, frame.person,
                             parts_.passkeys.wants_attestation());
}

PortalResponse Portal::passkey_sign_in_step(const PortalRequest& request) const {
    auto checked = read_form(request);
    if (!checked.form) return std::move(checked.answer);
    const Form& form = *checked.form;
    const auto onward = onward_of(form);
    if (!onward) return answer_error(request, "http.bad");
    // Another tab was quicker: nothing is left to prove.
    if (request.session) return see_other(request.model->portal.url, after_sign_in(*onward));
    const auto browser = auth::token_hash(request.cookie(cookie_names::browser));
    if (!browser) return show_sign_in(request, "signin.cookies_off", {}, {}, *onward);
    if (!tokens_.stamp_holds(form.get("token"), "sign-in", request.now, first_form_lifetime)) {
        auto response = show_sign_in(request, "signin.form_expired", {}, {}, *onward);
        response.events.push_back(page_event("form.refused", request, false, "token"));
        return response;
    }
    const AnswerFields fields(form);
    const auto result = parts_.passkeys.prove(*browser, form.get("ticket"), fields.answer());
    if (!result) return answer_error(request, "fault.store");
    if (!result->proof) return passkey_refused(request, *result, *onward);
    const auto& user = result->proof->user();
    auto origin = origin_of(request);
    origin.no_longer_than = request.standings->bound_of(user, request.now);
    const auto opened = parts_.sign_in.with_passkey(*result->proof, origin, limits_of(*request.model, user));
    if (!opened) return answer_error(request, "fault.store");
    const bool signed_in_now = opened->outcome == auth::SignInOutcome::signed_in && opened->session;
    auto response = signed_in_now ? signed_in(request, *opened, *onward)
                    : opened->outcome == auth::SignInOutcome::disabled
                        ? show_sign_in(request, "signin.account_disabled", {}, {}, *onward)
                        : show_sign_in(request, "signin.failed", {}, {}, *onward);
    if (!signed_in_now) {
        response.events.push_back(
            passkey_event("signin.failed", request, false, auth::to_text(opened->finding), result->passkey));
        response.events.back().user = user;
    }
    note_alarm(request, response, *result);
    return response;
}

PortalResponse Portal::passkey_refused(const PortalRequest& request, const auth::PasskeyResult& result,
                                       const Onward& onward) const {
    auto response = show_sign_in(request, key_of(result.outcome), {}, {}, onward);
    const auto reason = result.outcome == auth::PasskeyOutcome::unknown ? "unknown_passkey" : result.reason;
    auto event = passkey_event("signin.failed", request, false, reason, result.passkey);
    event.user = result.user;
    response.events.push_back(std::move(event));
    return response;
}

PortalResponse Portal::passkey_step_up(const PortalRequest& request, const Form& form,
                                       const Onward& onward) const {
    const AnswerFields fields(form);
    const auto to = form.get("to");
    auto result = parts_.passkeys.step_up(request.session->id_hash, form.get("ticket"), fields.answer());
    if (!result && result.error().code() == Errc::denied)
        return see_other(request.model->portal.url, onward.empty() ? Url(LocalPath("/")) : start_url(onward));
    if (!result) return answer_error(request, "fault.store");
    if (!result->session) {
        auto response = show_step_up(request, key_of(result->outcome), {}, onward, to);
        response.events.push_back(
            passkey_event("stepup.failed", request, false, result->reason, result->passkey));
        return response;
    }
    auto response = stepped_up(request, *result->session, onward, to);
    note_alarm(request, response, *result);
    return response;
}

PortalResponse Portal::passkey_needed(const PortalRequest& request, std::string_view where) const {
    if (auto first = fresh_proof_first(request, own_page)) return std::move(*first);
    return show_passkeys(request, "factor.passkey_needed", {{"app", std::string(where)}});
}

PortalResponse Portal::show_passkeys(const PortalRequest& request, std::string_view key,
                                     const FillPairs& fills) const {
    const Frame frame = frame_of(request, Section::account);
    const auto rows = parts_.passkeys.list(request.session->user);
    if (!rows) return answer_error(request, "fault.store");
    PasskeysView view;
    view.token = own_token(request, "passkeys");
    view.full = rows->size() >= auth::passkeys_per_person_max;
    const auto agent = read_agent(request.field("user-agent"));
    view.suggested = std::string(agent.system.empty() ? agent.browser : agent.system);
    for (const auto& row : *rows)
        view.rows.push_back({auth::passkey_id(row.id), row.name, row.created, row.last_used,
                             parts_.passkeys.strength(row) == FactorStrength::passkey_device});
    int status = 200;
    if (!key.empty()) {
        const bool is_answer = key.starts_with("factor.") || key.starts_with("signin.");
        view.notice = is_answer ? AnswerText{filled(word(key).title(frame.language), fills),
                                             filled(word(key).text(frame.language), fills)}
                                : AnswerText{text(key, frame.language), {}};
        view.good = !is_answer;
        if (is_answer && request.method == "POST") status = word(key).status;
    }
    return html_response(status, frame.language, passkeys_page(frame, view), Script::passkeys);
}

PortalResponse Portal::passkeys(const PortalRequest& request) const {
    if (auto first = fresh_proof_first(request, own_page)) return std::move(*first);
    const auto query = Form::parse(request.query);
    const auto done = query ? query->get("done") : std::string_view{};
    return show_passkeys(request, done == "added"     ? "passkey_page.added"
                                  : done == "removed" ? "passkey_page.removed"
                                  : done == "renamed" ? "passkey_page.renamed"
                                                      : "");
}

PortalResponse Portal::passkeys_step(const PortalRequest& request) const {
    auto checked = read_own_form(request, "passkeys");
    if (!checked.form) return std::move(checked.answer);
    const Form& form = *checked.form;
    if (auto first = fresh_proof_first(request, own_page)) return std::move(*first);
    if (form.has("ticket")) return add_passkey(request, form);
    if (form.has("remove")) return remove_passkey(request, form.get("remove"));
    const auto done = parts_.passkeys.rename(request.session->id_hash, form.get("rename"), form.get("name"));
    if (!done && done.error().code() == Errc::unavailable) return answer_error(request, "fault.store");
    if (!done) return see_other(request.model->portal.url, LocalPath("/.sekisho/account/passkeys"));
    return see_other(request.model->portal.url,
                     Url(LocalPath("/.sekisho/account/passkeys")).with({{"done", "renamed"}}));
}

PortalResponse Portal::add_passkey(const PortalRequest& request, const Form& form) const {
    const auto client = AnswerFields::bytes_of(form, "client");
    const auto attestation = AnswerFields::bytes_of(form, "attestation");
    const auto added = parts_.passkeys.add(request.session->id_hash, form.get("ticket"), client, attestation,
                                           form.get("name"), form.get("transports"),
                                           hardware_for(*request.model, request.session->user));
    if (!added && added.error().code() == Errc::unavailable) return answer_error(request, "fault.store");
    if (!added) return see_other(request.model->portal.url, LocalPath("/.sekisho/account/passkeys"));
    if (added->outcome != auth::PasskeyOutcome::proven) {
        const bool hardware = added->reason == to_text(auth::WebauthnFault::untrusted);
        auto response = show_passkeys(request, hardware ? "factor.hardware_needed" : key_of(added->outcome));
        response.events.push_back(passkey_event("factor.refused", request, false, added->reason, {}));
        return response;
    }
    auto response = see_other(request.model->portal.url,
                              Url(LocalPath("/.sekisho/account/passkeys")).with({{"done", "added"}}));
    if (added->session) set_cookie(response, cookie_names::sso, added->session->cookie_value);
    auto event = passkey_event("factor.passkey_added", request, true, {}, auth::passkey_id(added->row.id));
    event.detail.emplace_back("strength", to_text(parts_.passkeys.strength(added->row)));
    event.detail.emplace_back("model", hex(added->row.aaguid));
    response.events.push_back(std::move(event));
    return response;
}

PortalResponse Portal::remove_passkey(const PortalRequest& request, std::string_view id) const {
    const auto removed = parts_.passkeys.remove(request.session->id_hash, id);
    if (!removed && removed.error().code() == Errc::unavailable) return answer_error(request, "fault.store");
    if (!removed || removed->outcome == auth::PasskeyRemoval::not_found)
        return see_other(request.model->portal.url, LocalPath("/.sekisho/account/passkeys"));
    if (removed->outcome == auth::PasskeyRemoval::last_one) return show_passkeys(request, "factor.last_one");
    auto response = see_other(request.model->portal.url,
                              Url(LocalPath("/.sekisho/account/passkeys")).with({{"done", "removed"}}));
    set_cookie(response, cookie_names::sso, removed->session->cookie_value);
    response.events.push_back(passkey_event("factor.passkey_removed", request, true, {}, id));
    return response;
}

}  // namespace sekisho::gateway
