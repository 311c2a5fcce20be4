// Goal: our reading of a request is that of a strict reader, and so is what an upstream is sent of it.
// Method: messages put together from good and hostile parts, damaged here and there, read by the codec and by
// a slow, obvious oracle. SEKISHO_MESSAGES sets how many; each is made from its own number, which a failure
// names.
#include "gateway/forward/rewrite.hpp"
#include "gateway/http/body.hpp"
#include "gateway/http/canonical_path.hpp"
#include "gateway/http/http1_codec.hpp"
#include "tests/oracle/naive_http1.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

namespace sekisho::gateway {
namespace {

using oracle::NaiveHttp1;
using oracle::NaiveRequest;
using Outcome = NaiveRequest::Outcome;

// Maker puts one message together.
class Maker {
public:
    explicit Maker(std::uint64_t number) : dice_(number * 0x9e3779b97f4a7c15ULL + 1) {}

    std::string message() {
        std::string text = start();
        const auto fields = roll(6);
        for (unsigned i = 0; i < fields; ++i) text += field();
        if (!rarely(12)) text += "Host: wiki.test\r\n";
        std::string body = framed(text);
        text += "\r\n" + body;
        for (unsigned left = rarely(3) ? 1 + roll(3) : 0; left > 0; --left) damage(text);
        if (rarely(20)) text.resize(roll(static_cast<unsigned>(text.size()) + 1));
        return text;
    }

private:
    unsigned roll(unsigned sides) { return static_cast<unsigned>(dice_() % sides); }
    bool rarely(unsigned one_in) { return roll(one_in) == 0; }
    template <std::size_t N>
    const char* any(const char* const (&choices)[N]) {
        return choices[roll(N)];
    }
    // mostly gives one of the first `good`, one time in `one_in` any of them.
    template <std::size_t N>
    const char* mostly(unsigned good, unsigned one_in, const char* const (&choices)[N]) {
        return choices[roll(rarely(one_in) ? N : good)];
    }

    std::string start() {
        static constexpr const char* methods[] = {"GET",    "POST", "PUT",   "HEAD",    "OPTIONS", "M-SEARCH",
                                                  "DELETE", "get",  "TRACE", "CONNECT", "G@T"};
        static constexpr const char* targets[] = {"/",
                                                  "/a/b?c=d",
                                                  "/%41/../b",
                                                  "//x//y",
                                                  "/?q=%00",
                                                  "http://wiki.test/a",
                                                  "https://WIKI.test",
                                                  "http://wiki.test?x",
                                                  "*",
                                                  "/a%2fb",
                                                  "/a;b/c",
                                                  "/a#b",
                                                  "http://other/",
                                                  "wiki.test:443",
                                                  "/a\\b",
                                                  "/.%2e/x",
                                                  "gopher://wiki.test/"};
        static constexpr const char* versions[] = {"HTTP/1.1", "HTTP/1.0", "HTTP/2.0",
                                                   "HTTP/1.2", "http/1.1", "HTTP/1.1 "};
        const std::string target = rarely(60) ? "/" + std::string(roll(1100), 'a') : mostly(8, 8, targets);
        return std::string(mostly(7, 20, methods)) + " " + target + " " + mostly(1, 8, versions) + "\r\n";
    }

    std::string field() {
        static constexpr const char* lines[] = {
            "Accept: */*", "Cookie: a=b; __Host-Http-sekisho=x", "X-A:\t b \t",
            "X-Empty:", "Connection: close", "Connection: keep-alive, X-A", "Connection: Upgrade",
            "Upgrade: h2c", "Upgrade: a,b", "Expect: 100-continue", "Content_Length: 7",
            "Transfer_Encoding: chunked", "X-Forwarded-For: 6.6.6.6", "X-Original-URL: /secret",
            "Sekisho-Assertion: forged", "Content-Type: text/plain", "TE: trailers",
            "Authorization: Bearer x", "Origin: null", "X-High: \xc3\xa9",
            // From here on what two readers may differ about, or what is refused.
            "Connection: a b", "Upgrade: websocket", "Upgrade: foo/1",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Version: 8", "Expect: 200-ok", "Content-Length: 5", "Content-Length: 5, 5",
            "Content-Length: +5", "Content-Length: 0x5", "content-length: 3", "Transfer-Encoding: chunked",
            "Transfer-Encoding: Chunked", "Transfer-Encoding: identity",
            "Transfer-Encoding: chunked, chunked", "Transfer-Encoding : chunked", "Host: other.test",
            "Host: wiki.test", "Host: a b", "Host: [::1]:443", " folded", "no colon", ": nameless",
            "X-Nul: a\001b", "X-Bare: a\rb", "X-Feed: a\nb"};
        std::string line = mostly(20, 12, lines);
        if (rarely(200)) line = "X-Long: " + std::string(roll(5000), 'v');
        return line + (rarely(60) ? "\n" : "\r\n");
    }

    // framed appends framing fields to the head and gives a body for them, mostly a fitting one.
    std::string framed(std::string& head) {
        switch (roll(3)) {
            case 0:
                return rarely(6) ? "GET /smuggled HTTP/1.1\r\n\r\n" : "";
            case 1: {
                const std::string body(roll(20), 'x');
                head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
                return body + (rarely(3) ? "GET /next HTTP/1.1\r\n\r\n" : "");
            }
            default:
                head += "Transfer-Encoding: chunked\r\n";
                return chunks();
        }
    }

    std::string chunks() {
        static constexpr const char* sizes[] = {
            "5", "05", "5;a=b", "5 ", "+5", "0x5", "", "5\t", "fffffffffffffffff", "4", "6"};
        static constexpr const char* ends[] = {"\r\n", "\r\n", "\r\n", "\r\n",  "\r\n",
                                               "\r\n", "\n",   "\r",   "\r\r\n"};
        static constexpr const char* trailers[] = {"X-Sum: 1\r\n",
                                                   "Etag: \"a\"\r\n",
                                                   "Host: other.test\r\n",
                                                   "content_length: 4\r\n",
                                                   "Transfer-Encoding: chunked\r\n",
                                                   "X-Forwarded-User: root\r\n",
                                                   "SEKISHO.Assertion: x\r\n",
                                                   "Remote-User: root\r\n",
                                                   "TE: x\r\n",
                                                   " fold\r\n",
                                                   "Bad\r\n",
                                                   "X-L: a\n"};
        std::string text;
        for (unsigned left = roll(4); left > 0; --left)
            text += std::string(rarely(20) ? any(sizes) : "5") + (rarely(40) ? any(ends) : "\r\n") + "hello" +
                    (rarely(40) ? any(ends) : "\r\n");
        text += std::string(rarely(8) ? "000" : "0") + (rarely(40) ? any(ends) : "\r\n");
        for (unsigned left = rarely(3) ? 1 + roll(3) : 0; left > 0; --left) text += mostly(2, 5, trailers);
        text += rarely(40) ? any(ends) : "\r\n";
        return text + (rarely(4) ? "GET /next HTTP/1.1\r\n\r\n" : "");
    }

    void damage(std::string& text) {
        static constexpr char bytes[] = {'\0', '\t', '\n',   '\r',   ' ', ':', ';', ',',
                                         '0',  'A',  '\x7f', '\x80', '%', '/', '#', '"'};
        if (text.empty()) return;
        const auto at = roll(static_cast<unsigned>(text.size()));
        switch (roll(4)) {
            case 0:
                text.erase(at, 1);
                break;
            case 1:
                text.insert(at, 1, bytes[roll(sizeof bytes)]);
                break;
            case 2:
                text.insert(at, text.substr(at, 1 + roll(40)));
                break;
            default:
                text[at] = bytes[roll(sizeof bytes)];
        }
    }

    std::mt19937_64 dice_;
};

// Ours is the same message as the gateway reads it.
struct Ours {
    Outcome outcome = Outcome::incomplete;
    HeadScratch scratch;
    RequestHead head;
    BodyDecoder decoder;
    std::string body;
    std::size_t bytes = 0;

    void read(const std::string& input, const HeadLimits& limits) {
        HeadScan scan;
        const auto step = parse_request_head(input, limits, scan, scratch, head);
        if (step.state == HeadStep::State::fault) outcome = Outcome::refused;
        if (step.state != HeadStep::State::done) return;
        bytes = step.head_bytes;
        decoder = BodyDecoder::of(head, 0);
        while (decoder.state() == BodyDecoder::State::more) {
            const auto part = decoder.feed(std::string_view(input).substr(bytes));
            body += part.payload;
            bytes += part.consumed;
            if (part.consumed == 0) break;
        }
        outcome = decoder.state() == BodyDecoder::State::done    ? Outcome::whole
                  : decoder.state() == BodyDecoder::State::fault ? Outcome::refused
                                                                 : Outcome::incomplete;
    }
};

// differ: what the two readings do not agree on; empty when nothing.
std::string differ(const NaiveRequest& naive, const Ours& ours) {
    if (naive.outcome == Outcome::incomplete)
        return ours.outcome == Outcome::whole ? "we found it whole" : "";
    if (naive.outcome != ours.outcome)
        return naive.outcome == Outcome::whole ? "we refuse it" : "we let it pass";
    if (naive.outcome == Outcome::refused) return "";
    if (ours.head.method != naive.method || ours.head.target != naive.target) return "request line";
    if (ours.head.fields.size() != naive.fields.size()) return "number of fields";
    for (std::size_t i = 0; i < naive.fields.size(); ++i)
        if (ours.head.fields[i].name != naive.fields[i].first ||
            ours.head.fields[i].value != naive.fields[i].second)
            return "field " + naive.fields[i].first;
    if ((ours.head.framing == Framing::chunked) != naive.chunked) return "coding";
    if (ours.body != naive.body || ours.bytes != naive.bytes) return "where the body ends";
    if (ours.decoder.trailers().size() != naive.trailers.size()) return "trailers";
    return "";
}

// differ_upstream: what an upstream is sent must be, to the strict reader, the same request on the path that
// was decided on, and say nothing of its own about who sends it.
std::string differ_upstream(const NaiveRequest& naive, const RequestHead& head) {
    std::string scratch;
    const auto path = canonicalise_path(head.path, PathRules::plain, scratch);
    if (!path || !valid_query(head.query) || head.host.empty() || head.form == TargetForm::asterisk)
        return "";
    UpstreamFacts facts;
    facts.path = path.path;
    facts.client_address = "192.0.2.1";
    facts.assertion = "ours";
    std::string text(upstream_head_bound(head, facts), '\0');
    const auto bytes = write_upstream_head(head, facts, text);
    if (!bytes) return "larger than its bound";
    text.resize(*bytes);
    NaiveHttp1 reader;
    reader.head_bytes_max = reader.fields_max = reader.target_bytes_max = 1u << 20;
    // The body is not here: only the head is judged, as one that has none.
    const auto sent = reader.read(text);
    if (sent.head_bytes != text.size() || (sent.outcome == Outcome::refused))
        return "the upstream refuses it:\n" + text;
    const auto target = std::string(path.path) + (head.has_query ? "?" + std::string(head.query) : "");
    if (sent.method != naive.method || sent.target != target) return "the upstream reads another target";
    if (sent.chunked != naive.chunked) return "the upstream reads another coding";
    if (sent.length.value_or(0) != naive.length.value_or(0)) return "the upstream reads another length";
    if (sent.all("sekisho-assertion") != std::vector<std::string>{"ours"}) return "a forged assertion";
    if (sent.all("x-forwarded-for") != std::vector<std::string>{"192.0.2.1"}) return "a forged address";
    for (const auto& [name, value] : sent.fields) {
        std::string plain;
        for (const char c : oracle::naive::lower(name))
            if (oracle::naive::letter_or_digit(c)) plain += c;
        const bool twin =
            (plain == "contentlength" && oracle::naive::lower(name) != "content-length") ||
            (plain == "transferencoding" && oracle::naive::lower(name) != "transfer-encoding") ||
            (plain == "host" && oracle::naive::lower(name) != "host");
        bool session = false;
        for (const auto& part :
             oracle::naive::split(oracle::naive::lower(name) == "cookie" ? value : "", ';'))
            session |= oracle::naive::trimmed(part.substr(0, part.find('='))) == "__Host-Http-sekisho";
        if (twin || session) return "passed on: " + name;
    }
    return "";
}

std::string shown(const std::string& text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\r' || c == '\n')
            out += c == '\r' ? "\\r" : "\\n\n";
        else if (byte < 0x20 || byte >= 0x7f)
            out += "\\x" + std::string(1, "0123456789abcdef"[byte >> 4]) + "0123456789abcdef"[byte & 15];
        else
            out += c;
    }
    return out;
}

TEST(GeneratedHttp1, ReadsAsTheOracleDoes) {
    const char* asked = std::getenv("SEKISHO_MESSAGES");
    const std::uint64_t messages = asked ? std::strtoull(asked, nullptr, 10) : 200'000;
    const NaiveHttp1 naive;
    const HeadLimits limits{static_cast<std::uint32_t>(naive.head_bytes_max),
                            static_cast<std::uint32_t>(naive.fields_max),
                            static_cast<std::uint32_t>(naive.target_bytes_max)};
    std::uint64_t whole = 0, refused = 0, forwarded = 0;
    for (std::uint64_t number = 0; number < messages; ++number) {
        const auto text = Maker(number).message();
        const auto read = naive.read(text);
        Ours ours;
        ours.read(text, limits);
        auto difference = differ(read, ours);
        whole += read.outcome == Outcome::whole ? 1 : 0;
        refused += read.outcome == Outcome::refused ? 1 : 0;
        if (difference.empty() && read.outcome == Outcome::whole) {
            difference = differ_upstream(read, ours.head);
            ++forwarded;
        }
        ASSERT_EQ(difference, "") << "message " << number << ":\n" << shown(text);
    }
    RecordProperty("whole", std::to_string(whole));
    std::printf(
        "%llu messages: %llu whole, %llu refused, %llu compared as the upstream reads them, 0 "
        "disagreements\n",
        static_cast<unsigned long long>(messages), static_cast<unsigned long long>(whole),
        static_cast<unsigned long long>(refused), static_cast<unsigned long long>(forwarded));
    EXPECT_GT(whole, messages / 20) << "the maker must make good messages too";
    EXPECT_GT(refused, messages / 4);
}

}  // namespace
}  // namespace sekisho::gateway
