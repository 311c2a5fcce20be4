#pragma once
// Sample pages: every page of ours with plausible values and with the longest that can be, for tests and
// tools that look at them all.
#include "gateway/portal/pages.hpp"
#include "tests/gateway/portal/world.hpp"

namespace sekisho::gateway::testing {

struct SamplePage {
    std::string name;  // "sign-in"
    std::string html;
};

inline auth::SessionPtr sample_session(WallTime now, const char* id, const char* agent, Seconds ago) {
    auto session = std::make_shared<auth::Session>();
    session->user = "sato";
    session->strength = FactorStrength::otp;
    session->proven_at = session->created = now - ago;
    session->absolute_end = now - ago + std::chrono::hours{12};
    session->idle = Seconds{1800};
    session->from = parse_ip("203.0.113.20").value();
    session->agent = agent;
    session->public_id = id;
    return session;
}

class Samples {
public:
    explicit Samples(Language language)
        : model_(demo_model()), now_(parse_rfc3339("2026-11-24T10:42:07+09:00").value()) {
        frame_.language = language;
        frame_.organisation = model_.portal.organisation;
        frame_.help = model_.portal.help;
        frame_.portal_origin = model_.portal.url;
        frame_.language_url = Url(LocalPath("/.sekisho/language?l=en&to=/"));
        frame_.now = now_;
        frame_.zone = zone_of(model_);
        signed_in_ = frame_;
        signed_in_.person = language == Language::ja ? "佐藤 健" : "Ken Sato";
        signed_in_.is_ops = true;
    }

    std::vector<SamplePage> all() {
        before();
        enrolment();
        inside();
        answers();
        status();
        return std::move(pages_);
    }

private:
    Onward onward() const { return {"wiki.example", std::string(43, 't'), std::string(3000, 'f')}; }
    void add(std::string name, std::string html) { pages_.push_back({std::move(name), std::move(html)}); }
    Frame at(Section section) const {
        Frame frame = signed_in_;
        frame.section = section;
        return frame;
    }

    void before() {
        const auto ticket = std::string(300, 't');
        SignInView sign_in{std::nullopt, "", "token", {}};
        add("01-sign-in", sign_in_page(frame_, sign_in));
        sign_in.notice = answer_text("signin.failed", frame_.language);
        sign_in.account = "sato";
        sign_in.onward = onward();
        add("02-sign-in-failed", sign_in_page(frame_, sign_in));
        add("03-second-factor", second_factor_page(frame_, {ticket, "token", onward()}));
        auto page = continue_page(frame_, {LocalPath("/.sekisho/start?host=wiki.example"), "wiki.example"});
        // Without its refresh: whoever looks at the page wants to stay on it.
        const auto refresh = page.find("<meta http-equiv");
        page.erase(refresh, page.find('>', refresh) + 1 - refresh);
        add("04-continue", std::move(page));
    }

    void enrolment() {
        ActivationView activation{"sato", std::string(46, 'l'), "token", PasswordProblem::none};
        add("05-activation", activation_page(frame_, activation));
        activation.problem = PasswordProblem::differ;
        add("06-activation-differ", activation_page(frame_, activation));
        EnrolView enrol{auth::totp_uri("Mihon Bank", std::string(64, 'n'), auth::make_totp_secret()),
                        "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP",
                        true,
                        LocalPath("/.sekisho/activate/app"),
                        "link",
                        std::string(300, 'l'),
                        "token"};
        add("07-enrol", enrol_page(frame_, enrol));
        enrol.asks_name = enrol.counter = true;
        enrol.name = std::string(64, 'W');
        enrol.replaces = "8F3K20QX71";
        add("07-enrol-counter", enrol_page(frame_, enrol));
        add("08-recovery-codes",
            recovery_codes_page(signed_in_, {std::vector<std::string>(10, "7K4M-9QXT-W2HP-C6NR")}));
    }

    AppTile tile(const char* ja, const char* en, const char* icon, std::string reason) const {
        const bool japanese = frame_.language == Language::ja;
        AppTile t;
        t.title = japanese ? ja : en;
        t.about = japanese ? "事務手続と通達の検索" : "Look up procedures and notices";
        t.icon = icon;
        if (reason.empty()) t.open = Url::https("https://wiki.example:8443/");
        t.reason = std::move(reason);
        t.fills = {{"app", t.title},
                   {"next", japanese ? "11月25日（水） 9:00" : "Wed 25 Nov 9:00"},
                   {"date", "2026"},
                   {"from", "2026"},
                   {"sponsor", "Sato"}};
        return t;
    }

    void inside() {
        const char* chrome = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36";
        const auto session = sample_session(now_, "8F3K20QX71", chrome, Seconds{5400});
        AppsView apps{
            {tile("業務手順書", "Procedures", "book", ""), tile("共有ファイル", "Shared files", "folder", ""),
             tile("社内チャット", "Chat", "chat", ""), tile("会計台帳", "Ledger", "ledger", "factor.too_old"),
             tile("運用サーバー", "Operations servers", "terminal", "access.outside_hours"),
             tile("鍵管理", "Key management", "box", "access.none")},
            session};
        apps.offers_passkey = true;
        add("09-apps", apps_page(at(Section::apps), apps));
        Frame ending = at(Section::apps);
        ending.ending = Ending{now_ + Seconds{280}, true};
        add("10-apps-ending", apps_page(ending, apps));
        add("10-apps-empty", apps_page(at(Section::apps), {{}, session}));
        SessionsView sessions;
        sessions.token = "token";
        sessions.done = "sessions_page.ended";
        for (int i = 0; i < 8; ++i) {
            const char* phone =
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1";
            auto one =
                sample_session(now_, "W2HPC6NR4V", i % 2 == 0 ? chrome : phone, Seconds{5400 + 60 * i});
            sessions.rows.push_back({std::move(one),
                                     i == 0,
                                     {"Procedures", "Shared files"},
                                     now_ - Seconds{400 * i},
                                     i % 3 == 0 ? "office" : "",
                                     i != 0});
        }
        add("11-sessions", sessions_page(at(Section::sessions), sessions));
        AccountView account;
        account.user = "ishii";
        account.kind_key = "kind.contractor";
        account.org = frame_.language == Language::ja ? "青葉システム" : "Aoba Systems";
        account.codes_left = 2;
        account.token = "token";
        account.notice = answer_text("factor.recovery_last", frame_.language, {{"n", "2"}});
        account.mood = AccountView::Mood::soon;
        account.problem = PasswordProblem::too_short;
        add("12-account", account_page(at(Section::account), account));
        PasskeysView passkeys;
        passkeys.token = "token";
        add("12-passkeys-none", passkeys_page(at(Section::account), passkeys));
        for (int i = 0; i < 8; ++i)
            passkeys.rows.push_back({"01234567"[i] + std::string(9, 'A'), std::string(64, 'W'), now_,
                                     i % 2 == 0 ? std::optional(now_) : std::nullopt, i % 2 == 0});
        passkeys.full = true;
        passkeys.notice = answer_text("factor.last_one", frame_.language);
        passkeys.good = false;
        add("12-passkeys-full", passkeys_page(at(Section::account), passkeys));
        CodeTokensView codes;
        codes.token = "token";
        add("12-codes-none", code_tokens_page(at(Section::account), codes));
        for (int i = 0; i < 4; ++i)
            codes.rows.push_back({"01234567"[i] + std::string(9, 'A'), i == 0 ? "" : std::string(64, 'W'),
                                  now_, i % 2 == 0 ? std::optional(now_) : std::nullopt, i == 3});
        codes.full = true;
        codes.notice = answer_text("factor.last_one", frame_.language);
        codes.good = false;
        add("12-codes-full", code_tokens_page(at(Section::account), codes));
        add("12-step-up", step_up_page(at(Section::none), {answer_text("factor.code_wrong", frame_.language),
                                                           "Wiki", "token", onward(), "", true}));
        add("13-sign-out", sign_out_page(at(Section::none), {"token"}));
        add("14-signed-out", signed_out_page(frame_, "session.signed_out"));
    }

    void answers() {
        const bool japanese = frame_.language == Language::ja;
        RefusalView refusal;
        refusal.key = "access.outside_hours";
        refusal.app = japanese ? "共有ファイル" : "Shared files";
        refusal.fills = {{"app", refusal.app},
                         {"next", japanese ? "11月25日（水） 9:00" : "Wed 25 Nov 9:00"}};
        refusal.request_id = "8F3K-20QX-71MD";
        refusal.again = Url::local("/docs/");
        add("15-refusal", refusal_page(at(Section::none), refusal));
        refusal.key = "factor.stronger_needed";
        refusal.at_factor = true;
        add("16-refusal-factor", refusal_page(at(Section::none), refusal));
        add("17-error-unknown", error_page(frame_, {"access.unknown", {}, "8F3K-20QX-71MD", {}}));
        add("18-error-app-down",
            error_page(at(Section::none), {"fault.app_down", {{"app", refusal.app}}, "8F3K-20QX-71MD", {}}));
        add("19-cookies", cookies_page(frame_, "portal.example"));
    }

    void status() {
        OpsStatus s;
        s.generation = 418;
        s.uptime = Seconds{93784};
        s.requests_per_second = 2180;
        s.p50_ms = 4.1;
        s.p99_ms = 88;
        s.own_p50_ms = 0.06;
        s.own_p99_ms = 0.4;
        s.full_handshakes = 41;
        s.resumed_handshakes = 212;
        s.staff = 4871;
        s.contractors = 343;
        s.ops = 4;
        s.refusals_per_minute = 17;
        s.gauges = {{"ops_page.workers", 46, 80, ""},
                    {"ops_page.connections", 87, 85, "20,000"},
                    {"ops_page.hashing", 22, 80, ""},
                    {"ops_page.descriptors", 41, 85, "65,536"},
                    {"ops_page.memory", 52, 85, "4 GiB"}};
        for (int i = 0; i < 10; ++i) {
            s.upstreams.push_back({"upstream-" + std::to_string(i), i == 3   ? OpsUpstream::State::down
                                                                    : i == 5 ? OpsUpstream::State::untried
                                                                             : OpsUpstream::State::up});
        }
        s.warnings = {frame_.language == Language::ja ? "接続が上限に近づいています（87%）。"
                                                      : "Connections come near their limit (87%)."};
        add("20-ops", ops_page(at(Section::ops), s));
    }

    config::Model model_;
    WallTime now_;
    Frame frame_, signed_in_;
    std::vector<SamplePage> pages_;
};

}  // namespace sekisho::gateway::testing
