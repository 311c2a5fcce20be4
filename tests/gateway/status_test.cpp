// Goal: whoever is on duty is told what is wrong, and is not told "in order" while something is. Method: the
// board is given facts, one trouble at a time, and its page's figures are read back.
#include "gateway/status.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

StatusFacts healthy() {
    StatusFacts facts;
    facts.connections_max = facts.descriptors_max = 1000;
    facts.upstreams = {{"wiki", true}, {"files", true}};
    return facts;
}

std::vector<std::string> warned(const StatusFacts& facts, Language language = Language::en) {
    const telemetry::Registry registry;
    const ManualClock clock(WallTime{});
    return StatusBoard(registry, clock, [&] { return facts; }).status(language).warnings;
}

TEST(StatusBoard, WarnsOfNothingWhileAllIsWell) { EXPECT_TRUE(warned(healthy()).empty()); }

TEST(StatusBoard, NamesAnUpstreamThatIsDownInTheReadersLanguage) {
    auto facts = healthy();
    facts.upstreams[1].up = false;
    EXPECT_EQ(warned(facts), std::vector<std::string>{"files is down."});
    EXPECT_EQ(warned(facts, Language::ja), std::vector<std::string>{"files が応答していません。"});
}

TEST(StatusBoard, NamesALimitThatIsNear) {
    auto facts = healthy();
    facts.connections = 849;
    EXPECT_TRUE(warned(facts).empty());
    facts.connections = 850;
    EXPECT_EQ(warned(facts), std::vector<std::string>{"Connections: 85% of the limit."});
}

TEST(StatusBoard, PutsTheAuditLogFirstAndARefusedChangeLast) {
    auto facts = healthy();
    facts.audit_state = "full";
    facts.last_reload_ok = false;
    facts.worker_busy = 0.99;
    const auto found = warned(facts);
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found.front(), "The audit log is in trouble. See sekisho status.");
    EXPECT_EQ(found.back(),
              "The last change of the configuration was refused; the one before it is in force.");
}

}  // namespace
}  // namespace sekisho::gateway
