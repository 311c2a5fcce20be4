// Goal: the page of code tokens does what it says, asks for a fresh proof, and puts each change on record.
// Method: a browser of the portal's world that reads its forms off the pages.
#include "auth/code_tokens.hpp"
#include "tests/gateway/portal/world.hpp"

namespace sekisho::gateway {
namespace {

using namespace testing;

const std::string portal = "https://portal.example:8443";
const std::string own_page = "/.sekisho/account/codes";

class CodePages : public ::testing::Test {
protected:
    CodePages() {
        browser.sign_in(browser.get(portal + "/"), "sato", sato.password, sato.code(world));
        EXPECT_EQ(browser.events.back().event, "signin.succeeded");
    }
    static Secret secret_on(std::string_view page) {
        const auto from = page.find("<p class=\"mono\">") + 16;
        std::string spaced(page.substr(from, page.find('<', from) - from));
        std::erase(spaced, ' ');
        return Secret(from_base32(spaced).value());
    }
    auth::OtpRow named(std::string_view name) {
        for (auto& row : world.code_tokens->list("sato").value())
            if (row.name == name) return row;
        ADD_FAILURE() << "no token " << name;
        return {};
    }
    std::string token_of(const std::string& path) {
        return input_value(browser.get(portal + path).content(), "token");
    }
    // add registers a token by the page for new ones; gives its secret.
    Secret add(const std::string& query, const std::string& name, bool counter) {
        const std::string content(browser.get(portal + own_page + "/new" + query).content());
        auto secret = secret_on(content);
        Fields fields{{"token", input_value(content, "token")},
                      {"ticket", input_value(content, "ticket")},
                      {"name", name},
                      {"code", counter ? auth::hotp(secret, 0) : auth::totp(secret, world.clock.wall())}};
        for (const char* field : {"kind", "replaces"})
            if (auto value = input_value(content, field); !value.empty()) fields.emplace_back(field, value);
        const auto page = browser.post(own_page + "/new", fields);
        EXPECT_EQ(page.status, 200);
        EXPECT_NE(page.content().find(name), std::string_view::npos);
        return secret;
    }

    World world;
    Known sato = enrol(world, "sato");
    Browser browser{world};
};

TEST_F(CodePages, RegisterSecondAppAndACounterThenRenameReplaceAndRemove) {
    add("", "Spare phone", false);
    EXPECT_EQ(browser.events.back().event, "factor.code_added");
    EXPECT_EQ(browser.events.back().detail.back().second, "clock");
    add("?kind=counter", "Key ring", true);
    EXPECT_EQ(browser.events.back().detail.back().second, "counter");
    EXPECT_EQ(world.code_tokens->list("sato").value().size(), 3u);
    const auto spare = named("Spare phone").id;
    const auto renamed =
        browser.post(own_page, {{"token", token_of(own_page)}, {"rename", spare}, {"name", "Drawer"}});
    EXPECT_EQ(renamed.status, 200);
    EXPECT_EQ(named("Drawer").id, spare);
    add("?replaces=" + spare, "New phone", false);
    EXPECT_EQ(browser.events.back().event, "factor.code_replaced");
    const auto rows = world.code_tokens->list("sato").value();
    ASSERT_EQ(rows.size(), 3u);
    for (const auto& row : rows) EXPECT_NE(row.id, spare);
    for (std::size_t i = 0; i < 2; ++i) {
        const auto page = browser.post(own_page, {{"token", token_of(own_page)}, {"remove", rows[i].id}});
        EXPECT_EQ(page.status, 200);
        EXPECT_EQ(browser.events.back().event, "factor.code_removed");
    }
    const auto page = browser.post(own_page, {{"token", token_of(own_page)}, {"remove", rows[2].id}});
    EXPECT_EQ(page.status, 409) << "the last one stays";
    EXPECT_EQ(world.code_tokens->list("sato").value().size(), 1u);
}

TEST_F(CodePages, AWrongCodeGetsANewSecretAndKeepsWhatWasTyped) {
    const std::string content(browser.get(portal + own_page + "/new?kind=counter").content());
    const auto page = browser.post(own_page + "/new", {{"token", input_value(content, "token")},
                                                       {"ticket", input_value(content, "ticket")},
                                                       {"kind", "counter"},
                                                       {"name", "Key ring"},
                                                       {"code", "000000"}});
    EXPECT_EQ(page.status, 422);
    const std::string again(page.content());
    EXPECT_EQ(input_value(again, "name"), "Key ring");
    EXPECT_EQ(input_value(again, "kind"), "counter");
    EXPECT_NE(input_value(again, "ticket"), input_value(content, "ticket"));
    EXPECT_EQ(world.code_tokens->list("sato").value().size(), 1u);
}

TEST_F(CodePages, FormsOfStrangersAndOldProofsAreRefused) {
    EXPECT_EQ(browser.post_raw(portal + own_page, {{"token", "x"}, {"remove", "first"}}, portal).status, 400);
    const auto token = token_of(own_page);
    EXPECT_EQ(
        browser
            .post_raw(portal + own_page, {{"token", token}, {"remove", "first"}}, "https://wiki.example:8443")
            .status,
        403);
    world.clock.advance(std::chrono::minutes{16});
    browser.get(portal + own_page);
    EXPECT_NE(browser.at.find("/.sekisho/step-up"), std::string::npos);
}

}  // namespace
}  // namespace sekisho::gateway
