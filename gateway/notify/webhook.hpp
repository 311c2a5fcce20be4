#pragma once
// WebhookConversation posts one notice (RFC 9112) and reads the answer's status; a redirect is not followed.
//
// The receiver checks Sekisho-Signature: "v1=" and the hexadecimal HMAC-SHA256, under the shared secret, of
// the value of Sekisho-Timestamp (Unix seconds), a dot, and the body. The timestamp is of this attempt;
// Sekisho-Notice-Id is the same each time a notice is tried.
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "gateway/notify/conversation.hpp"

namespace sekisho::gateway {

struct WebhookCall {
    std::string host;  // as the Host field names it
    std::string path;
    std::string id, body;
};

// webhook_signature: "v1=9f86d0...".
std::string webhook_signature(const Secret& secret, std::int64_t timestamp, std::string_view body);

// Bound: an answer's head of 8 KiB.
class WebhookConversation final : public Conversation {
public:
    WebhookConversation(const WebhookCall& call, const Secret& secret, WallTime now);

    Next begin() override { return Next::talk; }
    Next received(std::string_view bytes) override;
    Next secured() override { return fail(Errc::malformed, "TLS began twice"); }
    Next closed() override;

private:
    std::string buffer_;
};

}  // namespace sekisho::gateway
