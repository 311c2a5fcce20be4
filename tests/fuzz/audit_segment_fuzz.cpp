// Whatever stands in a segment and in a checkpoint file, the verifier ends with bounded, well-formed
// findings, calls nothing intact that holds an unreadable line, and the reader shows nothing that could steer
// a terminal. Input: the segment, then optionally a line "===" and checkpoints.
#include "telemetry/audit_chain.hpp"
#include "telemetry/audit_search_io.hpp"

using namespace sekisho;
using namespace sekisho::telemetry;

namespace {

void check_report(const VerifyReport& report, bool unreadable) {
    if (report.findings.size() > verify_findings_max || report.findings.size() > report.findings_total)
        __builtin_trap();
    for (const auto& finding : report.findings)
        if (finding.first > finding.last || finding.sentence.empty()) __builtin_trap();
    if (report.intact() && unreadable) __builtin_trap();
    if (report.protected_to > report.head.seq) __builtin_trap();
}

void show(const RecordReader& reader, std::string_view line) {
    const auto read = reader.read(line);
    if (!read || !*read) return;
    for (const char c : to_terminal(**read))
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) __builtin_trap();
    if (to_json(**read).find('\n') != to_json(**read).size() - 1) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto segment = as_text({data, size});
    std::string_view notes;
    if (const auto mark = segment.find("\n===\n"); mark != segment.npos) {
        notes = segment.substr(mark + 5);
        segment = segment.substr(0, mark + 1);
    }
    ChainVerifier::Options options;
    options.public_key = Bytes(32, 7);
    options.next_note = [&notes]() -> std::optional<std::string> {
        if (notes.empty()) return std::nullopt;
        const auto end = notes.find("\n\n\n");
        const auto note = notes.substr(0, end == notes.npos ? end : end + 1);
        notes.remove_prefix(end == notes.npos ? notes.size() : end + 3);
        return std::string(note);
    };
    ChainVerifier verifier(std::move(options));
    static const RecordReader reader(nullptr);
    verifier.begin_segment(segment_name(1));
    bool unreadable = false;
    for (auto end = segment.find('\n'); end != segment.npos; end = segment.find('\n')) {
        const auto line = segment.substr(0, end);
        unreadable = unreadable || !read_chain_line(line);
        verifier.line(line);
        show(reader, line);
        segment.remove_prefix(end + 1);
    }
    verifier.torn_line(segment);
    check_report(verifier.finish(), unreadable);
    return 0;
}
