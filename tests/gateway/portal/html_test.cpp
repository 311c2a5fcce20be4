// Goal: nothing that comes from outside can become markup, a script, a style or an address elsewhere.
// Method: hostile text in each context; the closed lists checked while compiling.
#include "gateway/portal/html.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

static_assert(!may_be_element("script") && !may_be_element("style") && !may_be_element("iframe"));
static_assert(!may_be_element("a b") && !may_be_element("a>") && !may_be_element("") && !may_be_element("A"));
static_assert(may_be_element("h1") && may_be_element("details"));
static_assert(!may_be_attribute("style") && !may_be_attribute("onclick") && !may_be_attribute("onload"));
static_assert(!may_be_attribute("href") && !may_be_attribute("srcdoc") && !may_be_attribute("a=b"));
static_assert(may_be_attribute("aria-label") && may_be_attribute("viewBox"));

TEST(Html, TextIsEscaped) {
    EXPECT_EQ(el("p", {"<script>alert('1')</script> & \"q\""}).html(),
              "<p>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;q&quot;</p>");
    EXPECT_EQ(Markup(std::string_view("a\0b", 3)).html(), "ab");
}

TEST(Html, AttributeValuesStayInTheirQuotes) {
    EXPECT_EQ(void_el("input", {{"value", "\" autofocus onfocus=\"x()"}}).html(),
              "<input value=\"&quot; autofocus onfocus=&quot;x()\">");
    EXPECT_EQ(void_el("input", {Attribute("required"), cls("a")}).html(), "<input required class=\"a\">");
}

TEST(Html, MarkupIsNotEscapedTwice) {
    const Markup inner = el("b", {"x & y"});
    EXPECT_EQ(el("p", {inner, " ", inner}).html(), "<p><b>x &amp; y</b> <b>x &amp; y</b></p>");
}

TEST(Url, LocalPathsStayHere) {
    for (const char* good : {"/", "/a", "/a?b=c&d='\"", "/.sekisho/x%20y"})
        EXPECT_TRUE(Url::local(good)) << good;
    for (const char* bad : {"", "a", "//evil.example", "/\\evil.example", "javascript:alert(1)",
                            "https://x.example/", "/a b", "/a\nb", "/\x7f", "/\xe3\x81\x82", " /"})
        EXPECT_FALSE(Url::local(bad)) << bad;
}

TEST(Url, HttpsIsTheOnlyScheme) {
    for (const char* good : {"https://a.example", "https://a.example:8443/x?y", "https://[::1]:8443/"})
        EXPECT_TRUE(Url::https(good)) << good;
    for (const char* bad :
         {"http://a.example", "https://", "https:///x", "https://a@b.example/", "https://A.example",
          "https://a.example//x", "https://a.example/\\x", "javascript:1", "https://a b/"})
        EXPECT_FALSE(Url::https(bad)) << bad;
}

TEST(Url, QueryItemsAreEncoded) {
    EXPECT_EQ(Url(LocalPath("/x")).with({{"a b", "c&d=e"}, {"f", "\xe3\x81\x82"}}).str(),
              "/x?a%20b=c%26d%3De&f=%E3%81%82");
    EXPECT_EQ(Url::local("/x?y=1")->with({{"z", "2"}}).str(), "/x?y=1&z=2");
}

}  // namespace
}  // namespace sekisho::gateway
