// Goal: every request meets the verdict of its own host, its own session and the policy, whoever asked before
// it, and what is open loses its access with the session, the policy or the contract.
// Method: the real routes, policy and session log over a small configuration; tables of requests; a clock
// moved by hand and configurations swapped between two questions.
#include "../http/read_head.hpp"
#include "gateway/admission/admission.hpp"
#include "tests/support/policies.hpp"

#include <gtest/gtest.h>

#include <array>
#include <optional>

namespace sekisho::gateway {
namespace {

using namespace std::chrono_literals;
using sekisho::testing::at;
using sekisho::testing::contractor;
using sekisho::testing::hours;
using sekisho::testing::nobody;
using sekisho::testing::staff;
using Kind = Verdict::Kind;
using Outcome = Recheck::Outcome;
using policy::Reason;

constexpr std::string_view kWebSocket =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

struct SignedIn {
    Digest id{};
    std::string value;
    std::string cookie;  // the whole line
    auth::SessionPtr session;
};

class AdmissionTest : public ::testing::Test {
protected:
    AdmissionTest() {
        world.model.portal.host = "portal.example";
        world.model.portal.port = 8443;
        world.model.apps[0].host = "wiki.example";
        for (const char* name : {"files", "hr", "ledger", "chat", "docs", "vault"})
            world.app(name).host = name + std::string(".example");
        app("ledger").listed = true;
        app("chat").websocket = true;
        app("docs").paths = {"/docs"};
        app("vault").tier = "critical";
        world.network("office", {"10.0.0.0/8"});
        world.add(staff("sato").in("finance")).add(staff("tanaka").in("hr")).add(nobody("kaze"));
        world.add(contractor("ishii").of("aoba").in("aoba-dev").from("2026-04-01").until("2026-11-30"));
        world.add(contractor("mori").of("early").from("2026-12-01").until("2027-03-31"));
        world.add(contractor("kato").of("late").from("2025-04-01").until("2026-03-31"));
        world.allow("wiki-all", "any");
        world.allow("files-view", "kind:staff", "files").methods({"GET"}).paths({"/open"});
        world.allow("hr", "group:hr", "hr");
        world.allow("ledger", "group:hr", "ledger");
        world.allow("chat", "kind:staff", "chat").network({"office"});
        world.allow("docs", "kind:staff", "docs").during(hours("mon-fri", "12:00", "13:00"));
        world.allow("vault", "kind:staff", "vault").mfa(FactorStrength::otp, 1h);
        world.deny("wiki-secret", "group:finance").paths({"/secret"});
        load();
    }

    config::App& app(std::string_view name) {
        for (auto& app : world.model.apps)
            if (app.name == name) return app;
        ADD_FAILURE() << "no app " << name;
        return world.model.apps[0];
    }

    // load makes what a reload would: the next generation.
    void load() {
        auto next = std::make_shared<Snapshot>();
        next->tls = TlsContexts::create({}, TicketKeys::random()).value();
        next->generation = ++generation;
        next->model = std::make_shared<const config::Model>(world.model);
        next->program = policy::compile(*next->model).value();
        const std::vector<std::string> served = {"bare.example"};
        next->routes = RouteTable::create(*next->model, served).value();
        for (const auto& app : next->model->apps)
            next->apps.emplace_back().tier_rank = app.tier == "critical" ? 3 : 1;
        snapshot = std::move(next);
    }

    // publish makes a session as the sign-in or the hand-over would; a host makes it an app session of
    // `parent`.
    SignedIn publish(std::shared_ptr<auth::Session> session, const Digest& parent = {}) {
        const auto token = auth::make_token();
        session->id_hash = token.hash;
        session->parent = parent;
        session->kind = session->host.empty() ? auth::Session::Kind::sso : auth::Session::Kind::app;
        session->proven_at = session->created = clock.wall();
        session->absolute_end = clock.wall() + 12h;
        session->idle = 12h;
        session->touch(clock.wall());
        log.publish({{session, {}, {}}});
        const auto cookie = name_of(session->host.empty() ? OurCookie::sso : OurCookie::app);
        return {token.hash, token.text, "Cookie: " + std::string(cookie) + "=" + token.text + "\r\n",
                session};
    }
    // sign_in signs somebody in at the portal and, when a host is given, hands them over to it.
    SignedIn sign_in(std::string user, std::string host, FactorStrength strength = FactorStrength::otp,
                     Millis limited_for = 0s) {
        auth::Session facts;
        facts.user = std::move(user);
        facts.strength = strength;
        if (limited_for.count() != 0) facts.limited_until = clock.wall() + limited_for;
        const auto sso = publish(std::make_shared<auth::Session>(facts));
        if (host.empty()) return sso;
        facts.host = std::move(host);
        return publish(std::make_shared<auth::Session>(facts), sso.id);
    }
    void end(const SignedIn& who) { log.publish({{nullptr, who.id, auth::EndReason::signed_out}}); }

    // ask sends "GET wiki.example/path" with these fields; the server name is the host's unless given.
    Verdict ask(std::string_view what, const std::string& fields = {},
                std::optional<std::string_view> server_name = {}) {
        const auto blank = what.find(' ');
        const auto slash = what.find('/');
        const auto host = what.substr(blank + 1, slash - blank - 1);
        const GoodRequest request(std::string(what.substr(0, blank + 1)) + std::string(what.substr(slash)) +
                                  " HTTP/1.1\r\nHost: " + std::string(host) + ":8443\r\n" + fields + "\r\n");
        HeadScratch scratch;
        auto verdict = admission.judge(snapshot, request.head, {server_name.value_or(host), client},
                                       clock.wall(), scratch);
        path = verdict.path;
        verdict.path = {};  // its bytes go away with the request
        return verdict;
    }
    Outcome holds(Permit& permit, std::string_view method = "GET", std::string_view of_path = "/") {
        return admission
            .still_holds(permit, snapshot, {method, of_path, client, clock.wall()},
                         permit.snapshot().app(permit.app()).host + ":8443")
            .outcome;
    }

    ::sekisho::testing::World world;
    ManualClock clock{at("2026-11-24T10:00:00+09:00")};  // a Tuesday
    auth::SessionLog log;
    Admission admission{clock, log};
    SnapshotPtr snapshot;
    std::uint64_t generation = 0;
    IpAddress client = parse_ip("192.0.2.7").value();
    std::string path;
};

TEST_F(AdmissionTest, SendsEachRequestWhereItBelongs) {
    struct Row {
        const char* what;
        const char* server_name;  // null: as the host says
        Kind kind;
        Refused refused;
    };
    constexpr Row kRows[] = {
        {"GET wiki.example/", nullptr, Kind::refused, Refused::not_signed_in},
        {"GET WIKI.example/", "wiki.EXAMPLE", Kind::refused, Refused::not_signed_in},
        {"GET nowhere.example/", nullptr, Kind::refused, Refused::misdirected},
        {"GET wiki.example/", "files.example", Kind::refused, Refused::misdirected},
        {"GET wiki.example/", "portal.example", Kind::refused, Refused::misdirected},
        {"GET wiki.example/", "", Kind::refused, Refused::misdirected},
        {"GET wiki.example/a%2Fb", nullptr, Kind::refused, Refused::bad_request},
        {"GET wiki.example/../x", nullptr, Kind::refused, Refused::bad_request},
        {"GET portal.example/a%5Cb", nullptr, Kind::refused, Refused::bad_request},
        {"GET portal.example/", nullptr, Kind::portal, Refused::none},
        {"POST portal.example/.sekisho/sign-in", nullptr, Kind::portal, Refused::none},
        {"GET wiki.example/.sekisho", nullptr, Kind::app_host_page, Refused::none},
        {"GET wiki.example/.sekisho/callback", nullptr, Kind::app_host_page, Refused::none},
        {"GET wiki.example/x/../.sekisho/callback", nullptr, Kind::app_host_page, Refused::none},
        {"GET docs.example/.sekisho/callback", nullptr, Kind::app_host_page, Refused::none},
        {"GET wiki.example/.sekishox", nullptr, Kind::refused, Refused::not_signed_in},
        {"GET docs.example/elsewhere", nullptr, Kind::refused, Refused::not_signed_in},
        {"GET bare.example/", nullptr, Kind::refused, Refused::not_signed_in}};
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.what);
        const auto verdict = row.server_name ? ask(row.what, {}, row.server_name) : ask(row.what);
        EXPECT_EQ(verdict.kind, row.kind);
        EXPECT_EQ(verdict.refused, row.refused);
        EXPECT_FALSE(verdict.permit);
        EXPECT_FALSE(verdict.session);
    }
}

TEST_F(AdmissionTest, JudgesTheCanonicalPath) {
    const auto sato = sign_in("sato", "wiki.example");
    EXPECT_EQ(ask("GET wiki.example/a/./b", sato.cookie).kind, Kind::permit);
    EXPECT_EQ(path, "/a/b");
    EXPECT_EQ(ask("GET wiki.example/x/../%73ecret", sato.cookie).decision.reason, Reason::denied);
    EXPECT_EQ(path, "/secret");
}

TEST_F(AdmissionTest, KnowsASessionOnlyByItsOwnCookieOnItsOwnHost) {
    const auto sso = sign_in("sato", "");
    const auto wiki = sign_in("sato", "wiki.example");
    const auto files = sign_in("sato", "files.example");
    const std::string sso_name(name_of(OurCookie::sso)), app_name(name_of(OurCookie::app));
    struct Row {
        const char* why;
        const char* what;
        std::string fields;
        bool known;
    };
    const Row rows[] = {
        {"its own", "GET wiki.example/", wiki.cookie, true},
        {"host in capitals", "GET WIKI.EXAMPLE/", wiki.cookie, true},
        {"of another host", "GET wiki.example/", files.cookie, false},
        {"sso value in the app's cookie", "GET wiki.example/",
         "Cookie: " + app_name + "=" + sso.value + "\r\n", false},
        {"sso cookie on an app's host", "GET wiki.example/", sso.cookie, false},
        {"sso cookie with an app's value", "GET wiki.example/",
         "Cookie: " + sso_name + "=" + wiki.value + "\r\n", false},
        {"sso at the portal", "GET portal.example/", sso.cookie, true},
        {"app value at the portal", "GET portal.example/", "Cookie: " + sso_name + "=" + wiki.value + "\r\n",
         false},
        {"sent twice", "GET wiki.example/", wiki.cookie + wiki.cookie, false},
        {"twice in one line", "GET wiki.example/",
         "Cookie: " + app_name + "=" + wiki.value + "; " + app_name + "=" + files.value + "\r\n", false},
        {"beside others", "GET wiki.example/", "Cookie: a=b; " + app_name + "=" + wiki.value + "; c=d\r\n",
         true},
        {"no version", "GET wiki.example/", "Cookie: " + app_name + "=" + wiki.value.substr(3) + "\r\n",
         false},
        {"one byte more", "GET wiki.example/", "Cookie: " + app_name + "=" + wiki.value + "A\r\n", false},
        {"name in capitals", "GET wiki.example/", "Cookie: __HOST-HTTP-SEKISHO=" + wiki.value + "\r\n",
         false},
        {"unknown value", "GET wiki.example/", "Cookie: " + app_name + "=" + auth::make_token().text + "\r\n",
         false}};
    for (const Row& row : rows) {
        SCOPED_TRACE(row.why);
        const auto verdict = ask(row.what, row.fields);
        EXPECT_EQ(verdict.session != nullptr, row.known);
        if (!row.known) {
            EXPECT_NE(verdict.kind, Kind::permit);
        }
    }
}

TEST_F(AdmissionTest, AnAllowedRequestGetsAPermitOfItsOwn) {
    const auto sato = sign_in("sato", "wiki.example");
    clock.advance(90s);
    const auto verdict = ask("GET wiki.example/page", sato.cookie);
    ASSERT_EQ(verdict.kind, Kind::permit);
    ASSERT_TRUE(verdict.permit);
    EXPECT_EQ(verdict.refused, Refused::none);
    EXPECT_EQ(verdict.session, sato.session);
    EXPECT_EQ(verdict.cookie_hash, sato.id);
    EXPECT_EQ(&verdict.permit->snapshot(), snapshot.get());
    EXPECT_EQ(snapshot->app(verdict.permit->app()).name, "wiki");
    EXPECT_EQ(snapshot->program->rule_name(verdict.permit->rule()), "wiki-all");
    EXPECT_EQ(verdict.permit->valid_until(), sato.session->absolute_end);
    EXPECT_EQ(sato.session->last_seen(), clock.wall()) << "it counts as used";
}

TEST_F(AdmissionTest, APermitEndsWithTheFirstOfItsReasons) {
    const auto vault = ask("GET vault.example/", sign_in("sato", "vault.example").cookie);
    ASSERT_TRUE(vault.permit);
    EXPECT_EQ(vault.permit->valid_until(), clock.wall() + 1h) << "the proof grows too old";
    clock.advance(Millis(6 * 24h + 8h));  // 30 November, 18:00
    const auto wiki = ask("GET wiki.example/", sign_in("ishii", "wiki.example").cookie);
    ASSERT_TRUE(wiki.permit);
    EXPECT_EQ(wiki.permit->valid_until(), at("2026-12-01T00:00:00+09:00")) << "the contract ends";
}

TEST_F(AdmissionTest, RefusesWithTheReasonThatStandsInTheWay) {
    struct Row {
        const char* user;
        const char* what;
        FactorStrength strength;
        Millis later;
        Reason reason;
        Refused refused;
    };
    constexpr auto otp = FactorStrength::otp;
    constexpr Row kRows[] = {
        {"sato", "GET files.example/closed", otp, 0s, Reason::part, Refused::denied},
        {"sato", "POST files.example/open", otp, 0s, Reason::view_only, Refused::denied},
        {"sato", "GET docs.example/docs/x", otp, 0s, Reason::outside_hours, Refused::denied},
        {"sato", "GET chat.example/", otp, 0s, Reason::network, Refused::denied},
        {"sato", "GET vault.example/", FactorStrength::password, 0s, Reason::factor_missing, Refused::denied},
        {"sato", "GET vault.example/", otp, 2h, Reason::factor_too_old, Refused::denied},
        {"sato", "GET wiki.example/secret/x", otp, 0s, Reason::denied, Refused::denied},
        {"mori", "GET wiki.example/", otp, 0s, Reason::contract_not_started, Refused::denied},
        {"kato", "GET wiki.example/", otp, 0s, Reason::contract_ended, Refused::denied},
        {"kaze", "GET wiki.example/", otp, 0s, Reason::no_kind, Refused::unknown},
        {"stranger", "GET wiki.example/", otp, 0s, Reason::no_kind, Refused::unknown},
        {"ishii", "GET files.example/open", otp, 0s, Reason::unknown, Refused::unknown},
        {"sato", "GET hr.example/", otp, 0s, Reason::unknown, Refused::unknown},
        {"sato", "GET ledger.example/", otp, 0s, Reason::unknown, Refused::denied}};  // listed: known of
    for (const Row& row : kRows) {
        SCOPED_TRACE(std::string(row.user) + " " + row.what);
        const std::string_view what = row.what;
        const auto host = what.substr(what.find(' ') + 1, what.find('/') - what.find(' ') - 1);
        const auto who = sign_in(row.user, std::string(host), row.strength);
        clock.advance(row.later);
        const auto verdict = ask(row.what, who.cookie);
        EXPECT_EQ(verdict.kind, Kind::refused);
        EXPECT_EQ(verdict.refused, row.refused);
        EXPECT_EQ(verdict.decision.reason, row.reason) << policy::to_text(verdict.decision.reason);
        EXPECT_FALSE(verdict.permit);
        EXPECT_TRUE(verdict.app);
        clock.advance(-row.later);
    }
}

TEST_F(AdmissionTest, AFreshlyRecoveredFactorOpensNoCriticalApp) {
    const auto vault = sign_in("sato", "vault.example", FactorStrength::otp, 30min);
    const auto wiki = sign_in("sato", "wiki.example", FactorStrength::otp, 30min);
    const auto code = sign_in("sato", "wiki.example", FactorStrength::recovery);
    EXPECT_EQ(ask("GET wiki.example/", wiki.cookie).kind, Kind::permit);
    EXPECT_EQ(ask("GET wiki.example/", code.cookie).decision.reason, Reason::factor_missing);
    EXPECT_EQ(ask("GET vault.example/", vault.cookie).decision.reason, Reason::factor_missing);
    clock.advance(Millis(30min) - 1ms);
    EXPECT_EQ(ask("GET vault.example/", vault.cookie).refused, Refused::denied);
    clock.advance(1ms);
    EXPECT_EQ(ask("GET vault.example/", vault.cookie).kind, Kind::permit);
}

TEST_F(AdmissionTest, OutsideAnAppsPathsThereIsNothing) {
    const auto sato = sign_in("sato", "docs.example");
    const auto verdict = ask("GET docs.example/elsewhere", sato.cookie);
    EXPECT_EQ(verdict.refused, Refused::unknown);
    EXPECT_FALSE(verdict.app);
}

TEST_F(AdmissionTest, JudgesWhoMadeTheBrowserAsk) {
    client = parse_ip("10.1.2.3").value();
    const std::string ws(kWebSocket);
    struct Row {
        const char* what;
        std::string fields;
        Refused refused;
    };
    const Row rows[] = {
        {"GET wiki.example/", "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n", Refused::none},
        {"GET wiki.example/", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", Refused::none},
        {"GET wiki.example/", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n",
         Refused::cross_site},
        {"GET wiki.example/", "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: cors\r\n", Refused::cross_site},
        {"POST wiki.example/", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n",
         Refused::cross_site},
        {"POST wiki.example/", "Origin: https://evil.example\r\n", Refused::cross_site},
        {"POST wiki.example/", "Origin: https://wiki.example:8443\r\n", Refused::none},
        {"GET wiki.example/", ws + "Origin: https://wiki.example:8443\r\n", Refused::websocket},
        {"GET chat.example/", ws + "Origin: https://chat.example:8443\r\n", Refused::none},
        {"GET chat.example/", ws + "Origin: https://wiki.example:8443\r\n", Refused::websocket},
        {"GET chat.example/", ws, Refused::websocket},
        {"GET wiki.example/", "Authorization: NTLM TlRMTVNTUAAB\r\n", Refused::connection_auth},
        {"GET wiki.example/", "Authorization: Negotiate YII\r\n", Refused::connection_auth},
        {"GET wiki.example/", "Authorization: Basic YTpi\r\n", Refused::none}};
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what + (" with " + row.fields));
        const std::string host = std::string_view(row.what).find("chat") != std::string_view::npos
                                     ? "chat.example"
                                     : "wiki.example";
        const auto verdict = ask(row.what, sign_in("sato", host).cookie + row.fields);
        EXPECT_EQ(verdict.refused, row.refused);
        EXPECT_EQ(verdict.kind == Kind::permit, row.refused == Refused::none);
        EXPECT_EQ(verdict.permit.has_value(), row.refused == Refused::none);
    }
}

// R5: nothing of one request is left for the next.
TEST_F(AdmissionTest, NobodyInheritsFromWhoAskedBefore) {
    const auto sato = sign_in("sato", "hr.example");      // may not
    const auto tanaka = sign_in("tanaka", "hr.example");  // may
    struct Row {
        std::string fields;
        Kind kind;
        Refused refused;
        auth::SessionPtr session;
    };
    const Row rows[] = {{tanaka.cookie, Kind::permit, Refused::none, tanaka.session},
                        {sato.cookie, Kind::refused, Refused::unknown, sato.session},
                        {"", Kind::refused, Refused::not_signed_in, nullptr}};
    constexpr int kOrders[] = {0, 1, 2, 1, 0, 2, 0, 2, 1, 2, 0, 0, 1, 1, 2, 2};
    for (int round = 0; round < 20; ++round) {
        for (const int which : kOrders) {
            const Row& row = rows[which];
            const auto verdict = ask("GET hr.example/", row.fields);
            ASSERT_EQ(verdict.kind, row.kind);
            ASSERT_EQ(verdict.refused, row.refused);
            ASSERT_EQ(verdict.session, row.session);
            ASSERT_EQ(verdict.permit.has_value(), row.kind == Kind::permit);
            ASSERT_EQ(verdict.cookie_hash == Digest{}, row.fields.empty());
        }
    }
}

TEST_F(AdmissionTest, AnEndedSessionIsRefusedAtOnce) {
    const auto sato = sign_in("sato", "wiki.example");
    const auto tanaka = sign_in("tanaka", "wiki.example");
    EXPECT_EQ(ask("GET wiki.example/", sato.cookie).kind, Kind::permit);
    end(sato);
    const auto verdict = ask("GET wiki.example/", sato.cookie);
    EXPECT_EQ(verdict.refused, Refused::not_signed_in);
    EXPECT_EQ(verdict.cookie_hash, sato.id) << "the page may say why it ended";
    EXPECT_EQ(ask("GET wiki.example/", tanaka.cookie).kind, Kind::permit);
    admission.sweep();
    EXPECT_EQ(ask("GET wiki.example/", tanaka.cookie).kind, Kind::permit);
    EXPECT_EQ(admission.sessions(), 3u) << "two at the portal, one at the app";
}

TEST_F(AdmissionTest, ASessionPastItsEndIsNone) {
    const auto sato = sign_in("sato", "wiki.example");
    const auto sso = sign_in("sato", "");
    clock.advance(Millis(12h) - 1ms);
    EXPECT_EQ(ask("GET wiki.example/", sato.cookie).kind, Kind::permit);
    EXPECT_TRUE(ask("GET portal.example/", sso.cookie).session);
    clock.advance(1ms);
    EXPECT_EQ(ask("GET wiki.example/", sato.cookie).refused, Refused::not_signed_in);
    EXPECT_FALSE(ask("GET portal.example/", sso.cookie).session);
}

TEST_F(AdmissionTest, AnAppSessionDiesWithTheOneItCameFrom) {
    const auto wiki = sign_in("sato", "wiki.example");
    EXPECT_EQ(ask("GET wiki.example/", wiki.cookie).kind, Kind::permit);
    log.publish({{nullptr, wiki.session->parent, auth::EndReason::signed_out}});
    EXPECT_EQ(ask("GET wiki.example/", wiki.cookie).refused, Refused::not_signed_in);
}

TEST_F(AdmissionTest, ARequestDoesNotWakeASessionThatRestedTooLong) {
    auth::Session facts;
    facts.user = "sato";
    facts.strength = FactorStrength::otp;
    const auto with_idle = [&](std::string host, const Digest& parent) {
        auto session = std::make_shared<auth::Session>(facts);
        session->host = std::move(host);
        auto made = publish(session, parent);
        session->idle = Seconds{1800};
        return made;
    };
    const auto sso = with_idle("", {});
    const auto wiki = with_idle("wiki.example", sso.id);
    clock.advance(1800s);
    EXPECT_EQ(ask("GET wiki.example/", wiki.cookie).kind, Kind::permit) << "at the limit";
    clock.advance(1800s);
    EXPECT_TRUE(ask("GET portal.example/", sso.cookie).session) << "used through the app";
    clock.advance(1800s);
    EXPECT_EQ(ask("GET wiki.example/", wiki.cookie).kind, Kind::permit) << "used at the portal";
    clock.advance(1801s);
    for (int twice = 0; twice < 2; ++twice) {
        EXPECT_EQ(ask("GET wiki.example/", wiki.cookie).refused, Refused::not_signed_in);
        EXPECT_FALSE(ask("GET portal.example/", sso.cookie).session);
    }
}

TEST_F(AdmissionTest, AReloadCountsFromTheNextRequestOn) {
    const auto sato = sign_in("sato", "wiki.example");
    EXPECT_EQ(ask("GET wiki.example/", sato.cookie).kind, Kind::permit);
    world.deny("not-sato", "user:sato");
    load();
    EXPECT_EQ(ask("GET wiki.example/", sato.cookie).decision.reason, Reason::denied);
}

TEST_F(AdmissionTest, WhatIsOpenHoldsWhileNothingChanges) {
    const auto sato = sign_in("sato", "wiki.example");
    auto verdict = ask("GET wiki.example/", sato.cookie);
    for (int hour = 0; hour < 12; ++hour) {
        EXPECT_EQ(holds(*verdict.permit), Outcome::holds);
        clock.advance(1h);
    }
    EXPECT_EQ(holds(*verdict.permit), Outcome::time_over) << "the session's own end";
}

TEST_F(AdmissionTest, WhatIsOpenEndsWithItsSession) {
    const auto sato = sign_in("sato", "wiki.example");
    auto verdict = ask("GET wiki.example/", sato.cookie);
    auto other = ask("GET wiki.example/", sign_in("sato", "wiki.example").cookie);
    const auto losses = admission.losses();
    end(sato);
    EXPECT_TRUE(admission.catch_up());
    EXPECT_EQ(admission.losses(), losses + 1);
    EXPECT_FALSE(admission.unchanged(*verdict.permit));
    EXPECT_TRUE(admission.unchanged(*other.permit));
    EXPECT_EQ(holds(*verdict.permit), Outcome::session_ended);
    EXPECT_EQ(holds(*other.permit), Outcome::holds);
}

// Who proves a factor again in another tab keeps what is open (its app session is published anew).
TEST_F(AdmissionTest, WhatIsOpenTakesOverANewerProof) {
    const auto sato = sign_in("sato", "vault.example");
    auto verdict = ask("GET vault.example/", sato.cookie);
    ASSERT_TRUE(verdict.permit);
    const auto first_end = verdict.permit->valid_until();
    EXPECT_EQ(first_end, clock.wall() + 1h);
    clock.advance(30min);
    auto renewed = std::make_shared<auth::Session>(*sato.session);
    renewed->proven_at = clock.wall();
    log.publish({{renewed, {}, {}}});
    EXPECT_TRUE(admission.catch_up());
    EXPECT_FALSE(admission.unchanged(*verdict.permit));
    EXPECT_EQ(holds(*verdict.permit), Outcome::holds);
    EXPECT_EQ(verdict.permit->valid_until(), first_end + 30min);
    EXPECT_TRUE(admission.unchanged(*verdict.permit));
    EXPECT_EQ(admission.standings_held(), 2u);
    admission.sweep();
    EXPECT_EQ(admission.standings_held(), 1u) << "what stood on the proof before is forgotten";
    clock.advance(1h);
    EXPECT_EQ(holds(*verdict.permit), Outcome::time_over);
}

TEST_F(AdmissionTest, WhatIsOpenEndsWithItsContract) {
    clock.advance(Millis(6 * 24h + 8h));  // 30 November, 18:00
    auto verdict = ask("GET wiki.example/", sign_in("ishii", "wiki.example").cookie);
    clock.advance(Millis(6h) - 1ms);
    EXPECT_EQ(holds(*verdict.permit), Outcome::holds);
    clock.advance(1ms);
    EXPECT_EQ(holds(*verdict.permit), Outcome::time_over);
}

TEST_F(AdmissionTest, WhatIsOpenIsAskedAgainAfterAReload) {
    struct Row {
        const char* what;
        void (*changes)(config::Model&);
        Outcome wanted;
    };
    const Row rows[] = {
        {"nothing", [](config::Model&) {}, Outcome::holds},
        {"a rule and an app before it",
         [](config::Model& model) {
             model.rules.insert(model.rules.begin(), model.rules.back());
             model.rules.front().id = "first";
             model.apps.insert(model.apps.begin(), model.apps.back());
             model.apps.front().name = "first";
             model.apps.front().host = "first.example";
         },
         Outcome::holds},
        {"its rule is gone", [](config::Model& model) { model.rules.erase(model.rules.begin()); },
         Outcome::policy_changed},
        {"its rule wants another method", [](config::Model& model) { model.rules[0].methods = {"POST"}; },
         Outcome::policy_changed},
        {"its app is gone",
         [](config::Model& model) {
             for (auto& rule : model.rules) rule.apps = {"hr"};
             model.apps.erase(model.apps.begin());
         },
         Outcome::policy_changed},
        {"its app moved to another host", [](config::Model& model) { model.apps[0].host = "moved.example"; },
         Outcome::policy_changed},
        {"its app left this path", [](config::Model& model) { model.apps[0].paths = {"/handbook/"}; },
         Outcome::policy_changed},
        {"its person is gone", [](config::Model& model) { model.people.erase(model.people.begin()); },
         Outcome::policy_changed},
        {"a shorter hour",
         [](config::Model& model) {
             config::Condition open;
             open.kind = config::Condition::Kind::hours;
             open.hours = hours("mon-fri", "09:00", "11:00");
             model.rules[0].conditions.push_back(open);
         },
         Outcome::holds}};
    const auto before = world.model;
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what);
        world.model = before;
        load();
        const auto first = snapshot;
        auto verdict = ask("GET wiki.example/", sign_in("sato", "wiki.example").cookie);
        ASSERT_TRUE(verdict.permit);
        row.changes(world.model);
        load();
        EXPECT_EQ(holds(*verdict.permit), row.wanted);
        EXPECT_EQ(holds(*verdict.permit), row.wanted) << "asked twice";
        EXPECT_EQ(&verdict.permit->snapshot(), first.get()) << "an exchange keeps what it began with";
        EXPECT_EQ(first->app(verdict.permit->app()).name, "wiki");
        EXPECT_EQ(first->program->rule_name(verdict.permit->rule()), "wiki-all");
    }
    EXPECT_EQ(snapshot->generation, generation);
}

TEST_F(AdmissionTest, AReloadMayShortenWhatIsOpen) {
    auto verdict = ask("GET wiki.example/", sign_in("sato", "wiki.example").cookie);
    config::Condition open;
    open.kind = config::Condition::Kind::hours;
    open.hours = hours("mon-fri", "09:00", "11:00");
    world.model.rules[0].conditions.push_back(open);
    load();
    EXPECT_EQ(holds(*verdict.permit), Outcome::holds);
    EXPECT_EQ(verdict.permit->valid_until(), at("2026-11-24T11:00:00+09:00"));
    clock.advance(1h);
    EXPECT_EQ(holds(*verdict.permit), Outcome::time_over);
}

TEST_F(AdmissionTest, WhatIsRememberedOfASessionIsForgottenWithItsGeneration) {
    const auto sato = sign_in("sato", "wiki.example");
    ask("GET wiki.example/", sato.cookie);
    auto& standing = admission.standing(snapshot, sato.session, AppId{0});
    standing.recorded.push_back(RuleId{0});
    EXPECT_EQ(admission.standing(snapshot, sato.session, AppId{0}).recorded.size(), 1u);
    EXPECT_TRUE(admission.standing(snapshot, sato.session, AppId{1}).recorded.empty());
    load();
    EXPECT_TRUE(admission.standing(snapshot, sato.session, AppId{0}).recorded.empty())
        << "the first allow of each generation is recorded";
}

}  // namespace
}  // namespace sekisho::gateway
