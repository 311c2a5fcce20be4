// Goal: each fault of a machine is named once, with what to change; a good machine is left alone.
// Method: a machine as it should be, as facts, and one thing wrong at a time.
#include "gateway/cli/doctor_facts.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>

namespace sekisho::gateway::cli {
namespace {

config::Model model() {
    config::Model made;
    made.limits.connections = 1000;
    made.limits.reserved_descriptors = 64;
    made.store.data_directory = "/var/lib/sekisho";
    made.audit.directory = "/var/lib/sekisho/audit";
    return made;
}

MachineFacts good_machine() {
    constexpr std::uint64_t large = 500ull << 30;
    MachineFacts facts;
    facts.descriptors = 65536;
    facts.accept_backlog = 4096;
    facts.syn_backlog = 4096;
    facts.descriptors_of_all = 1'000'000;
    facts.overcommit = 0;
    facts.port_first = 32768;
    facts.port_last = 60999;
    facts.clock_synchronised = true;
    facts.data = facts.audit = config::DiskFacts{1, large, large / 2};
    facts.sync_time = Millis(2);
    facts.data_mode = 0700;
    facts.upstreams.push_back({"wiki", "127.0.0.1:9001", {}, {}, {}});
    facts.ports.push_back({"0.0.0.0:443", 0});
    return facts;
}

std::string ids(const MachineFacts& facts) {
    std::string all;
    for (const auto& symptom : examine(model(), facts)) {
        all += std::string(symptom.id()) + " ";
        for (const auto language : {Language::en, Language::ja}) {
            const auto text = config::to_text(symptom, language);
            EXPECT_EQ(text.find('{'), std::string::npos) << "an argument is missing: " << text;
            EXPECT_FALSE(config::remedy(symptom, language).empty()) << text;
        }
    }
    return all;
}

TEST(Doctor, LeavesAGoodMachineAlone) { EXPECT_EQ(ids(good_machine()), ""); }

TEST(Doctor, NamesEachFault) {
    const std::pair<const char*, std::function<void(MachineFacts&)>> cases[] = {
        {"descriptors-few ", [](auto& f) { f.descriptors = 2063; }},
        {"", [](auto& f) { f.descriptors = 2064; }},
        {"descriptors-of-all-few ", [](auto& f) { f.descriptors_of_all = 2000; }},
        {"accept-backlog-short ", [](auto& f) { f.accept_backlog = 128; }},
        {"syn-backlog-short ", [](auto& f) { f.syn_backlog = 128; }},
        {"local-ports-few ", [](auto& f) { f.port_first = 60000; }},
        {"memory-strict ", [](auto& f) { f.overcommit = 2; }},
        {"clock-not-synchronised ", [](auto& f) { f.clock_synchronised = false; }},
        {"random-not-ready ", [](auto& f) { f.random_ready = false; }},
        {"disk-nearly-full ", [](auto& f) { f.data->free_bytes = 100 << 20; }},
        {"disk-nearly-full ",
         [](auto& f) {
             f.audit = config::DiskFacts{2, 100ull << 30, 5ull << 30};
         }},
        {"disk-slow ", [](auto& f) { f.sync_time = Millis(900); }},
        {"data-readable ", [](auto& f) { f.data_mode = 0755; }},
        {"data-of-another ", [](auto& f) { f.data_is_ours = false; }},
        {"runs-as-root ", [](auto& f) { f.is_root = true; }},
        {"port-in-use ", [](auto& f) { f.ports[0].error = EADDRINUSE; }},
        {"port-refused ", [](auto& f) { f.ports[0].error = EACCES; }},
        {"upstream-unknown ", [](auto& f) { f.upstreams[0].resolve_error = "Name or service not known"; }},
        {"upstream-unreachable ", [](auto& f) { f.upstreams[0].connect_error = "Connection refused"; }},
        {"upstream-unverified ", [](auto& f) { f.upstreams[0].handshake_error = "certificate has expired"; }},
    };
    for (const auto& [expected, spoil] : cases) {
        auto facts = good_machine();
        spoil(facts);
        EXPECT_EQ(ids(facts), expected);
    }
}

TEST(Doctor, TakesItsOwnPortsForGranted) {
    auto facts = good_machine();
    facts.ports[0].error = EADDRINUSE;
    facts.gateway_runs = true;
    EXPECT_EQ(ids(facts), "");
}

TEST(Doctor, SaysTheWorstFirst) {
    auto facts = good_machine();
    facts.is_root = true;
    facts.sync_time = Millis(900);
    facts.random_ready = false;
    EXPECT_EQ(ids(facts), "random-not-ready disk-slow runs-as-root ");
}

TEST(Doctor, JudgesNothingTheKernelDoesNotSay) {
    MachineFacts facts;
    EXPECT_EQ(ids(facts), "");
}

}  // namespace
}  // namespace sekisho::gateway::cli
