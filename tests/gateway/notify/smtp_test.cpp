// Goal: a message is handed over as RFC 5321 says, over TLS or not at all, and no answer of a server leads
// anywhere else. Method: whole conversations by script, then a wrong answer at every step.
#include "gateway/notify/smtp.hpp"

#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

using Next = Conversation::Next;

struct Rig {
    explicit Rig(bool implicit_tls = false, std::string user = {})
        : route{"portal.example", implicit_tls, std::move(user), Secret(as_bytes(std::string_view("pw")))} {}
    SmtpRoute route;
    SmtpMessage message{"gate@bank.example", "sato@bank.example", "Subject: x\r\n\r\n.dot\r\nend\r\n"};
    SmtpConversation conversation{route, message};

    Next hear(std::string_view bytes) { return conversation.received(bytes); }
    std::string say() { return conversation.take_output(); }
    // up_to_hello goes through STARTTLS to the second EHLO.
    void up_to_hello() {
        EXPECT_EQ(conversation.begin(), Next::talk);
        EXPECT_EQ(hear("220 mail ready\r\n"), Next::talk);
        EXPECT_EQ(say(), "EHLO portal.example\r\n");
        EXPECT_EQ(hear("250-mail.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"), Next::talk);
        EXPECT_EQ(say(), "STARTTLS\r\n");
        EXPECT_EQ(hear("220 go\r\n"), Next::secure);
        EXPECT_EQ(conversation.secured(), Next::talk);
        EXPECT_EQ(say(), "EHLO portal.example\r\n");
    }
};

TEST(Smtp, AMessageGoesOutAfterStartTls) {
    Rig rig;
    rig.up_to_hello();
    EXPECT_EQ(rig.hear("250 mail.example\r\n"), Next::talk);
    EXPECT_EQ(rig.say(), "MAIL FROM:<gate@bank.example>\r\n");
    EXPECT_EQ(rig.hear("250 ok\r\n"), Next::talk);
    EXPECT_EQ(rig.say(), "RCPT TO:<sato@bank.example>\r\n");
    EXPECT_EQ(rig.hear("250 ok\r\n"), Next::talk);
    EXPECT_EQ(rig.say(), "DATA\r\n");
    EXPECT_EQ(rig.hear("354 go on\r\n"), Next::talk);
    EXPECT_EQ(rig.say(), "Subject: x\r\n\r\n..dot\r\nend\r\n.\r\n");
    EXPECT_EQ(rig.hear("250 queued\r\n"), Next::done);
    EXPECT_EQ(rig.say(), "QUIT\r\n");
}

TEST(Smtp, TheSignInTravelsOnlyAfterTheHandshake) {
    Rig plain(false, "gate");
    plain.up_to_hello();
    EXPECT_EQ(plain.hear("250-mail\r\n250 AUTH LOGIN PLAIN\r\n"), Next::talk);
    const std::string words("\0gate\0pw", 8);
    EXPECT_EQ(plain.say(), "AUTH PLAIN " + base64(as_bytes(words)) + "\r\n");
    EXPECT_EQ(plain.hear("235 welcome\r\n"), Next::talk);
    EXPECT_EQ(plain.say(), "MAIL FROM:<gate@bank.example>\r\n");

    Rig login(true, "gate");
    EXPECT_EQ(login.conversation.begin(), Next::talk);
    EXPECT_EQ(login.hear("220 mail\r\n"), Next::talk);
    EXPECT_EQ(login.say(), "EHLO portal.example\r\n");
    EXPECT_EQ(login.hear("250-mail\r\n250 AUTH LOGIN\r\n"), Next::talk);
    EXPECT_EQ(login.say(), "AUTH LOGIN\r\n");
    EXPECT_EQ(login.hear("334 VXNlcm5hbWU6\r\n"), Next::talk);
    EXPECT_EQ(login.say(), "Z2F0ZQ==\r\n");
    EXPECT_EQ(login.hear("334 UGFzc3dvcmQ6\r\n"), Next::talk);
    EXPECT_EQ(login.say(), "cHc=\r\n");
    EXPECT_EQ(login.hear("235 ok\r\n"), Next::talk);
    EXPECT_EQ(login.say(), "MAIL FROM:<gate@bank.example>\r\n");
}

TEST(Smtp, WithoutTlsNothingGoes) {
    Rig rig(false, "gate");
    (void)rig.hear("220 mail\r\n");
    (void)rig.say();
    EXPECT_EQ(rig.hear("250-mail\r\n250 AUTH PLAIN\r\n"), Next::failed);
    EXPECT_EQ(rig.say(), "");
    EXPECT_EQ(rig.conversation.error().code(), Errc::unavailable);
}

TEST(Smtp, WhatWasSaidBeforeTheHandshakeDoesNotCountAfterIt) {
    Rig injected;
    (void)injected.hear("220 mail\r\n");
    (void)injected.hear("250-mail\r\n250 STARTTLS\r\n");
    EXPECT_EQ(injected.hear("220 go\r\n250 mail\r\n"), Next::failed) << "bytes from before TLS (RFC 3207)";
    Rig rig(false, "gate");
    EXPECT_EQ(rig.hear("220 mail\r\n"), Next::talk);
    EXPECT_EQ(rig.hear("250-mail\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n"), Next::talk);
    EXPECT_EQ(rig.hear("220 go\r\n"), Next::secure);
    (void)rig.conversation.secured();
    (void)rig.say();
    EXPECT_EQ(rig.hear("250 mail\r\n"), Next::failed) << "AUTH was offered in the clear only";
}

// Each row: answers up to one step, the one that refuses, and whether the notice is lost for good.
TEST(Smtp, ARefusalEndsItAndOnlyARecipientsIsFinal) {
    const std::string good[] = {"220 x\r\n", "250 x\r\n", "250 x\r\n", "250 x\r\n", "354 x\r\n", "250 x\r\n"};
    for (std::size_t at = 0; at < std::size(good); ++at) {
        for (const std::string code : {"421", "451", "550"}) {
            Rig rig(true);
            Next next = rig.conversation.begin();
            for (std::size_t i = 0; i < at; ++i) next = rig.hear(good[i]);
            ASSERT_EQ(next, Next::talk);
            EXPECT_EQ(rig.hear(code + " no\r\n"), Next::failed) << at << ' ' << code;
            const bool final = code == "550" && (at == 3 || at == 5);
            EXPECT_EQ(rig.conversation.error().code(), final ? Errc::denied : Errc::unavailable) << at;
            EXPECT_NE(rig.conversation.error().detail().find(code), std::string_view::npos);
        }
    }
}

TEST(Smtp, NonsenseIsAnErrorAndStaysBounded) {
    const struct {
        const char* name;
        std::string bytes;
        Errc code;
    } cases[] = {{"no SMTP", "HTTP/1.1 400 Bad\r\n", Errc::malformed},
                 {"no code", "22\r\n", Errc::malformed},
                 {"code of one's own", "999 x\r\n", Errc::malformed},
                 {"no blank", "220x\r\n", Errc::malformed},
                 {"two codes", "220-a\r\n250 b\r\n", Errc::malformed},
                 {"a line without end", std::string(3000, 'x'), Errc::too_large},
                 {"a long line", "220 " + std::string(3000, 'x') + "\r\n", Errc::too_large}};
    for (const auto& c : cases) {
        Rig rig;
        EXPECT_EQ(rig.hear(c.bytes), Next::failed) << c.name;
        EXPECT_EQ(rig.conversation.error().code(), c.code) << c.name;
    }
    Rig rig;
    Next next = Next::talk;
    for (int i = 0; i < 100 && next == Next::talk; ++i) next = rig.hear("220-again\r\n");
    EXPECT_EQ(next, Next::failed);
    EXPECT_EQ(rig.conversation.error().code(), Errc::too_large);
    EXPECT_EQ(Rig().conversation.closed(), Next::failed);
}

TEST(Smtp, BytesMayComeOneByOne) {
    Rig rig(true);
    for (const char c : std::string("220 mail\r\n")) EXPECT_EQ(rig.hear({&c, 1}), Next::talk);
    EXPECT_EQ(rig.say(), "EHLO portal.example\r\n");
}

TEST(Smtp, DotsAreDoubledAtTheStartOfLinesOnly) {
    EXPECT_EQ(with_dots_doubled("a.b\r\n.\r\n..c"), "a.b\r\n..\r\n...c\r\n.\r\n");
    EXPECT_EQ(with_dots_doubled(""), "\r\n.\r\n");
}

}  // namespace
}  // namespace sekisho::gateway
