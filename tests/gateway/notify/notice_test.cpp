// Goal: people hear of what they must hear of, in their language, by every channel that is on; a message is
// well-formed and holds neither a secret nor a link that signs anybody in; failures wait longer and longer.
// Method: a small model and one event after the other; the header of a message by hand.
#include "gateway/notify/notice.hpp"

#include "base/base64.hpp"
#include "base/text.hpp"
#include "base/words.hpp"
#include "gateway/notify/retry.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sekisho::gateway {
namespace {

class NoticeTest : public ::testing::Test {
protected:
    NoticeTest() {
        model.portal.url = "https://portal.example:8443";
        model.portal.host = "portal.example";
        model.portal.organisation = {"見本銀行", "Mihon Bank"};
        model.portal.help = {"内線 1234", "Extension 1234"};
        model.notify.mail.host = "mail.example";
        model.notify.mail.from = "gate@bank.example";
        model.notify.webhook.host = "hooks.example";
        model.notify.folder = "/notices";
        config::Person sato;
        sato.name = "sato";
        sato.mail = "sato@bank.example";
        sato.language = Language::ja;
        config::Person mori;
        mori.name = "mori";
        model.people = {mori, sato};
    }
    NoticeFacts facts(std::string event, std::string user = "sato") {
        NoticeFacts out;
        out.event = std::move(event);
        out.user = std::move(user);
        out.agent = "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0 Safari/537.36";
        out.from = parse_ip("203.0.113.9");
        return out;
    }
    config::Model model;
    const WallTime now{Millis{1'795'872'600'000}};  // 2026-11-28T13:30:00Z
};

TEST_F(NoticeTest, EachEventThatMattersIsTold) {
    for (const char* event :
         {"activation.completed", "password.changed", "factor.enrolled", "factor.passkey_added",
          "factor.passkey_removed", "recovery.renewed", "factor.code_added", "factor.code_replaced",
          "factor.code_removed", "device.lost", "account.factors_reset", "account.disabled"})
        EXPECT_EQ(compose(model, facts(event), now).size(), 3u) << event;
    for (const char* event : {"signin.failed", "signin.succeeded", "signout.here", "session.ended",
                              "account.added", "account.enabled", "", "password.refused"})
        EXPECT_TRUE(compose(model, facts(event), now).empty()) << event;
    auto browser = facts("signin.succeeded");
    browser.new_browser = true;
    EXPECT_EQ(compose(model, browser, now).at(0).kind, "new_device");
    browser.by_recovery = true;
    browser.recovery_codes_left = 7;
    const auto rows = compose(model, browser, now);
    EXPECT_EQ(rows.at(0).kind, "recovery_used");
    EXPECT_NE(rows.at(0).body.find("7"), std::string::npos);
    EXPECT_TRUE(compose(model, facts("account.disabled", "nobody"), now).empty());
}

TEST_F(NoticeTest, ChannelsThatAreOffOrCannotReachAreLeftOut) {
    const auto rows = compose(model, facts("account.disabled", "mori"), now);
    ASSERT_EQ(rows.size(), 2u) << "no address: no mail";
    EXPECT_EQ(rows[0].channel, auth::NoticeChannel::webhook);
    EXPECT_EQ(rows[0].id, rows[1].id) << "one notice, whatever carries it";
    model.notify = {};
    EXPECT_TRUE(compose(model, facts("account.disabled"), now).empty());
}

TEST_F(NoticeTest, ItSpeaksThePersonsLanguageAndFillsEveryBlank) {
    auto browser = facts("signin.succeeded");
    browser.new_browser = true;
    const auto ja = compose(model, browser, now).at(0);
    EXPECT_EQ(ja.subject, title("mail.new_device", Language::ja));
    EXPECT_EQ(ja.language, "ja");
    browser.user = "mori";
    const auto en = compose(model, browser, now).at(0);
    EXPECT_EQ(en.subject, "Sign-in from a new device");
    EXPECT_NE(en.body.find("203.0.113.9"), std::string::npos);
    EXPECT_NE(en.body.find("Chrome"), std::string::npos);
    EXPECT_NE(en.body.find("https://portal.example:8443"), std::string::npos);
    EXPECT_NE(en.body.find("Extension 1234"), std::string::npos);
    for (const char* event :
         {"activation.completed", "password.changed", "factor.enrolled", "factor.passkey_added",
          "factor.passkey_removed", "recovery.renewed", "factor.code_added", "factor.code_replaced",
          "factor.code_removed", "device.lost", "account.factors_reset", "account.disabled"})
        for (const auto& row : compose(model, facts(event), now))
            EXPECT_EQ((row.subject + row.body).find('{'), std::string::npos) << event << row.body;
}

TEST_F(NoticeTest, AMessageHasAProperHeaderAndKeepsToSevenBits) {
    auto browser = facts("signin.succeeded");
    browser.new_browser = true;
    const auto row = compose(model, browser, now).at(0);
    const auto content = mail_content(model, row);
    const auto body_at = content.find("\r\n\r\n");
    ASSERT_NE(body_at, std::string::npos);
    std::size_t length = 0;
    for (std::size_t i = 0; i < content.size(); ++i) {
        EXPECT_LT(static_cast<unsigned char>(content[i]), 0x80u);
        if (content[i] == '\n') {
            EXPECT_EQ(content[i - 1], '\r');
            EXPECT_LE(length, 79u);
            length = 0;
        } else {
            ++length;
        }
    }
    EXPECT_NE(content.find("\r\nTo: <sato@bank.example>\r\n"), std::string::npos);
    EXPECT_NE(content.find("\r\nDate: Sat, 28 Nov 2026 13:30:00 +0000\r\n"), std::string::npos);
    EXPECT_NE(content.find("\r\nMessage-ID: <" + row.id + "@portal.example>\r\n"), std::string::npos);
    EXPECT_NE(content.find("\r\nAuto-Submitted: auto-generated\r\n"), std::string::npos);
    EXPECT_TRUE(content.starts_with("From: =?UTF-8?B?"));
}

TEST_F(NoticeTest, JsonNamesTheNoticeAndNoAddress) {
    const auto row = compose(model, facts("account.disabled"), now).at(0);
    const auto json = notice_json(row);
    EXPECT_NE(json.find("\"id\":\"" + row.id + "\""), std::string::npos);
    EXPECT_NE(json.find("\"kind\":\"account_disabled\""), std::string::npos);
    EXPECT_NE(json.find("\"user\":\"sato\""), std::string::npos);
    EXPECT_EQ(json.find("sato@bank.example"), std::string::npos);
}

TEST(NoticeRetry, FailuresWaitLongerUpToAnHour) {
    EXPECT_EQ(wait_before(1, 0), Seconds{30});
    EXPECT_EQ(wait_before(2, 0), Seconds{60});
    EXPECT_EQ(wait_before(7, 0), Seconds{1920});
    EXPECT_EQ(wait_before(8, 0), Seconds{3600});
    EXPECT_EQ(wait_before(4'000'000'000u, 0), Seconds{3600});
    for (std::uint64_t dice = 0; dice < 1000; dice += 37) {
        EXPECT_GE(wait_before(3, dice), Seconds{120});
        EXPECT_LE(wait_before(3, dice), Seconds{150});
    }
    EXPECT_GT(wait_before(3, 900), wait_before(3, 100));
}

}  // namespace
}  // namespace sekisho::gateway
