// Goal: a notice is posted whole and signed so that a receiver can check it, and only a 2xx counts as taken.
// Method: the request against a signature computed by hand; a table of answers.
#include "gateway/notify/webhook.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

using Next = Conversation::Next;

const Secret secret(as_bytes(std::string_view("key")));
const WebhookCall call{"hooks.example:8443", "/notices", "abc", "{\"id\":\"abc\"}"};

TEST(Webhook, TheRequestSaysWhatItIsAndSigns) {
    WebhookConversation conversation(call, secret, WallTime{Millis{1'700'000'000'999}});
    EXPECT_EQ(conversation.begin(), Next::talk);
    // printf '1700000000.{"id":"abc"}' | openssl dgst -sha256 -hmac key
    EXPECT_EQ(conversation.take_output(),
              "POST /notices HTTP/1.1\r\nHost: hooks.example:8443\r\nContent-Type: application/json\r\n"
              "Content-Length: 12\r\nUser-Agent: Sekisho\r\nSekisho-Notice-Id: abc\r\n"
              "Sekisho-Timestamp: 1700000000\r\nSekisho-Signature: "
              "v1=a37bb82b2d8fc013dcf62abed35e2fa333a5126f4b55135827b67f332a5d2aa4"
              "\r\nConnection: close\r\n\r\n{\"id\":\"abc\"}");
}

TEST(Webhook, OnlySuccessIsSuccess) {
    const struct {
        const char* answer;
        Next next;
        Errc code;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\n\r\n", Next::done, {}},
        {"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", Next::done, {}},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n", Next::done, {}},
        {"HTTP/1.0 200\r\n\r\n", Next::done, {}},
        {"HTTP/1.1 302 Found\r\nLocation: https://elsewhere/\r\n\r\n", Next::failed, Errc::unavailable},
        {"HTTP/1.1 500 Oops\r\n\r\n", Next::failed, Errc::unavailable},
        {"HTTP/1.1 404 Not Found\r\n\r\n", Next::failed, Errc::unavailable},
        {"HTTP/2 200\r\n\r\n", Next::failed, Errc::malformed},
        {"HTTP/1.1 2000\r\n\r\n", Next::failed, Errc::malformed},
        {"HTTP/1.1 0x1\r\n\r\n", Next::failed, Errc::malformed},
        {"220 mail\r\n", Next::failed, Errc::malformed},
        {"HTTP/1.1 200 OK\r\n", Next::talk, {}}};
    for (const auto& c : cases) {
        WebhookConversation whole(call, secret, WallTime{});
        EXPECT_EQ(whole.received(c.answer), c.next) << c.answer;
        if (c.next == Next::failed) {
            EXPECT_EQ(whole.error().code(), c.code) << c.answer;
        }
        WebhookConversation slow(call, secret, WallTime{});
        Next next = Next::talk;
        for (std::size_t i = 0; c.answer[i] != 0 && next == Next::talk; ++i)
            next = slow.received({&c.answer[i], 1});
        EXPECT_EQ(next, c.next) << c.answer << " byte by byte";
    }
}

TEST(Webhook, AWholeHeadOverTheBoundIsNoBetterThanHalfOfOne) {
    const std::string around = "HTTP/1.1 200 OK\r\nX: \r\n\r\n";
    for (const std::size_t total : {8191u, 8192u, 8193u}) {
        const auto head = "HTTP/1.1 200 OK\r\nX: " + std::string(total - around.size(), 'x') + "\r\n\r\n";
        WebhookConversation conversation(call, secret, WallTime{});
        EXPECT_EQ(conversation.received(head), total <= 8192 ? Next::done : Next::failed) << total;
    }
}

TEST(Webhook, AnAnswerIsBounded) {
    WebhookConversation conversation(call, secret, WallTime{});
    EXPECT_EQ(conversation.received("HTTP/1.1 200 OK\r\nX: " + std::string(9000, 'x')), Next::failed);
    EXPECT_EQ(conversation.error().code(), Errc::too_large);
    EXPECT_EQ(WebhookConversation(call, secret, WallTime{}).closed(), Next::failed);
}

}  // namespace
}  // namespace sekisho::gateway
