// Any bytes from a mail server: nothing but EHLO and STARTTLS is said before TLS, the password never; a
// message is delivered only after all of it was sent; and how the bytes came in pieces makes no difference.
#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "gateway/notify/smtp.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace sekisho;
using namespace sekisho::gateway;
using Next = Conversation::Next;

void require(bool holds) {
    if (!holds) __builtin_trap();
}

constexpr std::string_view password = "an-app-password";
const SmtpMessage message{"sekisho@mihon.example", "sato@mihon.example", "Subject: x\r\n\r\n.dot\r\n"};

struct Heard {
    Next end = Next::talk;
    std::string in_clear, over_tls;
};

// What a server that says `text`, so many bytes at once, gets to hear.
Heard talk(const SmtpRoute& route, std::string_view text, std::size_t piece) {
    SmtpConversation conversation(route, message);
    Heard heard;
    bool tls = route.implicit_tls;
    const auto take = [&] { (tls ? heard.over_tls : heard.in_clear) += conversation.take_output(); };
    heard.end = conversation.begin();
    for (std::size_t at = 0; at < text.size() && heard.end == Next::talk; at += piece) {
        heard.end = conversation.received(text.substr(at, piece));
        take();
        if (heard.end != Next::secure) continue;
        require(!tls);  // TLS begins once
        tls = true;
        heard.end = conversation.secured();
        take();
    }
    return heard;
}

void check_clear(const std::string& said) {
    require(said.empty() || said == "EHLO gate.example\r\n" || said == "EHLO gate.example\r\nSTARTTLS\r\n");
}

void check_secured(const Heard& heard, const SmtpRoute& route) {
    const auto& said = heard.over_tls;
    require(said.empty() || said.ends_with("\r\n"));
    const auto signs_in = said.find("AUTH ") != std::string::npos;
    require(!signs_in || !route.user.empty());
    if (heard.end != Next::done) return;
    require(route.user.empty() || signs_in);
    require(said.ends_with("DATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    SmtpRoute route{"gate.example", (data[0] & 1U) != 0, (data[0] & 2U) != 0 ? "mailer" : "",
                    Secret(as_bytes(password))};
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    const auto heard = talk(route, text, std::max<std::size_t>(data[1], 1));
    check_clear(heard.in_clear);
    check_secured(heard, route);
    if (!route.implicit_tls) return 0;  // there a piece's end says what came before the handshake
    const auto whole = talk(route, text, std::max<std::size_t>(text.size(), 1));
    require(whole.end == heard.end && whole.over_tls == heard.over_tls);
    return 0;
}
