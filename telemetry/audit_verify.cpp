// The verifier of the audit chain. Each readable line proves itself (its hash covers it), so damage can be
// named by looking at numbers and links only; unreadable lines are settled when the next readable one shows
// its number.
#include "telemetry/audit_chain.hpp"

#include <fmt/format.h>

namespace sekisho::telemetry {
namespace {

constexpr std::size_t holes_max = 64, found_max = 1024;
constexpr std::size_t not_kept = ~std::size_t{0};

std::string range_text(Seq first, Seq last) {
    return first == last ? fmt::format("record {}", first) : fmt::format("records {}..{}", first, last);
}
std::string_view is_are(Seq first, Seq last) { return first == last ? "is" : "are"; }

}  // namespace

std::string_view to_text(Damage damage) noexcept {
    constexpr std::string_view texts[] = {"altered", "dropped", "reordered",      "inserted", "bad_link",
                                          "cut",     "fork",    "bad_checkpoint", "torn"};
    return texts[static_cast<std::size_t>(damage)];
}

std::string VerifyReport::tail_sentence() const {
    if (head.seq <= protected_to) return {};
    return fmt::format("tail unverified: {} {} not protected by a checkpoint yet",
                       range_text(protected_to + 1, head.seq), is_are(protected_to + 1, head.seq));
}

ChainVerifier::ChainVerifier(Options options) : options_(std::move(options)) { load_next(); }

std::size_t ChainVerifier::report(Damage damage, Seq first, Seq last, std::string sentence) {
    ++report_.findings_total;
    if (report_.findings.size() >= verify_findings_max) return not_kept;
    report_.findings.push_back({damage, first, last, file_, line_, std::move(sentence)});
    return report_.findings.size() - 1;
}

void ChainVerifier::begin_segment(std::string_view file) {
    file_ = file;
    line_ = 0;
    header_seen_ = false;
    ++report_.segments;
}

void ChainVerifier::line(std::string_view text) {
    ++line_;
    const auto read = read_chain_line(text);
    if (!read)
        on_broken();
    else if (read->is_header)
        on_header(*read);
    else
        on_record(*read);
}

void ChainVerifier::torn_line(std::string_view text) {
    ++line_;
    if (options_.live || text.empty()) return;
    report(Damage::torn, expected(), expected(),
           fmt::format("record {} is not complete: its line does not end", expected()));
}

void ChainVerifier::on_broken() {
    ++report_.records;
    if (!header_seen_ && line_ == 1) {
        --report_.records;
        header_seen_ = true;
        after_header_ = true;
        link_.reset();
        ++segment_;
        report(Damage::altered, expected(), expected(),
               fmt::format("the header of segment {} was altered (before record {})", segment_, expected()));
        return;
    }
    if (++broken_ == 1)
        broken_finding_ = report(Damage::altered, expected(), expected(),
                                 fmt::format("record {} was altered: it does not fit its hash", expected()));
}

// settle accounts for what stands, or should stand, between the last readable line and one that begins at
// `next`.
void ChainVerifier::settle(Seq next, bool linked) {
    const Seq missing = next - expected();
    if (broken_ == 0) {
        if (missing > 0) open_hole(expected(), next - 1);
        return;
    }
    if (broken_finding_ != not_kept) {
        auto& finding = report_.findings[broken_finding_];
        if (missing == 0 && linked) {
            finding.damage = Damage::inserted;
            finding.sentence = fmt::format("a line that is no record was inserted before record {}", next);
        } else if (missing > 1 && broken_ > 1) {
            finding.last = expected() + std::min(missing, broken_) - 1;
            finding.sentence = fmt::format("{} were altered", range_text(finding.first, finding.last));
        }
    }
    if (missing > broken_) open_hole(expected() + broken_, next - 1);
    if (missing > 0 || !linked) link_.reset();
    broken_ = 0;
}

void ChainVerifier::open_hole(Seq first, Seq last) {
    const auto finding =
        report(Damage::dropped, first, last,
               fmt::format("{} {} dropped", range_text(first, last), first == last ? "was" : "were"));
    if (holes_.size() < holes_max) holes_.push_back({first, last, finding, {}});
    link_.reset();
}

void ChainVerifier::on_header(const ChainLine& line) {
    if (header_seen_ || line_ != 1) {
        report(Damage::inserted, expected(), expected(),
               fmt::format("a segment header was inserted before record {}", expected()));
        return;
    }
    header_seen_ = true;
    if (!begun_ && options_.first == 0) {
        report_.head.seq = line.seq - 1;
        segment_ = line.segment - 1;
        link_.reset();
    }
    begun_ = true;
    if (segment_name(line.segment) != file_ || line.segment != segment_ + 1)
        report(
            Damage::bad_link, line.seq, line.seq,
            fmt::format("{} holds segment {}, expected was segment {}", file_, line.segment, segment_ + 1));
    segment_ = line.segment;
    const bool linked = link_ == line.prev;
    if (line.seq >= expected()) settle(line.seq, linked);
    if (line.seq < expected() || (link_ && !linked))
        report(Damage::bad_link, line.seq, line.seq,
               fmt::format("segment {} does not go on from {}", line.segment,
                           range_text(expected() - 1, expected() - 1)));
    if (line.seq > expected()) report_.head.seq = line.seq - 1;
    link_ = line.hash;
    twin_link_.reset();
    after_header_ = true;
}

void ChainVerifier::on_record(const ChainLine& line) {
    ++report_.records;
    if (!header_seen_) {
        header_seen_ = true;
        link_.reset();
        report(Damage::bad_link, line.seq, line.seq, fmt::format("{} has no header", file_));
    }
    begun_ = true;
    if (line.seq < expected()) return out_of_place(line);
    const bool linked = link_ == line.prev || (twin_link_ && *twin_link_ == line.prev);
    settle(line.seq, linked);
    if (link_ && !linked) {
        if (after_header_)
            report(Damage::bad_link, line.seq, line.seq,
                   fmt::format("record {} was not chained to the header of its segment", line.seq));
        else
            report(Damage::altered, line.seq - 1, line.seq - 1,
                   fmt::format("record {} was altered: record {} was chained to another", line.seq - 1,
                               line.seq));
    }
    accept(line);
}

void ChainVerifier::accept(const ChainLine& line) {
    report_.head = {line.seq, line.hash};
    link_ = line.hash;
    twin_link_.reset();
    after_header_ = false;
    compare_checkpoints(line);
}

// A number we are past: it fills a hole, or it was given twice.
void ChainVerifier::out_of_place(const ChainLine& line) {
    for (auto& hole : holes_) {
        if (line.seq < hole.first || line.seq > hole.last || hole.found.size() >= found_max) continue;
        if (!hole.found.insert(line.seq).second) break;
        auto sentence =
            fmt::format("record {} was reordered: it stands after record {}", line.seq, report_.head.seq);
        const bool filled = hole.found.size() == hole.last - hole.first + 1;
        if (!filled || hole.finding == not_kept) {
            report(Damage::reordered, line.seq, line.seq, std::move(sentence));
            return;
        }
        auto& finding = report_.findings[hole.finding];
        finding.damage = Damage::reordered;
        finding.sentence = hole.first == hole.last ? std::move(sentence)
                                                   : fmt::format("{} were reordered: they stand elsewhere",
                                                                 range_text(hole.first, hole.last));
        return;
    }
    if (line.seq == report_.head.seq) twin_link_ = line.hash;
    report(Damage::inserted, line.seq, line.seq,
           fmt::format("a record was inserted: number {} is there twice", line.seq));
}

void ChainVerifier::load_next() {
    while (options_.next_note) {
        const auto note = options_.next_note();
        next_.reset();
        if (!note) return;
        ++report_.checkpoints;
        auto read = read_checkpoint(*note);
        if (!read || (!options_.origin.empty() && read->checkpoint.origin != options_.origin)) {
            report(Damage::bad_checkpoint, 0, 0,
                   fmt::format("checkpoint {} is unreadable or of another log", report_.checkpoints));
            continue;
        }
        const Seq seq = read->checkpoint.head.seq;
        if (seq < newest_checkpoint_) {
            report(Damage::fork, seq, newest_checkpoint_,
                   fmt::format("checkpoints go back from record {} to {}: the log was cut and went on",
                               newest_checkpoint_, seq));
            continue;
        }
        newest_checkpoint_ = seq;
        next_ = std::move(*read);
        return;
    }
}

bool ChainVerifier::good_signature(const SignedCheckpoint& checkpoint) {
    if (options_.public_key.empty()) return true;
    report_.signature_checked = true;
    if (signed_by(checkpoint, options_.public_key)) return true;
    const Seq seq = checkpoint.checkpoint.head.seq;
    report(Damage::bad_checkpoint, seq, seq,
           fmt::format("the checkpoint at record {} was not signed by this log's key", seq));
    return false;
}

void ChainVerifier::compare_checkpoints(const ChainLine& line) {
    while (next_ && next_->checkpoint.head.seq <= line.seq) {
        const Head& signed_head = next_->checkpoint.head;
        if (signed_head.seq == line.seq && signed_head.hash == line.hash) {
            if (!forked_) matched_ = *next_;
        } else if (signed_head.seq == line.seq && !forked_ && good_signature(*next_)) {
            forked_ = true;
            const Seq from = matched_ ? matched_->checkpoint.head.seq + 1 : 1;
            report(Damage::fork, from, line.seq,
                   fmt::format("fork: {} {} not what the checkpoint at record {} signed",
                               range_text(from, line.seq), is_are(from, line.seq), line.seq));
        }
        load_next();
    }
}

void ChainVerifier::finish_checkpoints() {
    // Unreadable lines at the end may well be the records a checkpoint speaks of: they are named already.
    const Seq reached = report_.head.seq + broken_;
    std::optional<SignedCheckpoint> beyond;
    for (; next_; load_next())
        if (next_->checkpoint.head.seq > reached) beyond = *next_;
    if (beyond && good_signature(*beyond)) {
        const Seq last = beyond->checkpoint.head.seq;
        report(Damage::cut, reached + 1, last,
               fmt::format("the tail was cut: {} {} missing below the last checkpoint",
                           range_text(reached + 1, last), is_are(reached + 1, last)));
    }
    if (matched_ && good_signature(*matched_)) report_.protected_to = matched_->checkpoint.head.seq;
}

VerifyReport ChainVerifier::finish() {
    line_ = 0;
    finish_checkpoints();
    return std::move(report_);
}

}  // namespace sekisho::telemetry
