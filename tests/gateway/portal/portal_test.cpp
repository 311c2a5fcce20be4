// Goal: the portal's forms do what they say for the right browser and nothing for any other.
// Method: whole stories as pure calls, with the real auth services on a temporary store.
#include "base/words_time.hpp"
#include "tests/gateway/portal/world.hpp"

namespace sekisho::gateway {
namespace {

using namespace testing;

const std::string portal = "https://portal.example:8443";

bool says(const PortalResponse& response, std::string_view words) {
    return response.content().find(escape_html(words)) != std::string_view::npos;
}

TEST(Portal, ActivationThenSignInThenApps) {
    World world;
    const Known sato = enrol(world, "sato");
    EXPECT_EQ(sato.recovery.size(), 10u);
    Browser browser(world);
    const auto form = browser.get(portal + "/");
    EXPECT_EQ(browser.at, portal + "/.sekisho/sign-in");
    const auto apps = browser.sign_in(form, "Sato", sato.password, sato.code(world));
    EXPECT_EQ(apps.status, 200);
    EXPECT_EQ(browser.at, portal + "/");
    EXPECT_TRUE(says(apps, "Ken Sato"));
    EXPECT_TRUE(says(apps, "Wiki"));
    EXPECT_TRUE(says(apps, "Files"));
    EXPECT_FALSE(says(apps, "Vault")) << "an app no allow names this person for does not exist";
    EXPECT_EQ(browser.events.back().event, "signin.succeeded");
    EXPECT_EQ(browser.jar["portal.example"].count(std::string(cookie_names::known)), 1u);
}

TEST(Portal, UsedLinkIsGone) {
    World world;
    const auto act = world.accounts->add("sato");
    Browser browser(world);
    EXPECT_EQ(browser.get(portal + "/.sekisho/activate?link=" + act->link->token).status, 200);
    EXPECT_EQ(browser.get(portal + "/.sekisho/activate?link=v1.nothing").status, 410);
    EXPECT_EQ(browser.get(portal + "/.sekisho/activate").status, 410);
    world.clock.advance(std::chrono::hours{73});
    EXPECT_EQ(browser.get(portal + "/.sekisho/activate?link=" + act->link->token).status, 410);
}

TEST(Portal, ActivationSaysWhatIsWrongWithAPassword) {
    World world;
    const auto link = world.accounts->add("sato")->link->token;
    Browser browser(world);
    const auto form = browser.get(portal + "/.sekisho/activate?link=" + link);
    const auto token = input_value(form.content(), "token");
    const auto attempt = [&](const std::string& one, const std::string& two) {
        return browser.post("/.sekisho/activate",
                            {{"token", token}, {"link", link}, {"new", one}, {"again", two}});
    };
    EXPECT_TRUE(says(attempt("short", "short"), text("password.short", Language::en, {{"n", "8"}})));
    EXPECT_TRUE(says(attempt("a good long password", "another"), text("password.differ", Language::en)));
    EXPECT_TRUE(says(attempt("password", "password"), text("factor.password_common", Language::en)));
    EXPECT_EQ(attempt("short", "short").status, 422);
}

// One sentence for every cause (R26): unknown account, wrong password, wrong code, and both steps start
// again.
TEST(Portal, FailuresLookAlike) {
    World world;
    const Known sato = enrol(world, "sato");
    const auto fail = [&](const std::string& account, const std::string& password, const std::string& code) {
        Browser browser(world);
        auto page = browser.sign_in(browser.get(portal + "/.sekisho/sign-in"), account, password, code);
        EXPECT_EQ(page.status, 401);
        std::string body(page.content());
        const auto token = input_value(body, "token");  // one in each form
        for (auto at = body.find(token); at != std::string::npos; at = body.find(token))
            body.replace(at, token.size(), "TOKEN");
        return body;
    };
    const auto wrong_code = fail("sato", sato.password, "000000");
    EXPECT_NE(wrong_code.find(escape_html(title("signin.failed", Language::en))), std::string::npos);
    EXPECT_EQ(fail("sato", "wrong password", sato.code(world)), wrong_code);
    EXPECT_EQ(fail("nobody", "wrong password", "123456"), wrong_code);
    EXPECT_EQ(fail("no such name?", "", ""), wrong_code);
}

TEST(Portal, FormsThatTheBackButtonBringsAgainFindTheSignInDone) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    const auto first = browser.get("https://wiki.example:8443/kept");
    const auto second = browser.first_step(first, "sato", sato.password);
    const auto code = sato.code(world);
    EXPECT_EQ(browser.second_step(second, code).content(), "upstream:wiki.example/kept");
    browser.events.clear();
    EXPECT_EQ(browser.second_step(second, code).content(), "upstream:wiki.example/kept");
    EXPECT_EQ(browser.first_step(first, "sato", "not the password").content(), "upstream:wiki.example/kept");
    for (const auto& event : browser.events) EXPECT_TRUE(event.allowed) << event.event;
    std::size_t portals = 0;
    for (const auto& session : world.sessions->list("sato"))
        portals += session->kind == auth::Session::Kind::sso ? 1 : 0;
    EXPECT_EQ(portals, 1u);
}

TEST(Portal, GuessingIsSlowedDown) {
    World world;
    const Known sato = enrol(world, "sato");
    int slowed = 0;
    for (int i = 0; i < 8; ++i) {
        Browser browser(world);
        auto second = browser.first_step(browser.get(portal + "/.sekisho/sign-in"), "sato", "wrong password");
        auto page = second.status == 200 ? browser.second_step(second, "000000") : std::move(second);
        if (page.status != 429) continue;
        ++slowed;
        EXPECT_TRUE(says(page, title("signin.slow_down", Language::en)));
        EXPECT_FALSE(page.field("retry-after").empty());
    }
    EXPECT_GE(slowed, 2);
}

TEST(Portal, RecoveryCodeLeadsToANewFactorOnly) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    auto page =
        browser.sign_in(browser.get(portal + "/.sekisho/sign-in"), "sato", sato.password, sato.recovery[3]);
    EXPECT_EQ(browser.at, portal + "/.sekisho/account/enrol");
    EXPECT_EQ(browser.get(portal + "/").status, 200);
    EXPECT_EQ(browser.at, portal + "/.sekisho/account/enrol") << "nothing else opens";
    page = browser.get(portal + "/.sekisho/account/enrol");
    const auto content = page.content();
    const auto from = content.find("<p class=\"mono\">") + 16;
    std::string spaced(content.substr(from, content.find('<', from) - from));
    std::erase(spaced, ' ');
    const Secret secret(from_base32(spaced).value());
    const auto done =
        browser.post("/.sekisho/account/enrol", {{"token", input_value(content, "token")},
                                                 {"ticket", input_value(content, "ticket")},
                                                 {"code", auth::totp(secret, world.clock.wall())}});
    EXPECT_EQ(done.status, 200) << done.content();
    EXPECT_TRUE(says(done, text("recovery_page.lead", Language::en)));
    browser.get(portal + "/");
    EXPECT_EQ(browser.at, portal + "/");
}

TEST(Portal, FormsWithoutTokenOrWithForeignOriginDoNothing) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    browser.sign_in(browser.get(portal + "/"), "sato", sato.password, sato.code(world));
    const auto url = portal + "/.sekisho/sign-out";
    const auto token = input_value(browser.get(url).content(), "token");
    const auto other = input_value(browser.get(portal + "/.sekisho/sessions").content(), "token");
    ASSERT_FALSE(token.empty());
    struct Case {
        Fields fields;
        std::string origin;
    };
    const Case cases[] = {
        {{}, portal},
        {{{"token", ""}}, portal},
        {{{"token", token + "A"}}, portal},
        {{{"token", other}}, portal},  // another form's
        {{{"token", token}}, ""},
        {{{"token", token}}, "null"},
        {{{"token", token}}, "https://wiki.example:8443"},
        {{{"token", token}}, "https://portal.example"},
        {{{"token", token}}, "https://portal.example:8443.evil.example"},
    };
    for (const auto& c : cases) {
        EXPECT_EQ(browser.post_raw(url, c.fields, c.origin).status, c.origin == portal ? 400 : 403)
            << c.origin;
        EXPECT_EQ(world.sessions->list("sato").size(), 1u);
    }
    // A token of somebody else's session is worth nothing here.
    Browser second(world);
    second.sign_in(second.get(portal + "/"), "sato", sato.password, sato.code(world));
    const auto theirs = input_value(second.get(url).content(), "token");
    EXPECT_EQ(browser.post_raw(url, {{"token", theirs}}, portal).status, 400);
    EXPECT_EQ(browser.post_raw(url, {{"token", token}}, portal).status, 303);
    EXPECT_EQ(world.sessions->list("sato").size(), 1u);
}

TEST(Portal, SignInFormsNeedTokenOriginAndCookie) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    const auto form = browser.get(portal + "/.sekisho/sign-in");
    const auto token = input_value(form.content(), "token");
    const Fields good{{"token", token}, {"account", "sato"}, {"password", sato.password}};
    EXPECT_EQ(browser.post_raw(portal + "/.sekisho/sign-in", good, "https://evil.example").status, 403);
    EXPECT_EQ(browser.post_raw(portal + "/.sekisho/sign-in", {{"account", "sato"}, {"password", "x"}}, portal)
                  .status,
              400);
    Browser without(world);
    const auto off = without.post_raw(portal + "/.sekisho/sign-in", good, portal);
    EXPECT_EQ(off.status, 400);
    EXPECT_TRUE(says(off, title("signin.cookies_off", Language::en)));

    auto second = browser.first_step(form, "sato", sato.password);
    ASSERT_EQ(second.status, 200);
    auto fields = Browser::carried(second.content());
    fields.emplace_back("code", sato.code(world));
    auto foreign = fields;
    // The same forms in another browser: its cookie is another one.
    Browser thief(world);
    thief.get(portal + "/.sekisho/sign-in");
    EXPECT_EQ(thief.post_raw(portal + "/.sekisho/second-factor", foreign, portal).status, 400);
    EXPECT_EQ(browser.post_raw(portal + "/.sekisho/second-factor", fields, portal).status, 303);
    world.clock.advance(std::chrono::hours{13});
    EXPECT_EQ(without.post_raw(portal + "/.sekisho/sign-in", good, portal).status, 400) << "a stale form";
}

TEST(Portal, SessionsAreListedAndEnded) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser one(world), two(world), three(world);
    for (auto* b : {&one, &two, &three})
        b->sign_in(b->get(portal + "/"), "sato", sato.password, sato.code(world));
    EXPECT_EQ(two.get("https://wiki.example:8443/").content(), "upstream:wiki.example/");
    auto page = one.get(portal + "/.sekisho/sessions");
    EXPECT_TRUE(says(page, "Wiki")) << "the apps open under a session";
    const auto end = input_value(page.content(), "end");
    ASSERT_FALSE(end.empty());
    page = one.post("/.sekisho/sessions", {{"token", input_value(page.content(), "token")}, {"end", end}});
    EXPECT_TRUE(says(page, text("sessions_page.ended", Language::en)));
    page = one.post("/.sekisho/sessions", {{"token", input_value(page.content(), "token")}, {"others", "1"}});
    EXPECT_EQ(world.sessions->list("sato").size(), 1u);
    two.get("https://wiki.example:8443/");
    EXPECT_EQ(two.at.substr(0, portal.size()), portal) << "app sessions die with their parent";
    const auto ended = two.get(portal + "/.sekisho/sign-in");
    EXPECT_TRUE(says(ended, title("session.ended_by_you", Language::en)));
}

TEST(Portal, EndingOtherSessionsWantsAFreshProof) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser one(world), two(world);
    for (auto* b : {&two, &one}) b->sign_in(b->get(portal + "/"), "sato", sato.password, sato.code(world));
    world.clock.advance(std::chrono::minutes{16});
    const auto list = one.get(portal + "/.sekisho/sessions");
    const auto token = input_value(list.content(), "token"), end = input_value(list.content(), "end");
    ASSERT_FALSE(end.empty());
    const auto leave = one.get(portal + "/.sekisho/sign-out");
    const auto leave_token = input_value(leave.content(), "token");
    const std::pair<const char*, Fields> acts[] = {
        {"/.sekisho/sessions", {{"token", token}, {"end", end}}},
        {"/.sekisho/sessions", {{"token", token}, {"others", "1"}}},
        {"/.sekisho/sessions", {{"token", token}, {"lost", end}}},
        {"/.sekisho/sign-out", {{"token", leave_token}, {"everywhere", "1"}}}};
    for (const auto& [path, fields] : acts) {
        const auto asked = one.post(path, fields);
        EXPECT_EQ(one.at, portal + "/.sekisho/step-up?to=" + percent_encode(path)) << fields.back().first;
        EXPECT_EQ(world.sessions->list("sato").size(), 2u) << fields.back().first;
    }
    // The proof leads back to the list, where the act is offered again.
    const auto step_up = one.get(portal + "/.sekisho/step-up?to=%2F.sekisho%2Fsessions");
    const auto back = one.post("/.sekisho/step-up", {{"token", input_value(step_up.content(), "token")},
                                                     {"to", "/.sekisho/sessions"},
                                                     {"code", sato.code(world)}});
    EXPECT_EQ(one.at, portal + "/.sekisho/sessions");
    one.post("/.sekisho/sessions", {{"token", input_value(back.content(), "token")}, {"end", end}});
    EXPECT_EQ(world.sessions->list("sato").size(), 1u);
}

TEST(Portal, EndingTheSessionOneIsInWantsNoProof) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world), other(world);
    for (auto* b : {&browser, &other})
        b->sign_in(b->get(portal + "/"), "sato", sato.password, sato.code(world));
    world.clock.advance(std::chrono::minutes{16});
    const auto list = other.get(portal + "/.sekisho/sessions");
    std::string here;
    for (const auto& session : world.sessions->list("sato"))
        if (session->public_id != input_value(list.content(), "end")) here = session->public_id;
    other.post("/.sekisho/sessions", {{"token", input_value(list.content(), "token")}, {"end", here}});
    EXPECT_EQ(world.sessions->list("sato").size(), 1u);
    const auto form = browser.get(portal + "/.sekisho/sign-out");
    browser.post("/.sekisho/sign-out", {{"token", input_value(form.content(), "token")}});
    EXPECT_EQ(world.sessions->list("sato").size(), 0u);
}

TEST(Portal, ANearEndIsSaidOnEachPageOfSomebodySignedIn) {
    struct Row {
        const char* person;
        const char* at;
        const char* key;
        const char* clock;
        bool early;  // five minutes and a second before
    };
    // A contract's last day ends at midnight; a session of staff lasts twelve hours.
    constexpr Row kRows[] = {{"ishii", "2027-03-31T23:56:00+09:00", "contract.ending", "0:00", false},
                             {"ishii", "2027-03-31T23:54:59+09:00", "contract.ending", "0:00", true},
                             {"sato", "2026-11-25T11:56:00+09:00", "session.ending", "12:00", false},
                             {"sato", "2026-11-25T11:54:59+09:00", "session.ending", "12:00", true}};
    for (const Row& row : kRows) {
        SCOPED_TRACE(row.at);
        World world;
        const Known known = enrol(world, row.person);
        const bool contract = std::string_view(row.key) == "contract.ending";
        const auto move_to = [&](const char* when) {
            const auto ahead = parse_rfc3339(when).value() - world.clock.wall();
            world.clock.advance(std::chrono::duration_cast<Millis>(ahead));
        };
        move_to(contract ? row.at : "2026-11-25T00:00:00+09:00");
        Browser browser(world);
        browser.sign_in(browser.get(portal + "/"), row.person, known.password,
                        auth::totp(known.secret, world.clock.wall()));
        move_to(row.at);
        for (const auto language : {Language::en, Language::ja}) {
            browser.language = to_text(language);
            const auto words =
                title(row.key, language,
                      {{"at", row.clock}, {"left", span_in_text(std::chrono::minutes{4}, language)}});
            for (const char* path : {"/", "/.sekisho/sessions", "/.sekisho/account"}) {
                const auto page = browser.get(portal + path);
                EXPECT_EQ(page.status, 200);
                EXPECT_EQ(says(page, words), !row.early) << path;
                EXPECT_EQ(says(page, text(row.key, language)), !row.early) << path;
            }
        }
    }
}

TEST(Portal, SignOutEndsAppsToo) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    browser.sign_in(browser.get("https://wiki.example:8443/"), "sato", sato.password, sato.code(world));
    const auto form = browser.get(portal + "/.sekisho/sign-out");
    const auto page = browser.post("/.sekisho/sign-out", {{"token", input_value(form.content(), "token")}});
    EXPECT_TRUE(says(page, title("session.signed_out", Language::en)));
    EXPECT_EQ(world.sessions->counts().app, 0u);
    EXPECT_EQ(browser.jar["portal.example"].count(std::string(cookie_names::sso)), 0u);
}

TEST(Portal, PasswordChangesAndOldOneStops) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world), other(world);
    browser.sign_in(browser.get(portal + "/"), "sato", sato.password, sato.code(world));
    other.sign_in(other.get(portal + "/"), "sato", sato.password, sato.code(world));
    const auto change = [&](const std::string& current, const std::string& next, const std::string& again) {
        const auto page = browser.get(portal + "/.sekisho/account");
        return browser.post("/.sekisho/account/password", {{"token", input_value(page.content(), "token")},
                                                           {"current", current},
                                                           {"new", next},
                                                           {"again", again}});
    };
    EXPECT_TRUE(says(change("not it at all", "a new long sentence", "a new long sentence"),
                     title("password.wrong", Language::en)));
    EXPECT_TRUE(
        says(change(sato.password, "a new long sentence", "other"), text("password.differ", Language::en)));
    EXPECT_TRUE(says(change(sato.password, "a new long sentence", "a new long sentence"),
                     text("password.changed", Language::en)));
    other.get(portal + "/");
    EXPECT_EQ(other.at, portal + "/.sekisho/sign-in");
    Browser again(world);
    EXPECT_EQ(again.sign_in(again.get(portal + "/"), "sato", sato.password, sato.code(world)).status, 401);
}

TEST(Portal, RecoveryCodesAreRenewed) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    browser.sign_in(browser.get(portal + "/"), "sato", sato.password, sato.code(world));
    const auto page = browser.get(portal + "/.sekisho/account");
    EXPECT_TRUE(says(page, text("recovery_page.left", Language::en, {{"n", "10"}})));
    const auto codes =
        browser.post("/.sekisho/account/recovery", {{"token", input_value(page.content(), "token")}});
    EXPECT_EQ(codes.status, 200);
    EXPECT_FALSE(says(codes, sato.recovery[0]));
    Browser old(world);
    EXPECT_EQ(old.sign_in(old.get(portal + "/"), "sato", sato.password, sato.recovery[0]).status, 401);
}

TEST(Portal, OpsPageIsForOps) {
    World world;
    const Known mori = enrol(world, "mori");
    const Known sato = enrol(world, "sato");
    Browser ops(world), staff(world);
    ops.sign_in(ops.get(portal + "/"), "mori", mori.password, mori.code(world));
    staff.sign_in(staff.get(portal + "/"), "sato", sato.password, sato.code(world));
    EXPECT_TRUE(says(ops.get(portal + "/.sekisho/ops"), "2,180"));
    EXPECT_EQ(staff.get(portal + "/.sekisho/ops").status, 404);
    EXPECT_EQ(staff.get(portal + "/.sekisho/ops").content(),
              staff.get(portal + "/.sekisho/nothing").content());
}

TEST(Portal, ScriptsGetProblemsAndPeopleGetPages) {
    World world;
    auto r = world.request("GET", portal + "/.sekisho/sessions");
    r.fields.push_back({"sec-fetch-mode", "cors"});
    r.fields.push_back({"accept-language", "ja"});
    const auto response = world.serve(r);
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(response.field("content-type"), "application/problem+json");
    EXPECT_TRUE(says(response, "サインインが必要です。"));
    EXPECT_NE(response.content().find("Please sign in."), std::string_view::npos);
}

TEST(Portal, MethodsAndPrefetchesAreBounded) {
    World world;
    Browser browser(world);
    EXPECT_EQ(browser.send(world.request("PUT", portal + "/.sekisho/sign-in")).status, 405);
    EXPECT_EQ(browser.send(world.request("DELETE", portal + "/")).status, 405);
    EXPECT_EQ(browser.send(world.request("POST", portal + "/.sekisho/start")).status, 405);
    EXPECT_EQ(browser.send(world.request("POST", portal + "/.sekisho/assets/x")).status, 404);
    auto guess = world.request("GET", portal + "/.sekisho/sign-in");
    guess.fields.push_back({"sec-purpose", "prefetch;prerender"});
    const auto response = browser.send(guess);
    EXPECT_EQ(response.status, 503);
    EXPECT_TRUE(browser.jar["portal.example"].empty());
}

TEST(Portal, KeysOfAssertionsArePublic) {
    World world;
    ASSERT_TRUE(world.assertions->warm("wiki"));
    Browser browser(world);
    const auto jwks = browser.get(portal + "/.sekisho/jwks/wiki.json");
    EXPECT_EQ(jwks.status, 200);
    EXPECT_NE(jwks.content().find("\"keys\""), std::string_view::npos);
    EXPECT_EQ(browser.get(portal + "/.sekisho/jwks/none.json").status, 404);
    EXPECT_EQ(browser.get(portal + "/.sekisho/jwks/wiki").status, 404);
}

TEST(Portal, LanguageIsRememberedAndLeadsNowhereElse) {
    World world;
    Browser browser(world);
    auto page = browser.get(portal + "/.sekisho/language?l=ja&to=%2F.sekisho%2Fsign-in");
    EXPECT_EQ(browser.at, portal + "/.sekisho/sign-in");
    EXPECT_TRUE(says(page, "アカウント名"));
    for (const char* to :
         {"https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "evil", "%0d%0aX"}) {
        browser.get(portal + "/.sekisho/language?l=en&to=" + std::string(to));
        EXPECT_EQ(browser.at, portal + "/.sekisho/sign-in") << to;  // "/" for somebody not signed in
    }
}

TEST(Portal, CookieGivenTwiceIsNobodys) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    browser.sign_in(browser.get(portal + "/"), "sato", sato.password, sato.code(world));
    auto r = world.request("GET", portal + "/");
    const auto value = browser.jar["portal.example"][std::string(cookie_names::sso)];
    r.cookies = {{std::string(cookie_names::sso), value}, {std::string(cookie_names::sso), value}};
    r.fields.push_back({"sec-fetch-mode", "navigate"});
    EXPECT_EQ(world.serve(r).status, 303);
    r.cookies.pop_back();
    EXPECT_EQ(world.serve(r).status, 200);
}

}  // namespace
}  // namespace sekisho::gateway
