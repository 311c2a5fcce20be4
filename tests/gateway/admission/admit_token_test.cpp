// Goal: a service token lets its owner's scripts into the apps it is for and nowhere else, never beside a
// cookie, and whatever is wrong with one is not told.
// Method: the real routes, policy and session log over a small configuration; tables of requests; a clock
// moved by hand.
#include "../http/read_head.hpp"
#include "auth/service_token_value.hpp"
#include "gateway/admission/admission.hpp"
#include "tests/support/policies.hpp"

namespace sekisho::gateway {
namespace {

using namespace std::chrono_literals;
using sekisho::testing::at;
using sekisho::testing::contractor;
using sekisho::testing::staff;
using Kind = Verdict::Kind;

constexpr std::string_view kWebSocket =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

struct MadeToken {
    std::string value;
    std::shared_ptr<const auth::Session> session;
    std::string field() const { return "Sekisho-Token: " + value + "\r\n"; }
    std::string bearer() const { return "Authorization: Bearer " + value + "\r\n"; }
};

class TokenAdmissionTest : public ::testing::Test {
protected:
    TokenAdmissionTest() {
        world.model.portal.host = "portal.example";
        world.model.portal.port = 8443;
        world.model.apps[0].host = "wiki.example";
        for (const char* name : {"files", "hr", "vault", "plain"})
            world.app(name).host = name + std::string(".example");
        for (auto& app : world.model.apps) app.service_tokens = app.name != "plain";
        app("wiki").websocket = true;
        app("vault").tier = "critical";
        world.add(staff("sato"));
        world.add(contractor("ishii").of("aoba").from("2026-04-01").until("2026-11-30"));
        world.allow("wiki", "any");
        world.allow("files", "any", "files");
        world.allow("vault", "kind:staff", "vault").mfa(FactorStrength::otp, 1h);
        world.allow("hr", "any", "hr");
        world.deny("no-hr", "any", "hr");
        load();
    }

    config::App& app(std::string_view name) {
        for (auto& one : world.model.apps)
            if (one.name == name) return one;
        ADD_FAILURE() << "no app " << name;
        return world.model.apps[0];
    }

    void load() {
        auto next = std::make_shared<Snapshot>();
        next->tls = TlsContexts::create({}, TicketKeys::random()).value();
        next->generation = ++generation;
        next->model = std::make_shared<const config::Model>(world.model);
        next->program = policy::compile(*next->model).value();
        const std::vector<std::string> served = {"bare.example"};
        next->routes = RouteTable::create(*next->model, served).value();
        for (const auto& one : next->model->apps) {
            auto& parts = next->apps.emplace_back();
            parts.tier_rank = one.tier == "critical" ? 3 : 1;
            parts.service_tokens = one.service_tokens;
        }
        snapshot = std::move(next);
    }

    MadeToken make(std::string owner = "sato", std::vector<std::string> apps = {"wiki", "files"}) {
        const auto token = auth::make_service_token();
        auto session = std::make_shared<auth::Session>();
        session->kind = auth::Session::Kind::token;
        session->id_hash = token.hash;
        session->user = std::move(owner);
        session->name = "nightly";
        session->apps = std::move(apps);
        session->created = session->proven_at = clock.wall();
        session->absolute_end = clock.wall() + 24h;
        log.publish({{session, {}, {}, {}}});
        return {token.text, session};
    }

    Verdict ask(std::string_view what, const std::string& fields) {
        const auto blank = what.find(' ');
        const auto slash = what.find('/');
        const auto host = what.substr(blank + 1, slash - blank - 1);
        const GoodRequest request(std::string(what.substr(0, blank + 1)) + std::string(what.substr(slash)) +
                                  " HTTP/1.1\r\nHost: " + std::string(host) + ":8443\r\n" + fields + "\r\n");
        HeadScratch scratch;
        auto verdict = admission.judge(snapshot, request.head, {host, client}, clock.wall(), scratch);
        verdict.path = {};  // its bytes go away with the request
        return verdict;
    }

    ::sekisho::testing::World world;
    ManualClock clock{at("2026-11-24T10:00:00+09:00")};
    auth::SessionLog log;
    Admission admission{clock, log};
    SnapshotPtr snapshot;
    std::uint64_t generation = 0;
    IpAddress client = parse_ip("192.0.2.7").value();
};

TEST_F(TokenAdmissionTest, EitherFieldLetsTheOwnerIn) {
    const auto token = make();
    for (const auto& fields :
         {token.field(), token.bearer(), "authorization: bEARER   " + token.value + "\r\n",
          token.field() + "Authorization: Bearer theirs\r\n",
          token.field() + "Authorization: Basic c2t0Xw==\r\n", token.field() + "Cookie: own=1\r\n"}) {
        const auto verdict = ask("GET wiki.example/page", fields);
        ASSERT_EQ(verdict.kind, Kind::permit) << fields;
        EXPECT_EQ(verdict.session, token.session);
        EXPECT_EQ(verdict.permit->valid_until(), token.session->absolute_end);
        EXPECT_EQ(verdict.cookie_hash, Digest{});
    }
    EXPECT_EQ(token.session->last_seen(), clock.wall()) << "it counts as used";
}

TEST_F(TokenAdmissionTest, WhatOpensNothingIsRefusedAlike) {
    const auto token = make();
    const auto nobodys = auth::make_service_token().text;
    auto damaged = token.value;
    damaged.back() = damaged.back() == 'A' ? 'B' : 'A';
    struct Row {
        const char* what;
        std::string fields;
        bool known;  // in the records, whose it was
    };
    const Row rows[] = {
        {"GET wiki.example/", "Sekisho-Token: " + nobodys + "\r\n", false},
        {"GET wiki.example/", "Sekisho-Token: " + damaged + "\r\n", false},
        {"GET wiki.example/", "Sekisho-Token:\r\n", false},
        {"GET wiki.example/", "Sekisho-Token: hello\r\n", false},
        {"GET wiki.example/", "Authorization: Bearer skt_\r\n", false},
        {"GET wiki.example/", "Authorization: Bearer " + nobodys + "\r\n", false},
        {"GET vault.example/", token.field(), true},
        {"GET plain.example/", make("sato", {"plain"}).field(), true},
        {"GET bare.example/", token.field(), true},
        {"GET wiki.example/", make("sato", {"wik", "wiki2"}).field(), true},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what + (" " + row.fields));
        const auto verdict = ask(row.what, row.fields);
        EXPECT_EQ(verdict.kind, Kind::refused);
        EXPECT_EQ(verdict.refused, Refused::token_invalid);
        EXPECT_FALSE(verdict.permit);
        EXPECT_EQ(verdict.session != nullptr, row.known);
    }
    clock.advance(24h);
    EXPECT_EQ(ask("GET wiki.example/", token.field()).refused, Refused::token_invalid) << "expired";
}

TEST_F(TokenAdmissionTest, ComesAloneAndOnlyToApps) {
    const auto token = make();
    const std::string app_name(name_of(OurCookie::app));
    const std::string cookie = "Cookie: " + app_name + "=" + auth::make_token().text + "\r\n";
    struct Row {
        const char* what;
        std::string fields;
    };
    const Row rows[] = {
        {"GET wiki.example/", token.field() + token.bearer()},
        {"GET wiki.example/", token.field() + cookie},
        {"GET wiki.example/", token.bearer() + cookie},
        {"GET wiki.example/", "Sekisho-Token: nonsense\r\n" + cookie},
        {"GET wiki.example/", token.field() + "Cookie: a=b; " + app_name + "=x; " + app_name + "=y\r\n"},
        {"GET wiki.example/", token.field() + "Cookie: " + std::string(name_of(OurCookie::tx)) + "=x\r\n"},
        {"GET wiki.example/.sekisho/callback", token.field()},
        {"GET wiki.example/.sekisho", token.bearer()},
        {"GET portal.example/", token.field()},
        {"GET portal.example/", token.bearer()},
        {"POST portal.example/.sekisho/account/tokens", "Sekisho-Token:\r\n"},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what + (" " + row.fields));
        const auto verdict = ask(row.what, row.fields);
        EXPECT_EQ(verdict.kind, Kind::refused);
        EXPECT_EQ(verdict.refused, Refused::token_misused);
        EXPECT_FALSE(verdict.session);
    }
    EXPECT_EQ(ask("GET portal.example/", "Authorization: Bearer theirs\r\n").kind, Kind::portal);
}

TEST_F(TokenAdmissionTest, ItsValueIsNoCookieAndNoCookieIsIt) {
    const auto token = make("sato", {"wiki"});
    const auto as_cookie = "v1." + token.value.substr(4, 43);
    for (const auto which : {OurCookie::app, OurCookie::sso})
        for (const char* host : {"GET wiki.example/", "GET portal.example/"}) {
            const auto verdict =
                ask(host, "Cookie: " + std::string(name_of(which)) + "=" + as_cookie + "\r\n");
            EXPECT_FALSE(verdict.session);
        }
    // A browser's session is no token even if somebody had a token's value that hashes to it.
    auto session = std::make_shared<auth::Session>(*token.session);
    session->kind = auth::Session::Kind::app;
    session->host = "wiki.example";
    log.publish({{session, {}, {}, {}}});
    EXPECT_EQ(ask("GET wiki.example/", token.field()).refused, Refused::token_invalid);
}

TEST_F(TokenAdmissionTest, IsBoundByItsOwnersRules) {
    const auto sato = make("sato", {"wiki", "hr", "vault"}), ishii = make("ishii", {"wiki"});
    EXPECT_EQ(ask("GET hr.example/", sato.field()).decision.reason, policy::Reason::denied);
    const auto vault = ask("GET vault.example/", sato.field());
    EXPECT_EQ(vault.kind, Kind::refused);
    EXPECT_EQ(vault.decision.reason, policy::Reason::factor_missing) << "a token proves no factor";
    const auto held = ask("GET wiki.example/", ishii.field());
    ASSERT_EQ(held.kind, Kind::permit);
    clock.step_wall(Millis(24h * 20));  // past the contract's end; the token is given longer
    auto longer = std::make_shared<auth::Session>(*ishii.session);
    longer->absolute_end = clock.wall() + 24h;
    log.publish({{longer, {}, {}, {}}});
    const auto over = ask("GET wiki.example/", ishii.field());
    EXPECT_EQ(over.refused, Refused::denied);
    EXPECT_EQ(over.decision.reason, policy::Reason::contract_ended) << "R1 follows the owner";
}

TEST_F(TokenAdmissionTest, NeedsNoOriginAsLongAsNoCookieComesAlong) {
    const auto token = make();
    const std::string cross =
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\nOrigin: https://x.example\r\n";
    const std::string ws(kWebSocket), own = "Cookie: own=1\r\n";
    struct Row {
        const char* what;
        std::string fields;
        Refused refused;
    };
    const Row rows[] = {
        {"POST wiki.example/", cross, Refused::none},
        {"POST wiki.example/", cross + own, Refused::cross_site},
        {"GET wiki.example/", ws, Refused::none},
        {"GET wiki.example/", ws + "Origin: https://x.example\r\n", Refused::none},
        {"GET wiki.example/", ws + own, Refused::websocket},
        {"GET wiki.example/", ws + own + "Origin: https://wiki.example:8443\r\n", Refused::none},
        {"GET files.example/", ws, Refused::websocket},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.what + (" " + row.fields));
        EXPECT_EQ(ask(row.what, token.field() + row.fields).refused, row.refused);
    }
    EXPECT_EQ(ask("GET wiki.example/", token.field() + "Authorization: NTLM abc\r\n").refused,
              Refused::connection_auth);
}

TEST_F(TokenAdmissionTest, WhatIsOpenEndsWithTheTokenOrTheAppsConsent) {
    const auto token = make();
    const auto holds = [&](Permit& permit) {
        const policy::RequestFacts request{"GET", "/", client, clock.wall()};
        return admission.still_holds(permit, snapshot, request, "wiki.example:8443").outcome;
    };
    auto first = ask("GET wiki.example/", token.field());
    ASSERT_TRUE(first.permit);
    EXPECT_EQ(holds(*first.permit), Recheck::Outcome::holds);
    app("wiki").service_tokens = false;
    load();
    EXPECT_NE(holds(*first.permit), Recheck::Outcome::holds);
    app("wiki").service_tokens = true;
    load();
    auto second = ask("GET wiki.example/", token.field());
    ASSERT_TRUE(second.permit);
    log.publish({{nullptr, token.session->id_hash, auth::EndReason::ended_by_admin, {}}});
    EXPECT_EQ(holds(*second.permit), Recheck::Outcome::session_ended);
    EXPECT_EQ(ask("GET wiki.example/", token.field()).refused, Refused::token_invalid);
}

TEST_F(TokenAdmissionTest, IdentityIsPerRequest) {
    const auto sato = make("sato"), ishii = make("ishii");
    EXPECT_EQ(ask("GET wiki.example/", sato.field()).session->user, "sato");
    EXPECT_EQ(ask("GET wiki.example/", ishii.bearer()).session->user, "ishii");
    EXPECT_EQ(ask("GET wiki.example/", "").refused, Refused::not_signed_in);
}

}  // namespace
}  // namespace sekisho::gateway
