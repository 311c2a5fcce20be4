// Goal: a file of people is judged whole, each fault has its line, and the configuration it asks for loads.
// Method: tables of files against one small model; the printed part read back by the loader.
#include "gateway/cli/import_plan.hpp"

#include "gateway/control/operations.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway::cli {
namespace {

config::Model small_model() {
    config::Model model;
    config::Person known;
    known.name = "mori";
    known.kind = PersonKind::staff;
    model.people.push_back(known);
    for (const char* name : {"loans", "tellers"}) {
        config::Group group;
        group.name = name;
        model.groups.push_back(group);
    }
    config::Org org;
    org.name = "aoba";
    model.orgs.push_back(org);
    return model;
}

std::string faults_of(const ImportPlan& plan) {
    std::string out;
    for (const auto& fault : plan.faults) out += std::to_string(fault.line) + ": " + fault.en + "\n";
    return out;
}

TEST(ImportPlan, ReadsPeopleWhateverTheOrderOfColumns) {
    const auto plan = plan_import(
        "Name,account,groups,kind,org,mail,language\r\n"
        "\"Sato, Ken\",SATO,loans  tellers,staff,,sato@bank.example,ja\r\n"
        ",ishii,,contractor,aoba,,\r\n"
        ",mori,,,,,\r\n",
        small_model());
    EXPECT_EQ(faults_of(plan), "");
    EXPECT_EQ(plan.accounts(), (std::vector<std::string>{"sato", "ishii", "mori"}));
    EXPECT_EQ(plan.people[0].groups, (std::vector<std::string>{"loans", "tellers"}));
    EXPECT_EQ(people_yaml(plan, small_model()),
              "people:\n"
              "  \"sato\":\n"
              "    kind: staff\n"
              "    groups: [\"loans\", \"tellers\"]\n"
              "    name: \"Sato, Ken\"\n"
              "    mail: \"sato@bank.example\"\n"
              "    language: ja\n"
              "  \"ishii\":\n"
              "    kind: contractor\n"
              "    org: \"aoba\"\n");
}

TEST(ImportPlan, NamesEveryFaultAtOnceWithItsLine) {
    auto plan = plan_import(
        "account,kind,groups,org,mail,language,name\n"
        "-x,staff,,,,,\n"
        "sato,boss,,,,,\n"
        "kato,staff,loan,,,,\n"
        "ishii,contractor,,,,,\n"
        "ueda,contractor,,aob,not an address,fr,\n"
        "sato,staff,,,,,\n"
        "endo,,,,,,\n"
        "short,staff\n",
        small_model());
    plan.add_existing({"kato"});
    EXPECT_EQ(faults_of(plan),
              "2: \"-x\" cannot be an account: 1 to 64 of a-z 0-9 . _ -, beginning with a letter or digit\n"
              "3: \"boss\" is no kind of person: staff, contractor or ops\n"
              "4: the configuration has no group \"loan\"; did you mean \"loans\"?\n"
              "4: there is an account kato already\n"
              "5: a contractor needs an org\n"
              "6: the configuration has no organisation \"aob\"; did you mean \"aoba\"?\n"
              "6: \"not an address\" is not a plain mail address\n"
              "6: language is ja or en\n"
              "7: sato stands in line 3 already\n"
              "8: endo is not in the configuration: give a kind\n"
              "9: not as many fields as the header has\n");
    for (const auto& fault : plan.faults) EXPECT_FALSE(fault.ja.empty());
}

TEST(ImportPlan, AHeaderThatIsNoneStopsEverything) {
    const std::pair<const char*, const char*> cases[] = {
        {"", "1: there is no header line\n"},
        {"kind,groups\nstaff,loans\n", "1: there is no column \"account\"\n"},
        {"account,acount\nsato,x\n", "1: there is no column \"acount\"; did you mean \"account\"?\n"},
        {"account,account\nsato,x\n", "1: the column \"account\" stands twice\n"}};
    for (const auto& [text, expected] : cases) {
        const auto plan = plan_import(text, small_model());
        EXPECT_EQ(faults_of(plan), expected) << text;
        EXPECT_TRUE(plan.people.empty()) << text;
    }
}

TEST(ImportPlan, ThereIsAMostAtOnce) {
    std::string text = "account,kind\n";
    for (std::size_t i = 0; i < users_import_max; ++i) text += "p" + std::to_string(i) + ",staff\n";
    EXPECT_EQ(faults_of(plan_import(text, small_model())), "");
    text += "one.more,staff\n";
    EXPECT_NE(faults_of(plan_import(text, small_model())), "");
}

}  // namespace
}  // namespace sekisho::gateway::cli
