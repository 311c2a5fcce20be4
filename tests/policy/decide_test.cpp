// Goal: deny by default, deny beats allow, the contract follows the person (R1), unknown helps nobody in
// (R34), and the reason says what a person can do next. Method: small worlds in words, one table per
// question.
#include "policy/decide.hpp"

#include "tests/support/policies.hpp"

#include <gtest/gtest.h>

namespace sekisho::policy {
namespace {

using namespace std::chrono_literals;
using testing::at;
using testing::contractor;
using testing::hours;
using testing::nobody;
using testing::ops;
using testing::staff;
using testing::World;

TEST(Decide, NothingMatchedMeansNo) {
    World world;
    world.add(staff("sato").in("finance"));
    auto decision = world.asks("sato").decide();
    EXPECT_FALSE(decision.allow);
    EXPECT_FALSE(decision.who_matched);
    EXPECT_EQ(decision.reason, Reason::unknown);
    EXPECT_FALSE(decision.rule);
    world.allow("others", "group:finance & kind:ops");
    EXPECT_EQ(world.asks("sato").decide().reason, Reason::unknown);
    EXPECT_FALSE(world.asks("sato").listed());
    world.allow("finance", "kind:staff & group:finance");
    decision = world.asks("sato").decide();
    EXPECT_TRUE(decision.allow);
    EXPECT_EQ(decision.rule, RuleId{1});
    EXPECT_EQ(decision.reason, Reason::none);
    EXPECT_EQ(decision.valid_until, WallTime::max());
    EXPECT_TRUE(world.asks("sato").listed());
    EXPECT_EQ(world.asks("sato").of_app("absent").decide().reason, Reason::unknown);
    EXPECT_EQ(world.asks("stranger").decide().reason, Reason::no_kind);
}

TEST(Decide, DenyBeatsAllowInWhateverOrder) {
    World world;
    world.add(staff("sato")).add(ops("kato"));
    world.deny("first", "user:sato").paths({"/archive"});
    world.allow("all", "any", "");
    world.deny("last", "kind:ops", "").methods({"DELETE"});
    EXPECT_TRUE(world.asks("sato").does("GET", "/").decide().allow);
    const auto denied = world.asks("sato").does("GET", "/archive/1").decide();
    EXPECT_EQ(denied.reason, Reason::denied);
    EXPECT_EQ(denied.rule, RuleId{0});
    EXPECT_TRUE(denied.who_matched);
    EXPECT_TRUE(world.asks("kato").does("GET", "/archive/1").decide().allow);
    EXPECT_EQ(world.asks("kato").does("DELETE", "/").decide().rule, RuleId{2});
}

TEST(Decide, ContractFollowsThePersonHoweverMatched) {
    for (const auto* whom : {"any", "kind:contractor", "group:aoba-dev", "org:aoba", "user:ishii"}) {
        World world;
        world.add(contractor("ishii").of("aoba").until("2026-03-31").in("aoba-dev"));
        world.add(staff("sato").in("aoba-dev"));
        world.allow("rule", whom);
        const auto last = world.asks("ishii").at("2026-03-31T23:59:59.999+09:00").decide();
        EXPECT_TRUE(last.allow) << whom;
        EXPECT_EQ(last.valid_until, at("2026-04-01T00:00:00+09:00")) << whom;
        const auto over = world.asks("ishii").at("2026-04-01T00:00:00+09:00").decide();
        EXPECT_FALSE(over.allow) << whom;
        EXPECT_EQ(over.reason, Reason::contract_ended) << whom;
        EXPECT_TRUE(over.who_matched) << whom;
    }
    World world;
    world.add(staff("sato").in("aoba-dev"))
        .add(contractor("ishii").of("aoba").until("2026-03-31").in("aoba-dev"));
    world.allow("rule", "group:aoba-dev");
    EXPECT_TRUE(world.asks("sato").at("2026-04-01T00:00:00+09:00").decide().allow);  // not theirs
}

TEST(Decide, ContractDaysAreLocalToTheOrganisation) {
    World world;
    world.add(
        contractor("jones").of("hudson").from("2026-04-01").until("2026-04-30").at_zone("America/New_York"));
    world.allow("rule", "any");
    const auto early = world.asks("jones").at("2026-04-01T12:59:59+09:00").decide();
    EXPECT_EQ(early.reason, Reason::contract_not_started);
    EXPECT_EQ(early.next_open, at("2026-04-01T00:00:00-04:00"));
    EXPECT_TRUE(world.asks("jones").at("2026-04-01T00:00:00-04:00").decide().allow);
    EXPECT_EQ(world.asks("jones").at("2026-04-15T00:00:00Z").decide().valid_until,
              at("2026-05-01T00:00:00-04:00"));
}

TEST(Decide, ContractHoursBindEveryAllow) {
    World world;
    world.add(contractor("ishii")
                  .of("aoba")
                  .until("2026-11-27")
                  .working(hours("mon-fri", "08:00", "12:00"))
                  .working(hours("mon-fri", "12:00", "20:00")));
    world.allow("rule", "any");
    const auto noon = world.asks("ishii").at("2026-11-24T11:00:00+09:00").decide();
    EXPECT_TRUE(noon.allow);
    EXPECT_EQ(noon.valid_until, at("2026-11-24T20:00:00+09:00"));  // morning and afternoon join
    const auto night = world.asks("ishii").at("2026-11-24T20:00:00+09:00").decide();
    EXPECT_EQ(night.reason, Reason::outside_hours);
    EXPECT_EQ(night.next_open, at("2026-11-25T08:00:00+09:00"));
    EXPECT_EQ(night.valid_until, at("2026-11-24T20:00:00+09:00"));
    const auto weekend = world.asks("ishii").at("2026-11-27T20:00:00+09:00").decide();
    EXPECT_EQ(weekend.reason, Reason::outside_hours);
    EXPECT_FALSE(weekend.next_open);  // the contract ends before Monday
}

TEST(Decide, PeopleOfNoKindHaveNoAccess) {
    World world;
    world.add(nobody("x")).add(contractor("free"));
    world.allow("rule", "any");
    for (const auto* name : {"x", "free", "stranger"}) {
        EXPECT_EQ(world.asks(name).decide().reason, Reason::no_kind) << name;
        EXPECT_FALSE(world.asks(name).decide().allow) << name;
        EXPECT_FALSE(world.asks(name).listed()) << name;
    }
}

TEST(Decide, AnOrganisationBindsWhoeverBelongsToIt) {
    World world;
    world.add(staff("lent").of("aoba").until("2026-03-31"));
    world.allow("rule", "any");
    EXPECT_EQ(world.asks("lent").at("2026-04-01T00:00:00+09:00").decide().reason, Reason::contract_ended);
}

TEST(Decide, UnknownFailsAnAllowAndFulfilsADeny) {
    World world;
    world.network("office", {"10.0.0.0/8"}).add(staff("sato"));
    world.app("files");
    world.app("chat");
    world.allow("inside", "any", "wiki").network({"office"});
    world.allow("outside", "any", "files").network({"office"}, true);
    world.allow("open", "any", "chat");
    world.deny("from-office", "any", "chat").network({"office"});
    EXPECT_TRUE(world.asks("sato").of_app("wiki").from("10.1.1.1").decide().allow);
    EXPECT_TRUE(world.asks("sato").of_app("files").from("192.0.2.1").decide().allow);
    EXPECT_TRUE(world.asks("sato").of_app("chat").from("192.0.2.1").decide().allow);
    EXPECT_EQ(world.asks("sato").of_app("wiki").from_unknown().decide().reason, Reason::network);
    EXPECT_EQ(world.asks("sato").of_app("files").from_unknown().decide().reason, Reason::network);
    EXPECT_EQ(world.asks("sato").of_app("chat").from_unknown().decide().reason, Reason::denied);
    EXPECT_EQ(world.asks("sato").of_app("chat").from("10.1.1.1").decide().reason, Reason::denied);
}

TEST(Decide, ADefiniteNoOutweighsAnUnknown) {
    World world;
    world.network("office", {"10.0.0.0/8"}).add(staff("sato"));
    world.allow("open", "any");
    world.deny("office-nights", "any").network({"office"}).during(hours("all", "22:00", "05:00"));
    EXPECT_TRUE(world.asks("sato").from_unknown().at("2026-11-24T10:00:00+09:00").decide().allow);
    EXPECT_EQ(world.asks("sato").from_unknown().at("2026-11-24T23:00:00+09:00").decide().reason,
              Reason::denied);
}

TEST(Decide, FactorStrengthAndAge) {
    World world;
    world.add(staff("sato"));
    world.allow("rule", "any").mfa(FactorStrength::otp, Seconds{12h});
    const auto fresh = world.asks("sato").proven(FactorStrength::otp, 11h).decide();
    EXPECT_TRUE(fresh.allow);
    EXPECT_EQ(fresh.valid_until, at("2026-11-24T11:00:00+09:00"));
    EXPECT_TRUE(world.asks("sato").proven(FactorStrength::otp, 12h - 1ms).decide().allow);
    EXPECT_EQ(world.asks("sato").proven(FactorStrength::otp, 12h).decide().reason, Reason::factor_too_old);
    EXPECT_EQ(world.asks("sato").proven(FactorStrength::recovery, 1h).decide().reason,
              Reason::factor_missing);
    EXPECT_EQ(world.asks("sato").proven(FactorStrength::password, 13h).decide().reason,
              Reason::factor_missing);
    EXPECT_EQ(world.asks("sato").proven_unknown().decide().reason, Reason::factor_too_old);
    EXPECT_TRUE(world.asks("sato").proven(FactorStrength::otp, -1min).decide().allow);  // the clock slack
    EXPECT_EQ(world.asks("sato").proven(FactorStrength::otp, -1min - 1ms).decide().reason,
              Reason::factor_too_old);
}

TEST(Decide, PathsEndAtSegmentBorders) {
    World world;
    world.add(staff("sato"));
    world.app("files").path_case = config::PathCase::insensitive;
    for (const auto* app : {"wiki", "files"})
        world.allow(app, "any", app).paths({"/a/", "/Reports", "/資料"});
    struct {
        const char* path;
        bool wiki, files;
    } const table[] = {
        {"/a", true, true},       {"/a/", true, true},         {"/a/b", true, true},
        {"/ab", false, false},    {"/A", false, true},         {"/reports/q3", false, true},
        {"/Reports", true, true}, {"/Reportsx", false, false}, {"/", false, false},
        {"", false, false},       {"*", false, false},         {"/%E8%B3%87%E6%96%99/x", true, true},
        {"/x/a", false, false}};
    for (const auto& [path, wiki, files] : table) {
        EXPECT_EQ(world.asks("sato").of_app("wiki").does("GET", path).decide().allow, wiki) << path;
        EXPECT_EQ(world.asks("sato").of_app("files").does("GET", path).decide().allow, files) << path;
        if (!wiki) {
            EXPECT_EQ(world.asks("sato").of_app("wiki").does("GET", path).decide().reason, Reason::part);
        }
    }
}

TEST(Decide, RootCoversEveryPathAndNoPathsCoverEveryTarget) {
    World world;
    world.add(staff("sato"));
    world.app("files");
    world.allow("root", "any", "wiki").paths({"/"});
    world.allow("all", "any", "files");
    EXPECT_TRUE(world.asks("sato").does("GET", "/x/y").decide().allow);
    EXPECT_FALSE(world.asks("sato").does("OPTIONS", "*").decide().allow);
    EXPECT_TRUE(world.asks("sato").of_app("files").does("OPTIONS", "*").decide().allow);
}

TEST(Decide, MethodsAreExactAndGetCoversHead) {
    World world;
    world.add(staff("sato"));
    world.app("files").methods = {"GET", "POST"};
    world.allow("read", "any", "wiki").methods({"GET"});
    world.allow("all", "any", "files");
    for (const auto* method : {"GET", "HEAD"})
        EXPECT_TRUE(world.asks("sato").does(method, "/").decide().allow) << method;
    for (const auto* method : {"get", "POST", "PROPFIND", "", "GETX"})
        EXPECT_EQ(world.asks("sato").does(method, "/").decide().reason, Reason::view_only) << method;
    EXPECT_TRUE(world.asks("sato").of_app("files").does("POST", "/").decide().allow);
    EXPECT_EQ(world.asks("sato").of_app("files").does("DELETE", "/").decide().reason, Reason::view_only);
}

TEST(Decide, TheReasonIsTheEasiestWayIn) {
    World world;
    world.network("office", {"10.0.0.0/8"}).add(staff("sato"));
    world.allow("elsewhere", "any").paths({"/other"});
    EXPECT_EQ(world.asks("sato").decide().reason, Reason::part);
    world.allow("post-only", "any").methods({"POST"});
    EXPECT_EQ(world.asks("sato").decide().reason, Reason::view_only);
    world.allow("nights", "any").during(hours("all", "22:00", "05:00")).mfa(FactorStrength::otp, Seconds{1});
    const auto closed = world.asks("sato").decide();
    EXPECT_EQ(closed.reason, Reason::outside_hours);
    EXPECT_EQ(closed.rule, RuleId{2});
    EXPECT_EQ(closed.next_open, at("2026-11-24T22:00:00+09:00"));
    world.allow("office", "any").network({"office"});
    EXPECT_EQ(world.asks("sato").decide().reason, Reason::network);
    EXPECT_FALSE(world.asks("sato").decide().next_open);
    world.allow("strong", "any").mfa(FactorStrength::otp);
    EXPECT_EQ(world.asks("sato").proven(FactorStrength::password, 1s).decide().reason,
              Reason::factor_missing);
    world.allow("fresh", "any").mfa(FactorStrength::password, Seconds{30});
    EXPECT_EQ(world.asks("sato").proven(FactorStrength::password, 1min).decide().reason,
              Reason::factor_too_old);
}

TEST(Decide, AnAllowEndsWhenADenyBegins) {
    World world;
    world.add(staff("sato"));
    world.allow("days", "any").during(hours("mon-fri", "08:00", "20:00"));
    world.deny("maintenance", "any").during(hours("tue", "18:00", "19:00"));
    world.deny("never-for-gets", "any").methods({"POST"}).during(hours("tue", "11:00", "12:00"));
    EXPECT_EQ(world.asks("sato").decide().valid_until, at("2026-11-24T18:00:00+09:00"));
    EXPECT_EQ(world.asks("sato").at("2026-11-24T18:00:00+09:00").decide().reason, Reason::denied);
    EXPECT_EQ(world.asks("sato").at("2026-11-24T19:00:00+09:00").decide().valid_until,
              at("2026-11-24T20:00:00+09:00"));
}

TEST(Decide, TheLongestAllowDecidesTheEndTheFirstIsNamed) {
    World world;
    world.add(staff("sato"));
    world.allow("short", "any").during(hours("all", "09:00", "11:00"));
    world.allow("long", "any").during(hours("all", "09:00", "17:00"));
    const auto decision = world.asks("sato").decide();
    EXPECT_EQ(decision.rule, RuleId{0});
    EXPECT_EQ(decision.valid_until, at("2026-11-24T17:00:00+09:00"));
}

TEST(Decide, NextOpenMeetsRuleAndContractTogether) {
    World world;
    world.add(contractor("ishii").of("aoba").working(hours("mon-fri", "08:00", "20:00")));
    world.allow("rule", "any").during(hours("wed,sat", "06:00", "09:00"));
    EXPECT_EQ(world.asks("ishii").decide().next_open, at("2026-11-25T08:00:00+09:00"));
    world.model.rules.clear();
    world.allow("never", "any").during(hours("sat,sun", "06:00", "09:00"));
    EXPECT_FALSE(world.asks("ishii").decide().next_open);
    EXPECT_EQ(world.asks("ishii").decide().reason, Reason::outside_hours);
}

TEST(Compile, RefusesWhatCheckShouldHaveFound) {
    const auto fault = [](auto&& spoil) {
        World world;
        world.add(contractor("ishii").of("aoba").in("dev"));
        world.allow("rule", "any");
        spoil(world.model);
        const auto program = compile(world.model);
        return program ? std::string("compiled") : std::string(program.error().detail());
    };
    using config::Model;
    EXPECT_EQ(fault([](Model&) {}), "compiled");
    EXPECT_EQ(fault([](Model& m) { m.rules[0].apps = {"x"}; }), "rule: there is no app \"x\"");
    EXPECT_EQ(fault([](Model& m) { m.rules[0].who = {testing::who("group:x")}; }),
              "rule: there is no group \"x\"");
    EXPECT_EQ(fault([](Model& m) { m.rules[0].who = {testing::who("org:x")}; }),
              "rule: there is no org \"x\"");
    EXPECT_EQ(fault([](Model& m) { m.rules[0].who = {testing::who("user:x")}; }),
              "rule: there is no person \"x\"");
    EXPECT_EQ(fault([](Model& m) { m.rules[0].who = {{}}; }), "rule: an entry of who is empty");
    EXPECT_EQ(fault([](Model& m) { m.people[0].groups = {"x"}; }), "ishii: there is no group \"x\"");
    EXPECT_EQ(fault([](Model& m) { m.people[0].org = "x"; }), "ishii: there is no org \"x\"");
    EXPECT_EQ(fault([](Model& m) { m.people.push_back(m.people[0]); }), "two people have one name");
    EXPECT_EQ(fault([](Model& m) { m.apps.push_back(m.apps[0]); }), "two apps have one name");
    EXPECT_EQ(fault([](Model& m) { m.timezone = "Asia/Tokio"; }),
              "there is no time zone \"Asia/Tokio\"; did you mean \"Asia/Tokyo\"?");
    EXPECT_EQ(fault([](Model& m) { m.orgs[0].contract_to = {}; }),
              "org aoba: the contract's days are not a period");
    EXPECT_EQ(fault([](Model& m) { std::swap(m.orgs[0].contract_to, m.orgs[0].contract_from); }),
              "org aoba: the contract's days are not a period");
    EXPECT_EQ(fault([](Model& m) {
                  for (int i = 0; i < 64; ++i) m.rules[0].methods.push_back("M" + std::to_string(i));
              }),
              "rules and apps name 64 methods, at most 63 can be told apart");
    EXPECT_EQ(fault([](Model& m) {
                  config::Condition condition;
                  condition.kind = config::Condition::Kind::network;
                  condition.networks = {"x"};
                  m.rules[0].conditions = {condition};
              }),
              "rule: there is no network \"x\"");
}

}  // namespace
}  // namespace sekisho::policy
