#include "gateway/http/cookies.hpp"

#include "gateway/http/byte_class.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr std::string_view kAttributes = "; Path=/; Secure; HttpOnly; SameSite=Lax";

// next_pair cuts the first "name=value" off a cookie string; only SP and HTAB around it are trimmed.
std::string_view next_pair(std::string_view& list) noexcept {
    const std::size_t end = list.find(';');
    const std::string_view pair = trim_blanks(list.substr(0, end));
    list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
    return pair;
}

std::string_view name_part(std::string_view pair) noexcept { return pair.substr(0, pair.find('=')); }

char folded(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// pair_may_be_ours: a nameless pair is judged whole, since "=x=1" and "x" reach a server as the cookie x.
bool pair_may_be_ours(std::string_view pair) noexcept {
    const std::string_view name = name_part(pair);
    return looks_like_ours(trim_blanks(name).empty() ? pair : name);
}

void note_pair(std::string_view pair, OurCookies& found, std::array<bool, 4>& seen) noexcept {
    constexpr std::string_view kStart = "__Host-Http-sekisho";
    if (!pair.starts_with(kStart)) return;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return;
    const std::string_view name = pair.substr(0, equals);
    for (std::size_t i = 0; i < kOurCookieNames.size(); ++i) {
        if (name != kOurCookieNames[i]) continue;
        found.repeated[i] = seen[i];
        seen[i] = true;
        found.values[i] = found.repeated[i] ? std::string_view{} : pair.substr(equals + 1);
        return;
    }
}

bool is_domain_attribute(std::string_view attribute) noexcept {
    return equal_ignoring_case(trim_blanks(name_part(attribute)), "domain");
}

bool is_approved(std::string_view attribute, std::span<const std::string> domains) noexcept {
    const std::size_t equals = attribute.find('=');
    std::string_view domain =
        equals == std::string_view::npos ? std::string_view{} : trim_blanks(attribute.substr(equals + 1));
    if (domain.starts_with('.')) domain.remove_prefix(1);
    return std::any_of(domains.begin(), domains.end(), [domain](std::string_view approved) {
        if (approved.starts_with('.')) approved.remove_prefix(1);
        return equal_ignoring_case(domain, approved);
    });
}

void write_value(OurCookie cookie, std::string_view value, std::optional<Seconds> max_age, HeadWriter& out) {
    out.put(name_of(cookie));
    out.put("=");
    out.put(value);
    out.put(kAttributes);
    if (!max_age) return;
    out.put("; Max-Age=");
    out.number(static_cast<std::uint64_t>(std::max<std::int64_t>(0, max_age->count())));
}

// write_without_domain copies every attribute but Domain.
void write_without_domain(const Field& field, HeadWriter& out) {
    std::string_view rest = field.value;
    out.put(field.name);
    out.put(": ");
    out.put(next_pair(rest));
    while (!rest.empty()) {
        const std::string_view attribute = next_pair(rest);
        if (attribute.empty() || is_domain_attribute(attribute)) continue;
        out.put("; ");
        out.put(attribute);
    }
    out.put("\r\n");
}

}  // namespace

OurCookies find_our_cookies(const RequestHead& head) noexcept {
    OurCookies found;
    std::array<bool, 4> seen{};
    if (!head.present.has(FieldId::cookie)) return found;
    for (const Field& field : head.fields) {
        if (field.id != FieldId::cookie) continue;
        std::string_view list = field.value;
        while (!list.empty()) note_pair(next_pair(list), found, seen);
    }
    for (std::size_t i = 0; i < found.values.size(); ++i)
        if (found.repeated[i]) found.values[i] = {};
    return found;
}

bool looks_like_ours(std::string_view cookie_name) noexcept {
    constexpr std::string_view kMark =
        "sekisho";  // no letter but 's' begins it again: one position is enough
    std::size_t matched = 0;
    for (const char c : cookie_name) {
        if (!has_class(c, byte_class::kAlnum)) continue;
        const char letter = folded(c);
        if (letter == kMark[matched])
            ++matched;
        else
            matched = matched == 5 && letter == 'e' ? 2 : letter == 's' ? 1 : 0;
        if (matched == kMark.size()) return true;
    }
    return false;
}

void write_cookies_without_ours(const RequestHead& head, HeadWriter& out) {
    if (!head.present.has(FieldId::cookie)) return;
    const std::size_t before = out.size_bytes();
    out.put("Cookie: ");
    const std::size_t empty = out.size_bytes();
    for (const Field& field : head.fields) {
        if (field.id != FieldId::cookie) continue;
        std::string_view list = field.value;
        while (!list.empty()) {
            const std::string_view pair = next_pair(list);
            if (pair.empty() || pair_may_be_ours(pair)) continue;
            if (out.size_bytes() > empty) out.put("; ");
            out.put(pair);
        }
    }
    if (out.size_bytes() == empty)
        out.cut_to(before);
    else
        out.put("\r\n");
}

void write_set_cookie(OurCookie cookie, std::string_view value, std::optional<Seconds> max_age,
                      HeadWriter& out) {
    out.put("Set-Cookie: ");
    write_value(cookie, value, max_age, out);
    out.put("\r\n");
}

void write_clear_cookie(OurCookie cookie, HeadWriter& out) { write_set_cookie(cookie, "", Seconds{0}, out); }

std::string set_cookie_value(OurCookie cookie, std::string_view value, std::optional<Seconds> max_age) {
    std::string text(value.size() + 128, '\0');
    HeadWriter out(text);
    write_value(cookie, value, max_age, out);
    text.resize(out.size_bytes());
    return text;
}

SetCookieVerdict judge_set_cookie(std::string_view value, std::span<const std::string> domains) noexcept {
    std::string_view rest = value;
    const std::string_view pair = next_pair(rest);
    const std::string_view name = name_part(pair);
    if (name.size() == pair.size() || trim_blanks(name).empty() || looks_like_ours(name))
        return SetCookieVerdict::drop;
    while (!rest.empty()) {
        const std::string_view attribute = next_pair(rest);
        if (is_domain_attribute(attribute) && !is_approved(attribute, domains))
            return SetCookieVerdict::narrow;
    }
    return SetCookieVerdict::pass;
}

SetCookieVerdict write_filtered_set_cookie(const Field& field, std::span<const std::string> domains,
                                           HeadWriter& out) {
    const SetCookieVerdict verdict = judge_set_cookie(field.value, domains);
    if (verdict == SetCookieVerdict::pass) out.field(field.name, field.value);
    if (verdict == SetCookieVerdict::narrow) write_without_domain(field, out);
    return verdict;
}

}  // namespace sekisho::gateway
