// Goal: a sign-in on the portal opens an app host for the browser that asked, and for nothing else (R2, R27,
// R28). Method: browsers driven through portal and app hosts as pure calls; each theft and each race on its
// own.
#include "tests/gateway/portal/world.hpp"

namespace sekisho::gateway {
namespace {

using namespace testing;

const std::string portal = "https://portal.example:8443";
const std::string wiki = "https://wiki.example:8443";

TEST(Handover, LeadsBackToWhatWasWanted) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    const auto form = browser.get(wiki + "/docs/a%20b?q=1&r=%26");
    EXPECT_EQ(browser.at.substr(0, 43), portal + "/.sekisho/start?");
    EXPECT_EQ(browser.at.find("docs"), std::string::npos) << "the portal does not see what was wanted";
    const auto page = browser.sign_in(form, "sato", sato.password, sato.code(world));
    EXPECT_EQ(page.content(), "upstream:wiki.example/docs/a%20b?q=1&r=%26");
    // The portal knows the browser now: the next app opens by itself.
    EXPECT_EQ(browser.get("https://files.example:8443/x").content(), "upstream:files.example/x");
}

// A neighbour's script knows a transaction of its own choice: it may not have a code made for it in the
// background, nor in a frame whose next address a service worker of the app would see (R2, R3).
TEST(Handover, OnlyATabOfItsOwnDrawsACode) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    browser.sign_in(browser.get(wiki + "/"), "sato", sato.password, sato.code(world));
    Browser other(world);
    other.get(wiki + "/");
    const auto begun = other.at;
    ASSERT_EQ(begun.substr(0, 43), portal + "/.sekisho/start?");
    const auto fetched = [&](std::string_view site, std::string_view mode, std::string_view destination) {
        auto r = world.request("GET", begun);
        r.fields = {{"sec-fetch-site", std::string(site)}, {"sec-fetch-mode", std::string(mode)}};
        if (!destination.empty()) r.fields.push_back({"sec-fetch-dest", std::string(destination)});
        for (const auto& [name, value] : browser.jar[r.host]) r.cookies.push_back({name, value});
        return world.serve(std::move(r)).status;
    };
    for (const auto* site : {"same-site", "cross-site", "unheard-of"}) {
        EXPECT_EQ(fetched(site, "no-cors", "empty"), 403) << site;
        EXPECT_EQ(fetched(site, "navigate", "iframe"), 403) << site;
        EXPECT_EQ(fetched(site, "navigate", "document"), 303) << site;
        EXPECT_EQ(fetched(site, "navigate", ""), 303) << "a browser of before Sec-Fetch-Dest";
    }
    EXPECT_EQ(fetched("none", "navigate", "document"), 303);
}

TEST(Handover, AFormsAnswerNeverRedirectsToAnotherHost) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    const auto second = browser.first_step(browser.get(wiki + "/"), "sato", sato.password);
    auto fields = Browser::carried(second.content());
    fields.emplace_back("code", sato.code(world));
    const auto response = browser.post_raw(portal + "/.sekisho/second-factor", fields, portal);
    ASSERT_EQ(response.status, 303);
    const std::string location(response.field("location"));
    EXPECT_EQ(location.substr(0, portal.size()), portal);
    const auto page = browser.send(world.request("GET", location));
    EXPECT_EQ(page.status, 200) << "a page ends the form's navigation";
    EXPECT_NE(refresh_target(page.content()).find("/.sekisho/start?host=wiki.example"), std::string::npos);
}

// Ten tabs ask before any answer has set a cookie: the last answer's cookie stays.
TEST(Handover, TenTabsAllEndSignedIn) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    std::vector<std::string> starts;
    for (int tab = 0; tab < 10; ++tab) {
        auto r = world.request("GET", wiki + "/tab/" + std::to_string(tab));
        r.fields.push_back({"sec-fetch-mode", "navigate"});
        const auto response = world.serve(r);  // without the cookies of the tabs before
        ASSERT_EQ(response.status, 303);
        starts.emplace_back(response.field("location"));
        browser.keep("wiki.example", response);
    }
    std::vector<PortalResponse> forms;
    for (const auto& start : starts) {
        auto r = world.request("GET", start);
        r.fields.push_back({"sec-fetch-mode", "navigate"});
        r.fields.push_back({"accept-language", "en"});
        forms.push_back(world.serve(r));
        ASSERT_EQ(forms.back().status, 200);
        browser.keep("portal.example", forms.back());
    }
    // Every tab fills in its own form; the first signs in, the others find it done.
    for (int tab = 0; tab < 10; ++tab) {
        const auto i = static_cast<std::size_t>(tab);
        auto page = browser.first_step(forms[i], "sato", sato.password);
        if (tab == 0) page = browser.second_step(page, sato.code(world));
        EXPECT_EQ(page.content(), "upstream:wiki.example/tab/" + std::to_string(tab));
    }
    EXPECT_EQ(world.sessions->counts().sso, 1u);
}

TEST(Handover, TenTabsReloadedAfterOneSignedIn) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    std::vector<std::string> starts;
    for (int tab = 0; tab < 10; ++tab) {
        auto r = world.request("GET", wiki + "/tab/" + std::to_string(tab));
        r.fields.push_back({"sec-fetch-mode", "navigate"});
        const auto response = world.serve(r);
        starts.emplace_back(response.field("location"));
        browser.keep("wiki.example", response);
    }
    browser.sign_in(browser.get(starts[4]), "sato", sato.password, sato.code(world));
    for (int tab = 0; tab < 10; ++tab) {
        browser.jar["wiki.example"].erase(std::string(cookie_names::app));  // each as if it were the first
        EXPECT_EQ(browser.get(starts[static_cast<std::size_t>(tab)]).content(),
                  "upstream:wiki.example/tab/" + std::to_string(tab));
    }
}

std::string callback_of(Browser& browser, const std::string& url) {
    std::string next = url;
    for (int hops = 0; hops < 6; ++hops) {
        if (next.find("/.sekisho/callback?") != std::string::npos) return next;
        const auto response = browser.send(browser.world.request("GET", next));
        if (response.status != 303) break;
        next = response.field("location");
    }
    ADD_FAILURE() << "no callback from " << url;
    return {};
}

TEST(Handover, AStolenCodeOpensNothing) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    browser.sign_in(browser.get(portal + "/"), "sato", sato.password, sato.code(world));
    const auto callback = callback_of(browser, wiki + "/");

    Browser thief(world);  // another browser, with a cookie of its own
    thief.send(world.request("GET", wiki + "/"));
    auto stolen = thief.send(world.request("GET", callback));
    EXPECT_EQ(thief.jar["wiki.example"].count(std::string(cookie_names::app)), 0u);
    Browser bare(world);  // and one without
    EXPECT_EQ(bare.send(world.request("GET", callback)).status, 400);
    EXPECT_EQ(bare.jar["wiki.example"].count(std::string(cookie_names::app)), 0u);

    // The same code on another host's callback: the flow does not open there.
    auto moved = callback;
    moved.replace(moved.find("wiki.example"), 12, "files.example");
    browser.send(world.request("GET", "https://files.example:8443/"));
    EXPECT_EQ(browser.send(world.request("GET", moved)).status, 400);

    EXPECT_EQ(browser.get(callback).content(), "upstream:wiki.example/") << "its owner's it still is";
}

TEST(Handover, ACodeWorksOnceAndThirtySeconds) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    browser.sign_in(browser.get(portal + "/"), "sato", sato.password, sato.code(world));
    const auto callback = callback_of(browser, wiki + "/late");
    auto first = browser.send(world.request("GET", callback));
    EXPECT_EQ(browser.jar["wiki.example"].count(std::string(cookie_names::app)), 1u);
    browser.jar["wiki.example"].erase(std::string(cookie_names::app));
    auto second = browser.send(world.request("GET", callback));
    EXPECT_EQ(browser.jar["wiki.example"].count(std::string(cookie_names::app)), 0u);
    EXPECT_EQ(second.events.front().event, "handover.refused");

    const auto slow = callback_of(browser, wiki + "/late");
    world.clock.advance(Millis{31'000});
    browser.send(world.request("GET", slow));
    EXPECT_EQ(browser.jar["wiki.example"].count(std::string(cookie_names::app)), 0u);
    EXPECT_EQ(browser.get(slow).content(), "upstream:wiki.example/late")
        << "it goes round once more by itself";
}

// The sign-in form is good for a working day, what the app host sealed for ten minutes.
TEST(Handover, AFormThatStoodOpenStillLeadsToWhereItWasAskedFor) {
    for (const auto stood :
         {std::chrono::minutes{9}, std::chrono::minutes{11}, std::chrono::minutes{11 * 60}}) {
        World world;
        const Known sato = enrol(world, "sato");
        Browser browser(world);
        const auto form = browser.get(wiki + "/deep?page=1");
        world.clock.advance(stood);
        const auto page = browser.sign_in(form, "sato", sato.password, sato.code(world));
        EXPECT_EQ(page.content(), "upstream:wiki.example/deep?page=1") << stood.count();
    }
}

TEST(Handover, CodesAreForAppsThePersonMayKnowOf) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    browser.sign_in(browser.get(portal + "/"), "sato", sato.password, sato.code(world));
    const auto hidden = browser.get("https://vault.example:8443/");
    const auto nothing = browser.get("https://nothing.example:8443/");
    EXPECT_EQ(hidden.status, 404);
    EXPECT_EQ(hidden.content(), nothing.content()) << "an app one may not know of is no app";
    EXPECT_EQ(hidden.field("content-security-policy"), nothing.field("content-security-policy"));
}

TEST(Handover, StrangersSeeTheSameForEveryHost) {
    World world;
    for (const char* host : {"wiki.example", "vault.example", "nothing.example"}) {
        auto r = world.request("GET", "https://" + std::string(host) + ":8443/x");
        r.fields.push_back({"sec-fetch-mode", "navigate"});
        const auto page = world.serve(r);
        EXPECT_EQ(page.status, 303);
        EXPECT_EQ(page.field("location").substr(0, 48), portal + "/.sekisho/start?host=");
        EXPECT_EQ(page.field("referrer-policy"), "no-referrer");
        EXPECT_EQ(page.field("cache-control"), "no-store");
        r.fields[0].value = "cors";
        const auto script = world.serve(r);
        EXPECT_EQ(script.status, 401);
        EXPECT_EQ(script.field("content-type"), "application/problem+json");
    }
}

TEST(Handover, BadFlowsAndPrefetchesHaveNoEffect) {
    World world;
    Browser browser(world);
    browser.send(world.request("GET", wiki + "/"));
    for (const char* query :
         {"", "?code=x", "?code=x&flow=", "?code=x&flow=AAAA", "?flow=%", "?code=1&code=2"}) {
        const auto response = browser.send(world.request("GET", wiki + "/.sekisho/callback" + query));
        EXPECT_EQ(response.status, 400) << query;
    }
    EXPECT_EQ(browser.send(world.request("POST", wiki + "/.sekisho/callback")).status, 404);
    EXPECT_EQ(browser.send(world.request("GET", wiki + "/.sekisho/sign-out")).status, 404)
        << "app hosts have no forms";
    auto guess = world.request("GET", wiki + "/");
    guess.fields.push_back({"sec-purpose", "prefetch"});
    Browser fresh(world);
    EXPECT_EQ(fresh.send(guess).status, 503);
    EXPECT_TRUE(fresh.jar["wiki.example"].empty());
}

TEST(Handover, WantedPathNeverLeavesTheHost) {
    World world;
    const Known sato = enrol(world, "sato");
    Browser browser(world);
    browser.sign_in(browser.get(portal + "/"), "sato", sato.password, sato.code(world));
    for (const std::string path : {"//evil.example/", "/\\evil.example", "/%0d%0aX: y"}) {
        browser.jar["wiki.example"].clear();
        browser.get(wiki + path);
        EXPECT_EQ(browser.at.substr(0, wiki.size() + 1), wiki + "/") << path;
    }
    browser.jar["wiki.example"].clear();
    EXPECT_EQ(browser.get(wiki + "/" + std::string(3000, 'a')).content(), "upstream:wiki.example/")
        << "too long to carry";
}

}  // namespace
}  // namespace sekisho::gateway
