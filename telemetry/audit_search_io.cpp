#include "telemetry/audit_search_io.hpp"

#include "base/civil_time.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "telemetry/audit_files_io.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace sekisho::telemetry {
namespace {

namespace fs = std::filesystem;

Result<std::vector<fs::path>> segment_files(const fs::path& directory) {
    const auto segments = list_segments(directory);
    if (!segments) return segments.error();
    if (segments->empty())
        return Error(Errc::not_found, fmt::format("no audit segment in {}", directory.string()));
    std::vector<fs::path> files;
    for (const auto segment : *segments) files.push_back(directory / segment_name(segment));
    return files;
}

bool wanted(const AuditQuery& query, const std::optional<std::string>& person, const ReadRecord& read) {
    const Record& record = read.record;
    return (!person || read.person == *person) && (query.app.empty() || query.app == record.app) &&
           (query.reason.empty() || query.reason == record.reason) &&
           (query.request_id.empty() || query.request_id == record.request_id) &&
           (query.session.empty() || query.session == record.session) &&
           (!query.event || *query.event == record.event) && (!query.from || record.time >= *query.from) &&
           (!query.to || record.time < *query.to);
}

// Calls with name and text of each member that is not empty, in the order people read them.
template <class Each>
void each_text(const Record& record, Each&& each) {
    const std::pair<std::string_view, const std::string*> members[] = {{"user", &record.user},
                                                                       {"actor", &record.actor},
                                                                       {"claimed", &record.claimed},
                                                                       {"client", &record.client},
                                                                       {"org", &record.org},
                                                                       {"kind", &record.kind},
                                                                       {"app", &record.app},
                                                                       {"host", &record.host},
                                                                       {"method", &record.method},
                                                                       {"path", &record.path},
                                                                       {"rule", &record.rule},
                                                                       {"reason", &record.reason},
                                                                       {"request", &record.request_id},
                                                                       {"session", &record.session},
                                                                       {"trace", &record.trace_id},
                                                                       {"agent", &record.agent},
                                                                       {"detail", &record.detail}};
    for (const auto& [name, text] : members)
        if (!text->empty()) each(name, *text);
}

template <class Each>
void each_number(const Record& record, Each&& each) {
    const std::pair<std::string_view, std::uint64_t> members[] = {
        {"generation", record.generation}, {"status", record.status},           {"bytes_in", record.bytes_in},
        {"bytes_out", record.bytes_out},   {"duration_ms", record.duration_ms}, {"count", record.count}};
    for (const auto& [name, number] : members)
        if (number != 0) each(name, number);
}

}  // namespace

Result<VerifyReport> verify_audit(const VerifyFiles& files) {
    const auto segments = segment_files(files.directory);
    if (!segments) return segments.error();
    ChainVerifier::Options options;
    options.public_key = files.public_key;
    options.origin = files.origin;
    if (!files.checkpoints.empty()) {
        if (::access(files.checkpoints.c_str(), R_OK) != 0)
            return Error(Errc::unavailable, fmt::format("{} cannot be read", files.checkpoints.string()));
        options.next_note = read_notes(files.checkpoints);
    }
    options.live = files.live;
    ChainVerifier verifier(std::move(options));
    for (const auto& segment : *segments) {
        verifier.begin_segment(segment.filename().string());
        const auto read = each_line(segment, [&](std::string_view line, bool whole) {
            whole ? verifier.line(line) : verifier.torn_line(line);
        });
        if (!read) return read.error();
    }
    return verifier.finish();
}

Result<SearchSummary> search_audit(const fs::path& directory, const AuditQuery& query, PersonKeys* keys,
                                   const OnRecord& on_record) {
    const auto segments = segment_files(directory);
    if (!segments) return segments.error();
    const RecordReader reader(keys);
    const auto person = query.user.empty() ? std::nullopt : reader.pseudonym_of(query.user);
    if (!query.user.empty() && !person)
        return Error(Errc::not_found, "no key of that user is at hand: their records cannot be found");
    SearchSummary summary;
    const auto on_line = [&](std::string_view line, bool) {
        const auto read = reader.read(line);
        if (!read) {
            ++summary.unreadable;
            return;
        }
        if (!*read) return;
        ++summary.read;
        if (!wanted(query, person, **read)) return;
        summary.limited = summary.matched >= query.limit;
        if (summary.limited) return;
        ++summary.matched;
        on_record(**read, line);
    };
    for (const auto& segment : *segments)
        if (const auto read = each_line(segment, on_line); !read) return read.error();
    return summary;
}

std::string to_terminal(const ReadRecord& read) {
    std::string line = fmt::format("{:>8}  {}  {} {}", read.seq, to_rfc3339_utc(read.record.time),
                                   to_text(read.record.event), to_text(read.record.outcome));
    each_text(read.record, [&](std::string_view name, const std::string& text) {
        fmt::format_to(std::back_inserter(line), "  {}={}", name, printable(text));
    });
    each_number(read.record, [&](std::string_view name, std::uint64_t number) {
        fmt::format_to(std::back_inserter(line), "  {}={}", name, number);
    });
    for (const auto& fact : read.record.facts)
        fmt::format_to(std::back_inserter(line), "  {}:{}", printable(fact.name), printable(fact.value));
    if (!read.opened) fmt::format_to(std::back_inserter(line), "  who={} (no key)", printable(read.person));
    return line;
}

std::string to_json(const ReadRecord& read) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().field("seq", read.seq).field("time", to_rfc3339_utc(read.record.time));
    json.field("event", to_text(read.record.event)).field("outcome", to_text(read.record.outcome));
    each_text(read.record, [&](std::string_view name, const std::string& text) { json.field(name, text); });
    each_number(read.record, [&](std::string_view name, std::uint64_t number) { json.field(name, number); });
    if (!read.record.facts.empty()) {
        json.key("facts").begin_object();
        for (const auto& fact : read.record.facts) json.field(fact.name, fact.value);
        json.end_object();
    }
    if (!read.person.empty()) json.field("who", read.person);
    json.field("opened", read.opened).end_object();
    out.push_back('\n');
    return out;
}

}  // namespace sekisho::telemetry
