#pragma once
// ExchangeRecord is all that is known about one exchange when it is over: the source of its access log line.
#include "base/clock.hpp"
#include "base/ids.hpp"

#include <cstdint>
#include <string_view>

namespace sekisho::telemetry {

enum class ExchangeOutcome : std::uint8_t {
    completed,
    refused,          // by us: not signed in, not allowed, malformed
    upstream_failed,  // 502, 503, 504
    client_gone,
    cut_by_policy,  // access ended while it was open
    timed_out,
    truncated,  // the upstream promised more than it sent
};
std::string_view to_text(ExchangeOutcome outcome) noexcept;

// Every view must be valid during the call it is given to. Empty views and zeros are left out of the line.
struct ExchangeRecord {
    WallTime at{};  // wall time of the first byte
    // Steady nanoseconds; 0 when it never came to that.
    std::int64_t received = 0, decided = 0, upstream_connected = 0, first_byte = 0, done = 0;
    std::int64_t auth_nanoseconds = 0, policy_nanoseconds = 0;

    std::string_view request_id, session;  // session: its short public id
    std::string_view user, org;
    PersonKind kind = PersonKind::none;
    std::string_view app, rule, reason, upstream;
    std::string_view method, host, path;  // path as decided on, never with its query
    std::string_view protocol;            // "HTTP/1.1"
    std::string_view tls_version;         // "TLSv1.3", empty on plain connections
    std::string_view client;              // text of the address
    std::uint16_t status = 0;
    std::uint64_t bytes_in = 0, bytes_out = 0;
    ExchangeOutcome outcome = ExchangeOutcome::completed;
    std::string_view trace_id, span_id;  // lower case hex
    std::uint64_t generation = 0;
    std::uint64_t audit_seq = 0;  // audit record of the decision or of the first allow it repeats
};

}  // namespace sekisho::telemetry
