#pragma once
// Cookies: finding ours byte by byte, keeping them from upstreams, and upstreams from them (R10, R29).
#include "base/civil_time.hpp"
#include "gateway/http/head_writer.hpp"
#include "gateway/http/message.hpp"

#include <optional>

namespace sekisho::gateway {

enum class OurCookie : std::uint8_t {
    sso,    // portal: the session
    app,    // app host: the session there
    tx,     // a sign-in in progress
    known,  // portal: this browser has signed in before
};
inline constexpr std::array<std::string_view, 4> kOurCookieNames = {
    "__Host-Http-sekisho-sso", "__Host-Http-sekisho", "__Host-Http-sekisho-tx", "__Host-Http-sekisho-known"};
constexpr std::string_view name_of(OurCookie cookie) noexcept {
    return kOurCookieNames[static_cast<std::size_t>(cookie)];
}

// OurCookies are the values of ours in one request. One that was sent twice has no value: none is valid.
struct OurCookies {
    std::array<std::string_view, 4> values;  // empty = absent or repeated
    std::array<bool, 4> repeated{};
    std::string_view operator[](OurCookie cookie) const noexcept {
        return values[static_cast<std::size_t>(cookie)];
    }
};

// find_our_cookies reads every Cookie field. Names are byte-exact; only SP and HTAB are trimmed.
OurCookies find_our_cookies(const RequestHead& head) noexcept;

// write_cookies_without_ours puts one Cookie field with all pairs but those that look like ours, in any
// spelling; nothing when none is left.
void write_cookies_without_ours(const RequestHead& head, HeadWriter& out);

// looks_like_ours: the name, letters and digits only and without case, holds "sekisho".
bool looks_like_ours(std::string_view cookie_name) noexcept;

// write_set_cookie puts a whole Set-Cookie line for one of ours: Secure, HttpOnly, Path=/, SameSite=Lax and
// no Domain. Without `max_age` it ends with the browser.
void write_set_cookie(OurCookie cookie, std::string_view value, std::optional<Seconds> max_age,
                      HeadWriter& out);
// write_clear_cookie puts the line that removes one of ours.
void write_clear_cookie(OurCookie cookie, HeadWriter& out);
// set_cookie_value is the same value without the field name, for pages built elsewhere.
std::string set_cookie_value(OurCookie cookie, std::string_view value, std::optional<Seconds> max_age);

enum class SetCookieVerdict : std::uint8_t {
    pass,    // as sent
    narrow,  // without its Domain attributes: the cookie stays on its host
    drop,    // names one of ours in any spelling, or has no name
};
// judge_set_cookie judges an upstream's Set-Cookie value. `domains` are approved for Domain=.
SetCookieVerdict judge_set_cookie(std::string_view value, std::span<const std::string> domains) noexcept;
// write_filtered_set_cookie applies the verdict while writing the line.
SetCookieVerdict write_filtered_set_cookie(const Field& field, std::span<const std::string> domains,
                                           HeadWriter& out);

}  // namespace sekisho::gateway
