// Syntax of hosts, URLs, paths and of ambiguous YAML scalars.
#include "config/syntax.hpp"

#include "base/text.hpp"
#include "config/scalar.hpp"

#include <algorithm>

namespace sekisho::config {
namespace {

bool is_label(std::string_view label) noexcept {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    return std::all_of(label.begin(), label.end(),
                       [](char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-'; });
}

bool is_hex(char c) noexcept { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); }

struct HostPort {
    std::string host;
    std::optional<std::uint16_t> port;
};

std::optional<HostPort> parse_authority(std::string_view text) {
    HostPort out;
    std::string_view rest;
    if (!text.empty() && text.front() == '[') {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        out.host = text.substr(1, close - 1);
        if (out.host.find(':') == std::string::npos) return std::nullopt;
        rest = text.substr(close + 1);
    } else {
        const auto colon = text.find(':');
        out.host = text.substr(0, colon);
        if (colon != std::string_view::npos) rest = text.substr(colon);
    }
    if (!is_host(out.host)) return std::nullopt;
    if (rest.empty()) return out;
    if (rest.front() != ':') return std::nullopt;
    out.port = parse_port(rest.substr(1));
    if (!out.port) return std::nullopt;
    return out;
}

bool all_in(std::string_view text, std::string_view set) noexcept {
    return !text.empty() && text.find_first_not_of(set) == std::string_view::npos;
}

constexpr std::string_view digits = "0123456789_";

bool is_sexagesimal(std::string_view text) noexcept {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || !all_in(text.substr(0, colon), digits)) return false;
    std::optional<std::string_view> rest = text.substr(colon + 1);
    while (const auto part = next_part(rest, ':')) {
        const auto whole = part->substr(0, part->find('.'));
        if (whole.empty() || whole.size() > 2 || !all_in(*part, "0123456789_.")) return false;
    }
    return true;
}

bool is_float(std::string_view text) noexcept {
    const auto e = text.find_first_of("eE");
    auto mantissa = text.substr(0, e);
    if (e != std::string_view::npos) {
        auto exponent = text.substr(e + 1);
        if (!exponent.empty() && (exponent[0] == '+' || exponent[0] == '-')) exponent.remove_prefix(1);
        if (!all_in(exponent, "0123456789")) return false;
    }
    const auto dots = std::count(mantissa.begin(), mantissa.end(), '.');
    return dots <= 1 && all_in(mantissa, "0123456789_.") &&
           mantissa.find_first_of("0123456789") != mantissa.npos;
}

}  // namespace

bool is_host(std::string_view text) {
    if (parse_ip(text)) return true;
    if (text.empty() || text.size() > 253) return false;
    const auto labels = split(text, '.');
    // A name that ends in digits would be read as an address by somebody.
    const bool numeric = all_in(labels.back(), "0123456789");
    return !numeric && std::all_of(labels.begin(), labels.end(), is_label);
}

bool is_authority(std::string_view text) { return parse_authority(text).has_value(); }

std::optional<std::uint16_t> parse_port(std::string_view text) {
    const auto number = parse_unsigned(text, 65535);
    if (!number) return std::nullopt;
    return static_cast<std::uint16_t>(*number);
}

std::optional<std::pair<IpAddress, std::uint16_t>> parse_endpoint(std::string_view text) {
    const auto parsed = parse_authority(text);
    if (!parsed || !parsed->port) return std::nullopt;
    const auto address = parse_ip(parsed->host);
    if (!address) return std::nullopt;
    return std::pair(*address, *parsed->port);
}

std::optional<Url> parse_url(std::string_view text) {
    Url url;
    const auto small = lower(text);
    url.tls = small.rfind("https://", 0) == 0;
    if (!url.tls && small.rfind("http://", 0) != 0) return std::nullopt;
    auto parsed = parse_authority(std::string_view(small).substr(url.tls ? 8 : 7));
    if (!parsed || (parsed->port && *parsed->port == 0)) return std::nullopt;
    url.host = std::move(parsed->host);
    url.port_given = parsed->port.has_value();
    url.port = parsed->port.value_or(static_cast<std::uint16_t>(url.tls ? 443 : 80));
    return url;
}

std::optional<std::string> parse_origin(std::string_view text) {
    const auto url = parse_url(text);
    if (!url) return std::nullopt;
    const bool v6 = url->host.find(':') != std::string::npos;
    auto origin = std::string(url->tls ? "https://" : "http://") + (v6 ? "[" + url->host + "]" : url->host);
    if (url->port != (url->tls ? 443 : 80)) origin += ":" + std::to_string(url->port);
    return origin;
}

namespace {

// The one spelling that requests are compared in: an escape in upper case, and only of what may not stand
// plainly and may be escaped at all.
bool is_canonical_escape(std::string_view text) noexcept {
    constexpr std::string_view hex = "0123456789ABCDEF";
    if (text.size() != 3) return false;
    const auto high = hex.find(text[1]), low = hex.find(text[2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    const auto byte = static_cast<unsigned char>(high * 16 + low);
    const char c = to_lower(static_cast<char>(byte));
    const bool unreserved =
        (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
    return byte >= 0x20 && byte != 0x7f && byte != '/' && byte != '\\' && !unreserved;
}

}  // namespace

bool is_url_path(std::string_view text) noexcept {
    if (text.empty() || text.front() != '/' || text.size() > 1024) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c <= ' ' || c > '~' || std::string_view("?#;\\\"<>[]^`{|}").find(c) != std::string_view::npos)
            return false;
        if (c == '%' && !is_canonical_escape(text.substr(i, 3))) return false;
    }
    std::optional<std::string_view> rest = text.substr(1);
    while (const auto segment = next_part(rest, '/')) {
        if (*segment == "." || *segment == "..") return false;
        if (segment->empty() && rest) return false;  // an empty one only at the end
    }
    return true;
}

bool is_method(std::string_view text) noexcept {
    return text.size() <= 32 && all_in(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-");
}

bool is_env_name(std::string_view text) noexcept {
    return text.size() <= 128 && all_in(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
}

bool is_boolean_word(std::string_view text) {
    static constexpr std::string_view words[] = {"y", "n", "yes", "no", "on", "off", "true", "false"};
    const auto small = lower(text);
    return std::find(std::begin(words), std::end(words), small) != std::end(words);
}

bool is_number_like(std::string_view text) noexcept {
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
    if (text.empty()) return false;
    if (equals_ignoring_case(text, ".inf") || equals_ignoring_case(text, ".nan")) return true;
    if (!is_digit(text[0]) && text[0] != '.') return false;
    if (text.size() > 2 && text[0] == '0') {
        const auto rest = text.substr(2);
        const char base = to_lower(text[1]);
        if (base == 'x' &&
            std::all_of(rest.begin(), rest.end(), [](char c) { return is_hex(c) || c == '_'; }))
            return true;
        if ((base == 'o' || base == 'b') && all_in(rest, "01234567_")) return true;
    }
    return is_sexagesimal(text) || is_float(text);
}

bool is_ambiguous(std::string_view text) noexcept {
    return text.empty() || text == "~" || equals_ignoring_case(text, "null") || is_boolean_word(text) ||
           is_number_like(text);
}

Argument plain_looks_like(std::string_view text) {
    if (is_boolean_word(text)) return {"true or false", "真偽値"};
    if (is_number_like(text)) return {"a number", "数"};
    return {"an empty value", "空の値"};
}

bool is_name(std::string_view text, Type type) noexcept {
    const auto good = [&](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || c == '.' || c == '_' || c == '-' ||
               (c == '@' && type == Type::account);
    };
    const bool starts = !text.empty() && (is_digit(text[0]) || (text[0] >= 'a' && text[0] <= 'z'));
    return starts && text.size() <= 64 && std::all_of(text.begin(), text.end(), good);
}

std::size_t characters(std::string_view text) noexcept {
    std::size_t count = 0;
    for (; !text.empty(); ++count) text.remove_prefix(std::max<std::size_t>(1, utf8_sequence(text)));
    return count;
}

std::string minute_text(std::uint16_t minute) {
    const auto two = [](int n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    return two(minute / 60) + ":" + two(minute % 60);
}

std::string days_text(std::uint8_t days) {
    static constexpr std::string_view names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    if (days == 0x7f) return "all";
    std::string out;
    for (std::size_t i = 0; i < 7; ++i)
        if (days >> i & 1) out += (out.empty() ? "" : ",") + std::string(names[i]);
    return out;
}

// Whatever else RFC 5322 allows, it allows header
// fields to be smuggled in too.
bool is_mail_address(std::string_view text) {
    const auto at = text.rfind('@');
    if (at == std::string_view::npos || at == 0 || at > 64 || text.size() > 254) return false;
    constexpr std::string_view marks = ".!#$%&'*+/=?^_`{|}~-";
    const auto local = text.substr(0, at);
    const bool plain = std::all_of(local.begin(), local.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
               marks.find(c) != std::string_view::npos;
    });
    return plain && is_host(lower(text.substr(at + 1)));
}

}  // namespace sekisho::config
