// Goal: each kind of damage to a log is named, first damage first, and a whole log is never accused.
// Method: a log in memory; every byte of a segment changed, every record dropped, swapped, doubled, forged;
// tails cut at every record; checkpoints forged, missing, going back.
#include "telemetry/audit_chain.hpp"

#include "audit_support.hpp"

#include <gtest/gtest.h>

namespace sekisho::telemetry {
namespace {

using test::MemoryLog;
using test::refusal;

std::string show(const VerifyReport& report) {
    std::string text;
    for (const auto& finding : report.findings)
        text += fmt::format("{} {}..{} {}:{} {}\n", to_text(finding.damage), finding.first, finding.last,
                            finding.file, finding.line, finding.sentence);
    return text;
}

#define EXPECT_FIRST(report, kind, from, to)                            \
    do {                                                                \
        const auto& seen = (report);                                    \
        ASSERT_FALSE(seen.findings.empty());                            \
        EXPECT_EQ(seen.findings[0].damage, Damage::kind) << show(seen); \
        EXPECT_EQ(seen.findings[0].first, Seq(from)) << show(seen);     \
        EXPECT_EQ(seen.findings[0].last, Seq(to)) << show(seen);        \
    } while (false)

TEST(AuditChain, AWholeLogIsIntactAndProtected) {
    const auto log = MemoryLog::of(3, 4);
    const auto report = log.verify();
    EXPECT_TRUE(report.intact()) << show(report);
    EXPECT_EQ(report.records, 12u);
    EXPECT_EQ(report.segments, 3u);
    EXPECT_EQ(report.checkpoints, 3u);
    EXPECT_EQ(report.head, log.head);
    EXPECT_EQ(report.protected_to, 12u);
    EXPECT_TRUE(report.signature_checked);
    EXPECT_EQ(report.tail_sentence(), "");
}

TEST(AuditChain, WhatNoCheckpointProtectsIsSaid) {
    auto log = MemoryLog::of(1, 4);
    log.add(refusal("sato", "wiki"));
    EXPECT_EQ(log.verify().tail_sentence(), "tail unverified: record 5 is not protected by a checkpoint yet");
    log.add(refusal("sato", "wiki"));
    EXPECT_EQ(log.verify().tail_sentence(),
              "tail unverified: records 5..6 are not protected by a checkpoint yet");
    const auto without = log.verify(MemoryLog::Checkpoints::none);
    EXPECT_TRUE(without.intact());
    EXPECT_EQ(without.tail_sentence(), "tail unverified: records 1..6 are not protected by a checkpoint yet");
}

TEST(AuditChain, EveryChangedByteIsNamed) {
    const auto log = MemoryLog::of(1, 3);
    const auto& lines = log.segments[0];
    const std::string whole = log.text(0);
    std::size_t at = 0;
    for (std::size_t line = 0; line < lines.size(); ++line)
        for (std::size_t i = 0; i < lines[line].size(); ++i, ++at)
            for (const char mask : {char{1}, char{0x20}, static_cast<char>(0x80)}) {
                auto damaged = whole;
                damaged[at] = static_cast<char>(damaged[at] ^ mask);
                // Without checkpoints too: the chain alone must tell.
                const auto report = log.verify({damaged}, MemoryLog::Checkpoints::none);
                ASSERT_FALSE(report.intact()) << "byte " << at;
                const auto& first = report.findings[0];
                EXPECT_TRUE(first.damage == Damage::altered || first.damage == Damage::torn) << show(report);
                EXPECT_EQ(first.first, std::max<Seq>(line, 1)) << "byte " << at << '\n' << show(report);
                EXPECT_EQ(first.line, line + 1);
            }
}

TEST(AuditChain, EveryByteMadeANewlineIsNamed) {
    const auto log = MemoryLog::of(1, 3);
    const std::string whole = log.text(0);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        if (whole[at] == '\n') continue;
        auto damaged = whole;
        damaged[at] = '\n';
        EXPECT_FALSE(log.verify({damaged}).intact()) << at;
    }
}

TEST(AuditChain, OnlyTheAlteredRecordIsNamed) {
    auto log = MemoryLog::of(2, 4);
    auto& line = log.segments[0][2];
    line[line.find("files")] = 'F';
    const auto report = log.verify();
    EXPECT_FIRST(report, altered, 2, 2);
    EXPECT_EQ(report.findings_total, 1u) << show(report);
}

TEST(AuditChain, ARecordWithARecomputedHashIsNamedByTheNext) {
    for (Seq changed = 1; changed <= 3; ++changed) {
        auto log = MemoryLog::of(1, 4);
        auto& line = log.segments[0][changed];
        const auto prev = read_chain_line(std::string_view(log.segments[0][changed - 1])
                                              .substr(0, log.segments[0][changed - 1].size() - 1))
                              ->hash;
        line.clear();
        append_record(line, refusal("ishii", "wiki"), {changed - 1, prev}, *log.keys);
        EXPECT_FIRST(log.verify(MemoryLog::Checkpoints::none), altered, changed, changed);
    }
}

TEST(AuditChain, EveryDroppedRecordIsNamed) {
    for (Seq drop = 1; drop <= 7; ++drop) {
        auto log = MemoryLog::of(2, 4);
        auto& segment = log.segments[drop <= 4 ? 0 : 1];
        segment.erase(segment.begin() + static_cast<std::ptrdiff_t>(drop <= 4 ? drop : drop - 4));
        const auto report = log.verify(MemoryLog::Checkpoints::none);
        EXPECT_FIRST(report, dropped, drop, drop);
        EXPECT_EQ(report.findings_total, 1u) << show(report);
    }
}

TEST(AuditChain, EveryPairOfNeighboursSwappedIsNamed) {
    for (Seq swap = 1; swap <= 3; ++swap) {
        auto log = MemoryLog::of(1, 4);
        std::swap(log.segments[0][swap], log.segments[0][swap + 1]);
        const auto report = log.verify();
        EXPECT_FIRST(report, reordered, swap, swap);
        EXPECT_EQ(report.findings_total, 1u) << show(report);
    }
}

TEST(AuditChain, ARecordMovedFarIsNamed) {
    auto log = MemoryLog::of(2, 5);
    const auto moved = log.segments[0][2];
    log.segments[0].erase(log.segments[0].begin() + 2);
    log.segments[1].push_back(moved);
    EXPECT_FIRST(log.verify(), reordered, 2, 2);
}

TEST(AuditChain, ADoubledRecordIsNamed) {
    for (Seq twice = 1; twice <= 4; ++twice) {
        auto log = MemoryLog::of(1, 4);
        log.segments[0].insert(log.segments[0].begin() + static_cast<std::ptrdiff_t>(twice),
                               log.segments[0][twice]);
        const auto report = log.verify();
        EXPECT_FIRST(report, inserted, twice, twice);
        EXPECT_EQ(report.findings_total, 1u) << show(report);
    }
}

TEST(AuditChain, AForgedRecordBetweenTwoIsNamed) {
    for (Seq before = 1; before <= 3; ++before) {
        auto log = MemoryLog::of(1, 4);
        auto& lines = log.segments[0];
        const auto prev =
            read_chain_line(std::string_view(lines[before]).substr(0, lines[before].size() - 1))->hash;
        std::string forged;
        append_record(forged, refusal("sato", "wiki"), {before, prev}, *log.keys);
        lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(before + 1), forged);
        EXPECT_FIRST(log.verify(MemoryLog::Checkpoints::none), inserted, before + 1, before + 1);
    }
}

TEST(AuditChain, AForeignLineIsNamed) {
    auto log = MemoryLog::of(1, 4);
    log.segments[0].insert(log.segments[0].begin() + 3, "hello\n");
    const auto report = log.verify();
    EXPECT_FIRST(report, inserted, 3, 3);
    EXPECT_EQ(report.findings_total, 1u) << show(report);
}

TEST(AuditChain, ATailCutBelowTheLastCheckpointIsNamed) {
    for (std::size_t left = 0; left < 4; ++left) {
        auto log = MemoryLog::of(2, 4);
        log.segments[1].resize(left + 1);
        const auto report = log.verify();
        EXPECT_FIRST(report, cut, 5 + left, 8);
        EXPECT_EQ(report.protected_to, 4u);
        // Without the checkpoint it can't be seen, and that is said.
        const auto blind = log.verify(MemoryLog::Checkpoints::none);
        EXPECT_TRUE(blind.intact());
        EXPECT_NE(blind.tail_sentence(), "");
    }
    auto log = MemoryLog::of(2, 4);
    log.segments.pop_back();
    EXPECT_FIRST(log.verify(), cut, 5, 8);
}

TEST(AuditChain, AnIncompleteLastLineIsNamedUnlessTheLogIsLive) {
    const auto log = MemoryLog::of(1, 3);
    const auto whole = log.text(0);
    const auto report = log.verify({whole + R"({"v":1,"seq":4)"});
    EXPECT_FIRST(report, torn, 4, 4);
}

TEST(AuditChain, ARewrittenHistoryIsAFork) {
    auto log = MemoryLog::of(2, 4);
    auto forged = MemoryLog::of(1, 4);  // same first part in numbers, not in hashes
    forged.begin_segment();
    for (int i = 0; i < 6; ++i) forged.add(refusal("ishii", "files"));
    log.segments = forged.segments;
    const auto report = log.verify();
    EXPECT_FIRST(report, fork, 1, 4);
    EXPECT_EQ(report.protected_to, 0u);
}

TEST(AuditChain, ARewriteBehindAGoodCheckpointNamesWhereItCanHaveBegun) {
    auto log = MemoryLog::of(1, 4);
    const auto head = log.head;
    for (int i = 0; i < 3; ++i) log.add(refusal("ishii", "files"));
    log.checkpoint();
    log.segments[0].resize(5);
    log.head = head;
    log.link = head.hash;
    for (int i = 0; i < 5; ++i) log.add(refusal("sato", "wiki"));
    const auto report = log.verify();
    EXPECT_FIRST(report, fork, 5, 7);
    EXPECT_EQ(report.protected_to, 4u);
}

TEST(AuditChain, CheckpointsThatGoBackAreNamed) {
    auto log = MemoryLog::of(1, 4);
    log.checkpoint();
    std::swap(log.notes[0], log.notes[1]);
    EXPECT_TRUE(log.verify().intact());  // the same head twice is a restart
    const auto early = log.notes[0];
    log.add(refusal("sato", "wiki"));
    log.checkpoint();
    log.notes.push_back(early);
    EXPECT_FIRST(log.verify(), fork, 4, 5);
}

TEST(AuditChain, AMissingSegmentIsNamed) {
    auto log = MemoryLog::of(3, 2);
    const std::vector<std::string> without{log.text(0), log.text(2)};
    const auto report = log.verify(without, MemoryLog::Checkpoints::none);
    EXPECT_FALSE(report.intact());
    const auto dropped = std::find_if(report.findings.begin(), report.findings.end(),
                                      [](const auto& f) { return f.damage == Damage::dropped; });
    ASSERT_NE(dropped, report.findings.end()) << show(report);
    EXPECT_EQ(dropped->first, 3u);
    EXPECT_EQ(dropped->last, 4u);
}

TEST(AuditChain, SegmentsInTheWrongOrderAreNamed) {
    auto log = MemoryLog::of(3, 2);
    const auto report = log.verify({log.text(0), log.text(2), log.text(1)}, MemoryLog::Checkpoints::none);
    EXPECT_FIRST(report, bad_link, 5, 5);
}

TEST(AuditChain, ASegmentOfAnotherLogIsNamed) {
    auto log = MemoryLog::of(2, 2);
    const auto other = MemoryLog::of(2, 2);
    const auto report = log.verify({log.text(0), other.text(1)}, MemoryLog::Checkpoints::none);
    EXPECT_FIRST(report, bad_link, 3, 3);
}

TEST(AuditChain, ACheckpointByAnotherKeyProtectsNothing) {
    auto log = MemoryLog::of(1, 4);
    log.key = SigningKey::generate(SigningKey::Kind::ed25519);
    const auto report = log.verify();
    EXPECT_FIRST(report, bad_checkpoint, 4, 4);
    EXPECT_EQ(report.protected_to, 0u);
}

TEST(AuditChain, EveryDamagedByteOfACheckpointIsNamed) {
    const auto good = MemoryLog::of(1, 2);
    for (std::size_t at = 0; at < good.notes[0].size(); ++at) {
        auto log = MemoryLog::of(0, 0);
        log.segments = good.segments;
        log.key = *SigningKey::from_private_der(SigningKey::Kind::ed25519, good.key.private_der().reveal());
        log.notes = good.notes;
        log.notes[0][at] = static_cast<char>(log.notes[0][at] ^ 1);
        EXPECT_FALSE(log.verify().intact()) << "byte " << at;
    }
}

TEST(AuditChain, FindingsAreBounded) {
    auto log = MemoryLog::of(1, 400);
    for (auto& line : log.segments[0]) line = line.substr(0, 20) + "\n" + line;
    const auto report = log.verify(MemoryLog::Checkpoints::none);
    EXPECT_EQ(report.findings.size(), verify_findings_max);
    EXPECT_GT(report.findings_total, 300u);
}

TEST(Checkpoint, NoteIsASignedNote) {
    const auto log = MemoryLog::of(1, 2);
    const auto read = read_checkpoint(log.notes[0]);
    ASSERT_TRUE(read) << log.notes[0];
    EXPECT_EQ(read->checkpoint.origin, "gate");
    EXPECT_EQ(read->checkpoint.head, log.head);
    EXPECT_TRUE(signed_by(*read, log.key.public_bytes()));
    EXPECT_TRUE(log.notes[0].starts_with("gate\n2\n")) << log.notes[0];
    for (std::size_t n = 0; n < log.notes[0].size(); ++n)
        EXPECT_FALSE(read_checkpoint(std::string_view(log.notes[0]).substr(0, n))) << n;
}

TEST(Checkpoint, VerifierKeyReadsBack) {
    const auto key = SigningKey::generate(SigningKey::Kind::ed25519);
    const auto text = verifier_key("gate", key.public_bytes());
    const auto read = parse_verifier_key(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->origin, "gate");
    EXPECT_EQ(read->public_key, key.public_bytes());
    for (std::size_t at = 0; at < text.size(); ++at) {
        auto damaged = text;
        damaged[at] = static_cast<char>(damaged[at] ^ 1);
        EXPECT_FALSE(parse_verifier_key(damaged)) << at;
    }
}

// Source: C2SP signed-note, the example of its section "Format" is signed by this key.
TEST(Checkpoint, KeyHashIsThatOfSignedNote) {
    const auto key = parse_verifier_key("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    ASSERT_TRUE(key);
    EXPECT_EQ(key->origin, "PeterNeumann");
    EXPECT_EQ(key->public_key.size(), 32u);
}

}  // namespace
}  // namespace sekisho::telemetry
