// Goal: of a million recorded decisions exactly those that a candidate answers otherwise are found, within a
// minute, and nobody's name is in the answer (R35).
#include "policy/what_if.hpp"

#include "tests/support/policies.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace sekisho::policy {
namespace {

using testing::at;
using testing::contractor;
using testing::staff;
using testing::World;

TEST(WhatIf, FiftyPlantedFlipsInAMillion) {
    World world;
    for (int i = 0; i < 200; ++i) world.add(staff("s" + std::to_string(i)));
    for (int i = 0; i < 50; ++i) world.add(contractor("c" + std::to_string(i)).of("aoba"));
    world.allow("staff", "kind:staff").mfa(FactorStrength::otp, Seconds{12 * 3600});
    world.allow("aoba", "org:aoba").paths({"/docs"});
    world.deny("no-plans", "org:aoba").paths({"/docs/plans"});  // new in the candidate
    const auto candidate = compile(world.model).value();
    WhatIf what_if(*candidate, Bytes(32, 7));
    const auto start = at("2026-11-24T00:00:00Z");
    const auto began = std::chrono::steady_clock::now();
    constexpr int records = 1'000'000;
    for (int i = 0; i < records; ++i) {
        const bool planted = i % (records / 50) == 0;
        const auto user =
            planted || i % 5 == 0 ? "c" + std::to_string(i / 5 % 50) : "s" + std::to_string(i % 200);
        Recorded recorded{user,
                          "wiki",
                          "GET",
                          planted ? "/docs/plans/1" : "/docs/a",
                          parse_ip("192.0.2.1"),
                          start + Seconds{i % 3600},
                          FactorStrength::otp,
                          start,
                          true};
        what_if.add(recorded);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{60});
    EXPECT_EQ(what_if.judged(), static_cast<std::uint64_t>(records));
    EXPECT_EQ(what_if.flipped(), 50u);
    EXPECT_EQ(what_if.lost(), 50u);
    std::uint64_t listed = 0;
    for (const auto& flip : what_if.flips()) {
        listed += flip.count;
        EXPECT_EQ(flip.rule, "no-plans");
        EXPECT_EQ(flip.who.rfind("person-", 0), 0u);
        EXPECT_EQ(flip.who.size(), 15u);
    }
    EXPECT_EQ(listed, 50u);
}

TEST(WhatIf, WhatIsUnknownToTheCandidateIsNo) {
    World world;
    world.add(staff("sato"));
    world.allow("staff", "kind:staff");
    const auto candidate = compile(world.model).value();
    WhatIf what_if(*candidate, Bytes(32, 1)), other(*candidate, Bytes(32, 2));
    Recorded recorded{"sato", "gone", "GET", "/", {}, at("2026-11-24T00:00:00Z"), FactorStrength::otp,
                      {},     true};
    what_if.add(recorded);
    recorded.app = "wiki";
    recorded.user = "tanaka";
    what_if.add(recorded);
    recorded.user = "sato";
    what_if.add(recorded);
    EXPECT_EQ(what_if.lost(), 2u);
    EXPECT_EQ(what_if.unknown(), 2u);
    recorded.allowed = false;
    what_if.add(recorded);
    EXPECT_EQ(what_if.gained(), 1u);
    other.add(recorded);
    EXPECT_NE(what_if.flips().back().who, other.flips().back().who);  // pseudonyms differ from run to run
}

}  // namespace
}  // namespace sekisho::policy
