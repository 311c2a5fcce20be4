// Goal: the classes of requests miss nothing: whatever a policy says to some request it says to the class
// that request falls into; and what lint, prove and compare claim, brute force over the classes and random
// requests confirms. Method: random policies; planted holes, gains and useless rules.
#include "policy/space.hpp"

#include "policy/compare.hpp"
#include "policy/lint.hpp"
#include "policy/prove.hpp"
#include "tests/support/random_policies.hpp"

#include <gtest/gtest.h>

#include <set>

namespace sekisho::policy {
namespace {

using testing::at;
using testing::contractor;
using testing::Dice;
using testing::hours;
using testing::staff;
using testing::World;

const Horizon four_weeks{at("2026-11-01T00:00:00+09:00"), at("2026-11-29T00:00:00+09:00")};

Decision asked(const Program& program, const Probe& probe) {
    const auto app = program.find_app(probe.app).value_or(AppId{99});
    return decide(*specialise(program, probe.subject(), app), probe.request());
}

// Everything a request may be answered with, as text.
std::string answer(const Decision& decision) {
    return std::string(to_text(decision.reason)) +
           (decision.rule ? std::to_string(decision.rule->value) : "-");
}

TEST(Space, ClassesMissNoAnswer) {
    int requests = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        Dice dice(seed);
        auto world = testing::random_world(dice);
        for (auto& app : world.model.apps) app.host = app.name;
        const auto program = compile(world.model).value();
        const View view{&world.model, program.get()};
        const Horizon horizon{at("2026-10-29T00:00:00Z"), at("2026-11-02T00:00:00Z")};
        Space space({view}, horizon);
        for (const auto& app : space.apps())
            for (const auto& people : space.classes(app))
                for (const auto& user : people.users) {
                    const Observer observer(*program, user, app);
                    std::set<std::string> seen;
                    ASSERT_TRUE(space.walk(user, app, [&](const Probe& probe) {
                        const auto outcome = observer.ask(probe);
                        EXPECT_EQ(answer(outcome.decision), answer(asked(*program, probe)));
                        EXPECT_EQ(outcome.decision.valid_until, asked(*program, probe).valid_until);
                        seen.insert(answer(outcome.decision));
                        return !::testing::Test::HasFailure();
                    }));
                    for (int i = 0; i < 40; ++i, ++requests) {
                        Probe probe{user,
                                    app,
                                    testing::methods[dice.below(6)],
                                    testing::asked_paths[dice.below(10)],
                                    {},
                                    {},
                                    FactorStrength::none,
                                    {},
                                    {}};
                        if (!dice.one_in(6)) probe.client = parse_ip(testing::addresses[dice.below(5)]);
                        probe.now = horizon.from + Seconds{dice.below(4 * 86'400)};
                        probe.strength = testing::strengths[dice.below(4)];
                        if (!dice.one_in(6)) probe.age = Seconds{dice.below(4 * 3600)};
                        ASSERT_EQ(seen.count(answer(asked(*program, probe))), 1u)
                            << seed << " " << user << " " << app << " " << probe.method << " " << probe.path;
                    }
                }
    }
    EXPECT_GT(requests, 5'000);
}

TEST(Space, MomentsStandForAllOfTheHorizon) {
    World world;
    world.add(contractor("ishii")
                  .of("aoba")
                  .from("2026-11-10")
                  .until("2026-11-20")
                  .working(hours("mon-fri", "08:00", "20:00")));
    world.model.apps[0].host = "wiki";
    world.allow("rule", "any");
    const auto program = compile(world.model).value();
    Space space({{&world.model, program.get()}}, four_weeks);
    Seconds open{0}, all{0};
    ASSERT_TRUE(space.walk("ishii", "wiki", [&](const Probe& probe) {
        if (probe.client != parse_ip("192.0.2.1") || probe.age != Millis{0}) return true;
        all += probe.lasts;
        if (asked(*program, probe).allow) open += probe.lasts;
        return true;
    }));
    EXPECT_EQ(all, Seconds{28 * 86'400});
    EXPECT_EQ(open, Seconds{9 * 12 * 3600});  // nine working days of twelve hours
}

std::string lint_text(const World& world) {
    const auto program = compile(world.model).value();
    const auto findings = lint({&world.model, program.get()}, four_weeks).value();
    std::string out;
    for (const auto& finding : findings) {
        out += std::string(to_text(finding.kind)) + " " +
               (finding.rule.empty() ? finding.app : finding.rule) +
               (finding.other.empty() ? "" : " by " + finding.other) + "\n";
        EXPECT_FALSE(sentence(finding, Language::ja).empty());
        if (!finding.witness) {
            EXPECT_EQ(finding.kind, LintFinding::Kind::names_nobody);
            continue;
        }
        EXPECT_EQ(answer(asked(*program, *finding.witness)), answer(finding.decision));
    }
    return out;
}

World office() {
    World world;
    world.model.apps[0].host = "wiki";
    world.model.apps[0].tier = "general";
    world.model.tiers = {{"critical", 3, {}}, {"important", 2, {}}, {"general", 1, {}}};
    world.add(staff("sato").in("finance"));
    world.add(contractor("ishii").of("aoba").working(hours("mon-fri", "08:00", "20:00")));
    world.network("office", {"10.0.0.0/8"}).network("lab", {"10.1.0.0/16"});
    return world;
}

TEST(Lint, SaysNothingOfASoundPolicy) {
    auto world = office();
    world.allow("staff", "kind:staff").mfa(FactorStrength::otp);
    world.allow("aoba", "org:aoba").paths({"/docs"}).mfa(FactorStrength::otp);
    world.deny("archive", "kind:staff").paths({"/archive"});
    EXPECT_EQ(lint_text(world), "");
}

TEST(Lint, RulesThatDoNothing) {
    auto world = office();
    world.add_group("empty");
    world.allow("staff", "kind:staff");
    world.allow("nobody", "group:empty");
    world.allow("apart", "kind:staff").network({"lab"}).network({"office"}, true);
    world.allow("nights", "kind:contractor").during(hours("sat", "08:00", "20:00"));  // the contract: mon-fri
    world.allow("inside", "group:finance").paths({"/x"});
    world.deny("no-contractors", "kind:contractor");
    world.allow("contractors", "org:aoba").paths({"/docs"});
    world.deny("twice", "org:aoba");
    EXPECT_EQ(lint_text(world),
              "names_nobody nobody\nunsatisfiable apart\nredundant nights\nredundant inside "
              "by staff\n"
              "redundant no-contractors by twice\nshadowed contractors by no-contractors\nredundant twice by "
              "no-contractors\n");
}

TEST(Lint, AppsNobodyOpensAndRulesTooBroad) {
    auto world = office();
    auto& ledger = world.app("ledger");
    ledger.host = "ledger";
    ledger.tier = "critical";
    auto& files = world.app("files");
    files.host = "files";
    files.tier = "important";
    auto& closed = world.app("closed");
    closed.host = "closed";
    closed.tier = "general";
    world.allow("wiki", "any");
    world.allow("ledger", "kind:staff", "ledger").mfa(FactorStrength::otp);
    world.allow("ledger-ops", "kind:contractor", "ledger").mfa(FactorStrength::otp, Seconds{3600});
    world.allow("files", "any", "files").mfa(FactorStrength::otp);
    world.allow("files-docs", "kind:staff", "closed").network({"lab"}).network({"office"}, true);
    const auto text = lint_text(world);
    EXPECT_NE(text.find("no_age_limit ledger\n"), std::string::npos) << text;
    EXPECT_NE(text.find("for_anybody files\n"), std::string::npos) << text;
    EXPECT_NE(text.find("unreachable_app closed\n"), std::string::npos) << text;
    EXPECT_EQ(text.find("ledger-ops"), std::string::npos) << text;
    EXPECT_EQ(text.find(" wiki"), std::string::npos) << text;  // a general app may be open to all
}

// Taking a redundant rule away changes no answer; taking away one that is needed changes one.
TEST(Lint, RedundantIsWhatBruteForceFinds) {
    int redundant = 0, needed = 0;
    for (std::uint64_t seed = 100; seed < 130; ++seed) {
        Dice dice(seed);
        auto world = testing::random_world(dice);
        for (auto& app : world.model.apps) app.host = app.name;
        const auto program = compile(world.model).value();
        const Horizon horizon{at("2026-10-29T00:00:00Z"), at("2026-11-02T00:00:00Z")};
        const View view{&world.model, program.get()};
        std::set<std::string> useless;
        for (const auto& finding : lint(view, horizon).value())
            if (finding.kind <= LintFinding::Kind::redundant) useless.insert(finding.rule);
        for (std::size_t i = 0; i < world.model.rules.size(); ++i) {
            auto without = world.model;
            without.rules.erase(without.rules.begin() + static_cast<std::ptrdiff_t>(i));
            const auto other = compile(without).value();
            bool changes = false;
            Space space({view, {&without, other.get()}}, horizon);
            for (const auto& app : space.apps())
                for (const auto& people : space.classes(app))
                    ASSERT_TRUE(space.walk(people.users.front(), app, [&](const Probe& probe) {
                        changes = changes || asked(*program, probe).allow != asked(*other, probe).allow;
                        return !changes;
                    }));
            const auto& id = world.model.rules[i].id;
            EXPECT_EQ(useless.count(id) == 0, changes) << seed << " " << id;
            ++(changes ? needed : redundant);
        }
    }
    EXPECT_GT(redundant, 20);
    EXPECT_GT(needed, 20);
}

void add_property(World& world, std::string_view whom, const std::string& app,
                  std::initializer_list<config::Hours> when) {
    int number = 0;
    for (const auto& open : when) {
        world.deny("never" + std::to_string(number++), whom, app).during(open);
        world.model.rules.back().shadow = true;
    }
}

TEST(Prove, HoldsUntilAHoleIsPlanted) {
    auto world = office();
    world.allow("aoba", "org:aoba");
    world.allow("staff", "kind:staff");
    add_property(world, "kind:contractor", "wiki",
                 {hours("mon-fri", "20:00", "08:00"), hours("sat-sun", "00:00", "24:00")});
    auto proofs = prove(world.model, 2, four_weeks).value();
    ASSERT_EQ(proofs.size(), 2u);
    for (const auto& proof : proofs) {
        EXPECT_TRUE(proof.holds()) << proof.property;
        EXPECT_FALSE(proof.vacuous());
    }
    world.model.orgs[0].hours.push_back(hours("sat", "09:00", "10:00"));  // the hole
    proofs = prove(world.model, 2, four_weeks).value();
    EXPECT_TRUE(proofs[0].holds());
    ASSERT_FALSE(proofs[1].holds());
    EXPECT_EQ(proofs[1].rule, "aoba");
    EXPECT_EQ(proofs[1].counter->user, "ishii");
    EXPECT_TRUE(asked(*compile(world.model).value(), *proofs[1].counter).allow);
}

TEST(Prove, WhatSpeaksOfNothingProvesNothing) {
    auto world = office();
    world.allow("staff", "kind:staff");
    world.add_group("empty");
    world.deny("never", "group:empty");
    world.model.rules.back().shadow = true;
    EXPECT_TRUE(prove(world.model, 1, four_weeks).value()[0].vacuous());
    world.model.rules.back().effect = config::Rule::Effect::allow;
    EXPECT_EQ(prove(world.model, 1, four_weeks).error().code(), Errc::malformed);
}

TEST(Compare, ListsExactlyWhatWasPlanted) {
    auto before = office();
    before.allow("staff", "kind:staff").mfa(FactorStrength::otp);
    before.allow("aoba", "org:aoba").paths({"/docs"});
    auto now = before;
    const auto same = [&] {
        const auto a = compile(before.model).value(), b = compile(now.model).value();
        return compare({&before.model, a.get()}, {&now.model, b.get()}, four_weeks).value();
    };
    EXPECT_TRUE(same().shifts.empty());
    now.model.rules[1].paths.push_back("/plans");      // gained by ishii
    now.deny("no-put", "user:sato").methods({"PUT"});  // lost by sato
    const auto shifts = same();
    EXPECT_EQ(shifts.lines(four_weeks), (std::vector<std::string>{"+ ishii wiki OTHER /plans 240h00m of 28d",
                                                                  "- sato wiki PUT / 672h00m of 28d"}))
        << ::testing::PrintToString(shifts.lines(four_weeks));
    EXPECT_TRUE(shifts.gains());
    EXPECT_EQ(shifts.signature(four_weeks).size(), 64u);
    for (const auto& shift : shifts.shifts) EXPECT_NE(shift.before.allow, shift.now.allow);
}

}  // namespace
}  // namespace sekisho::policy
