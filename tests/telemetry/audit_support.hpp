#pragma once
// Helpers of the audit tests: a folder that goes away, records that read like a story, a log built in memory.
#include "telemetry/audit_search_io.hpp"
#include "telemetry/audit_sink_io.hpp"

#include <fmt/format.h>

#include <fstream>
#include <stdlib.h>

namespace sekisho::telemetry::test {

class Folder {
public:
    Folder() {
        char name[] = "/tmp/sekisho-audit-XXXXXX";
        path_ = ::mkdtemp(name);
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}
inline void write_file(const std::filesystem::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

inline Record refusal(std::string user, std::string app) {
    Record record;
    record.event = Event::decision_deny;
    record.outcome = Outcome::denied;
    record.time = WallTime{Millis{1'795'608'000'000}};
    record.user = std::move(user);
    record.client = "198.51.100.7";
    record.path = "/archive/2026";
    record.app = std::move(app);
    record.reason = "outside_hours";
    record.request_id = "01JD3V";
    record.facts = {{"mfa", "otp"}, {"agent_family", "firefox", Privacy::personal}};
    return record;
}

inline Record act(std::string reason) {
    Record record;
    record.event = Event::privileged_act;
    record.actor = "uid:0";
    record.reason = std::move(reason);
    return record;
}

// MemoryLog is a log as it would stand in files: lines by segment, and checkpoints.
struct MemoryLog {
    std::vector<std::vector<std::string>> segments;  // lines with their newline
    std::vector<std::string> notes;
    SigningKey key = SigningKey::generate(SigningKey::Kind::ed25519);
    std::unique_ptr<MemoryPersonKeys> keys = std::make_unique<MemoryPersonKeys>();
    Head head;
    Digest link{};

    void begin_segment() {
        std::string line;
        const WallTime time{Millis{1'795'608'000'000}};
        link = append_header(line, {segments.size() + 1, head.seq + 1, link, "gate", time});
        segments.push_back({line});
    }
    void add(const Record& record) {
        std::string line;
        link = append_record(line, record, {head.seq, link}, *keys);
        head = {head.seq + 1, link};
        segments.back().push_back(line);
    }
    void checkpoint() {
        notes.push_back(sign_checkpoint({"gate", head, WallTime{Millis{1'795'608'001'000}}}, key));
    }
    // `segments` x `records`, a checkpoint at the end of each segment.
    static MemoryLog of(int segment_count, int records) {
        MemoryLog log;
        for (int s = 0; s < segment_count; ++s) {
            log.begin_segment();
            for (int r = 0; r < records; ++r) log.add(refusal("ishii", "files"));
            log.checkpoint();
        }
        return log;
    }
    std::string text(std::size_t segment) const {
        std::string all;
        for (const auto& line : segments[segment]) all += line;
        return all;
    }
    enum class Checkpoints { given, none };
    VerifyReport verify(Checkpoints checkpoints = Checkpoints::given) const {
        std::vector<std::string> texts;
        for (std::size_t s = 0; s < segments.size(); ++s) texts.push_back(text(s));
        return verify(texts, checkpoints);
    }
    VerifyReport verify(const std::vector<std::string>& texts,
                        Checkpoints checkpoints = Checkpoints::given) const {
        ChainVerifier::Options options;
        options.public_key = key.public_bytes();
        options.origin = "gate";
        auto next = std::make_shared<std::size_t>(0);
        if (checkpoints == Checkpoints::given)
            options.next_note = [this, next]() -> std::optional<std::string> {
                if (*next == notes.size()) return std::nullopt;
                return notes[(*next)++];
            };
        ChainVerifier verifier(std::move(options));
        for (std::size_t s = 0; s < texts.size(); ++s) {
            verifier.begin_segment(segment_name(s + 1));
            std::string_view rest = texts[s];
            for (auto end = rest.find('\n'); end != rest.npos; end = rest.find('\n')) {
                verifier.line(rest.substr(0, end));
                rest.remove_prefix(end + 1);
            }
            verifier.torn_line(rest);
        }
        return verifier.finish();
    }
};

}  // namespace sekisho::telemetry::test
