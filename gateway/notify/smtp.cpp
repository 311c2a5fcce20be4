#include "gateway/notify/smtp.hpp"

#include "base/base64.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

namespace sekisho::gateway {
namespace {

constexpr std::size_t line_bytes_max = 2048;
constexpr int lines_max = 64;

}  // namespace

std::string with_dots_doubled(std::string_view content) {
    std::string out;
    out.reserve(content.size() + 16);
    bool at_start = true;
    for (const char c : content) {
        if (at_start && c == '.') out += '.';
        out += c;
        at_start = c == '\n';
    }
    if (!content.ends_with("\r\n")) out += "\r\n";
    return out += ".\r\n";
}

Conversation::Next SmtpConversation::begin() { return Next::talk; }

Conversation::Next SmtpConversation::received(std::string_view bytes) {
    buffer_ += bytes;
    for (auto end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n')) {
        if (end > line_bytes_max) break;
        auto text = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        if (text.ends_with('\r')) text.pop_back();
        const auto next = line(text);
        if (next == Next::secure && !buffer_.empty())
            return fail(Errc::malformed, "the mail server spoke on before the handshake it had agreed to");
        if (next != Next::talk) return next;
    }
    if (buffer_.size() > line_bytes_max)
        return fail(Errc::too_large, "the mail server answered with a line too long");
    return Next::talk;
}

// A reply is "250-text" lines and a last "250 text" of the same code (RFC 5321 section 4.2.1).
Conversation::Next SmtpConversation::line(std::string_view text) {
    const bool digits =
        text.size() >= 3 && text[0] >= '2' && text[0] <= '5' && is_digit(text[1]) && is_digit(text[2]);
    const bool more = text.size() > 3 && text[3] == '-';
    if (!digits || (text.size() > 3 && !more && text[3] != ' '))
        return fail(Errc::malformed, "the mail server answered with something that is no SMTP");
    const int code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    if (lines_ > 0 && code != code_)
        return fail(Errc::malformed, "the mail server answered with two codes in one reply");
    if (++lines_ > lines_max) return fail(Errc::too_large, "the mail server answered with too many lines");
    code_ = code;
    if (lines_ > 1) note_offer(text.substr(std::min<std::size_t>(text.size(), 4)));
    if (more) return Next::talk;
    lines_ = 0;
    return reply(code);
}

void SmtpConversation::note_offer(std::string_view text) {
    if (step_ != Step::hello && step_ != Step::hello_secured) return;
    const auto words = split(text, ' ');
    if (equals_ignoring_case(words.front(), "STARTTLS")) offers_.start_tls = true;
    if (!equals_ignoring_case(words.front(), "AUTH")) return;
    for (const auto word : words) {
        offers_.plain |= equals_ignoring_case(word, "PLAIN");
        offers_.login |= equals_ignoring_case(word, "LOGIN");
    }
}

Conversation::Next SmtpConversation::send(std::string_view command, Step next) {
    output_ += command;
    output_ += "\r\n";
    step_ = next;
    return Next::talk;
}

// A recipient or a content refused for good stays refused; all else may be the server's trouble or ours.
Conversation::Next SmtpConversation::refused(int code) {
    static constexpr std::string_view names[] = {"the connection", "EHLO",        "STARTTLS", "TLS",
                                                 "EHLO",           "sign-in",     "sign-in",  "sign-in",
                                                 "the sender",     "the address", "DATA",     "the message"};
    const bool for_good = code >= 500 && (step_ == Step::to || step_ == Step::content);
    return fail(
        for_good ? Errc::denied : Errc::unavailable,
        fmt::format("the mail server answered {} to {}", code, names[static_cast<std::size_t>(step_)]));
}

Conversation::Next SmtpConversation::reply(int code) {
    const bool good = code / 100 == 2;
    switch (step_) {
        case Step::greeting:
            if (code != 220) return refused(code);
            return send("EHLO " + route_.own_name, route_.implicit_tls ? Step::hello_secured : Step::hello);
        case Step::hello:
            if (!good) return refused(code);
            if (!offers_.start_tls)
                return fail(Errc::unavailable,
                            "the mail server offers no STARTTLS, and nothing goes without it");
            return send("STARTTLS", Step::start_tls);
        case Step::start_tls:
            if (code != 220) return refused(code);
            step_ = Step::handshake;
            return Next::secure;
        case Step::hello_secured:
            return good ? after_hello() : refused(code);
        case Step::auth_user:
            if (code != 334) return refused(code);
            return send(base64(as_bytes(route_.user)), Step::auth_password);
        case Step::auth_password:
            if (code != 334) return refused(code);
            return send(base64(route_.password.reveal()), Step::auth_plain);
        case Step::auth_plain:
            if (!good) return refused(code);
            return send("MAIL FROM:<" + message_.from + ">", Step::from);
        case Step::from:
            if (!good) return refused(code);
            return send("RCPT TO:<" + message_.to + ">", Step::to);
        case Step::to:
            return good ? send("DATA", Step::data) : refused(code);
        case Step::data:
            if (code != 354) return refused(code);
            output_ += with_dots_doubled(message_.content);
            step_ = Step::content;
            return Next::talk;
        case Step::content:
            if (!good) return refused(code);
            (void)send("QUIT", Step::over);
            return Next::done;
        case Step::handshake:
        case Step::over:
            break;
    }
    return fail(Errc::malformed, "the mail server answered a question nobody had asked");
}

Conversation::Next SmtpConversation::after_hello() {
    if (!route_.user.empty()) return sign_in();
    return send("MAIL FROM:<" + message_.from + ">", Step::from);
}

// RFC 4616, or the older LOGIN where a server knows nothing else; both only ever over TLS.
Conversation::Next SmtpConversation::sign_in() {
    if (offers_.plain) {
        std::string words('\0' + route_.user + '\0');
        words += route_.password.reveal_text();
        const auto sent = send("AUTH PLAIN " + base64(as_bytes(words)), Step::auth_plain);
        wipe_text(words);
        return sent;
    }
    if (offers_.login) return send("AUTH LOGIN", Step::auth_user);
    return fail(Errc::unavailable, "the mail server offers no sign-in we know (AUTH PLAIN or LOGIN)");
}

Conversation::Next SmtpConversation::secured() {
    offers_ = {};
    return send("EHLO " + route_.own_name, Step::hello_secured);
}

Conversation::Next SmtpConversation::closed() {
    return fail(Errc::unavailable, "the mail server ended the connection");
}

}  // namespace sekisho::gateway
