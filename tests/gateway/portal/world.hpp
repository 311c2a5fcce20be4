#pragma once
// World is a portal and its app hosts with the real auth services on a store of its own, and Browser is
// somebody in front of it: both without a socket.
#include "auth/accounts.hpp"
#include "auth/code_tokens.hpp"
#include "auth/store/sqlite_store.hpp"
#include "auth/totp.hpp"
#include "base/base64.hpp"
#include "base/random.hpp"
#include "gateway/portal/handover.hpp"
#include "gateway/portal/portal.hpp"
#include "policy/compile.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sekisho::gateway::testing {

inline config::Model demo_model() {
    config::Model model;
    model.timezone = "Asia/Tokyo";
    model.portal.url = "https://portal.example:8443";
    model.portal.host = "portal.example";
    model.portal.port = 8443;
    model.portal.organisation = {"見本銀行", "Mihon Bank"};
    model.portal.help = {"03-1234-5678（平日 8:00 から 20:00）", "03-1234-5678 (weekdays 8:00 to 20:00)"};
    model.groups.push_back({"finance", {"財務", "Finance"}, {}});
    model.people.push_back({"sato", PersonKind::staff, {"finance"}, "", {"佐藤 健", "Ken Sato"}, {}, {}, {}});
    model.people.push_back(
        {"ishii", PersonKind::contractor, {}, "aoba", {"石井 翔", "Sho Ishii"}, {}, {}, {}});
    model.people.push_back({"mori", PersonKind::ops, {}, "", {"森 遥", "Haruka Mori"}, {}, {}, {}});
    config::Org aoba;
    aoba.name = "aoba";
    aoba.title = {"青葉システム", "Aoba Systems"};
    aoba.sponsor = "sato";
    aoba.contract_from = parse_date("2026-04-01").value();
    aoba.contract_to = parse_date("2027-03-31").value();
    aoba.timezone = "Asia/Tokyo";
    model.orgs.push_back(aoba);
    model.tiers = {{"critical", 3}, {"general", 1}};
    model.upstreams.resize(1);
    model.upstreams[0].name = "wiki";
    const auto app = [&](std::string name, config::LocalText title, std::string host) {
        config::App one;
        one.name = std::move(name);
        one.title = std::move(title);
        one.about = {"事務手続と通達の検索", "Look up procedures and notices"};
        one.host = std::move(host);
        one.upstream = "wiki";
        one.tier = "general";
        model.apps.push_back(std::move(one));
    };
    app("wiki", {"業務手順書", "Wiki"}, "wiki.example");
    app("files", {"共有ファイル", "Files"}, "files.example");
    app("vault", {"鍵管理", "Vault"}, "vault.example");
    config::Rule wiki;
    wiki.id = "wiki";
    wiki.effect = config::Rule::Effect::allow;
    wiki.who = {{{config::WhoTerm::Kind::any, "", PersonKind::none}}};
    wiki.apps = {"wiki"};
    model.rules.push_back(wiki);
    config::Rule files = wiki;
    files.id = "files";
    files.who = {{{config::WhoTerm::Kind::kind, "", PersonKind::staff}}};
    files.apps = {"files"};
    config::Condition hours;
    hours.kind = config::Condition::Kind::hours;
    hours.hours.days = 0x1f;
    hours.hours.from_minute = 9 * 60;
    hours.hours.to_minute = 18 * 60;
    hours.hours.timezone = "Asia/Tokyo";
    files.conditions.push_back(hours);
    model.rules.push_back(files);
    return model;
}

class FixedStatus final : public StatusSource {
public:
    OpsStatus status(Language) const override {
        OpsStatus s;
        s.generation = 3;
        s.uptime = Seconds{7200};
        s.requests_per_second = 2180;
        return s;
    }
};

struct World {
    World() {
        std::string pattern = (std::filesystem::temp_directory_path() / "sekisho-portal-XXXXXX").string();
        directory = mkdtemp(pattern.data());
        store = auth::open_sqlite_store(directory + "/test.db").value();
        keys = auth::Keyring::open(*store, clock, Secret(random_bytes<32>())).value();
        pool = std::make_unique<auth::HashPool>(1);
        hasher = std::make_unique<auth::PasswordHasher>(*keys, *pool, auth::HashCost{1024, 1});
        throttle = std::make_unique<auth::Throttle>(*store, clock, *keys);
        sessions = std::make_unique<auth::SessionService>(*store, clock, log);
        sign_in = std::make_unique<auth::SignIn>(*store, clock, *keys, *hasher, *throttle, *sessions);
        passkeys = std::make_unique<auth::Passkeys>(
            *store, clock, *keys, *sessions,
            auth::PasskeyRules{{{model->portal.host}, {model->portal.url}}, {}});
        activation =
            std::make_unique<auth::Activation>(*store, clock, *keys, *hasher, *sessions, "Mihon Bank");
        code_tokens = std::make_unique<auth::CodeTokens>(*store, clock, *keys, *sessions, "Mihon Bank");
        tokens = std::make_unique<auth::ServiceTokens>(*store, clock, log);
        accounts = std::make_unique<auth::Accounts>(*store, clock, *activation, *sessions, *tokens);
        assertions = std::make_unique<auth::AssertionMaker>(*keys, clock, model->portal.url);
        standings = std::make_shared<Standings>(model, policy::compile(*model).value());
        portal = std::make_unique<Portal>(PortalParts{*store, *keys, *sign_in, *passkeys, *code_tokens,
                                                      *activation, *sessions, *assertions, status});
        handover = std::make_unique<Handover>(*keys, *sessions);
    }
    ~World() {
        store.reset();
        std::filesystem::remove_all(directory);
    }

    PortalRequest request(std::string method, const std::string& url) const {
        PortalRequest r;
        r.method = std::move(method);
        const auto rest = url.substr(std::string("https://").size());
        const auto slash = rest.find('/');
        r.host = rest.substr(0, rest.find(':'));
        const auto target = rest.substr(slash);
        r.path = target.substr(0, target.find('?'));
        if (const auto q = target.find('?'); q != std::string::npos) r.query = target.substr(q + 1);
        r.client = parse_ip("192.0.2.7").value();
        r.now = clock.wall();
        r.request_id = "8F3K-20QX-71MD";
        r.model = model;
        r.standings = standings;
        return r;
    }

    // serve does what the data path would: look the session up, then ask whose request it is.
    PortalResponse serve(PortalRequest r) const {
        const bool at_portal = r.host == model->portal.host;
        const auto name = at_portal ? cookie_names::sso : cookie_names::app;
        if (const auto id = auth::token_hash(r.cookie(name))) {
            r.session = sessions->find(*id);
            if (r.session && !at_portal && r.session->host != r.host) r.session = nullptr;
            if (!r.session) r.ended = log.why_ended(*id);
        }
        if (at_portal) return portal->answer(r);
        if (is_own_path(r.path)) return handover->answer(r);
        if (!r.session) return handover->begin(r);
        PortalResponse upstream;
        upstream.body = "upstream:" + r.host + r.path + (r.query.empty() ? "" : "?" + r.query);
        return upstream;
    }

    std::shared_ptr<const config::Model> model = std::make_shared<config::Model>(demo_model());
    ManualClock clock{parse_rfc3339("2026-11-24T10:42:07+09:00").value()};
    std::string directory;
    std::unique_ptr<auth::Store> store;
    std::unique_ptr<auth::Keyring> keys;
    std::unique_ptr<auth::HashPool> pool;
    std::unique_ptr<auth::PasswordHasher> hasher;
    std::unique_ptr<auth::Throttle> throttle;
    auth::SessionLog log;
    std::unique_ptr<auth::SessionService> sessions;
    std::unique_ptr<auth::SignIn> sign_in;
    std::unique_ptr<auth::Passkeys> passkeys;
    std::unique_ptr<auth::Activation> activation;
    std::unique_ptr<auth::CodeTokens> code_tokens;
    std::unique_ptr<auth::ServiceTokens> tokens;
    std::unique_ptr<auth::Accounts> accounts;
    std::unique_ptr<auth::AssertionMaker> assertions;
    std::shared_ptr<const Standings> standings;
    FixedStatus status;
    std::unique_ptr<Portal> portal;
    std::unique_ptr<Handover> handover;
};

using Fields = std::vector<std::pair<std::string, std::string>>;

// Value of the first input of that name in a page.
inline std::string input_value(std::string_view html, std::string_view name) {
    const auto at = html.find("name=\"" + std::string(name) + "\" value=\"");
    if (at == std::string_view::npos) return {};
    const auto from = html.find("value=\"", at) + 7;
    return std::string(html.substr(from, html.find('"', from) - from));
}

// Where a page goes on to by itself.
inline std::string refresh_target(std::string_view html) {
    const auto at = html.find("content=\"0;url=");
    if (at == std::string_view::npos) return {};
    const auto from = at + 15;
    std::string url(html.substr(from, html.find('"', from) - from));
    for (auto amp = url.find("&amp;"); amp != std::string::npos; amp = url.find("&amp;"))
        url.replace(amp, 5, "&");
    return url;
}

struct Browser {
    explicit Browser(World& w) : world(w) {}

    PortalResponse send(PortalRequest r) {
        r.fields.push_back({"sec-fetch-mode", "navigate"});
        r.fields.push_back({"accept-language", language});
        r.fields.push_back({"user-agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/130.0"});
        for (const auto& [name, value] : jar[r.host]) r.cookies.push_back({name, value});
        const auto host = r.host;
        auto response = world.serve(std::move(r));
        keep(host, response);
        for (const auto& event : response.events) events.push_back(event);
        return response;
    }

    void keep(const std::string& host, const PortalResponse& response) {
        for (const auto& field : response.fields) {
            if (field.name != "set-cookie") continue;
            const auto name = field.value.substr(0, field.value.find('='));
            const auto value = field.value.substr(name.size() + 1, field.value.find(';') - name.size() - 1);
            EXPECT_NE(field.value.find("; Secure; HttpOnly"), std::string::npos);
            EXPECT_EQ(field.value.find("Domain"), std::string::npos);
            if (value.empty())
                jar[host].erase(name);
            else
                jar[host][name] = value;
        }
    }

    // get follows redirects and pages that go on by themselves.
    PortalResponse get(std::string url) {
        for (int hops = 0; hops < 12; ++hops) {
            at = url;
            auto response = send(world.request("GET", url));
            if (response.status == 303) {
                url = std::string(response.field("location"));
                EXPECT_EQ(url.substr(0, 8), "https://");
                continue;
            }
            const auto next = refresh_target(response.content());
            if (next.empty()) return response;
            url = next[0] == '/' ? world.model->portal.url + next : next;
        }
        ADD_FAILURE() << "redirected for ever: " << url;
        return {};
    }

    PortalResponse post_raw(const std::string& url, const Fields& fields, const std::string& origin) {
        auto r = world.request("POST", url);
        for (const auto& [name, value] : fields)
            r.body += (r.body.empty() ? "" : "&") + percent_encode(name) + "=" + percent_encode(value);
        r.fields.push_back({"content-type", "application/x-www-form-urlencoded"});
        if (!origin.empty()) r.fields.push_back({"origin", origin});
        return send(std::move(r));
    }

    PortalResponse post(const std::string& path, const Fields& fields) {
        auto response = post_raw(world.model->portal.url + path, fields, world.model->portal.url);
        if (response.status != 303) return response;
        return get(std::string(response.field("location")));
    }

    // sign_in fills in both forms that `form` (a sign-in page) leads through.
    PortalResponse sign_in(const PortalResponse& form, const std::string& account,
                           const std::string& password, const std::string& code) {
        const auto second = first_step(form, account, password);
        return second_step(second, code);
    }
    static Fields carried(std::string_view html) {
        Fields fields;
        for (const char* name : {"token", "host", "tx", "flow", "ticket"}) {
            auto value = input_value(html, name);
            if (!value.empty()) fields.emplace_back(name, std::move(value));
        }
        return fields;
    }
    PortalResponse first_step(const PortalResponse& form, const std::string& account,
                              const std::string& password) {
        auto fields = carried(form.content());
        fields.emplace_back("account", account);
        fields.emplace_back("password", password);
        return post("/.sekisho/sign-in", fields);
    }
    PortalResponse second_step(const PortalResponse& form, const std::string& code) {
        auto fields = carried(form.content());
        fields.emplace_back("code", code);
        return post("/.sekisho/second-factor", fields);
    }

    World& world;
    std::string language = "en";
    std::map<std::string, std::map<std::string, std::string>> jar;
    std::vector<PageEvent> events;
    std::string at;
};

// Somebody with an account whose factors are in place.
struct Known {
    std::string user, password = "correct horse battery staple";
    Secret secret;
    std::vector<std::string> recovery;

    std::string code(World& world) const {
        world.clock.advance(Millis{30'000});  // no code works twice
        return auth::totp(secret, world.clock.wall());
    }
};

// enrol goes through the activation pages.
inline Known enrol(World& world, const std::string& user) {
    Known known;
    known.user = user;
    const auto act = world.accounts->add(user);
    EXPECT_TRUE(act);
    const auto link = act->link->token;
    Browser browser(world);
    auto form = browser.get(world.model->portal.url + "/.sekisho/activate?link=" + link);
    EXPECT_EQ(form.status, 200);
    auto page = browser.post("/.sekisho/activate", {{"token", input_value(form.content(), "token")},
                                                    {"link", link},
                                                    {"new", known.password},
                                                    {"again", known.password}});
    EXPECT_EQ(page.status, 200) << page.content();
    const auto content = page.content();
    const auto from = content.find("<p class=\"mono\">") + 16;
    std::string spaced(content.substr(from, content.find('<', from) - from));
    std::erase(spaced, ' ');
    known.secret = Secret(from_base32(spaced).value());
    auto done =
        browser.post("/.sekisho/activate/app", {{"token", input_value(content, "token")},
                                                {"link", link},
                                                {"code", auth::totp(known.secret, world.clock.wall())}});
    EXPECT_EQ(done.status, 200) << done.content();
    std::string_view rest = done.content();
    for (auto at = rest.find("<ol class=\"codes\">");
         (at = rest.find("<li>", at)) != std::string_view::npos;) {
        at += 4;
        const auto code = rest.substr(at, rest.find('<', at) - at);
        if (code.size() == 19) known.recovery.emplace_back(code);
    }
    return known;
}

}  // namespace sekisho::gateway::testing
