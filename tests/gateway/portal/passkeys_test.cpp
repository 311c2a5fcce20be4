// Goal: the portal's questions go to its own pages alone, its forms take an authenticator's answer for the
// right browser, and every attempt is on record with its reason while the page says one sentence. Method:
// whole stories as pure calls with a software authenticator.
#include "tests/gateway/portal/world.hpp"
#include "tests/support/authenticator.hpp"

namespace sekisho::gateway {
namespace {

using namespace testing;
using sekisho::test::Authenticator;
using sekisho::test::Touch;

const std::string portal = "https://portal.example:8443";
const std::string own_page = "/.sekisho/account/passkeys";

std::string json_string(std::string_view json, std::string_view name) {
    const auto key = "\"" + std::string(name) + "\":\"";
    const auto at = json.find(key);
    if (at == std::string_view::npos) return {};
    const auto from = at + key.size();
    return std::string(json.substr(from, json.find('"', from) - from));
}

class PasskeyPages : public ::testing::Test {
protected:
    PasskeyPages() {
        touch.rp_id = "portal.example";
        touch.origin = portal;
        browser.sign_in(browser.get(portal + "/"), "sato", sato.password, sato.code(world));
        EXPECT_EQ(browser.events.back().event, "signin.succeeded");
    }

    PortalResponse ask(const std::string& what, const std::string& token) {
        auto response =
            browser.post_raw(portal + "/.sekisho/api/v1/passkey/" + what, {{"token", token}}, portal);
        ticket = json_string(response.content(), "ticket");
        challenge = from_base64url(json_string(response.content(), "challenge")).value_or(Bytes{});
        return response;
    }
    std::string token_of(const std::string& path) {
        return input_value(browser.get(portal + path).content(), "token");
    }

    PortalResponse add(const std::string& name) {
        const auto token = token_of(own_page);
        const auto asked = ask("new", token);
        EXPECT_EQ(asked.status, 200) << asked.content();
        const auto user = asked.content().find("\"user\":");
        handle = json_string(asked.content().substr(user), "id");
        const auto made = key.make(challenge, touch);
        return browser.post(own_page, {{"token", token},
                                       {"ticket", ticket},
                                       {"name", name},
                                       {"transports", "internal"},
                                       {"client", base64url(as_bytes(made.client_data))},
                                       {"attestation", base64url(made.attestation_object)}});
    }
    Fields answer(const Authenticator& from) {
        const auto parts = from.get(challenge, touch);
        return {{"ticket", ticket},
                {"id", base64url(from.id())},
                {"handle", handle},
                {"client", base64url(as_bytes(parts.client_data))},
                {"data", base64url(parts.data)},
                {"signature", base64url(parts.signature)}};
    }
    PortalResponse sign_in_with(const Authenticator& from) {
        const auto token = token_of("/.sekisho/sign-in");
        EXPECT_EQ(ask("sign-in", token).status, 200);
        auto fields = answer(from);
        fields.emplace_back("token", token);
        return browser.post("/.sekisho/passkey", fields);
    }
    void forget_session() { browser.jar["portal.example"].erase(std::string(cookie_names::sso)); }

    World world;
    Known sato = enrol(world, "sato");
    Browser browser{world};
    Authenticator key;
    Touch touch;
    std::string ticket, handle;
    Bytes challenge;
};

TEST_F(PasskeyPages, RegisterSignInAndConfirm) {
    const auto added = add("Work phone");
    EXPECT_EQ(added.status, 200);
    EXPECT_NE(added.content().find("Work phone"), std::string_view::npos);
    EXPECT_EQ(browser.events.back().event, "factor.passkey_added");
    forget_session();
    const auto apps = sign_in_with(key);
    EXPECT_EQ(apps.status, 200);
    EXPECT_EQ(browser.at, portal + "/");
    EXPECT_EQ(browser.events.back().event, "signin.succeeded");
    EXPECT_EQ(browser.events.back().detail.front().second, "passkey-device");
    const auto token = token_of("/.sekisho/step-up");
    EXPECT_EQ(ask("step-up", token).status, 200);
    auto fields = answer(key);
    fields.emplace_back("token", token);
    fields.emplace_back("to", "/.sekisho/sessions");
    EXPECT_EQ(browser.post("/.sekisho/step-up", fields).status, 200);
    EXPECT_EQ(browser.at, portal + "/.sekisho/sessions");
}

// A factor that is missing is proven at the portal, the right one, and the way leads back.
TEST_F(PasskeyPages, AnAppThatNeedsOneLeadsToItAndBack) {
    const std::string wanted = "https://wiki.example:8443/deep?x=1";
    EXPECT_EQ(browser.get(wanted).content(), "upstream:wiki.example/deep?x=1");
    const auto refused = [&](const std::string& method) {
        auto request = world.request(method, wanted);
        request.fields.push_back({"sec-fetch-mode", "navigate"});
        for (const auto& [name, value] : browser.jar["wiki.example"])
            request.cookies.push_back({name, value});
        auto response = world.handover->step_up(request, FactorStrength::passkey);
        browser.keep("wiki.example", response);
        return response;
    };
    const auto has_code = [](std::string_view page) {
        return page.find("one-time-code") != std::string_view::npos;
    };
    const auto none = browser.get(std::string(refused("GET").field("location")));
    EXPECT_NE(none.content().find("Wiki needs a passkey."), std::string_view::npos);
    EXPECT_NE(none.content().find("Register a passkey"), std::string_view::npos);
    EXPECT_FALSE(has_code(none.content()));
    add("Phone");
    const auto page = browser.get(std::string(refused("GET").field("location")));
    EXPECT_EQ(page.status, 200);
    EXPECT_FALSE(has_code(page.content())) << "a code is not enough";
    const auto token = input_value(page.content(), "token");
    EXPECT_EQ(ask("step-up", token).status, 200);
    auto fields = answer(key);
    fields.emplace_back("token", token);
    for (const char* name : {"host", "tx", "flow", "strength"})
        fields.emplace_back(name, input_value(page.content(), name));
    EXPECT_EQ(fields.back().second, "passkey");
    EXPECT_EQ(browser.post("/.sekisho/step-up", fields).content(), "upstream:wiki.example/deep?x=1");
    EXPECT_EQ(browser.at, wanted);
    // What a form carries is not sent, and whoever typed it hears so.
    const auto typed = refused("POST");
    EXPECT_EQ(typed.status, 403);
    EXPECT_NE(typed.content().find("What you typed was not sent."), std::string_view::npos);
}

TEST_F(PasskeyPages, AScriptHearsWhichFactorIsMissing) {
    auto model = demo_model();
    config::Condition passkey;
    passkey.kind = config::Condition::Kind::mfa;
    passkey.strength = FactorStrength::passkey;
    model.rules[0].conditions.push_back(passkey);
    auto request = world.request("POST", "https://wiki.example:8443/api");
    request.model = std::make_shared<config::Model>(model);
    auto session = std::make_shared<auth::Session>();
    session->user = "sato";
    session->strength = FactorStrength::otp;
    session->proven_at = request.now;
    request.session = session;
    policy::Decision decision;
    decision.reason = policy::Reason::factor_missing;
    decision.rule = RuleId{0};
    decision.who_matched = true;
    EXPECT_EQ(wanted_strength(*request.model, decision), FactorStrength::passkey);
    EXPECT_TRUE(proof_would_help(request, decision));
    const auto refused = answer_refusal(request, AppId{0}, decision);
    EXPECT_EQ(refused.status, 401);
    const auto asked = refused.field("www-authenticate");
    EXPECT_NE(asked.find("insufficient_user_authentication"), std::string_view::npos);
    EXPECT_NE(asked.find("acr_values=\"passkey\""), std::string_view::npos);
    // Whoever is limited after a recovery is helped by no proof (R16).
    session->limited_until = request.now + Seconds{60};
    EXPECT_FALSE(proof_would_help(request, decision));
    EXPECT_EQ(answer_refusal(request, AppId{0}, decision).field("www-authenticate"), "");
    // A code proven after a passkey counts for what asks for a code, and for nothing more.
    session->strength = FactorStrength::passkey;
    session->proven_at = request.now - Seconds{900};
    session->lesser = FactorStrength::otp;
    session->lesser_at = request.now;
    EXPECT_EQ(proven(*session, FactorStrength::otp), request.now);
    EXPECT_EQ(proven(*session, FactorStrength::passkey), request.now - Seconds{900});
    EXPECT_EQ(proven(*session, FactorStrength::passkey_device), WallTime{});
}

TEST_F(PasskeyPages, WhoHoldsAPasskeyThatDoesNotDoIsNotToldOfCodes) {
    policy::Decision decision;
    decision.reason = policy::Reason::factor_missing;
    auto request = world.request("GET", "https://wiki.example:8443/");
    request.fields = {{"sec-fetch-mode", "navigate"}, {"accept-language", "en"}};
    const std::pair<FactorStrength, const char*> rows[] = {
        {FactorStrength::otp, "factor.passkey_needed"},
        {FactorStrength::passkey, "factor.device_passkey_needed"},
        {FactorStrength::password, "factor.stronger_needed"}};
    for (const auto& [strength, name] : rows) {
        auto session = std::make_shared<auth::Session>();
        session->user = "sato";
        session->strength = strength;
        request.session = session;
        const auto page = answer_refusal(request, AppId{0}, decision);
        const Word& words = word(name);
        EXPECT_EQ(page.status, 403) << name << ": a page has no challenge, so it is no 401";
        EXPECT_NE(page.content().find(words.text(Language::en)), std::string_view::npos) << page.content();
    }
}

TEST_F(PasskeyPages, QuestionsAreForOurOwnPagesAlone) {
    const auto token = token_of(own_page);
    const auto url = portal + "/.sekisho/api/v1/passkey/new";
    EXPECT_EQ(browser.post_raw(url, {{"token", token}}, "https://wiki.example:8443").status, 403);
    EXPECT_EQ(browser.post_raw(url, {{"token", token}}, "").status, 403);
    EXPECT_EQ(browser.post_raw(url, {{"token", "x"}}, portal).status, 400);
    EXPECT_EQ(browser.send(world.request("GET", url)).status, 405);
    EXPECT_EQ(ask("step-up", token_of("/.sekisho/step-up")).status, 401) << "has no passkey";
    const auto sign_in = portal + "/.sekisho/api/v1/passkey/sign-in";
    EXPECT_EQ(browser.post_raw(sign_in, {{"token", token}}, portal).status, 400);
    world.clock.advance(std::chrono::minutes{16});
    EXPECT_EQ(ask("new", token).status, 401) << "the proof is old";
}

TEST_F(PasskeyPages, WhatIsWrongIsOnRecordAndNotOnThePage) {
    add("Phone");
    forget_session();
    Touch good = touch;
    const auto failed = [&](const char* reason) {
        const auto page = sign_in_with(key);
        EXPECT_EQ(page.status, 401);
        EXPECT_EQ(browser.events.back().event, "signin.failed");
        EXPECT_EQ(browser.events.back().reason, reason);
        EXPECT_EQ(browser.events.back().user, "sato");
        EXPECT_EQ(page.content().find(reason), std::string_view::npos);
        touch = good;
    };
    touch.verified = false;
    failed("not_verified");
    touch.origin = "https://wiki.example:8443";
    failed("origin");
    touch.rp_id = "wiki.example";
    failed("rp_id");
    touch.cross_origin = true;
    failed("cross_origin");
    EXPECT_EQ(sign_in_with(Authenticator()).status, 401);
    EXPECT_EQ(browser.events.back().reason, "unknown_passkey");
    EXPECT_EQ(browser.events.back().user, "");
    EXPECT_EQ(sign_in_with(key).status, 200);
}

TEST_F(PasskeyPages, AnAnswerCountsOnce) {
    add("Phone");
    forget_session();
    const auto token = token_of("/.sekisho/sign-in");
    ask("sign-in", token);
    auto fields = answer(key);
    fields.emplace_back("token", token);
    EXPECT_EQ(browser.post("/.sekisho/passkey", fields).status, 200);
    forget_session();
    EXPECT_EQ(browser.post("/.sekisho/passkey", fields).status, 400);
    EXPECT_EQ(browser.events.back().reason, "replayed");
}

TEST_F(PasskeyPages, RenameAndRemove) {
    add("Phone");
    const auto page = browser.get(portal + own_page);
    const auto token = input_value(page.content(), "token");
    const auto id = input_value(page.content(), "remove");
    const auto renamed = browser.post(own_page, {{"token", token}, {"rename", id}, {"name", "Old phone"}});
    EXPECT_NE(renamed.content().find("Old phone"), std::string_view::npos);
    const auto removed = browser.post(own_page, {{"token", token}, {"remove", id}});
    EXPECT_EQ(removed.content().find("Old phone"), std::string_view::npos);
    EXPECT_EQ(browser.events.back().event, "factor.passkey_removed");
}

}  // namespace
}  // namespace sekisho::gateway
