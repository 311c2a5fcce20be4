// A notice as a mail message: RFC 5322 with UTF-8 kept out of the header by RFC 2047 and out of the body by
// base64 (RFC 2045 section 6.8).
#include "base/base64.hpp"
#include "base/text.hpp"
#include "base/words.hpp"
#include "gateway/notify/notice.hpp"

#include <fmt/format.h>

namespace sekisho::gateway {
namespace {

// "=?UTF-8?B?" and "?=" leave 63 characters of base64 in an encoded word of 75: 45 bytes.
constexpr std::size_t encoded_word_bytes = 45, line_characters = 76;

// encoded: words that each hold whole characters, folded one to a line.
std::string encoded(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        auto part = cut_utf8(text, encoded_word_bytes);
        if (part.empty()) break;  // not UTF-8: the table of words holds no such thing
        out += (out.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?") + base64(as_bytes(part)) + "?=";
        text.remove_prefix(part.size());
    }
    return out;
}

// "Sat, 28 Nov 2026 04:30:00 +0000" (RFC 5322 section 3.3).
std::string date_field(WallTime time) {
    static constexpr std::string_view days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{std::chrono::floor<Seconds>(time - day)};
    return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} +0000",
                       days[std::chrono::weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
                       months[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string with_crlf(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') out += '\r';
        out += c;
    }
    return out;
}

std::string wrapped(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += line_characters)
        out += text.substr(at, line_characters) + "\r\n";
    return out;
}

}  // namespace

std::string mail_content(const config::Model& model, const auth::NoticeRow& row) {
    const auto language = row.language == "ja" ? Language::ja : Language::en;
    const auto& organisation = model.portal.organisation.in(language);
    const auto sender = organisation.empty() ? std::string("Sekisho") : organisation + " Sekisho";
    return fmt::format(
        "From: {} <{}>\r\nTo: <{}>\r\nSubject: {}\r\nDate: {}\r\nMessage-ID: <{}@{}>\r\n"
        "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Language: {}\r\n"
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
        encoded(sender), model.notify.mail.from, row.address, encoded(row.subject), date_field(row.created),
        row.id, model.portal.host, row.language, wrapped(base64(as_bytes(with_crlf(row.body)))));
}

}  // namespace sekisho::gateway
