#include "telemetry/access_log.hpp"

#include "base/text.hpp"
#include "telemetry/line_text.hpp"

namespace sekisho::telemetry {
namespace {

// A path may be as long as a request head; a log line keeps its beginning.
constexpr std::size_t path_bytes_max = 1024;

std::string_view kind_text(PersonKind kind) {
    return kind == PersonKind::none ? std::string_view{} : label_values::kind[static_cast<std::size_t>(kind)];
}

// Microseconds between two steady times; nothing when either did not happen.
void append_span(std::string& out, std::string_view key, std::int64_t from, std::int64_t to) {
    if (from == 0 || to == 0 || to < from) return;
    out.append(key);
    append_number(out, static_cast<std::uint64_t>(to - from) / 1000);
}

void append_who(std::string& out, const ExchangeRecord& record) {
    append_text_field(out, R"(,"user":)", record.user);
    append_text_field(out, R"(,"kind":)", kind_text(record.kind));
    append_text_field(out, R"(,"org":)", record.org);
    append_text_field(out, R"(,"session":)", record.session);
    append_text_field(out, R"(,"client":)", record.client);
}

void append_request(std::string& out, const ExchangeRecord& record) {
    append_text_field(out, R"(,"method":)", record.method);
    append_text_field(out, R"(,"host":)", record.host);
    append_text_field(out, R"(,"path":)", cut_utf8(record.path, path_bytes_max));
    if (record.path.size() > path_bytes_max) out.append(R"(,"path_cut":true)");
    append_text_field(out, R"(,"protocol":)", record.protocol);
    append_text_field(out, R"(,"tls":)", record.tls_version);
}

void append_decision(std::string& out, const ExchangeRecord& record) {
    append_text_field(out, R"(,"app":)", record.app);
    append_text_field(out, R"(,"rule":)", record.rule);
    append_text_field(out, R"(,"reason":)", record.reason);
    append_number_field(out, R"(,"generation":)", record.generation);
    append_number_field(out, R"(,"audit":)", record.audit_seq);
}

void append_result(std::string& out, const ExchangeRecord& record) {
    append_number_field(out, R"(,"status":)", record.status);
    append_text_field(out, R"(,"outcome":)", to_text(record.outcome));
    append_text_field(out, R"(,"upstream":)", record.upstream);
    append_number_field(out, R"(,"bytes_in":)", record.bytes_in);
    append_number_field(out, R"(,"bytes_out":)", record.bytes_out);
    append_span(out, R"(,"total_us":)", record.received, record.done);
    append_span(out, R"(,"decided_us":)", record.received, record.decided);
    append_span(out, R"(,"connected_us":)", record.received, record.upstream_connected);
    append_span(out, R"(,"first_byte_us":)", record.received, record.first_byte);
    append_number_field(out, R"(,"auth_ns":)", static_cast<std::uint64_t>(record.auth_nanoseconds));
    append_number_field(out, R"(,"policy_ns":)", static_cast<std::uint64_t>(record.policy_nanoseconds));
}

}  // namespace

std::string_view to_text(ExchangeOutcome outcome) noexcept {
    constexpr std::string_view texts[] = {"completed",     "refused",   "upstream_failed", "client_gone",
                                          "cut_by_policy", "timed_out", "truncated"};
    return texts[static_cast<std::size_t>(outcome)];
}

void append_line(std::string& out, const ExchangeRecord& record) {
    out.append(R"({"time":")");
    append_time(out, record.at);
    out.push_back('"');
    append_text_field(out, R"(,"request":)", record.request_id);
    append_request(out, record);
    append_who(out, record);
    append_decision(out, record);
    append_result(out, record);
    append_text_field(out, R"(,"trace":)", record.trace_id);
    append_text_field(out, R"(,"span":)", record.span_id);
    out.append("}\n");
}

void AccessLog::write(const ExchangeRecord& record) {
    append_line(buffer_, record);
    ++lines_;
    shard_.count<Metric::access_log_lines>();
    // One line more than fits would make the string grow: hand over while there is still room for a long one.
    if (buffer_.size() > buffer_bytes - 8 * path_bytes_max) flush();
}

void AccessLog::flush() {
    if (lines_ == 0) return;
    if (!writer_.submit(buffer_, lines_))
        shard_.add<Metric::access_log_dropped>(static_cast<std::int64_t>(lines_));
    lines_ = 0;
    if (buffer_.capacity() < buffer_bytes) buffer_.reserve(buffer_bytes);
}

}  // namespace sekisho::telemetry
