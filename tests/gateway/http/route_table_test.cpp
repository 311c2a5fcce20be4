// Goal: a host and a path belong to one app, to the portal, to nobody, or were misdirected (R25, R26).
// Method: one small model, tables of hosts and paths; 10,000 routes for the bounds.
#include "gateway/http/route_table.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

config::App app(std::string name, std::string host, std::vector<std::string> paths = {"/"}) {
    config::App made;
    made.name = std::move(name);
    made.host = std::move(host);
    made.paths = std::move(paths);
    return made;
}

config::Model model() {
    config::Model made;
    made.portal.host = "portal.corp.example";
    made.portal.port = 8443;
    made.apps = {app("wiki", "wiki.corp.example"), app("files", "shared.corp.example", {"/"}),
                 app("archive", "shared.corp.example", {"/archive/", "/old"}),
                 app("part", "part.corp.example", {"/a"}), app("literal", "[::1]")};
    return made;
}

RouteTable table(const config::Model& from) {
    const std::vector<std::string> names = {"Portal.corp.example", "bare.corp.example", "*.wild.example"};
    return RouteTable::create(from, names).value();
}

constexpr auto kMisdirected = static_cast<std::uint32_t>(-1);
constexpr auto kServed = static_cast<std::uint32_t>(-2);
constexpr auto kPortal = static_cast<std::uint32_t>(-3);

std::uint32_t found(const RouteTable& routes, std::string_view host, std::string_view path) {
    const Route route = routes.find(host, path);
    switch (route.kind) {
        case RouteKind::misdirected:
            return kMisdirected;
        case RouteKind::served:
            return kServed;
        case RouteKind::portal:
            return kPortal;
        case RouteKind::app:
            break;
    }
    return route.app.value;
}

TEST(RouteTable, FindsByHostAndLongestPrefixOnSegmentBorders) {
    const auto routes = table(model());
    struct Row {
        std::string_view host, path;
        std::uint32_t wanted;
    };
    constexpr Row kRows[] = {
        {"portal.corp.example:8443", "/", kPortal},
        {"PORTAL.corp.example:8443", "/.sekisho/x", kPortal},
        {"wiki.corp.example:8443", "/", 0},
        {"WIKI.Corp.Example:8443", "/a/b", 0},
        {"shared.corp.example:8443", "/", 1},
        {"shared.corp.example:8443", "/archiv", 1},
        {"shared.corp.example:8443", "/archive", 2},
        {"shared.corp.example:8443", "/archive/", 2},
        {"shared.corp.example:8443", "/archive/x/y", 2},
        {"shared.corp.example:8443", "/archives", 1},
        {"shared.corp.example:8443", "/Archive", 1},
        {"shared.corp.example:8443", "/old/x", 2},
        {"part.corp.example:8443", "/a/x", 3},
        {"part.corp.example:8443", "/ab", kServed},
        {"part.corp.example:8443", "/", kServed},
        {"[::1]:8443", "/", 4},
        {"bare.corp.example:8443", "/", kServed},
        {"any.wild.example:8443", "/", kServed},
        {"a.b.wild.example:8443", "/", kMisdirected},
        {"wild.example:8443", "/", kMisdirected},
        {".wild.example:8443", "/", kMisdirected},
        {"unknown.example:8443", "/", kMisdirected},
        {"wiki.corp.example.:8443", "/", kMisdirected},
        {"wiki.corp.example", "/", kMisdirected},
        {"wiki.corp.example:443", "/", kMisdirected},
        {"wiki.corp.example:0", "/", kMisdirected},
        {"wiki.corp.example:99999", "/", kMisdirected},
        {"", "/", kMisdirected},
        {":8443", "/", kMisdirected},
    };
    for (const Row& row : kRows)
        EXPECT_EQ(found(routes, row.host, row.path), row.wanted) << row.host << row.path;
}

TEST(RouteTable, PathCaseOfAnAppIsItsOwn) {
    auto made = model();
    made.apps[2].path_case = config::PathCase::insensitive;
    const auto routes = table(made);
    EXPECT_EQ(found(routes, "shared.corp.example:8443", "/ARCHIVE/x"), 2U);
    EXPECT_EQ(found(routes, "part.corp.example:8443", "/A/x"), kServed);
}

TEST(RouteTable, AHostIsStrictWhenPathsDecide) {
    auto made = model();
    EXPECT_EQ(table(made).find_host("wiki.corp.example:8443")->rules(), PathRules::plain);
    EXPECT_EQ(table(made).find_host("shared.corp.example:8443")->rules(), PathRules::strict);
    EXPECT_EQ(table(made).find_host("part.corp.example:8443")->rules(), PathRules::strict);
    config::Rule rule;
    rule.apps = {"wiki"};
    rule.paths = {"/secret"};
    made.rules = {rule};
    EXPECT_EQ(table(made).find_host("wiki.corp.example:8443")->rules(), PathRules::strict);
    EXPECT_EQ(table(made).find_host("[::1]:8443")->rules(), PathRules::plain);
    made.rules[0].apps.clear();
    EXPECT_EQ(table(made).find_host("[::1]:8443")->rules(), PathRules::strict);
}

TEST(RouteTable, TheDefaultPortMayBeLeftOut) {
    auto made = model();
    made.portal.port = 443;
    const auto routes = table(made);
    EXPECT_EQ(found(routes, "wiki.corp.example", "/"), 0U);
    EXPECT_EQ(found(routes, "wiki.corp.example:443", "/"), 0U);
    EXPECT_EQ(found(routes, "wiki.corp.example:8443", "/"), kMisdirected);
    made.listen.https = {{IpAddress{}, 0, {}}};
    EXPECT_EQ(found(table(made), "wiki.corp.example:12345", "/"), 0U);
}

TEST(RouteTable, RefusesAModelWithTwoReadings) {
    auto made = model();
    made.apps.push_back(app("twin", "shared.corp.example", {"/archive"}));
    EXPECT_EQ(RouteTable::create(made, {}).error().code(), Errc::exists);
    made = model();
    made.apps.push_back(app("bad", "x.example", {"/a%2fb"}));
    EXPECT_EQ(RouteTable::create(made, {}).error().code(), Errc::malformed);
    made = model();
    made.apps.push_back(app("portal-twin", "portal.corp.example"));
    EXPECT_EQ(RouteTable::create(made, {}).error().code(), Errc::exists);
}

TEST(RouteTable, TenThousandRoutesOnOneHostAndOnMany) {
    config::Model made;
    for (int i = 0; i < 10'000; ++i) {
        const std::string number = std::to_string(i);
        made.apps.push_back(app("one" + number, "one.example", {"/p" + number + "/x"}));
        made.apps.push_back(app("many" + number, "h" + number + ".example"));
    }
    const auto routes = table(made);
    for (std::uint32_t i = 0; i < 10'000; i += 97) {
        const std::string number = std::to_string(i);
        EXPECT_EQ(found(routes, "one.example", "/p" + number + "/x/y"), 2 * i);
        EXPECT_EQ(found(routes, "h" + number + ".example", "/any"), 2 * i + 1);
        EXPECT_EQ(found(routes, "one.example", "/p" + number), kServed);
    }
    std::string deep;
    for (int i = 0; i < 4000; ++i) deep += "/a";
    EXPECT_EQ(found(routes, "one.example", deep), kServed);
}

TEST(Host, SplitsAndComparesWithTheServerName) {
    EXPECT_EQ(split_host("[::1]:80").name, "[::1]");
    EXPECT_EQ(split_host("[::1]:80").port, "80");
    EXPECT_FALSE(split_host("[::1]").has_port);
    EXPECT_TRUE(same_host("Wiki.example:8443", "wiki.example"));
    EXPECT_FALSE(same_host("wiki.example.:8443", "wiki.example"));
    EXPECT_FALSE(same_host("wiki.example", "files.example"));
    EXPECT_FALSE(same_host("wiki.example", ""));
}

}  // namespace
}  // namespace sekisho::gateway
