#pragma once
// Portal answers every request to the portal's host: sign-in, activation, apps, sessions, account, status,
// keys of assertions, assets. Forms are accepted only from exactly its own origin, with a token (R3).
//
// A sign-in takes account and password first and the code second, and judges both together: the first step
// leaves the browser a sealed ticket that says nothing to its holder, so neither the password nor anything
// anonymous is kept between the steps.
#include "auth/activation.hpp"
#include "auth/code_tokens.hpp"
#include "auth/jwt.hpp"
#include "auth/sign_in.hpp"
#include "gateway/portal/answers.hpp"
#include "gateway/portal/form.hpp"
#include "gateway/portal/page_policy.hpp"
#include "gateway/portal/ports.hpp"

namespace sekisho::gateway {

// PortalParts outlive the portal.
struct PortalParts {
    auth::Store& store;
    const auth::Keyring& keys;
    auth::SignIn& sign_in;
    auth::Passkeys& passkeys;
    auth::CodeTokens& code_tokens;
    auth::Activation& activation;
    auth::SessionService& sessions;
    const auth::AssertionMaker& assertions;
    const StatusSource& status;
};

// Thread: any pool thread; every call may block on hashing and the store.
class Portal {
public:
    explicit Portal(const PortalParts& parts) : parts_(parts), tokens_(parts.keys) {}

    PortalResponse answer(const PortalRequest& request) const;

    // ends_access: forms whose answer ends sessions. Such a form is answered in two steps: decide waits for
    // nothing, so that the end takes effect whatever a disk does (R8, R20); settle writes it.
    bool ends_access(const PortalRequest& request) const noexcept;
    PortalResponse decide(const PortalRequest& request) const;
    PortalResponse settle(PortalResponse decided) const;

private:
    using Handler = PortalResponse (Portal::*)(const PortalRequest& request) const;
    struct Route {
        std::string_view path;
        Handler get, post;  // null: 405
        enum class For : std::uint8_t { anyone, signed_in } who;
        bool ends = false;  // its form ends sessions, and reads nothing from the store
    };
    static const Route routes[];
    const Route* find(std::string_view path) const noexcept;
    PortalResponse dispatch(const Route& route, const PortalRequest& request) const;

    // sign-in (portal_sign_in.cpp)
    PortalResponse sign_in_form(const PortalRequest& request) const;
    PortalResponse sign_in_step(const PortalRequest& request) const;
    PortalResponse second_factor_form(const PortalRequest& request) const;
    PortalResponse second_factor_step(const PortalRequest& request) const;
    PortalResponse go_on(const PortalRequest& request) const;
    PortalResponse start(const PortalRequest& request) const;
    PortalResponse show_sign_in(const PortalRequest& request, std::string_view key, const FillPairs& fills,
                                std::string_view account, const Onward& onward) const;
    PortalResponse signed_in(const PortalRequest& request, const auth::SignInResult& result,
                             const Onward& onward) const;

    // step-up: a fresh proof for a session that lives (portal_step_up.cpp)
    PortalResponse step_up_form(const PortalRequest& request) const;
    PortalResponse step_up_step(const PortalRequest& request) const;
    // fresh_proof_first leads whoever would change a factor, end another session, or see the ops pages, to a
    // step-up when their proof is older than a quarter of an hour; then back to `to`. A session opened by a
    // recovery code may do no more than enrol, and has nothing better to show.
    std::optional<PortalResponse> fresh_proof_first(const PortalRequest& request, std::string_view to) const;
    PortalResponse stepped_up(const PortalRequest& request, const auth::Issued& issued, const Onward& onward,
                              std::string_view to) const;
    PortalResponse show_step_up(const PortalRequest& request, std::string_view key, const FillPairs& fills,
                                const Onward& onward, std::string_view to) const;

    // passkeys (portal_passkeys.cpp). A question is asked by a script (JSON); its answer comes as a form.
    PortalResponse ask_sign_in(const PortalRequest& request) const;
    PortalResponse ask_step_up(const PortalRequest& request) const;
    PortalResponse ask_new_passkey(const PortalRequest& request) const;
    PortalResponse passkey_sign_in_step(const PortalRequest& request) const;
    PortalResponse passkey_refused(const PortalRequest& request, const auth::PasskeyResult& result,
                                   const Onward& onward) const;
    PortalResponse passkey_step_up(const PortalRequest& request, const Form& form,
                                   const Onward& onward) const;
    PortalResponse passkeys(const PortalRequest& request) const;
    PortalResponse passkeys_step(const PortalRequest& request) const;
    PortalResponse add_passkey(const PortalRequest& request, const Form& form) const;
    PortalResponse remove_passkey(const PortalRequest& request, std::string_view id) const;
    PortalResponse show_passkeys(const PortalRequest& request, std::string_view key,
                                 const FillPairs& fills = {}) const;
    PortalResponse passkey_needed(const PortalRequest& request, std::string_view where) const;

    // code tokens (portal_codes.cpp)
    PortalResponse code_tokens(const PortalRequest& request) const;
    PortalResponse code_tokens_step(const PortalRequest& request) const;
    PortalResponse new_code_token(const PortalRequest& request) const;
    PortalResponse new_code_token_step(const PortalRequest& request) const;
    PortalResponse remove_code_token(const PortalRequest& request, std::string_view id) const;
    PortalResponse show_code_tokens(const PortalRequest& request, std::string_view key) const;
    PortalResponse show_new_code_token(const PortalRequest& request, const Form& wish, bool code_wrong) const;

    // activation (portal_activation.cpp)
    PortalResponse activation_form(const PortalRequest& request) const;
    PortalResponse activation_step(const PortalRequest& request) const;
    PortalResponse activation_app_form(const PortalRequest& request) const;
    PortalResponse activation_app_step(const PortalRequest& request) const;
    PortalResponse show_activation_app(const PortalRequest& request, std::string_view link,
                                       bool code_wrong) const;

    // somebody signed in (portal_account.cpp)
    PortalResponse apps(const PortalRequest& request) const;
    PortalResponse sessions_list(const PortalRequest& request) const;
    Digest device_of(std::string_view user, std::string_view public_id) const;
    PortalResponse sessions_end(const PortalRequest& request) const;
    PortalResponse account(const PortalRequest& request) const;
    PortalResponse change_password(const PortalRequest& request) const;
    PortalResponse renew_recovery(const PortalRequest& request) const;
    PortalResponse enrol_form(const PortalRequest& request) const;
    PortalResponse enrol_step(const PortalRequest& request) const;
    PortalResponse sign_out_form(const PortalRequest& request) const;
    PortalResponse sign_out_step(const PortalRequest& request) const;
    PortalResponse signed_out(const PortalRequest& request) const;
    PortalResponse show_account(const PortalRequest& request, int status, AccountView view) const;
    PortalResponse show_enrolment(const PortalRequest& request, bool code_wrong) const;

    // the rest (portal.cpp)
    PortalResponse ops(const PortalRequest& request) const;
    PortalResponse language(const PortalRequest& request) const;
    PortalResponse jwks(const PortalRequest& request) const;

    // What a form's handler begins with: the form, or the answer to give instead.
    struct Checked {
        std::optional<Form> form;
        PortalResponse answer;
    };
    Checked read_form(const PortalRequest& request) const;
    Checked read_own_form(const PortalRequest& request, std::string_view purpose) const;
    std::string own_token(const PortalRequest& request, std::string_view purpose) const;

    PortalParts parts_;
    FormTokens tokens_;
};

// origin_of and limits_of are what a sign-in needs of a request, and of whoever signs in.
auth::Origin origin_of(const PortalRequest& request);
config::SessionLimits limits_of(const config::Model& model, std::string_view account);

// browser_of is the hash of this browser's -tx cookie; when it has none, a new one is made and set.
Digest browser_of(const PortalRequest& request, PortalResponse& response, std::optional<auth::Token>& fresh);

// onward_of reads where a sign-in leads. Nothing when the fields are there and make no sense.
std::optional<Onward> onward_of(const Form& form);
Url start_url(const Onward& onward);
// after_sign_in is the page of ours that leads on.
Url after_sign_in(const Onward& onward);

PageEvent page_event(std::string_view name, const PortalRequest& request, bool allowed = true,
                     std::string_view reason = {});

}  // namespace sekisho::gateway
