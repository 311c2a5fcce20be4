#pragma once
// NaiveHttp1 reads a request the slow, obvious way: split into lines, look at each, then at all together. It
// shares no code and no table with gateway/http; a message they read differently is a fault in one of them.
// Source: RFC 9112 sections 2 to 7, RFC 9110 sections 5 to 7 and 10.1.1, and what this house refuses beyond
// them (docs/hostile-peers.md).
#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sekisho::oracle {

struct NaiveRequest {
    enum class Outcome : std::uint8_t { incomplete, refused, whole };
    Outcome outcome = Outcome::incomplete;
    std::string method, target, version;
    std::vector<std::pair<std::string, std::string>> fields;
    bool chunked = false;
    std::optional<std::uint64_t> length;
    std::string body;
    std::vector<std::pair<std::string, std::string>> trailers;
    std::size_t head_bytes = 0, bytes = 0;  // of the head; of all of it

    std::vector<std::string> all(const std::string& name) const;
};

namespace naive {

inline std::string lower(std::string text) {
    for (char& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

inline bool letter_or_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

inline bool token(const std::string& text) {
    if (text.empty()) return false;
    for (const char c : text)
        if (!letter_or_digit(c) && std::string("!#$%&'*+-.^_`|~").find(c) == std::string::npos) return false;
    return true;
}

inline std::string trimmed(std::string text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.erase(0, 1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.pop_back();
    return text;
}

inline std::vector<std::string> split(const std::string& text, char mark) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == mark)
            parts.emplace_back();
        else
            parts.back() += c;
    }
    return parts;
}

// lines_of: nothing when a line ends otherwise than by CRLF.
inline std::optional<std::vector<std::string>> lines_of(const std::string& text) {
    std::vector<std::string> lines(1);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n') return std::nullopt;
        if (text[i] != '\r') {
            lines.back() += text[i];
            continue;
        }
        if (i + 1 == text.size() || text[i + 1] != '\n') return std::nullopt;
        ++i;
        lines.emplace_back();
    }
    lines.pop_back();  // behind the last CRLF
    return lines;
}

inline bool read_field(const std::string& line, std::pair<std::string, std::string>& field) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) return false;
    field = {line.substr(0, colon), trimmed(line.substr(colon + 1))};
    if (!token(field.first)) return false;
    for (const char c : line.substr(colon + 1)) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\t') || byte == 0x7f) return false;
    }
    return true;
}

inline std::optional<std::uint64_t> number(const std::string& text, unsigned base, std::size_t digits_max) {
    if (text.empty() || text.size() > digits_max) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : lower(text)) {
        const auto digit = std::string("0123456789abcdef").substr(0, base).find(c);
        if (digit == std::string::npos) return std::nullopt;
        value = value * base + digit;
    }
    return value;
}

inline bool host(const std::string& text) {
    std::string name = text, port = "0";
    const bool literal = !text.empty() && text[0] == '[';
    const auto colon = literal ? text.find("]:") : text.find(':');
    if (colon != std::string::npos) {
        name = text.substr(0, literal ? colon + 1 : colon);
        port = text.substr(colon + (literal ? 2 : 1));
    }
    if (!number(port, 10, 5) || text.size() > 262) return false;
    if (literal) {
        if (name.size() < 4 || name.back() != ']') return false;
        for (const char c : name.substr(1, name.size() - 2))
            if (std::string("0123456789abcdefABCDEF:.").find(c) == std::string::npos) return false;
        return true;
    }
    if (name.empty()) return false;
    return std::ranges::all_of(name,
                               [](char c) { return letter_or_digit(c) || c == '-' || c == '.' || c == '_'; });
}

}  // namespace naive

inline std::vector<std::string> NaiveRequest::all(const std::string& name) const {
    std::vector<std::string> found;
    for (const auto& [sent, value] : fields)
        if (naive::lower(sent) == name) found.push_back(value);
    return found;
}

class NaiveHttp1 {
public:
    std::size_t head_bytes_max = 4096, fields_max = 32, target_bytes_max = 1024;

    NaiveRequest read(const std::string& input) const {
        NaiveRequest request;
        const auto end = input.find("\r\n\r\n");
        if (end == std::string::npos || end + 4 > head_bytes_max) {
            if (end != std::string::npos || input.size() >= head_bytes_max)
                request.outcome = NaiveRequest::Outcome::refused;
            return request;
        }
        request.head_bytes = request.bytes = end + 4;
        request.outcome = NaiveRequest::Outcome::refused;
        const auto lines = naive::lines_of(input.substr(0, end + 2));
        if (!lines || !read_start(lines->front(), request)) return request;
        for (std::size_t i = 1; i < lines->size(); ++i) {
            request.fields.emplace_back();
            if (!naive::read_field((*lines)[i], request.fields.back())) return request;
        }
        if (request.fields.size() > fields_max || !read_meaning(request)) return request;
        read_body(input.substr(request.head_bytes), request);
        return request;
    }

private:
    bool read_start(const std::string& line, NaiveRequest& request) const {
        const auto parts = naive::split(line, ' ');
        if (parts.size() != 3) return false;
        request.method = parts[0];
        request.target = parts[1];
        request.version = parts[2];
        if (!naive::token(request.method) || request.method.size() > 32) return false;
        if (std::ranges::any_of(request.method, [](char c) { return c >= 'a' && c <= 'z'; })) return false;
        if (request.method == "CONNECT" || request.method == "TRACE") return false;
        if (request.target.empty() || request.target.size() > target_bytes_max) return false;
        for (const char c : request.target)
            if (c <= 0x20 || c >= 0x7f || c == '#' || c == '\\') return false;
        return request.version == "HTTP/1.1" || request.version == "HTTP/1.0";
    }

    static bool read_meaning(NaiveRequest& request) {
        static const char* once[] = {"host",           "content-length",       "transfer-encoding",
                                     "authorization",  "content-type",         "expect",
                                     "origin",         "sec-fetch-dest",       "sec-fetch-mode",
                                     "sec-fetch-site", "sekisho-token",        "sec-websocket-key",
                                     "upgrade",        "sec-websocket-version"};
        for (const auto* name : once)
            if (request.all(name).size() > 1) return false;
        return read_place(request) && read_connection(request) && read_length(request) &&
               read_expect(request) && read_upgrade(request);
    }

    static bool read_place(const NaiveRequest& request) {
        const auto hosts = request.all("host");
        const bool old = request.version == "HTTP/1.0";
        std::optional<std::string> authority;
        if (request.target == "*") {
            if (request.method != "OPTIONS") return false;
        } else if (request.target[0] != '/') {
            const auto scheme = naive::lower(request.target.substr(0, request.target.find("://")));
            if (request.target.find("://") == std::string::npos || (scheme != "http" && scheme != "https"))
                return false;
            const auto rest = request.target.substr(scheme.size() + 3);
            authority = rest.substr(0, rest.find_first_of("/?"));
        }
        if (hosts.empty()) return old && (!authority || authority->empty() || naive::host(*authority));
        if (!naive::host(hosts[0])) return false;
        return !authority || naive::lower(*authority) == naive::lower(hosts[0]);
    }

    static bool read_connection(const NaiveRequest& request) {
        for (const auto& value : request.all("connection"))
            for (const auto& item : naive::split(value, ','))
                if (!naive::trimmed(item).empty() && !naive::token(naive::trimmed(item))) return false;
        return true;
    }

    static bool names_upgrade(const NaiveRequest& request) {
        for (const auto& value : request.all("connection"))
            for (const auto& item : naive::split(value, ','))
                if (naive::lower(naive::trimmed(item)) == "upgrade") return true;
        return false;
    }

    static bool read_length(NaiveRequest& request) {
        const auto codings = request.all("transfer-encoding"), lengths = request.all("content-length");
        if (!codings.empty()) {
            if (!lengths.empty() || request.version == "HTTP/1.0" || naive::lower(codings[0]) != "chunked")
                return false;
            request.chunked = true;
        }
        if (!lengths.empty()) {
            request.length = naive::number(lengths[0], 10, 18);
            if (!request.length) return false;
        }
        return true;
    }

    static bool read_expect(const NaiveRequest& request) {
        const auto expect = request.all("expect");
        return expect.empty() || request.version == "HTTP/1.0" || naive::lower(expect[0]) == "100-continue";
    }

    static bool read_upgrade(const NaiveRequest& request) {
        const auto upgrade = request.all("upgrade");
        if (upgrade.empty() || !names_upgrade(request) || request.version == "HTTP/1.0") return true;
        const auto token = naive::lower(upgrade[0]);
        const auto name = token.substr(0, token.find('/'));
        for (const auto* ignored : {"h2c", "h2", "http", "tls"})
            if (name == ignored) return true;
        if (token.find(',') != std::string::npos) return true;
        const auto slash = token.find('/');
        if (!naive::token(name) || (slash != std::string::npos && !naive::token(token.substr(slash + 1))))
            return false;
        const bool body = request.chunked || request.length.value_or(0) > 0;
        if (token != "websocket") return !body;
        const auto keys = request.all("sec-websocket-key"), versions = request.all("sec-websocket-version");
        if (request.method != "GET" || body || keys.empty() || versions.empty() || versions[0] != "13")
            return false;
        const auto& key = keys[0];
        if (key.size() != 24 || key.substr(22) != "==") return false;
        return std::ranges::all_of(key.substr(0, 22),
                                   [](char c) { return naive::letter_or_digit(c) || c == '+' || c == '/'; });
    }

    static void read_body(const std::string& rest, NaiveRequest& request) {
        using Outcome = NaiveRequest::Outcome;
        if (!request.chunked) {
            const auto length = request.length.value_or(0);
            const bool whole = rest.size() >= length;
            request.body = rest.substr(0, length);
            request.bytes += request.body.size();
            request.outcome = whole ? Outcome::whole : Outcome::incomplete;
            return;
        }
        std::size_t at = 0;
        for (;;) {
            const auto size = read_size(rest, at, request.outcome);
            if (!size) return;
            if (*size == 0) break;
            if (!read_chunk(rest, at, *size, request)) return;
        }
        read_trailers(rest, at, request);
        request.bytes = request.head_bytes + at;
    }

    // read_size reads "HEX CRLF" at `at`; a wrong byte refuses as soon as it is there.
    static std::optional<std::uint64_t> read_size(const std::string& rest, std::size_t& at,
                                                  NaiveRequest::Outcome& outcome) {
        std::string digits;
        outcome = NaiveRequest::Outcome::refused;
        while (at < rest.size() && std::isxdigit(static_cast<unsigned char>(rest[at])) != 0) {
            digits += rest[at++];
            if (!naive::number(digits, 16, 16) || *naive::number(digits, 16, 16) > std::uint64_t{1} << 62)
                return std::nullopt;
        }
        const auto tail = rest.substr(at, 2);
        const bool digits_missing = digits.empty() && !tail.empty();
        if (digits_missing || tail != std::string("\r\n").substr(0, tail.size())) return std::nullopt;
        if (tail.size() < 2) outcome = NaiveRequest::Outcome::incomplete;
        if (tail.size() < 2) return std::nullopt;
        at += 2;
        return naive::number(digits, 16, 16);
    }

    static bool read_chunk(const std::string& rest, std::size_t& at, std::uint64_t size,
                           NaiveRequest& request) {
        const auto part = rest.substr(at, size);
        request.body += part;
        at += part.size();
        request.outcome = NaiveRequest::Outcome::incomplete;
        if (part.size() < size) return false;
        const auto tail = rest.substr(at, 2);
        if (tail != std::string("\r\n").substr(0, tail.size()))
            request.outcome = NaiveRequest::Outcome::refused;
        at += tail.size();
        return tail == "\r\n";
    }

    static void read_trailers(const std::string& rest, std::size_t& at, NaiveRequest& request) {
        using Outcome = NaiveRequest::Outcome;
        const auto text = rest.substr(at);
        request.outcome = Outcome::incomplete;
        if (std::string("\r\n").starts_with(text.substr(0, 2)) && text.size() < 2) return;
        if (text.starts_with("\r\n")) {
            at += 2;
            request.outcome = Outcome::whole;
            return;
        }
        const auto end = text.find("\r\n\r\n");
        if (end == std::string::npos) {
            // Not whole: a fault may be told already, or not yet.
            return;
        }
        request.outcome = Outcome::refused;
        const auto lines = naive::lines_of(text.substr(0, end + 2));
        if (!lines || lines->size() > 32 || end + 4 > 8192) return;
        for (const auto& line : *lines) {
            request.trailers.emplace_back();
            if (!naive::read_field(line, request.trailers.back())) return;
            if (changes_the_message(request.trailers.back().first)) return;
        }
        at += end + 4;
        request.outcome = Outcome::whole;
    }

    // Names whose arrival behind the body would change where the message ends, where it goes or who sent it;
    // signs between letters make no difference to some readers.
    static bool changes_the_message(const std::string& name) {
        std::string plain;
        for (const char c : naive::lower(name))
            if (naive::letter_or_digit(c)) plain += c;
        for (const auto* begin : {"sekisho", "forwarded", "xforwarded", "remote", "xremote"})
            if (plain.starts_with(begin)) return true;
        for (const auto* whole : {"connection", "contentlength", "host", "transferencoding", "upgrade"})
            if (plain == whole) return true;
        for (const auto* exact : {"te", "trailer", "keep-alive", "proxy-connection", "http2-settings"})
            if (naive::lower(name) == exact) return true;
        return false;
    }
};

}  // namespace sekisho::oracle
