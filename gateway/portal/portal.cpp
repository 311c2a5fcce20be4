#include "gateway/portal/portal.hpp"

#include "base/base64.hpp"
#include "gateway/portal/handover.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr std::string_view jwks_folder = "/.sekisho/jwks/";
constexpr std::string_view assets_folder = "/.sekisho/assets/";

bool below(std::string_view path, std::string_view folder) { return path.substr(0, folder.size()) == folder; }

bool is_host_name(std::string_view text) {
    return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

PortalResponse not_allowed(const PortalRequest& request, bool has_get, bool has_post) {
    auto response = answer_error(request, "http.method");
    response.fields.push_back({"allow", has_get && has_post ? "GET, HEAD, POST"
                                        : has_get           ? "GET, HEAD"
                                                            : "POST"});
    return response;
}

}  // namespace

const Portal::Route Portal::routes[] = {
    {"/", &Portal::apps, nullptr, Route::For::signed_in},
    {"/.sekisho/sign-in", &Portal::sign_in_form, &Portal::sign_in_step, Route::For::anyone},
    {"/.sekisho/second-factor", &Portal::second_factor_form, &Portal::second_factor_step, Route::For::anyone},
    {"/.sekisho/passkey", nullptr, &Portal::passkey_sign_in_step, Route::For::anyone},
    {"/.sekisho/api/v1/passkey/sign-in", nullptr, &Portal::ask_sign_in, Route::For::anyone},
    {"/.sekisho/api/v1/passkey/step-up", nullptr, &Portal::ask_step_up, Route::For::signed_in},
    {"/.sekisho/api/v1/passkey/new", nullptr, &Portal::ask_new_passkey, Route::For::signed_in},
    {"/.sekisho/step-up", &Portal::step_up_form, &Portal::step_up_step, Route::For::signed_in},
    {"/.sekisho/continue", &Portal::go_on, nullptr, Route::For::signed_in},
    {"/.sekisho/start", &Portal::start, nullptr, Route::For::anyone},
    {"/.sekisho/activate", &Portal::activation_form, &Portal::activation_step, Route::For::anyone},
    {"/.sekisho/activate/app", &Portal::activation_app_form, &Portal::activation_app_step,
     Route::For::anyone},
    {"/.sekisho/sessions", &Portal::sessions_list, &Portal::sessions_end, Route::For::signed_in, true},
    {"/.sekisho/account", &Portal::account, nullptr, Route::For::signed_in},
    {"/.sekisho/account/password", nullptr, &Portal::change_password, Route::For::signed_in},
    {"/.sekisho/account/recovery", nullptr, &Portal::renew_recovery, Route::For::signed_in},
    {"/.sekisho/account/enrol", &Portal::enrol_form, &Portal::enrol_step, Route::For::signed_in},
    {"/.sekisho/account/codes", &Portal::code_tokens, &Portal::code_tokens_step, Route::For::signed_in},
    {"/.sekisho/account/codes/new", &Portal::new_code_token, &Portal::new_code_token_step,
     Route::For::signed_in},
    {"/.sekisho/account/passkeys", &Portal::passkeys, &Portal::passkeys_step, Route::For::signed_in},
    {"/.sekisho/sign-out", &Portal::sign_out_form, &Portal::sign_out_step, Route::For::signed_in, true},
    {"/.sekisho/signed-out", &Portal::signed_out, nullptr, Route::For::anyone},
    {"/.sekisho/ops", &Portal::ops, nullptr, Route::For::signed_in},
    {"/.sekisho/language", &Portal::language, nullptr, Route::For::anyone},
};

const Portal::Route* Portal::find(std::string_view path) const noexcept {
    const auto at =
        std::find_if(std::begin(routes), std::end(routes), [&](const Route& r) { return r.path == path; });
    return at == std::end(routes) ? nullptr : at;
}

bool Portal::ends_access(const PortalRequest& request) const noexcept {
    const Route* route = find(request.path);
    return route != nullptr && route->ends && request.method == "POST" && request.session;
}

PortalResponse Portal::answer(const PortalRequest& request) const {
    auto response = decide(request);
    return ends_access(request) ? settle(std::move(response)) : std::move(response);
}

// The end holds in memory even when the store could not keep it, and is tried again each second: the browser
// hears of it either way, and the record says what was the matter.
PortalResponse Portal::settle(PortalResponse decided) const {
    if (const auto written = parts_.sessions.settle(); !written)
        for (auto& event : decided.events)
            event.detail.emplace_back("store", to_text(written.error().code()));
    return decided;
}

PortalResponse Portal::decide(const PortalRequest& request) const {
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (reads && below(request.path, assets_folder))
        return asset_response(request.path, request.field("if-none-match"));
    if (reads && below(request.path, jwks_folder)) return jwks(request);
    const Route* route = find(request.path);
    if (route == nullptr) return answer_error(request, "access.unknown");
    return dispatch(*route, request);
}

PortalResponse Portal::dispatch(const Route& route, const PortalRequest& request) const {
    const bool reads = request.method == "GET" || request.method == "HEAD";
    const Handler handler = reads ? route.get : request.method == "POST" ? route.post : nullptr;
    if (handler == nullptr) return not_allowed(request, route.get != nullptr, route.post != nullptr);
    if (reads && is_prefetch(request)) return nothing_response();
    if (reads && !read_allowed(request)) return answer_error(request, "access.origin");
    if (route.who == Route::For::signed_in) {
        if (!request.session) {
            if (!request.is_navigation()) return problem_response(request, "signin.needed");
            return see_other(request.model->portal.url, LocalPath("/.sekisho/sign-in"));
        }
        // A recovery code opens nothing but the enrolment of a new factor (R16), and the way out.
        const bool enrols = request.session->strength != FactorStrength::recovery ||
                            route.path == "/.sekisho/account/enrol" || route.path == "/.sekisho/sign-out";
        if (!enrols) return see_other(request.model->portal.url, LocalPath("/.sekisho/account/enrol"));
    }
    return (this->*handler)(request);
}

Portal::Checked Portal::read_form(const PortalRequest& request) const {
    if (!form_allowed(request, request.model->portal.url)) {
        auto response = answer_error(request, "signin.elsewhere");
        response.events.push_back(page_event("form.refused", request, false, "origin"));
        return {std::nullopt, std::move(response)};
    }
    auto form = Form::parse(request.body);
    if (!form) return {std::nullopt, answer_error(request, "http.bad")};
    return {std::move(*form), {}};
}

Portal::Checked Portal::read_own_form(const PortalRequest& request, std::string_view purpose) const {
    auto checked = read_form(request);
    if (!checked.form) return checked;
    if (tokens_.bound_holds(checked.form->get("token"), purpose, request.session->id_hash)) return checked;
    auto response = answer_error(request, "signin.form_expired");
    response.events.push_back(page_event("form.refused", request, false, "token"));
    return {std::nullopt, std::move(response)};
}

std::string Portal::own_token(const PortalRequest& request, std::string_view purpose) const {
    return tokens_.bound(purpose, request.session->id_hash);
}

PortalResponse Portal::ops(const PortalRequest& request) const {
    const Frame frame = frame_of(request, Section::ops);
    if (!frame.is_ops) return answer_error(request, "access.unknown");
    if (request.now < request.session->limited_until)
        return answer_error(request, "factor.stronger_needed", {{"app", "Sekisho"}});
    if (auto first = fresh_proof_first(request, "/.sekisho/ops")) return std::move(*first);
    return html_response(200, frame.language, ops_page(frame, parts_.status.status(frame.language)));
}

PortalResponse Portal::language(const PortalRequest& request) const {
    const auto query = Form::parse(request.query);
    if (!query) return answer_error(request, "http.bad");
    const auto to = Url::local(query->get("to"));
    auto response = see_other(request.model->portal.url, to.value_or(Url(LocalPath("/"))));
    const auto wanted = query->get("l");
    if (wanted == "ja" || wanted == "en")
        set_cookie(response, cookie_names::language, wanted, Seconds{400 * 86400});
    return response;
}

PortalResponse Portal::jwks(const PortalRequest& request) const {
    auto name = std::string_view(request.path).substr(jwks_folder.size());
    constexpr std::string_view suffix = ".json";
    const bool json = name.size() > suffix.size() && name.substr(name.size() - suffix.size()) == suffix;
    if (json) name.remove_suffix(suffix.size());
    const auto& apps = request.model->apps;
    const auto app =
        std::find_if(apps.begin(), apps.end(), [&](const auto& a) { return a.name == name && a.assertion; });
    if (!json || app == apps.end()) return answer_error(request, "access.unknown");
    PortalResponse response;
    response.body = parts_.assertions.jwks(name);
    response.fields = {{"content-type", "application/jwk-set+json"},
                       {"cache-control", "public, max-age=300"},
                       {"x-content-type-options", "nosniff"}};
    return response;
}

Digest browser_of(const PortalRequest& request, PortalResponse& response, std::optional<auth::Token>& fresh) {
    if (const auto known = auth::token_hash(request.cookie(cookie_names::browser))) return *known;
    fresh = auth::make_token();
    set_cookie(response, cookie_names::browser, fresh->text);
    return fresh->hash;
}

std::optional<Onward> onward_of(const Form& form) {
    Onward onward{std::string(form.get("host")), std::string(form.get("tx")), std::string(form.get("flow"))};
    for (const auto strength : {FactorStrength::passkey, FactorStrength::passkey_device})
        if (form.get("strength") == to_text(strength)) onward.wanted = strength;
    if (onward.host.empty() && onward.transaction.empty() && onward.flow.empty()) return onward;
    const auto transaction = from_base64url(onward.transaction);
    const bool good = is_host_name(onward.host) && transaction && transaction->size() == sizeof(Digest) &&
                      !onward.flow.empty() && onward.flow.size() <= 4096 && from_base64url(onward.flow);
    if (!good) return std::nullopt;
    return onward;
}

Url start_url(const Onward& onward) {
    return Url(LocalPath("/.sekisho/start"))
        .with({{"host", onward.host}, {"tx", onward.transaction}, {"flow", onward.flow}});
}

Url after_sign_in(const Onward& onward) {
    if (onward.empty()) return LocalPath("/");
    return Url(LocalPath("/.sekisho/continue"))
        .with({{"host", onward.host}, {"tx", onward.transaction}, {"flow", onward.flow}});
}

PageEvent page_event(std::string_view name, const PortalRequest& request, bool allowed,
                     std::string_view reason) {
    PageEvent event;
    event.event = name;
    event.allowed = allowed;
    event.reason = reason;
    if (request.session) {
        event.user = request.session->user;
        event.session = request.session->public_id;
    }
    return event;
}

}  // namespace sekisho::gateway
