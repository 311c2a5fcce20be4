#pragma once
// Recorder is the last station of every exchange: metrics, the access line and the audit record come from
// here and nowhere else. One per worker.
#include "gateway/admission/admission.hpp"
#include "gateway/http/message.hpp"
#include "gateway/http/message_fault.hpp"
#include "gateway/http/upstream_side.hpp"
#include "gateway/limits_met.hpp"
#include "telemetry/access_log.hpp"
#include "telemetry/audit_sink_io.hpp"
#include "telemetry/trace.hpp"

#include <string>

namespace sekisho::gateway {

enum class Cut : std::uint8_t {
    none,
    session,
    policy,
    contract,
    window,
    reload,
    lease,
    drain,
    other
};  // label_values::cut

// ExchangeFacts is what is remembered of a request while it runs, in storage that is used again.
struct ExchangeFacts {
    std::string method, host, path, request_id, client;
    Method method_id = Method::other;
    HttpVersion version = HttpVersion::http11;
    SteadyTime received{}, decided{}, upstream_connected{}, first_byte{};
    WallTime at{};
    telemetry::TraceContext trace;
    std::uint64_t bytes_in = 0, bytes_out = 0;
    std::uint16_t status = 0;
    telemetry::ExchangeOutcome outcome = telemetry::ExchangeOutcome::completed;
    UpstreamFault upstream_fault = UpstreamFault::none;
    MessageFault message_fault;  // what was wrong with a message, the client's or the upstream's
    Cut cut = Cut::none;
    bool tunnel = false, websocket = false;
    bool navigation = false;      // what an error of ours is to be, long after the head is gone,
    std::string accept_language;  // and in whose words
    void clear() noexcept;
};

class Recorder {
public:
    Recorder(telemetry::Registry& registry, telemetry::LineWriter& lines, telemetry::AuditWriter& audit)
        : shard_(registry.make_shard()),
          limits_(limit_labels(registry)),
          access_(lines, shard_),
          audit_(audit) {}

    // decided counts and audits a decision; the first allow of a standing and rule is audited too.
    // `durable` is called (on another thread) once the record is on disk; only given for tiers that wait for
    // it.
    void decided(const Snapshot& snapshot, const Verdict& verdict, const ExchangeFacts& facts,
                 Admission::Standing* standing, telemetry::AuditWriter::Done durable = nullptr);
    // must_wait: this allow may not be forwarded before its record is durable.
    static bool must_wait(const AppParts& parts) noexcept { return parts.refuse_without_audit; }
    bool audit_works() const noexcept { return audit_.state() == telemetry::AuditState::good; }

    void finished(const Snapshot& snapshot, const Verdict& verdict, const ExchangeFacts& facts,
                  std::string_view tls_version, SteadyTime now);
    // malformed counts a client's message that is answered with `status`.
    void malformed(std::uint16_t status, MessageFault fault) noexcept;
    // message_refused counts any other that was cut off, or answered with 502; nothing without a fault.
    enum class Side : std::uint8_t { client, upstream };
    void message_refused(Side side, MessageFault fault) noexcept;
    void limit_met(MetLimit limit, std::uint64_t times = 1) noexcept {
        shard_.add<telemetry::Metric::limits_reached>(times, limits_[static_cast<std::size_t>(limit)]);
    }

    telemetry::Shard& shard() noexcept { return shard_; }
    void flush() { access_.flush(); }

private:
    telemetry::Record audit_record(const Snapshot& snapshot, const Verdict& verdict,
                                   const ExchangeFacts& facts) const;
    void count(const Snapshot& snapshot, const Verdict& verdict, const ExchangeFacts& facts, SteadyTime now);
    void write_line(const Snapshot& snapshot, const Verdict& verdict, const ExchangeFacts& facts,
                    std::string_view tls_version, SteadyTime now);
    void audit_end(const Snapshot& snapshot, const Verdict& verdict, const ExchangeFacts& facts,
                   SteadyTime now);

    telemetry::Shard& shard_;
    std::vector<telemetry::LabelId> limits_;
    telemetry::AccessLog access_;
    telemetry::AuditWriter& audit_;
};

// reason_text names a verdict's reason as it stands in logs, metrics and the audit.
std::string_view reason_text(const Verdict& verdict) noexcept;

}  // namespace sekisho::gateway
