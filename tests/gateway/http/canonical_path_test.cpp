// Goal: each path has one spelling, which is both decided on and forwarded; what an upstream could read as
// another path is refused (R13, threats: path normalisation bypass). Method: tables; every byte raw and
// escaped; canonical of canonical is itself.
#include "gateway/http/canonical_path.hpp"

#include "config/syntax.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sekisho::gateway {
namespace {

std::string canonical(std::string_view raw, PathRules rules = PathRules::plain) {
    std::string scratch;
    const CanonicalPath result = canonicalise_path(raw, rules, scratch);
    if (!result) return "! " + std::string(to_text(result.fault));
    return std::string(result.path);
}

struct Row {
    std::string_view raw;
    std::string_view wanted;
};

TEST(CanonicalPath, OneSpelling) {
    constexpr Row kRows[] = {
        {"/", "/"},
        {"/a/b", "/a/b"},
        {"/a/b/", "/a/b/"},
        {"//", "/"},
        {"/a//b///c", "/a/b/c"},
        {"//evil.example/x", "/evil.example/x"},
        {"/./a", "/a"},
        {"/a/.", "/a/"},
        {"/a/..", "/"},
        {"/a/../b", "/b"},
        {"/a/b/../../c", "/c"},
        {"/a//../b", "/b"},
        {"/a/%2e%2E/b", "/b"},
        {"/%61%62", "/ab"},
        {"/%7Euser/%2dx", "/~user/-x"},
        {"/%e6%97%a5", "/%E6%97%A5"},
        {"/a%20b", "/a%20b"},
        {"/a%3fb", "/a%3Fb"},
        {"/a%23b", "/a%23b"},
        {"/a%25b", "/a%25b"},
        {"/%252e", "/%252e"},
        {"/%25%32%65", "/%252e"},
        {"/a|b^c\"<>`{}", "/a%7Cb%5Ec%22%3C%3E%60%7B%7D"},
        {"/a;b=c/d", "/a;b=c/d"},
        {"/...", "/..."},
        {"/.well-known/x", "/.well-known/x"},
        {"/..a/.b", "/..a/.b"},
        {"/a:b@c!$&'()*+,=", "/a:b@c!$&'()*+,="},
        {"/%ff", "/%FF"},
    };
    for (const Row& row : kRows) EXPECT_EQ(canonical(row.raw), row.wanted) << row.raw;
}

TEST(CanonicalPath, RefusesWhatUpstreamsReadAsAnotherPath) {
    constexpr Row kRows[] = {
        {"", "! not_absolute"},
        {"*", "! not_absolute"},
        {"a", "! not_absolute"},
        {"/a%2fb", "! escape_forbidden"},
        {"/a%2Fb", "! escape_forbidden"},
        {"/a%5cb", "! escape_forbidden"},
        {"/a%00", "! escape_forbidden"},
        {"/a%0d%0ab", "! escape_forbidden"},
        {"/a%7f", "! escape_forbidden"},
        {"/a\\b", "! byte_forbidden"},
        {"/a b", "! byte_forbidden"},
        {"/a\tb", "! byte_forbidden"},
        {"/a#b", "! byte_forbidden"},
        {"/a?b", "! byte_forbidden"},
        {"/\xe6\x97\xa5", "! byte_forbidden"},
        {"/a%", "! escape_invalid"},
        {"/a%4", "! escape_invalid"},
        {"/a%4g", "! escape_invalid"},
        {"/a%%34%31", "! escape_invalid"},
        {"/a%u002e", "! escape_invalid"},
        {"/..", "! above_root"},
        {"/../a", "! above_root"},
        {"/a/../../b", "! above_root"},
        {"/%2e%2e/a", "! above_root"},
        {"/a/..;/b", "! dot_parameter"},
        {"/a/..;x=y/b", "! dot_parameter"},
        {"/a/.;/b", "! dot_parameter"},
        {"/a/%2e%2e;/b", "! dot_parameter"},
        {"/a/..%3b/b", "! dot_parameter"},
    };
    for (const Row& row : kRows) EXPECT_EQ(canonical(row.raw), row.wanted) << row.raw;
}

TEST(CanonicalPath, StrictRefusesMore) {
    constexpr Row kRows[] = {
        {"/a/b.c/", "/a/b.c/"},
        {"/%E6%97%A5", "/%E6%97%A5"},
        {"/a%25b", "/a%25b"},
        {"/100%25", "/100%25"},
        {"/a;b", "! strict_parameter"},
        {"/a%3Bb", "! strict_parameter"},
        {"/%252e", "! strict_double"},
        {"/%25%32%65", "! strict_double"},
        {"/%25u002e", "! strict_double"},
        {"/a./b", "! strict_segment_end"},
        {"/a.", "! strict_segment_end"},
        {"/a%20", "! strict_segment_end"},
        {"/a%20/b", "! strict_segment_end"},
        {"/...", "! strict_segment_end"},
        {"/ARCHIV~1/x", "! strict_short_name"},
        {"/%7E1", "! strict_short_name"},
        {"/~sato", "/~sato"},
        {"/a::$DATA", "! strict_colon"},
        {"/a%3Ab", "! strict_colon"},
        {"/%C0%AF", "! strict_not_utf8"},
        {"/%E0%80%AF", "! strict_not_utf8"},
        {"/%E6%97", "! strict_not_utf8"},
        {"/%ED%A0%80", "! strict_not_utf8"},
        {"/%E6x", "! strict_not_utf8"},
    };
    for (const Row& row : kRows) EXPECT_EQ(canonical(row.raw, PathRules::strict), row.wanted) << row.raw;
}

TEST(CanonicalPath, EveryByteRawAndEscapedIsStable) {
    for (int byte = 0; byte < 256; ++byte) {
        std::array<char, 4> escape{};
        std::snprintf(escape.data(), escape.size(), "%%%02x", static_cast<unsigned>(byte));
        for (const std::string& raw : {"/a" + std::string(1, static_cast<char>(byte)) + "b",
                                       "/a" + std::string(escape.data()) + "b"}) {
            for (const PathRules rules : {PathRules::plain, PathRules::strict}) {
                const std::string once = canonical(raw, rules);
                if (once.starts_with("! ")) continue;
                EXPECT_EQ(canonical(once, rules), once);
                for (const char c : once) EXPECT_TRUE(c > 0x20 && c < 0x7f && c != '\\') << byte;
            }
        }
    }
}

TEST(CanonicalPath, ACanonicalPathIsNotCopied) {
    constexpr std::string_view kPath = "/wiki/page-1_x~y/z";
    std::string scratch;
    EXPECT_EQ(canonicalise_path(kPath, PathRules::strict, scratch).path.data(), kPath.data());
    EXPECT_TRUE(scratch.empty());
}

TEST(Query, HoldsPrintableAsciiOnly) {
    EXPECT_TRUE(valid_query(""));
    EXPECT_TRUE(valid_query("a=b&c=%2F/../\\|{}"));
    EXPECT_FALSE(valid_query("a#b"));
    EXPECT_FALSE(valid_query("a b"));
    EXPECT_FALSE(valid_query("a\x7f"));
    EXPECT_FALSE(valid_query(std::string_view("a\0", 2)));
    EXPECT_FALSE(valid_query("\xe3\x81\x82"));
}

// A rule on another spelling would never meet a request.
TEST(CanonicalPath, PathsOfAConfigurationAreSpelledAsRequestsAreCompared) {
    int taken = 0;
    const auto judge = [&](const std::string& path) {
        if (!config::is_url_path(path)) return;
        ++taken;
        std::string scratch;
        const auto canonical = canonicalise_path(path, PathRules::plain, scratch);
        EXPECT_TRUE(canonical) << path;
        EXPECT_EQ(canonical.path, path);
    };
    constexpr std::string_view kHex = "0123456789ABCDEFabcdef";
    for (int byte = 0; byte < 256; ++byte) judge(std::string("/a") + static_cast<char>(byte) + "b");
    for (const char high : kHex)
        for (const char low : kHex) judge(std::string("/a%") + high + low);
    EXPECT_GT(taken, 150);
    EXPECT_TRUE(config::is_url_path("/caf%C3%A9/"));
    for (const char* other : {"/caf%c3%a9", "/%61dmin", "/a|b", "/a%2Fb", "/a%5Cb", "/a%00", "/a%7Eb"})
        EXPECT_FALSE(config::is_url_path(other)) << other;
}

}  // namespace
}  // namespace sekisho::gateway
