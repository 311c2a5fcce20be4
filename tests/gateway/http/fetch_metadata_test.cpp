// Goal: neighbouring sites cannot act with a visitor's cookies; pages still open by links (R3).
// Method: a table of what browsers send.
#include "gateway/http/fetch_metadata.hpp"

#include "read_head.hpp"

namespace sekisho::gateway {
namespace {

TEST(FetchMetadata, JudgesWhoMadeTheBrowserAsk) {
    using V = FetchVerdict;
    const std::vector<std::string> callers = {"https://caller.corp.example"};
    const FetchRules rules{{}, callers, false};
    struct Row {
        const char* method;
        const char* fields;
        V verdict;
    };
    constexpr Row kRows[] = {
        {"GET", "", V::allow},
        {"POST", "", V::allow},
        {"GET", "Sec-Fetch-Site: same-origin\r\n", V::allow},
        {"POST", "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n", V::allow},
        {"GET", "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n", V::allow},
        {"GET", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n",
         V::allow},
        {"GET", "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate\r\n", V::allow},
        {"POST", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", V::cross_site},
        {"POST", "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate\r\n", V::cross_site},
        {"GET", "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n",
         V::cross_site},
        {"GET", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: cors\r\n", V::cross_site},
        {"GET", "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: object\r\n",
         V::cross_site},
        {"GET", "Sec-Fetch-Site: same-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: embed\r\n",
         V::cross_site},
        {"HEAD", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n", V::cross_site},
        {"GET", "Sec-Fetch-Site: odd\r\n", V::cross_site},
        {"GET", "Sec-Fetch-Site:\r\n", V::cross_site},
        {"GET", "Sec-Fetch-Site: Same-Origin\r\n", V::cross_site},
        {"POST", "Sec-Fetch-Site: same-site\r\nOrigin: https://caller.corp.example\r\n", V::allow},
        {"POST", "Sec-Fetch-Site: same-site\r\nOrigin: https://caller.corp.example:1\r\n", V::cross_site},
        {"POST", "Origin: https://app.corp.example\r\n", V::allow},
        {"POST", "Origin: https://other.corp.example\r\n", V::cross_site},
        {"POST", "Origin: null\r\n", V::cross_site},
        {"POST", "Origin: http://app.corp.example\r\n", V::cross_site},
        {"GET", "Origin: https://other.corp.example\r\n", V::allow},
    };
    for (const Row& row : kRows) {
        const GoodRequest request(std::string(row.method) + " / HTTP/1.1\r\nHost: app.corp.example\r\n" +
                                  row.fields + "\r\n");
        EXPECT_EQ(to_text(judge_fetch(request.head, rules)), to_text(row.verdict))
            << row.method << ' ' << row.fields;
    }
}

TEST(FetchMetadata, AWebSocketNeedsAListedOrigin) {
    const std::vector<std::string> listed = {"https://chat.corp.example"};
    const std::string opening =
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n";
    const auto judge = [&opening](const std::string& origin, const FetchRules& rules) {
        const GoodRequest request = GoodRequest::get(opening + origin);
        return judge_fetch(request.head, rules);
    };
    const FetchRules own{{}, {}, true};
    const FetchRules named{listed, {}, true};
    EXPECT_EQ(judge("Origin: https://app.corp.example\r\n", own), FetchVerdict::allow);
    EXPECT_EQ(judge("Origin: https://app.corp.example\r\n", named), FetchVerdict::websocket_origin);
    EXPECT_EQ(judge("Origin: https://chat.corp.example\r\n", named), FetchVerdict::allow);
    EXPECT_EQ(judge("Origin: https://chat.corp.example.evil\r\n", named), FetchVerdict::websocket_origin);
    EXPECT_EQ(judge("Origin: http://app.corp.example\r\n", own), FetchVerdict::websocket_origin);
    EXPECT_EQ(judge("Origin: null\r\n", own), FetchVerdict::websocket_origin);
    EXPECT_EQ(judge("", own), FetchVerdict::websocket_origin);
    EXPECT_EQ(judge("Origin:\r\n", own), FetchVerdict::websocket_origin);
    EXPECT_EQ(judge("Origin: https://app.corp.example\r\nSec-Fetch-Site: same-site\r\n", own),
              FetchVerdict::allow);
    EXPECT_EQ(judge("Origin: https://app.corp.example\r\n", {{}, {}, false}), FetchVerdict::websocket_off);
}

TEST(FetchMetadata, NavigationAndPrefetchAreTold) {
    EXPECT_TRUE(is_navigation(GoodRequest::get("Sec-Fetch-Mode: navigate\r\n").head));
    EXPECT_FALSE(is_navigation(GoodRequest::get("Sec-Fetch-Mode: cors\r\nAccept: text/html\r\n").head));
    EXPECT_TRUE(is_navigation(GoodRequest::get("Accept: application/json, Text/HTML;q=0.9\r\n").head));
    EXPECT_FALSE(is_navigation(GoodRequest::get("Accept: */*\r\n").head));
    EXPECT_FALSE(is_navigation(GoodRequest::get("Accept: text/htmlx\r\n").head));
    EXPECT_TRUE(is_prefetch(GoodRequest::get("Sec-Purpose: prefetch;prerender\r\n").head));
    EXPECT_TRUE(is_prefetch(GoodRequest::get("purpose: prefetch\r\n").head));
    EXPECT_FALSE(is_prefetch(GoodRequest::get("").head));
}

TEST(FetchMetadata, APortalFormComesFromThePortal) {
    const std::string_view origin = "https://portal.corp.example:8443";
    const auto own = [origin](const std::string& fields) {
        const GoodRequest request = GoodRequest::get(fields);
        return is_from_own_origin(request.head, origin);
    };
    EXPECT_TRUE(own("Origin: https://portal.corp.example:8443\r\n"));
    EXPECT_TRUE(own("Origin: https://portal.corp.example:8443\r\nSec-Fetch-Site: same-origin\r\n"));
    EXPECT_FALSE(own("Origin: https://portal.corp.example:8443\r\nSec-Fetch-Site: same-site\r\n"));
    EXPECT_FALSE(own("Origin: https://portal.corp.example\r\n"));
    EXPECT_FALSE(own("Origin: null\r\n"));
    EXPECT_FALSE(own(""));
}

}  // namespace
}  // namespace sekisho::gateway
