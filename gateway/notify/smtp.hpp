#pragma once
// SmtpConversation hands one message to a mail server (RFC 5321), over TLS and never without it: from the
// first byte (RFC 8314) or by STARTTLS (RFC 3207), where nothing said before the handshake counts after it.
#include "base/secret.hpp"
#include "gateway/notify/conversation.hpp"

namespace sekisho::gateway {

struct SmtpRoute {
    std::string own_name;  // for EHLO
    bool implicit_tls = false;
    std::string user;  // empty: no sign-in
    Secret password;
};

struct SmtpMessage {
    std::string from, to;  // plain addresses
    std::string content;   // header fields and body, lines ending in CRLF
};

// Bounds: a reply has at most 64 lines of at most 2048 bytes.
class SmtpConversation final : public Conversation {
public:
    SmtpConversation(const SmtpRoute& route, const SmtpMessage& message) : route_(route), message_(message) {}

    Next begin() override;
    Next received(std::string_view bytes) override;
    Next secured() override;
    Next closed() override;

private:
    enum class Step : std::uint8_t {
        greeting,
        hello,
        start_tls,
        handshake,
        hello_secured,
        auth_plain,
        auth_user,
        auth_password,
        from,
        to,
        data,
        content,
        over
    };
    struct Offers {
        bool start_tls = false, plain = false, login = false;
    };
    Next line(std::string_view text);
    Next reply(int code);
    Next refused(int code);
    Next send(std::string_view command, Step next);
    Next after_hello();
    Next sign_in();
    void note_offer(std::string_view text);

    const SmtpRoute& route_;
    const SmtpMessage& message_;
    Step step_ = Step::greeting;
    Offers offers_;
    std::string buffer_;
    int code_ = 0, lines_ = 0;  // of the reply that is coming in
};

// with_dots_doubled is a content as DATA carries it: a line that begins with a dot gets another, and the end
// mark follows (RFC 5321 section 4.5.2).
std::string with_dots_doubled(std::string_view content);

}  // namespace sekisho::gateway
