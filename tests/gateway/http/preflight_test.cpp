// Goal: a preflight of a declared caller is answered with exactly what was configured, and nothing else is
// taken for one. Method: one good preflight, changed in one place at a time.
#include "gateway/http/preflight.hpp"

#include "tests/gateway/http/read_head.hpp"

#include <map>

namespace sekisho::gateway {
namespace {

const std::vector<std::string> origins = {"https://a.example", "https://b.example:8443"};
const std::vector<std::string> methods = {"GET", "PUT"};
const std::vector<std::string> headers = {"content-type", "sekisho-token"};
const PreflightRules rules{origins, methods, headers, false, Seconds{600}};

std::string asked(const std::string& fields, const std::string& method = "OPTIONS") {
    return method + " /x HTTP/1.1\r\nHost: app.corp.example\r\n" + fields + "\r\n";
}

const std::string good =
    "Origin: https://a.example\r\nAccess-Control-Request-Method: PUT\r\n"
    "Access-Control-Request-Headers: content-type, Sekisho-Token\r\n";

TEST(Preflight, ADeclaredCallerIsAnswered) {
    const GoodRequest request(asked(good));
    ASSERT_TRUE(is_allowed_preflight(request.head, rules));
    const auto reply = preflight_reply(request.head, rules);
    EXPECT_EQ(reply.status, 204);
    EXPECT_TRUE(reply.body.empty());
    std::map<std::string, std::string> fields(reply.fields.begin(), reply.fields.end());
    EXPECT_EQ(fields["access-control-allow-origin"], "https://a.example");
    EXPECT_EQ(fields["access-control-allow-methods"], "GET, PUT");
    EXPECT_EQ(fields["access-control-allow-headers"], "content-type, sekisho-token");
    EXPECT_EQ(fields["access-control-max-age"], "600");
    EXPECT_EQ(fields.count("access-control-allow-credentials"), 0u);
    EXPECT_TRUE(fields["vary"].starts_with("origin"));
    auto with_cookies = rules;
    with_cookies.credentials = true;
    const auto other = preflight_reply(request.head, with_cookies);
    std::map<std::string, std::string> more(other.fields.begin(), other.fields.end());
    EXPECT_EQ(more["access-control-allow-credentials"], "true");
}

TEST(Preflight, NothingElseIsTakenForOne) {
    const std::string origin = "Origin: https://a.example\r\n",
                      method = "Access-Control-Request-Method: PUT\r\n";
    const struct {
        const char* name;
        const char* method;
        std::string fields;
    } cases[] = {
        {"a GET", "GET", good},
        {"no origin", "OPTIONS", method},
        {"no method asked for", "OPTIONS", origin},
        {"another origin", "OPTIONS", "Origin: https://evil.example\r\n" + method},
        {"null origin", "OPTIONS", "Origin: null\r\n" + method},
        {"another case", "OPTIONS", "Origin: HTTPS://a.example\r\n" + method},
        {"another port", "OPTIONS", "Origin: https://b.example\r\n" + method},
        {"another method", "OPTIONS", origin + "Access-Control-Request-Method: DELETE\r\n"},
        {"a method in lower case", "OPTIONS", origin + "Access-Control-Request-Method: put\r\n"},
        {"two methods", "OPTIONS", origin + method + method},
        {"a field not listed", "OPTIONS", good + "X: y\r\nAccess-Control-Request-Headers: x-other\r\n"},
        {"one of several not listed", "OPTIONS",
         origin + method + "Access-Control-Request-Headers: content-type,x-other\r\n"},
        {"with content", "OPTIONS", good + "Content-Length: 1\r\n"},
    };
    for (const auto& c : cases) {
        const GoodRequest request(asked(c.fields, c.method));
        EXPECT_FALSE(is_allowed_preflight(request.head, rules)) << c.name;
        EXPECT_FALSE(is_allowed_preflight(request.head, {})) << c.name;
    }
}

}  // namespace
}  // namespace sekisho::gateway
