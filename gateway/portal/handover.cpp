#include "gateway/portal/handover.hpp"

#include "base/base64.hpp"
#include "gateway/portal/form.hpp"
#include "gateway/portal/page_policy.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr std::uint8_t flow_version = 1;
constexpr std::size_t flow_head_bytes = 1 + 8 + 1 + sizeof(Digest);
constexpr std::size_t sealed_chars_max = 4096;

std::string context_of(std::string_view host) { return std::string("flow:").append(host); }

bool reads(const PortalRequest& request) noexcept {
    return request.method == "GET" || request.method == "HEAD";
}

std::string wanted_of(const PortalRequest& request) {
    return request.query.empty() ? request.path : request.path + "?" + request.query;
}

PageEvent event_of(std::string_view name, const PortalRequest& request, bool allowed,
                   std::string_view reason) {
    PageEvent event;
    event.event = name;
    event.allowed = allowed;
    event.reason = reason;
    event.detail.emplace_back("host", request.host);
    return event;
}

}  // namespace

bool is_own_path(std::string_view path) noexcept {
    constexpr std::string_view own = "/.sekisho";
    return path.substr(0, own.size()) == own && (path.size() == own.size() || path[own.size()] == '/');
}

std::string Handover::seal(std::string_view host, const Flow& flow) const {
    Bytes plain{flow_version};
    const auto end = static_cast<std::uint64_t>(flow.expires.time_since_epoch().count());
    for (int shift = 56; shift >= 0; shift -= 8) plain.push_back(static_cast<std::uint8_t>(end >> shift));
    plain.push_back(flow.tries);
    plain.insert(plain.end(), flow.transaction.begin(), flow.transaction.end());
    const auto wanted = as_bytes(flow.wanted);
    plain.insert(plain.end(), wanted.begin(), wanted.end());
    return base64url(keys_.seal(auth::KeyPurpose::browser_seal, plain, context_of(host)));
}

std::optional<Handover::Flow> Handover::open(std::string_view host, std::string_view sealed) const {
    if (sealed.size() > sealed_chars_max) return std::nullopt;
    const auto bytes = from_base64url(sealed);
    if (!bytes) return std::nullopt;
    const auto plain = keys_.open(auth::KeyPurpose::browser_seal, *bytes, context_of(host));
    if (!plain) return std::nullopt;
    const ByteView view = plain->reveal();
    if (view.size() < flow_head_bytes || view[0] != flow_version) return std::nullopt;
    std::uint64_t end = 0;
    for (std::size_t i = 1; i <= 8; ++i) end = end << 8 | view[i];
    Flow flow;
    flow.expires = WallTime{Millis{static_cast<std::int64_t>(end)}};
    flow.tries = view[9];
    std::copy_n(view.begin() + 10, sizeof(Digest), flow.transaction.begin());
    flow.wanted = as_text(view.subspan(flow_head_bytes));
    return flow;
}

PortalResponse Handover::to_portal(const PortalRequest& request, std::string wanted, std::uint8_t tries,
                                   std::optional<FactorStrength> fresh) const {
    if (wanted.size() > wanted_bytes_max || !is_local_path(wanted)) wanted = "/";
    auto transaction = auth::token_hash(request.cookie(cookie_names::browser));
    std::optional<auth::Token> made;
    if (!transaction) {
        made = auth::make_token();
        transaction = made->hash;
    }
    const Flow flow{request.now + lifetime, tries, *transaction, std::move(wanted)};
    Url start = Url(LocalPath("/.sekisho/start"))
                    .with({{"host", request.host},
                           {"tx", base64url(*transaction)},
                           {"flow", seal(request.host, flow)}});
    if (fresh) start = start.with({{"fresh", "1"}, {"strength", to_text(*fresh)}});
    auto response = see_other(request.model->portal.url, start);
    if (made) set_cookie(response, cookie_names::browser, made->text);
    return response;
}

PortalResponse Handover::begin(const PortalRequest& request) const {
    if (!request.is_navigation()) return problem_response(request, "signin.needed");
    if (is_prefetch(request)) return nothing_response();
    // What a form carries is neither kept nor sent on, and whoever typed it hears so.
    if (!reads(request)) return answer_error(request, "signin.not_sent");
    return to_portal(request, wanted_of(request), 0, std::nullopt);
}

PortalResponse Handover::step_up(const PortalRequest& request, FactorStrength wanted) const {
    if (is_prefetch(request)) return nothing_response();
    if (!reads(request)) return answer_error(request, "factor.not_sent");
    return to_portal(request, wanted_of(request), 0, wanted);
}

PortalResponse Handover::again(const PortalRequest& request, const Flow& flow) const {
    if (flow.tries >= tries_max) return answer_error(request, "signin.form_expired");
    return to_portal(request, flow.wanted, static_cast<std::uint8_t>(flow.tries + 1), std::nullopt);
}

PortalResponse Handover::callback(const PortalRequest& request) const {
    if (is_prefetch(request)) return nothing_response();
    const auto query = Form::parse(request.query);
    if (!query) return answer_error(request, "http.bad");
    const auto flow = open(request.host, query->get("flow"));
    if (!flow) return answer_error(request, "signin.form_expired");
    const auto transaction = auth::token_hash(request.cookie(cookie_names::browser));
    // A browser that kept no cookie would go round for ever.
    if (!transaction) return answer_error(request, "signin.cookies_off");
    const auto own = app_origin(*request.model, request.host);
    const Url wanted = Url::local(flow->wanted).value_or(Url(LocalPath("/")));
    if (flow->expires <= request.now || !equal_constant_time(*transaction, flow->transaction)) {
        // The form stood open over lunch, or another tab's secret stayed: this code is worth nothing to us,
        // whoever sent it. Where they wanted to be still holds.
        return request.session ? see_other(own, wanted) : again(request, *flow);
    }
    auto issued = sessions_.redeem_code(query->get("code"), request.host, *transaction, request.client,
                                        request.field("user-agent").substr(0, 200));
    if (!issued) {
        if (issued.error().code() != Errc::denied) return answer_error(request, "fault.store");
        auto response = request.session ? see_other(own, wanted) : again(request, *flow);
        response.events.push_back(event_of("handover.refused", request, false, "code"));
        return response;
    }
    auto response = see_other(own, wanted);
    set_cookie(response, cookie_names::app, issued->cookie_value);
    auto event = event_of("handover.redeemed", request, true, "");
    event.user = issued->session->user;
    event.session = issued->session->public_id;
    response.events.push_back(std::move(event));
    return response;
}

PortalResponse Handover::answer(const PortalRequest& request) const {
    if (request.path.substr(0, 17) == "/.sekisho/assets/" && reads(request))
        return asset_response(request.path, request.field("if-none-match"));
    if (!reads(request)) return answer_error(request, "access.unknown");
    if (request.path == "/.sekisho/callback") return callback(request);
    if (request.path == "/.sekisho/start") {
        if (is_prefetch(request)) return nothing_response();
        return to_portal(request, "/", 0, std::nullopt);
    }
    return answer_error(request, "access.unknown");
}

}  // namespace sekisho::gateway
