// Goal: every rule and every condition is told, with what was wanted and what was there, in both languages
// and JSON. Method: one world in which each verdict occurs; the whole text compared.
#include "policy/explain.hpp"

#include "tests/support/policies.hpp"

#include <gtest/gtest.h>

namespace sekisho::policy {
namespace {

using namespace std::chrono_literals;
using testing::contractor;
using testing::hours;
using testing::staff;
using testing::World;

World demo() {
    World world;
    world.network("office", {"10.0.0.0/8"}).app("files");
    world.add(contractor("ishii")
                  .of("aoba")
                  .in("aoba-dev")
                  .from("2026-04-01")
                  .until("2027-03-31")
                  .working(hours("mon-fri", "08:00", "20:00")));
    world.add(staff("sato").in("finance"));
    world.allow("files-staff", "kind:staff", "files");
    world.allow("wiki-staff", "kind:staff");
    world.allow("wiki-aoba", "org:aoba & group:aoba-dev")
        .methods({"GET"})
        .paths({"/reports/"})
        .mfa(FactorStrength::otp, Seconds{12h})
        .network({"office"});
    world.deny("no-archive", "kind:contractor").paths({"/archive"});
    return world;
}

TEST(Explain, TellsEveryRuleInEnglish) {
    const auto world = demo();
    const auto text = explain_text(
        world.asks("ishii").does("GET", "/reports/q3").proven(FactorStrength::otp, 43min).explain(),
        Language::en);
    EXPECT_EQ(text,
              "deny  ishii -> wiki  reason network  valid until -\n"
              "  GET /reports/q3  from 192.0.2.1  at 2026-11-24T10:00:00+09:00\n"
              "  rule wiki-aoba\n"
              "on every allow\n"
              "  ok person is                  staff, ops, contractor of an organisation   is contractor\n"
              "  ok contract begins            2026-04-01   is 2026-11-24\n"
              "  ok contract's last day        2027-03-31   is 2026-11-24\n"
              "  ok contract's hours           mon-fri 08:00-20:00 Asia/Tokyo   is tue 10:00\n"
              "rules\n"
              "  -  allow  files-staff  (another app)\n"
              "  -  allow  wiki-staff  (does not name this person)\n"
              "  x  allow  wiki-aoba\n"
              "       ok path is below              /reports/   is /reports/q3\n"
              "       ok method is one of           GET, HEAD   is GET\n"
              "       ok second factor at least     otp   is otp\n"
              "       ok second factor younger than 12h   is 43m\n"
              "       x  network is                 office   is 192.0.2.1\n"
              "  x  deny   no-archive\n"
              "       x  path is below              /archive/   is /reports/q3\n");
}

TEST(Explain, TellsItInJapanese) {
    const auto world = demo();
    const auto text = explain_text(world.asks("ishii")
                                       .does("GET", "/reports")
                                       .from("10.0.0.1")
                                       .proven_unknown()
                                       .at("2026-11-24T21:00:00+09:00")
                                       .explain(),
                                   Language::ja);
    EXPECT_NE(text.find("拒否  ishii → wiki  理由 outside_hours  有効期限 -\n"), std::string::npos) << text;
    EXPECT_NE(text.find("  次に開く時刻 2026-11-25T08:00:00+09:00\n"), std::string::npos) << text;
    EXPECT_NE(text.find("  ✗  契約の時間帯               mon-fri 08:00-20:00 Asia/Tokyo   値 tue 21:00\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("?  二要素の古さ               12h   値 unknown\n"), std::string::npos) << text;
}

TEST(Explain, AllowSaysUntilWhen) {
    const auto world = demo();
    const auto text =
        explain_text(world.asks("ishii").does("GET", "/reports").from("10.0.0.1").explain(), Language::en);
    EXPECT_EQ(text.substr(0, text.find('\n')),
              "allow  ishii -> wiki  reason none  valid until 2026-11-24T20:00:00+09:00");
}

TEST(Explain, ShowsWhatARequestHoldsWithoutObeyingIt) {
    const auto world = demo();
    const auto text =
        explain_text(world.asks("ishii\x1b[2J").does("GE\nT", "/\x1b]0;x").explain(), Language::en);
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_NE(text.find("GE\\x0aT /\\x1b]0;x"), std::string::npos) << text;
}

TEST(Explain, JsonHoldsTheSame) {
    World world;
    world.add(staff("sato"));
    world.allow("rule", "any").methods({"GET"}).during(hours("all", "09:00", "17:00"));
    std::string out;
    JsonWriter json(out);
    explain_json(world.asks("sato").explain(), json);
    EXPECT_EQ(
        out,
        "{\"allow\":true,\"reason\":\"none\",\"rule\":\"rule\",\"valid_until\":\"2026-11-24T08:00:00.000Z\","
        "\"next_open\":null,\"who_matched\":true,\"user\":\"sato\",\"kind\":\"staff\",\"org\":\"\",\"app\":"
        "\"wiki\","
        "\"method\":\"GET\",\"path\":\"/\",\"client\":\"192.0.2.1\",\"at\":\"2026-11-24T10:00:00+09:00\","
        "\"person\":[{\"kind\":\"kind_of_person\",\"verdict\":\"yes\","
        "\"wanted\":\"staff, ops, contractor of an organisation\",\"actual\":\"staff\"}],"
        "\"rules\":[{\"id\":\"rule\",\"effect\":\"allow\",\"shadow\":false,\"app_matched\":true,\"who_"
        "matched\":true,"
        "\"verdict\":\"yes\",\"conditions\":[{\"kind\":\"method\",\"verdict\":\"yes\",\"wanted\":\"GET, "
        "HEAD\","
        "\"actual\":\"GET\"},{\"kind\":\"hours\",\"verdict\":\"yes\",\"wanted\":\"all 09:00-17:00 "
        "Asia/Tokyo\","
        "\"actual\":\"tue 10:00\"}]}]}");
}

TEST(Obstacle, TellsWhatAPageNeeds) {
    auto world = demo();
    const auto network = world.asks("ishii").does("GET", "/reports").obstacle();
    EXPECT_EQ(network.contract_to, parse_date("2027-03-31"));
    EXPECT_TRUE(network.hours.empty());
    const auto closed =
        world.asks("ishii").does("GET", "/reports").at("2026-11-24T21:00:00+09:00").obstacle();
    EXPECT_EQ(closed.hours, std::vector<std::string>{"mon-fri 08:00-20:00 Asia/Tokyo"});
    const auto old = world.asks("ishii")
                         .does("GET", "/reports")
                         .from("10.0.0.1")
                         .proven(FactorStrength::otp, 13h)
                         .obstacle();
    EXPECT_EQ(old.factor_max_age, Millis(12h));
    const auto weak = world.asks("ishii")
                          .does("GET", "/reports")
                          .from("10.0.0.1")
                          .proven(FactorStrength::password, 1h)
                          .obstacle();
    EXPECT_EQ(weak.strength, FactorStrength::otp);
    EXPECT_FALSE(world.asks("sato").obstacle().contract_to);
}

TEST(WindowText, NamesDaysShortly) {
    const auto text = [](std::uint8_t days) {
        return window_text(WeeklyWindow{days, 480, 1440, Zone::utc()});
    };
    EXPECT_EQ(text(0x7f), "all 08:00-24:00 UTC");
    EXPECT_EQ(text(0x1f), "mon-fri 08:00-24:00 UTC");
    EXPECT_EQ(text(0x25), "mon,wed,sat 08:00-24:00 UTC");
    EXPECT_EQ(text(0x60), "sat,sun 08:00-24:00 UTC");
    EXPECT_EQ(text(0x47), "mon-wed,sun 08:00-24:00 UTC");
    EXPECT_EQ(text(0), "never 08:00-24:00 UTC");
}

}  // namespace
}  // namespace sekisho::policy
