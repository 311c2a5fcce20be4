#pragma once
// W3C Trace Context: which trace a request belongs to.
// Source: W3C Recommendation Trace Context level 1, sections 3.2 and 3.3.
#include "base/bytes.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace sekisho::telemetry {

struct TraceContext {
    std::array<std::uint8_t, 16> trace_id{};
    std::array<std::uint8_t, 8> span_id{};
    bool sampled = false;
    friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

// parse_traceparent reads the one traceparent field of a request. Nothing when the value is invalid: lower
// case hexadecimal only, no id all zero, version ff refused, version 00 exactly 55 characters; a higher
// version may go on after a further '-' and is read as version 00.
std::optional<TraceContext> parse_traceparent(std::string_view value) noexcept;

// start_trace makes a new trace; next_span keeps the trace and its sampled flag under a new span of ours.
TraceContext start_trace() noexcept;
TraceContext next_span(const TraceContext& parent) noexcept;

using TraceparentText = std::array<char, 55>;
TraceparentText to_traceparent(const TraceContext& context) noexcept;
std::array<char, 32> trace_id_text(const TraceContext& context) noexcept;
std::array<char, 16> span_id_text(const TraceContext& context) noexcept;

// tracestate_passes: whether a combined tracestate may go upstream as it is. It goes only beside a valid
// traceparent, holds printable ASCII and HTAB, at most 32 members and 512 characters; else it is dropped
// whole.
bool tracestate_passes(std::string_view value) noexcept;

}  // namespace sekisho::telemetry
