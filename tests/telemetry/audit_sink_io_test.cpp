// Goal: what append() called durable is in the file and verifies; nothing is lost silently, whatever the disk
// does. Method: real files in a folder of their own; damage between two runs; a full disk by RLIMIT_FSIZE in
// a child.
#include "telemetry/audit_sink_io.hpp"

#include "audit_support.hpp"

#include <gtest/gtest.h>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sekisho::telemetry {
namespace {

using namespace std::chrono_literals;
using test::act;
using test::Folder;
using test::refusal;

class AuditSink : public ::testing::Test {
protected:
    AuditSettings settings() const {
        AuditSettings given;
        given.directory = folder / "audit";
        given.checkpoint_path = folder / "checkpoints.log";
        given.origin = "gate";
        given.checkpoint_every = 20ms;
        given.reserve_bytes = 64u << 10;
        given.retry_every = 20ms;
        return given;
    }
    std::unique_ptr<AuditWriter> open(const AuditSettings& given) {
        auto copy = SigningKey::from_private_der(SigningKey::Kind::ed25519, key.private_der().reveal());
        auto writer =
            AuditWriter::open(given, std::move(*copy), keys, system_clock_face(), registry.shared(), nullptr);
        EXPECT_TRUE(writer) << writer.error().detail();
        return std::move(*writer);
    }
    std::unique_ptr<AuditWriter> open() { return open(settings()); }
    VerifyReport verify() const {
        VerifyFiles files;
        files.directory = folder / "audit";
        files.checkpoints = folder / "checkpoints.log";
        files.public_key = key.public_bytes();
        files.origin = "gate";
        auto report = verify_audit(files);
        EXPECT_TRUE(report) << report.error().detail();
        return *report;
    }
    std::vector<ReadRecord> all() {
        std::vector<ReadRecord> records;
        const auto done =
            search_audit(folder / "audit", {}, &keys,
                         [&](const ReadRecord& read, std::string_view) { records.push_back(read); });
        EXPECT_TRUE(done);
        return records;
    }
    std::vector<ReadRecord> all(Event event) {
        auto records = all();
        std::erase_if(records, [&](const ReadRecord& read) { return read.record.event != event; });
        return records;
    }
    static std::string fact(const ReadRecord& read, std::string_view name) {
        for (const auto& fact : read.record.facts)
            if (fact.name == name) return fact.value;
        return {};
    }
    template <class Condition>
    static bool soon(Condition&& condition) {
        for (int i = 0; i < 500 && !condition(); ++i) std::this_thread::sleep_for(10ms);
        return condition();
    }

    Folder folder;
    SigningKey key = SigningKey::generate(SigningKey::Kind::ed25519);
    MemoryPersonKeys keys;
    Registry registry;
};

std::string text_of(const VerifyReport& report) {
    std::string text;
    for (const auto& finding : report.findings) text += finding.sentence + "\n";
    return text;
}

TEST_F(AuditSink, WhatWasAppendedIsDurableAndVerifies) {
    {
        const auto writer = open();
        EXPECT_EQ(*writer->append(refusal("sato", "wiki"), Durability::wait), 2u);  // 1 is the start
        EXPECT_EQ(*writer->append(refusal("ishii", "files"), Durability::wait), 3u);
        EXPECT_EQ(*writer->append(act("reload"), Durability::later), 0u);
        EXPECT_EQ(writer->state(), AuditState::good);
    }
    const auto report = verify();
    EXPECT_TRUE(report.intact()) << text_of(report);
    EXPECT_EQ(report.records, 5u);
    EXPECT_EQ(report.protected_to, 5u);
    const auto records = all();
    ASSERT_EQ(records.size(), 5u);
    EXPECT_EQ(records[0].record.event, Event::start);
    EXPECT_EQ(records[1].record.user, "sato");
    EXPECT_EQ(records[4].record.event, Event::stop);
    EXPECT_EQ(registry.totals().audit_records, 5u);
}

TEST_F(AuditSink, ACheckpointFollowsWithoutBeingAsked) {
    const auto writer = open();
    const auto seq = *writer->append(refusal("sato", "wiki"), Durability::wait);
    EXPECT_TRUE(soon([&] { return writer->protected_to() >= seq; }));
    EXPECT_EQ(writer->durable_head().seq, seq);
}

TEST_F(AuditSink, ManyThreadsGetNumbersOfTheirOwn) {
    std::set<Seq> numbers;
    std::mutex mutex;
    {
        const auto writer = open();
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 50; ++i) {
                    const auto seq = writer->append(refusal("sato", "wiki"), Durability::wait);
                    const std::scoped_lock lock(mutex);
                    if (seq) numbers.insert(*seq);
                }
            });
        for (auto& thread : threads) thread.join();
    }
    EXPECT_EQ(numbers.size(), 200u);
    EXPECT_TRUE(verify().intact());
}

TEST_F(AuditSink, CallbackTellsTheNumberOnce) {
    std::atomic<int> calls{0};
    std::atomic<Seq> number{0};
    {
        const auto writer = open();
        writer->append(refusal("sato", "wiki"), [&](Result<Seq> seq) {
            ++calls;
            number = seq ? *seq : 0;
        });
    }
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(number, 2u);
}

TEST_F(AuditSink, ASecondWriterIsRefused) {
    const auto writer = open();
    const auto second = AuditWriter::open(settings(), SigningKey::generate(SigningKey::Kind::ed25519), keys,
                                          system_clock_face(), registry.shared(), nullptr);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Errc::exists);
}

TEST_F(AuditSink, SegmentsRotateAndTheChainGoesOn) {
    auto small = settings();
    small.segment_bytes = 4096;
    {
        const auto writer = open(small);
        for (int i = 0; i < 60; ++i) ASSERT_TRUE(writer->append(refusal("sato", "wiki"), Durability::wait));
    }
    open(small).reset();
    const auto report = verify();
    EXPECT_TRUE(report.intact()) << text_of(report);
    EXPECT_GT(report.segments, 4u);
    EXPECT_EQ(report.records, 64u);
}

TEST_F(AuditSink, ATornLastLineIsCutOffAtStartAndSaidSo) {
    { ASSERT_TRUE(open()->append(refusal("sato", "wiki"), Durability::wait)); }
    const auto file = folder / "audit/audit-00000001.jsonl";
    test::write_file(file, test::read_file(file) + R"({"v":1,"seq":4,"ti)");
    EXPECT_EQ(verify().findings.at(0).damage, Damage::torn);
    open().reset();
    const auto report = verify();
    EXPECT_TRUE(report.intact()) << text_of(report);
    const auto starts = all(Event::start);
    ASSERT_EQ(starts.size(), 2u);
    EXPECT_EQ(fact(starts[1], "torn_bytes"), "18");
    EXPECT_EQ(fact(starts[1], "durable_seq"), "3");
}

TEST_F(AuditSink, EveryPrefixOfASegmentCanBeGoneOnFrom) {
    { ASSERT_TRUE(open()->append(refusal("sato", "wiki"), Durability::wait)); }
    const auto file = folder / "audit/audit-00000001.jsonl";
    const auto whole = test::read_file(file);
    for (std::size_t n = 0; n < whole.size(); n += 37) {
        std::filesystem::remove_all(folder / "audit");
        std::filesystem::remove(folder / "checkpoints.log");
        std::filesystem::create_directory(folder / "audit");
        test::write_file(file, whole.substr(0, n));
        open().reset();
        const auto report = verify();
        EXPECT_TRUE(report.intact()) << n << ' ' << text_of(report);
    }
}

TEST_F(AuditSink, ADamagedTailIsLeftAloneAndANewSegmentBegins) {
    { ASSERT_TRUE(open()->append(refusal("sato", "wiki"), Durability::wait)); }
    const auto file = folder / "audit/audit-00000001.jsonl";
    auto text = test::read_file(file);
    text[text.size() - 100] ^= 1;
    test::write_file(file, text);
    open().reset();
    EXPECT_EQ(test::read_file(file), text);
    const auto report = verify();
    ASSERT_FALSE(report.intact());
    EXPECT_EQ(report.findings[0].damage, Damage::altered);
    EXPECT_EQ(report.findings[0].first, 3u) << text_of(report);
    EXPECT_EQ(report.findings_total, 1u) << text_of(report);
    EXPECT_EQ(all(Event::start).back().record.reason, "damaged");
}

TEST_F(AuditSink, ATailCutBetweenTwoRunsIsNamedByStartAndVerifier) {
    {
        const auto writer = open();
        for (int i = 0; i < 5; ++i) ASSERT_TRUE(writer->append(refusal("sato", "wiki"), Durability::wait));
    }
    const auto file = folder / "audit/audit-00000001.jsonl";
    const auto text = test::read_file(file);
    std::size_t at = 0;
    for (int line = 0; line < 4; ++line) at = text.find('\n', at) + 1;
    test::write_file(file, text.substr(0, at));
    const auto cut = verify();
    EXPECT_EQ(cut.findings.at(0).damage, Damage::cut);
    EXPECT_EQ(cut.findings.at(0).first, 4u);
    EXPECT_EQ(cut.findings.at(0).last, 7u);
    open().reset();
    EXPECT_EQ(all(Event::start).back().record.reason, "cut_below_checkpoint");
    EXPECT_FALSE(verify().intact());
}

TEST_F(AuditSink, ATornCheckpointFileGoesOn) {
    open().reset();
    const auto file = folder / "checkpoints.log";
    const auto whole = test::read_file(file);
    for (std::size_t n = 0; n < whole.size(); n += 11) {
        test::write_file(file, whole + whole.substr(0, n));
        open().reset();
        const auto report = verify();
        EXPECT_TRUE(report.intact()) << n << ' ' << text_of(report);
        EXPECT_EQ(report.head.seq, report.protected_to);
    }
}

TEST_F(AuditSink, StrangersRefusalsBecomeOneRecordWithACount) {
    {
        const auto writer = open();
        for (int i = 0; i < 1000; ++i) {
            auto knock = refusal("", "");
            knock.claimed = "guess";
            ASSERT_TRUE(writer->append(std::move(knock), i % 2 ? Durability::later : Durability::wait));
        }
    }
    EXPECT_EQ(all(Event::decision_deny).size(), 1u);
    const auto counted = all(Event::coalesced);
    ASSERT_EQ(counted.size(), 1u);
    EXPECT_EQ(counted[0].record.count, 999u);
}

TEST_F(AuditSink, AnOversizeRecordIsCutNotRefused) {
    {
        const auto writer = open();
        auto record = refusal("sato", "wiki");
        record.path = std::string(100'000, 'x');
        record.facts.assign(1000, {"name", "value"});
        for (std::size_t i = 0; i < record.facts.size(); ++i) record.facts[i].name += std::to_string(i);
        ASSERT_TRUE(writer->append(std::move(record), Durability::wait));
    }
    EXPECT_EQ(all(Event::decision_deny).at(0).record.path.size(), 2048u);
}

// limit_files sets the largest size of a file, as a full disk would.
void limit_files(rlim_t bytes) {
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
}

// Runs the story in a child, since the limit is the whole process's; gives the child's exit code.
template <class Story>
int in_child(Story&& story) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(story());
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 200;
}

TEST_F(AuditSink, AFullDiskHoldsOrdinaryRecordsAndLetsPrivilegedOnesThrough) {
    auto given = settings();
    given.queue_records = 64;
    given.retry_every = 1h;
    const int code = in_child([&] {
        limit_files(96u << 10);
        const auto writer = open(given);
        int durable = 0;
        while (durable < 10'000 && writer->append(refusal("sato", "wiki"), Durability::wait)) ++durable;
        if (writer->state() != AuditState::full) return 1;
        if (durable < 10) return 2;
        // An ordinary record waits and its caller is told at once; a privileged one becomes durable.
        if (writer->append(refusal("sato", "wiki"), Durability::wait)) return 3;
        for (int i = 0; i < 5; ++i)
            if (!writer->append(act("users.disable"), Durability::wait)) return 4;
        if (writer->state() != AuditState::full || !soon([&] { return writer->waiting() == 2; })) return 5;
        for (int i = 0; i < 100; ++i)
            static_cast<void>(writer->append(refusal("ishii", "wiki"), Durability::later));
        if (writer->lost() != 38 || writer->waiting() != 64) return 6;
        limit_files(RLIM_INFINITY);
        return 0;
    });
    ASSERT_EQ(code, 0);
    const auto report = verify();
    EXPECT_TRUE(report.intact()) << text_of(report);
    EXPECT_EQ(all(Event::privileged_act).size(), 5u);
    const auto gaps = all(Event::gap);
    ASSERT_EQ(gaps.size(), 1u);
    EXPECT_EQ(gaps[0].record.count, 38u);
    // The gap is the first thing after the recovery, then what waited.
    const auto records = all();
    const auto gap = std::find_if(records.begin(), records.end(),
                                  [](const auto& read) { return read.record.event == Event::gap; });
    EXPECT_EQ((gap - 1)->record.event, Event::privileged_act);
    EXPECT_EQ((gap + 1)->record.event, Event::decision_deny);
    EXPECT_EQ(records.end() - gap, 1 + 64 + 1);
}

TEST_F(AuditSink, ADiskThatHasRoomAgainIsNoticed) {
    auto given = settings();
    given.reserve_bytes = 0;
    const int code = in_child([&] {
        limit_files(32u << 10);
        const auto writer = open(given);
        int durable = 0;
        while (durable < 10'000 && writer->append(refusal("sato", "wiki"), Durability::wait)) ++durable;
        if (writer->state() != AuditState::full) return 1;
        // With no reserve a privileged record waits too, and says so.
        if (writer->append(act("users.disable"), Durability::wait)) return 2;
        limit_files(RLIM_INFINITY);
        if (!soon([&] { return writer->state() == AuditState::good; })) return 3;
        return writer->append(refusal("sato", "wiki"), Durability::wait) ? 0 : 4;
    });
    ASSERT_EQ(code, 0);
    EXPECT_TRUE(verify().intact());
    EXPECT_TRUE(all(Event::gap).empty());
    EXPECT_EQ(all(Event::privileged_act).size(), 1u);
}

TEST_F(AuditSink, AFailingSecondPlaceDegradesAndRecovers) {
    auto given = settings();
    given.segment_bytes = 2048;
    given.reserve_bytes = 0;
    given.checkpoint_every = 1ms;
    const int code = in_child([&] {
        limit_files(16u << 10);
        const auto writer = open(given);
        for (int i = 0; i < 2000 && writer->state() == AuditState::good; ++i) {
            if (!writer->append(refusal("sato", "wiki"), Durability::wait)) return 1;
            if (const auto seq = writer->durable_head().seq;
                !soon([&] { return writer->protected_to() >= seq || writer->state() != AuditState::good; }))
                return 2;
        }
        if (writer->state() != AuditState::degraded) return 3;
        if (!writer->append(refusal("sato", "wiki"), Durability::wait)) return 4;
        limit_files(RLIM_INFINITY);
        return soon([&] { return writer->state() == AuditState::good; }) ? 0 : 5;
    });
    ASSERT_EQ(code, 0);
    const auto report = verify();
    EXPECT_TRUE(report.intact()) << text_of(report);
    EXPECT_EQ(report.protected_to, report.head.seq);
}

TEST_F(AuditSink, StateAndHeadsAreScraped) {
    const auto writer = open();
    ASSERT_TRUE(writer->append(refusal("sato", "wiki"), Durability::wait));
    ASSERT_TRUE(writer->checkpoint_now());
    register_audit_metrics(registry, *writer);
    const auto text = render(registry);
    for (const char* line : {"sekisho_audit_state{state=\"good\"} 1", "sekisho_audit_state{state=\"full\"} 0",
                             "sekisho_audit_head_records 2", "sekisho_audit_checkpoint_records 2"})
        EXPECT_NE(text.find(line), text.npos) << line;
    for (const auto metric : {Metric::audit_state, Metric::audit_head, Metric::audit_protected})
        registry.on_scrape(metric, {});
}

}  // namespace
}  // namespace sekisho::telemetry
