#pragma once
// The audit chain: each line carries the hash of the line before it and its own, so that a line cannot be
// changed, dropped, moved or added without the next one telling. Signed checkpoints, kept elsewhere, protect
// the end.
//
// A segment is a file of JSON lines: one header, then records. `hash` closes each line and covers all before
// it: SHA-256("sekisho-audit-1\n" || the line without `,"hash":"..."`, braces included). `prev` is the hash
// of the line before, across segments too; the first of all has 64 zeros.
#include "base/crypto.hpp"
#include "telemetry/audit.hpp"

#include <functional>
#include <set>

namespace sekisho::telemetry {

struct Head {
    Seq seq = 0;
    Digest hash{};
    friend bool operator==(const Head&, const Head&) = default;
};

struct SegmentHeader {
    std::uint64_t segment = 1;  // counts from 1
    Seq first = 1;              // number of the first record it may hold
    Digest prev{};
    std::string origin;  // which gateway: a name without blanks
    WallTime time{};
};

// append_header and append_record append a whole line, newline included, and return its hash.
Digest append_header(std::string& out, const SegmentHeader& header);
Digest append_record(std::string& out, const Record& record, const Head& before, PersonKeys& keys);

// A line taken apart, its own hash already checked.
struct ChainLine {
    bool is_header = false;
    Seq seq = 0;  // of a header: the first record's
    std::uint64_t segment = 0;
    Digest prev{}, hash{};
};
// Errors: Errc::malformed when the line is not whole or its hash does not fit.
Result<ChainLine> read_chain_line(std::string_view line);

// segment_name: "audit-00000001.jsonl".
std::string segment_name(std::uint64_t segment);

// Checkpoint: up to which record the log was written at a time.
// Source: C2SP signed-note and tlog-checkpoint; the third line is the head of our chain, not a tree's root.
struct Checkpoint {
    std::string origin;
    Head head;
    WallTime time{};
};
std::string sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key);

struct SignedCheckpoint {
    Checkpoint checkpoint;
    std::string signed_text;
    std::array<std::uint8_t, 4> key_hash{};
    Bytes signature;
};
// read_checkpoint reads one note (without the blank line that parts notes in a file); says nothing of the
// signature.
Result<SignedCheckpoint> read_checkpoint(std::string_view note);
bool signed_by(const SignedCheckpoint& checkpoint, ByteView public_key) noexcept;

// A verifier key as text: "origin+hexhash+base64(0x01 || key)", the form of C2SP signed-note.
std::string verifier_key(std::string_view origin, ByteView public_key);
struct VerifierKey {
    std::string origin;
    Bytes public_key;
};
Result<VerifierKey> parse_verifier_key(std::string_view text);

enum class Damage : std::uint8_t {
    altered,         // a line's bytes changed
    dropped,         // records are missing
    reordered,       // a record stands where it does not belong
    inserted,        // a record's number was given twice
    bad_link,        // a segment does not go on from the one before
    cut,             // the end is missing: a checkpoint reaches further
    fork,            // the chain differs from what a checkpoint signed
    bad_checkpoint,  // a checkpoint is unreadable, unsigned, or by another key
    torn,            // the last line is not complete
};
std::string_view to_text(Damage damage) noexcept;

struct Finding {
    Damage damage;
    Seq first = 0, last = 0;  // records it is about
    std::string file;
    std::uint64_t line = 0;  // 0: not about one line
    std::string sentence;    // for people
};

struct VerifyReport {
    std::vector<Finding> findings;  // in the order of the log; at most verify_findings_max
    std::uint64_t findings_total = 0;
    std::uint64_t records = 0, segments = 0, checkpoints = 0;
    Head head;
    Seq protected_to = 0;  // a good checkpoint covers the records up to here
    bool signature_checked = false;
    bool intact() const noexcept { return findings_total == 0; }
    // What nothing protects yet: "tail unverified: records 7..9 are not protected by a checkpoint yet"; empty
    // if none.
    std::string tail_sentence() const;
};
inline constexpr std::size_t verify_findings_max = 100;

// ChainVerifier is fed the segments in order, line by line, and remembers only the head, the holes and the
// next checkpoint. Checkpoints come from a function that gives the next note of the file, oldest first.
class ChainVerifier {
public:
    using NextNote = std::function<std::optional<std::string>()>;
    struct Options {
        NextNote next_note;  // none: nothing protects the tail
        Bytes public_key;    // empty: signatures are not checked
        std::string origin;  // empty: any
        Seq first = 1;       // the first record there should be; 0: wherever the log begins
        bool live = false;   // a gateway is writing: an incomplete last line is no finding
    };
    explicit ChainVerifier(Options options);

    void begin_segment(std::string_view file);
    void line(std::string_view text);       // without its newline
    void torn_line(std::string_view text);  // the last bytes of a segment, no newline after them
    VerifyReport finish();

private:
    struct Hole {
        Seq first, last;
        std::size_t finding;
        std::set<Seq> found;
    };
    Seq expected() const noexcept { return report_.head.seq + 1; }
    std::size_t report(Damage damage, Seq first, Seq last, std::string sentence);
    void on_header(const ChainLine& line);
    void on_record(const ChainLine& line);
    void on_broken();
    void settle(Seq next, bool linked);
    void open_hole(Seq first, Seq last);
    void out_of_place(const ChainLine& line);
    void accept(const ChainLine& line);
    void compare_checkpoints(const ChainLine& line);
    void load_next();
    bool good_signature(const SignedCheckpoint& checkpoint);
    void finish_checkpoints();

    Options options_;
    VerifyReport report_;
    std::string file_;
    std::uint64_t line_ = 0, segment_ = 0;
    bool begun_ = false, header_seen_ = false, after_header_ = false, forked_ = false;
    // Hash of the line before, header lines included; nothing when damage hides it.
    std::optional<Digest> link_ = Digest{};
    std::optional<Digest> twin_link_;  // of a second record with the number of the last
    Seq broken_ = 0;                   // unreadable lines since the last readable one
    std::size_t broken_finding_ = 0;
    std::vector<Hole> holes_;
    std::optional<SignedCheckpoint> next_, matched_;
    Seq newest_checkpoint_ = 0;
};

}  // namespace sekisho::telemetry
