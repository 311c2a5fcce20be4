#pragma once
// Reading a written audit log back: verification and search over its files, in bounded memory.
#include "telemetry/audit_chain.hpp"

#include <filesystem>

namespace sekisho::telemetry {

struct VerifyFiles {
    std::filesystem::path directory;
    std::filesystem::path checkpoints;  // empty: none, and the tail is called unverified
    Bytes public_key;                   // empty: signatures are not checked
    std::string origin;
    bool live = false;
};
// Errors: Errc::not_found when there is no segment; Errc::unavailable when a file cannot be read.
Result<VerifyReport> verify_audit(const VerifyFiles& files);

struct AuditQuery {
    std::string user, app, reason, request_id, session;  // empty: any
    std::optional<Event> event;
    std::optional<WallTime> from, to;  // from <= time < to
    std::uint64_t limit = 10'000;
};

using OnRecord = std::function<void(const ReadRecord&, std::string_view line)>;
struct SearchSummary {
    std::uint64_t read = 0, matched = 0, unreadable = 0;
    bool limited = false;  // more matched than `limit`
};
// search_audit reads all segments in order. A user can be searched for only while their key exists.
// Errors: Errc::not_found for no segment or for a user without a key.
Result<SearchSummary> search_audit(const std::filesystem::path& directory, const AuditQuery& query,
                                   PersonKeys* keys, const OnRecord& on_record);

// to_terminal: one line for people; control characters and everything else that could steer a terminal is
// escaped.
std::string to_terminal(const ReadRecord& record);
// to_json: the record opened as far as the keys allowed, one line, newline included.
std::string to_json(const ReadRecord& record);

}  // namespace sekisho::telemetry
