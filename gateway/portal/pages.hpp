#pragma once
// Pages: pure functions from what is known to HTML. Each is at most 15 KB, works without a script and says
// the same in both languages.
#include "auth/session_service.hpp"
#include "gateway/portal/html.hpp"
#include "gateway/portal/message.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace sekisho::gateway {

enum class Section : std::uint8_t { none, apps, sessions, account, ops };

// Ending is an end of the reader's access that is near: what is open ends with it.
struct Ending {
    WallTime at{};
    bool by_contract = false;  // the contract's hours or last day, not the session's
};

// Frame is what surrounds every page.
struct Frame {
    Language language = Language::en;
    config::LocalText organisation;
    config::LocalText help;
    std::string portal_origin;        // "https://portal.example:8443"; links lead there
    std::optional<Url> language_url;  // gives the same page in the other language; none: no link
    std::string person;               // display name; empty: nobody is signed in
    bool is_ops = false;
    Section section = Section::none;
    std::optional<Ending> ending;  // warned of on the pages of somebody signed in
    WallTime now{};
    Zone zone = Zone::utc();
};

// Onward is where a sign-in goes on to: an app host's transaction, or the portal when host is empty.
struct Onward {
    std::string host;         // "wiki.example"
    std::string transaction;  // base64url of a SHA-256
    std::string flow;         // sealed by the app host; opaque here
    // Step-up: the least factor that the app asks for.
    FactorStrength wanted = FactorStrength::otp;
    bool empty() const noexcept { return host.empty(); }
};

// AnswerText is one entry of the word table, filled: a notice or an error.
struct AnswerText {
    std::string title, text;
};
AnswerText answer_text(std::string_view key, Language language, Fills fills = {});
using FillPairs = std::vector<std::pair<std::string, std::string>>;
std::string filled(std::string_view pattern, const FillPairs& pairs);

struct SignInView {
    std::optional<AnswerText> notice;
    std::string account;  // typed before
    std::string token;
    Onward onward;
};
std::string sign_in_page(const Frame& frame, const SignInView& view);

struct SecondFactorView {
    std::string ticket, token;
    Onward onward;
};
std::string second_factor_page(const Frame& frame, const SecondFactorView& view);

// step_up_page asks somebody signed in for a fresh code.
struct StepUpView {
    std::optional<AnswerText> notice;
    std::string where;  // what asks for it
    std::string token;
    Onward onward;
    std::string to;         // a page of the portal, in place of onward
    bool passkeys = false;  // the person has some that are strong enough
};
std::string step_up_page(const Frame& frame, const StepUpView& view);

// continue_page goes on by itself, by GET: what follows a form must not be a redirect to another host.
struct ContinueView {
    Url target;
    std::string where;  // host or page name
};
std::string continue_page(const Frame& frame, const ContinueView& view);

// PasswordProblem is said beside the field.
enum class PasswordProblem : std::uint8_t { none, too_short, too_long, not_text, common, like_name, differ };

struct ActivationView {
    std::string user, link, token;
    PasswordProblem problem = PasswordProblem::none;
};
std::string activation_page(const Frame& frame, const ActivationView& view);

struct EnrolView {
    std::string uri;     // what the QR code carries
    std::string spaced;  // for typing
    bool code_wrong = false;
    Url action;
    std::string hidden_name, hidden_value, token;  // the link or the ticket
    bool asks_name = false;                        // one of several tokens
    bool counter = false;                          // its codes come from a counter, not from the clock
    std::string name{}, replaces{};                // asks_name: typed before; whose place it takes
};
std::string enrol_page(const Frame& frame, const EnrolView& view);

struct RecoveryCodesView {
    std::vector<std::string> codes;
};
std::string recovery_codes_page(const Frame& frame, const RecoveryCodesView& view);

struct AppTile {
    std::string title, about;
    std::optional<Url> open;  // none: locked
    std::string reason;       // "access.outside_hours"
    FillPairs fills;
    std::string icon;
};
struct AppsView {
    std::vector<AppTile> tiles;
    auth::SessionPtr session;
    bool offers_passkey = false;  // the person has none yet
};
std::string apps_page(const Frame& frame, const AppsView& view);

struct SessionRow {
    auth::SessionPtr session;
    bool here = false;
    std::vector<std::string> apps;  // titles open under it
    WallTime used{};                // latest of it and its apps
    std::string network;            // of the configuration, where it was opened; empty: none of them
    bool other_device = false;      // opened on a known browser that is not this one
};
struct SessionsView {
    std::vector<SessionRow> rows;
    std::string token;
    std::string done;  // key of a small word said as a notice; empty: none
};
std::string sessions_page(const Frame& frame, const SessionsView& view);

struct AccountView {
    std::string user, kind_key, org;
    FactorStrength strength = FactorStrength::otp;
    std::size_t codes_left = 0;
    std::size_t passkeys = 0;
    std::string token;
    std::optional<AnswerText> notice;
    enum class Mood : std::uint8_t { good, soon, bad } mood = Mood::bad;
    PasswordProblem problem = PasswordProblem::none;
};
std::string account_page(const Frame& frame, const AccountView& view);

struct PasskeyItem {
    std::string id, name;
    WallTime created{};
    std::optional<WallTime> used;
    bool bound = false;  // stays on its device
};
struct PasskeysView {
    std::vector<PasskeyItem> rows;
    std::string token;
    std::string suggested;  // a name for a new one
    bool full = false;      // no more may be registered
    std::optional<AnswerText> notice;
    bool good = true;  // the notice says that something was done
};
std::string passkeys_page(const Frame& frame, const PasskeysView& view);

struct CodeTokenItem {
    std::string id, name;
    WallTime created{};
    std::optional<WallTime> used;
    bool counter = false;
};
struct CodeTokensView {
    std::vector<CodeTokenItem> rows;
    std::string token;
    bool full = false;
    std::optional<AnswerText> notice;
    bool good = true;
};
std::string code_tokens_page(const Frame& frame, const CodeTokensView& view);

struct SignOutView {
    std::string token;
};
std::string sign_out_page(const Frame& frame, const SignOutView& view);
std::string signed_out_page(const Frame& frame, std::string_view key);

// RefusalView: where the road stopped, why, and what to do next.
struct RefusalView {
    std::string key;  // "access.outside_hours"
    FillPairs fills;
    std::string app;  // title; empty when the reader may not know
    std::string request_id;
    std::optional<Url> again;  // check again
    bool at_factor = false;    // the road stopped at the second factor, not at where and when
    bool may_change = true;    // not right now, as against not with this account
    bool at_passkey = false;   // a passkey would open it
    std::string note;          // what the operator says of the rule; may be empty
};
std::string refusal_page(const Frame& frame, const RefusalView& view);

// ErrorView: a fault, or what a stranger hears. request_id is left out when empty.
struct ErrorView {
    std::string key;
    FillPairs fills;
    std::string request_id;
    std::optional<Url> next;  // default: the portal
};
std::string error_page(const Frame& frame, const ErrorView& view);

std::string cookies_page(const Frame& frame, std::string_view host);

struct OpsUpstream {
    std::string name;
    enum class State : std::uint8_t { untried, up, down } state = State::untried;
};
struct OpsGauge {
    std::string key;  // "ops_page.workers"
    double percent = 0, alert_percent = 85;
    std::string limit;  // as text: "20,000"
};
struct OpsStatus {
    std::uint64_t generation = 0;
    Seconds uptime{0};
    double requests_per_second = 0;
    double p50_ms = 0, p99_ms = 0, own_p50_ms = 0, own_p99_ms = 0;
    double full_handshakes = 0, resumed_handshakes = 0;  // per second
    std::uint64_t staff = 0, contractors = 0, ops = 0;   // sessions
    double refusals_per_minute = 0;
    std::vector<OpsGauge> gauges;
    std::vector<OpsUpstream> upstreams;
    std::vector<std::string> warnings;  // ready sentences in the page's language
};
std::string ops_page(const Frame& frame, const OpsStatus& status);

}  // namespace sekisho::gateway
