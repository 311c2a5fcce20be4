// Any answer to a webhook: only a whole head with a status of 2xx delivers, a head over the bound never does,
// and how the bytes came in pieces makes no difference.
#include "base/bytes.hpp"
#include "gateway/notify/webhook.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace sekisho;
using namespace sekisho::gateway;
using Next = Conversation::Next;

void require(bool holds) {
    if (!holds) __builtin_trap();
}

Next listen(std::string_view text, std::size_t piece) {
    const WebhookCall call{"hooks.example:8443", "/sekisho", "0123", "{}"};
    const Secret secret(as_bytes("a shared secret of some length"));
    WebhookConversation conversation(call, secret, WallTime{Seconds{1'790'000'000}});
    const auto request = conversation.take_output();
    require(request.starts_with("POST /sekisho HTTP/1.1\r\nHost: hooks.example:8443\r\n"));
    auto next = conversation.begin();
    for (std::size_t at = 0; at < text.size() && next == Next::talk; at += piece)
        next = conversation.received(text.substr(at, piece));
    require(conversation.take_output().empty());  // nothing is said after the request
    require(next == Next::talk || next == Next::done || next == Next::failed);
    if (next == Next::talk) require(conversation.closed() == Next::failed);
    return next;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = listen(text, std::max<std::size_t>(text.size(), 1));
    require(listen(text, std::max<std::size_t>(data[0], 1)) == whole);
    if (whole != Next::done) return 0;
    require(text.starts_with("HTTP/1.1 ") || text.starts_with("HTTP/1.0 "));
    require(text.find("\r\n\r\n") != std::string_view::npos);
    require(text.find(" 2") != std::string_view::npos);
    return 0;
}
