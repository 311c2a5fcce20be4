// Goal: every answer of ours carries its security fields, and only our own forms are accepted.
// Method: each kind of answer; each way an Origin, a type or a token can be wrong.
#include "gateway/portal/page_policy.hpp"

#include "gateway/portal/assets.hpp"
#include "tests/gateway/portal/world.hpp"

namespace sekisho::gateway {
namespace {

using testing::World;

TEST(PagePolicy, PagesAllowNothingFromElsewhere) {
    const auto page = html_response(200, Language::ja, "<p>x</p>");
    const auto csp = page.field("content-security-policy");
    for (const char* part : {"default-src 'none'", "style-src 'self'", "img-src 'self'", "form-action 'self'",
                             "base-uri 'none'", "frame-ancestors 'none'"})
        EXPECT_NE(csp.find(part), std::string_view::npos) << part;
    EXPECT_EQ(csp.find("unsafe"), std::string_view::npos);
    EXPECT_EQ(csp.find("script-src"), std::string_view::npos);
    EXPECT_EQ(page.field("permissions-policy"),
              "publickey-credentials-create=(), publickey-credentials-get=()");
    EXPECT_EQ(page.field("cache-control"), "no-store");
    EXPECT_EQ(page.field("cross-origin-opener-policy"), "same-origin");
    EXPECT_EQ(page.field("cross-origin-resource-policy"), "same-origin");
    EXPECT_EQ(page.field("x-content-type-options"), "nosniff");
    EXPECT_EQ(page.field("referrer-policy"), "same-origin");
    EXPECT_EQ(page.field("content-language"), "ja");
    EXPECT_EQ(see_other("https://a.example", LocalPath("/x")).field("location"), "https://a.example/x");
    EXPECT_EQ(see_other("https://a.example", LocalPath("/x")).field("referrer-policy"), "no-referrer");
}

TEST(PagePolicy, OnlyAPageWithPasskeysRunsOurScript) {
    const auto page = html_response(200, Language::en, "<p>x</p>", Script::passkeys);
    const auto csp = page.field("content-security-policy");
    EXPECT_NE(csp.find("default-src 'none'"), std::string_view::npos);
    EXPECT_NE(csp.find("; script-src 'self'; connect-src 'self'"), std::string_view::npos);
    EXPECT_EQ(csp.find("unsafe"), std::string_view::npos);
    EXPECT_EQ(page.field("permissions-policy"),
              "publickey-credentials-create=(self), publickey-credentials-get=(self)");
    EXPECT_EQ(json_response("{}").field("cache-control"), "no-store");
    EXPECT_EQ(json_response("{}").field("content-type"), "application/json");
}

TEST(PagePolicy, AssetsAreKeptForEver) {
    for (const Asset& asset : all_assets()) {
        EXPECT_FALSE(asset.bytes.empty()) << asset.name;
        const auto fresh = asset_response(asset.path, "");
        EXPECT_EQ(fresh.status, 200);
        EXPECT_EQ(fresh.content(), asset.bytes);
        EXPECT_NE(fresh.field("cache-control").find("immutable"), std::string_view::npos);
        EXPECT_EQ(asset_response(asset.path, asset.etag).status, 304);
        EXPECT_TRUE(asset_response(asset.path, asset.etag).content().empty());
    }
    EXPECT_EQ(all_assets().size(), 5u);
    EXPECT_NE(asset_url("base.css").str().find("/.sekisho/assets/base."), std::string::npos);
    EXPECT_EQ(asset_response("/.sekisho/assets/base.css", "").status, 404);
}

TEST(PagePolicy, OnlyOurOwnOriginMayPost) {
    PortalRequest r;
    r.method = "POST";
    r.fields = {{"origin", "https://p.example:8443"},
                {"content-type", "application/x-www-form-urlencoded; charset=UTF-8"}};
    EXPECT_TRUE(form_allowed(r, "https://p.example:8443"));
    EXPECT_FALSE(form_allowed(r, "https://p.example"));
    r.method = "GET";
    EXPECT_FALSE(form_allowed(r, "https://p.example:8443"));
    r.method = "POST";
    r.fields[1].value = "text/plain";
    EXPECT_FALSE(form_allowed(r, "https://p.example:8443"));
    r.fields[1].value = "application/x-www-form-urlencoded";
    r.fields.push_back(r.fields[0]);
    EXPECT_FALSE(form_allowed(r, "https://p.example:8443")) << "an Origin given twice is none";
}

TEST(PagePolicy, TokensHoldForOneBrowserAndOnePurpose) {
    World world;
    const FormTokens tokens(*world.keys);
    const Digest one = sha256(as_bytes("one")), two = sha256(as_bytes("two"));
    const auto token = tokens.bound("a", one);
    EXPECT_TRUE(tokens.bound_holds(token, "a", one));
    EXPECT_FALSE(tokens.bound_holds(token, "a", two));
    EXPECT_FALSE(tokens.bound_holds(token, "b", one));
    EXPECT_FALSE(tokens.bound_holds("", "a", one));
    for (std::size_t i = 0; i < token.size(); ++i) {
        auto damaged = token;
        damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(tokens.bound_holds(damaged, "a", one)) << i;
    }
    EXPECT_TRUE(world.keys->rotate(auth::KeyPurpose::browser_seal));
    EXPECT_TRUE(tokens.bound_holds(token, "a", one)) << "forms outlive a change of keys";
}

TEST(PagePolicy, StampsRunOut) {
    World world;
    const FormTokens tokens(*world.keys);
    const auto now = world.clock.wall();
    const auto stamp = tokens.stamp("a", now);
    EXPECT_TRUE(tokens.stamp_holds(stamp, "a", now, Seconds{60}));
    EXPECT_TRUE(tokens.stamp_holds(stamp, "a", now + Seconds{60}, Seconds{60}));
    EXPECT_FALSE(tokens.stamp_holds(stamp, "a", now + Seconds{61}, Seconds{60}));
    EXPECT_FALSE(tokens.stamp_holds(stamp, "a", now - Seconds{120}, Seconds{60}));
    EXPECT_FALSE(tokens.stamp_holds(stamp, "b", now, Seconds{60}));
    EXPECT_FALSE(tokens.stamp_holds(stamp.substr(1), "a", now, Seconds{60}));
    EXPECT_FALSE(tokens.stamp_holds("", "a", now, Seconds{60}));
}

TEST(PagePolicy, OurCookiesHaveEveryAttribute) {
    PortalResponse response;
    set_cookie(response, cookie_names::known, "v1.x", Seconds{400 * 86400});
    drop_cookie(response, cookie_names::sso);
    EXPECT_EQ(response.fields[0].value,
              "__Host-Http-sekisho-known=v1.x; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=34560000");
    EXPECT_EQ(response.fields[1].value,
              "__Host-Http-sekisho-sso=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
}

}  // namespace
}  // namespace sekisho::gateway
