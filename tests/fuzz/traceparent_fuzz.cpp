// Whatever a client sends as traceparent, what is taken over goes out again as a valid one of the same trace.
#include "telemetry/trace.hpp"

using namespace sekisho;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = as_text({data, size});
    if (telemetry::tracestate_passes(text) && text.find('\n') != text.npos) __builtin_trap();
    const auto context = telemetry::parse_traceparent(text);
    if (!context) return 0;
    const auto sent = telemetry::to_traceparent(telemetry::next_span(*context));
    const auto back = telemetry::parse_traceparent({sent.data(), sent.size()});
    if (!back || back->trace_id != context->trace_id || back->sampled != context->sampled) __builtin_trap();
    return 0;
}
