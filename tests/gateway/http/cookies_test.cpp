// Goal: ours are found byte by byte, never reach an upstream, and no upstream can set, shadow or clear them
// (R10, R29). Method: tables of spellings both ways.
#include "gateway/http/cookies.hpp"

#include "read_head.hpp"

namespace sekisho::gateway {
namespace {

std::string upstream_cookies(const std::string& fields) {
    const GoodRequest request = GoodRequest::get(fields);
    std::string buffer(4096, '\0');
    HeadWriter out(buffer);
    write_cookies_without_ours(request.head, out);
    return std::string(out.text());
}

TEST(OurCookies, AreFoundByExactName) {
    const GoodRequest request = GoodRequest::get(
        "Cookie: a=b;\t__Host-Http-sekisho=v1.app ; "
        "__Host-Http-sekisho-tx=v1.t=x;__Host-Http-sekisho-sso=\r\n"
        "Cookie: __Host-Http-sekisho-known=v1.k\r\n");
    const OurCookies found = find_our_cookies(request.head);
    EXPECT_EQ(found[OurCookie::app], "v1.app");
    EXPECT_EQ(found[OurCookie::tx], "v1.t=x");
    EXPECT_EQ(found[OurCookie::sso], "");
    EXPECT_EQ(found[OurCookie::known], "v1.k");
}

TEST(OurCookies, OtherSpellingsAreNotOurs) {
    for (const std::string name :
         {"__host-http-sekisho", "__Host-Http-Sekisho", "\xe2\x80\x80__Host-Http-sekisho",
          "__Host-Http-sekisho ", "x__Host-Http-sekisho", "\xc2\xa0__Host-Http-sekisho",
          "__Host-Http-sekishox", "__Host-Http-sekish", "__Host-sekisho"}) {
        const GoodRequest request = GoodRequest::get("Cookie: " + name + "=v1.x\r\n");
        EXPECT_EQ(find_our_cookies(request.head)[OurCookie::app], "") << name;
    }
}

TEST(OurCookies, ARepeatedOneHasNoValue) {
    for (const std::string fields :
         {"Cookie: __Host-Http-sekisho=a; __Host-Http-sekisho=b\r\n",
          "Cookie: __Host-Http-sekisho=a; __Host-Http-sekisho=a\r\n",
          "Cookie: __Host-Http-sekisho=a\r\nCookie: __Host-Http-sekisho=b\r\n",
          "Cookie: __Host-Http-sekisho=a; __Host-Http-sekisho=b; __Host-Http-sekisho=c\r\n",
          "Cookie: __Host-Http-sekisho=; __Host-Http-sekisho=c\r\n"}) {
        const GoodRequest request = GoodRequest::get(fields);
        const OurCookies found = find_our_cookies(request.head);
        EXPECT_EQ(found[OurCookie::app], "") << fields;
        EXPECT_TRUE(found.repeated[static_cast<std::size_t>(OurCookie::app)]) << fields;
        EXPECT_EQ(upstream_cookies(fields), "") << fields;
    }
}

TEST(UpstreamCookies, KeepTheAppsOwnAndLoseOurs) {
    EXPECT_EQ(upstream_cookies(""), "");
    EXPECT_EQ(upstream_cookies("Cookie: a=b; c=d\r\n"), "Cookie: a=b; c=d\r\n");
    EXPECT_EQ(upstream_cookies("Cookie: a=b; __Host-Http-sekisho=x; c=d\r\n"), "Cookie: a=b; c=d\r\n");
    EXPECT_EQ(upstream_cookies("Cookie: __Host-Http-sekisho=x\r\n"), "");
    EXPECT_EQ(upstream_cookies("Cookie: a=b\r\nCookie: __Host-Http-sekisho-sso=x;c=d\r\n"),
              "Cookie: a=b; c=d\r\n");
    EXPECT_EQ(upstream_cookies("Cookie: ; ;a=b;;\r\n"), "Cookie: a=b\r\n");
    EXPECT_EQ(upstream_cookies("Cookie: flag; seki=sho\r\n"), "Cookie: flag; seki=sho\r\n");
}

TEST(UpstreamCookies, LoseOursInEverySpelling) {
    for (const std::string name :
         {"__Host-Http-sekisho", "__host-http-SEKISHO", "\xe2\x80\x80__Host-Http-sekisho",
          "__Host-Http-sekisho\t", "__Host-Http-sekisho-sso", "__Host.Http_seki-sho", "sekisho", "Sekisho_tx",
          "=__Host-Http-sekisho", "ssekisho", "sekisekisho", "sesekisho"})
        EXPECT_EQ(upstream_cookies("Cookie: " + name + "=v1.x; a=b\r\n"), "Cookie: a=b\r\n") << name;
    EXPECT_EQ(upstream_cookies("Cookie: __Host-Http-sekisho; a=b\r\n"), "Cookie: a=b\r\n");
}

TEST(SetCookie, OursCarryEveryAttribute) {
    EXPECT_EQ(set_cookie_value(OurCookie::app, "v1.x", {}),
              "__Host-Http-sekisho=v1.x; Path=/; Secure; HttpOnly; SameSite=Lax");
    EXPECT_EQ(set_cookie_value(OurCookie::known, "v1.x", Seconds{400LL * 86400}),
              "__Host-Http-sekisho-known=v1.x; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=34560000");
    std::string buffer(512, '\0');
    HeadWriter out(buffer);
    write_clear_cookie(OurCookie::tx, out);
    EXPECT_EQ(out.text(),
              "Set-Cookie: __Host-Http-sekisho-tx=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0\r\n");
}

TEST(SetCookie, OfAnUpstreamIsJudged) {
    using V = SetCookieVerdict;
    const std::vector<std::string> domains = {"apps.corp.example"};
    struct Row {
        std::string_view value;
        V verdict;
        std::string_view written;
    };
    constexpr Row kRows[] = {
        {"a=b", V::pass, "Set-Cookie: a=b\r\n"},
        {"a=b; Path=/; HttpOnly", V::pass, "Set-Cookie: a=b; Path=/; HttpOnly\r\n"},
        {"a=b; Domain=apps.corp.example", V::pass, "Set-Cookie: a=b; Domain=apps.corp.example\r\n"},
        {"a=b; domain=.APPS.corp.example", V::pass, "Set-Cookie: a=b; domain=.APPS.corp.example\r\n"},
        {"a=b; Domain=corp.example; Path=/x", V::narrow, "Set-Cookie: a=b; Path=/x\r\n"},
        {"a=b;dOmAiN = corp.example", V::narrow, "Set-Cookie: a=b\r\n"},
        {"a=b; Domain=apps.corp.example; Domain=corp.example", V::narrow, "Set-Cookie: a=b\r\n"},
        {"a=b; Domain", V::narrow, "Set-Cookie: a=b\r\n"},
        {"a=b; Domain=", V::narrow, "Set-Cookie: a=b\r\n"},
        {"__Host-Http-sekisho=x; Path=/; Secure", V::drop, ""},
        {"__HOST-HTTP-SEKISHO=; Max-Age=0", V::drop, ""},
        {"__Host-Http-sekisho-sso=x", V::drop, ""},
        {"__Host-sekisho=x", V::drop, ""},
        {"\xe2\x80\x80__Host-Http-sekisho=x", V::drop, ""},
        {"=__Host-Http-sekisho=x", V::drop, ""},
        {" =__Host-Http-sekisho=x", V::drop, ""},
        {"__Host-Http-sekisho", V::drop, ""},
        {"nameless", V::drop, ""},
        {"", V::drop, ""},
        {"; Domain=corp.example", V::drop, ""},
    };
    for (const Row& row : kRows) {
        std::string buffer(512, '\0');
        HeadWriter out(buffer);
        const Field field{"Set-Cookie", row.value, FieldId::set_cookie};
        EXPECT_EQ(write_filtered_set_cookie(field, domains, out), row.verdict) << row.value;
        EXPECT_EQ(out.text(), row.written) << row.value;
    }
}

}  // namespace
}  // namespace sekisho::gateway
