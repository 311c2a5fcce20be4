#include "gateway/notify/webhook.hpp"

#include "base/base64.hpp"
#include "base/crypto.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

namespace sekisho::gateway {
namespace {

constexpr std::size_t head_bytes_max = 8192;

}  // namespace

std::string webhook_signature(const Secret& secret, std::int64_t timestamp, std::string_view body) {
    const auto text = fmt::format("{}.{}", timestamp, body);
    return "v1=" + hex(hmac_sha256(secret.reveal(), as_bytes(text)));
}

WebhookConversation::WebhookConversation(const WebhookCall& call, const Secret& secret, WallTime now) {
    const auto seconds = std::chrono::floor<Seconds>(now.time_since_epoch()).count();
    output_ = fmt::format(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
        "User-Agent: Sekisho\r\nSekisho-Notice-Id: {}\r\nSekisho-Timestamp: {}\r\nSekisho-Signature: {}\r\n"
        "Connection: close\r\n\r\n{}",
        call.path, call.host, call.body.size(), call.id, seconds,
        webhook_signature(secret, seconds, call.body), call.body);
}

// Of an answer only its status counts; heads of 1xx answers are passed over.
Conversation::Next WebhookConversation::received(std::string_view bytes) {
    buffer_ += bytes;
    for (;;) {
        const auto line_end = buffer_.find("\r\n");
        if (line_end == std::string::npos) break;
        const std::string_view line = std::string_view(buffer_).substr(0, line_end);
        const bool form = (line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ")) &&
                          line.size() >= 12 && (line.size() == 12 || line[12] == ' ');
        const auto status = form ? parse_unsigned(line.substr(9, 3), 599) : std::nullopt;
        if (!status || *status < 100)
            return fail(Errc::malformed, "the webhook answered with something that is no HTTP");
        const auto head_end = buffer_.find("\r\n\r\n");
        if (head_end == std::string::npos || head_end + 4 > head_bytes_max) break;
        if (*status / 100 == 2) return Next::done;
        if (*status / 100 != 1)
            return fail(Errc::unavailable, fmt::format("the webhook answered {}", *status));
        buffer_.erase(0, head_end + 4);
    }
    if (buffer_.size() > head_bytes_max)
        return fail(Errc::too_large, "the webhook answered with a head too large");
    return Next::talk;
}

Conversation::Next WebhookConversation::closed() {
    return fail(Errc::unavailable, "the webhook ended the connection before it answered");
}

}  // namespace sekisho::gateway
