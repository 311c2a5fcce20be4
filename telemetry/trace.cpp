#include "telemetry/trace.hpp"

#include "base/random.hpp"

#include <algorithm>

namespace sekisho::telemetry {
namespace {

constexpr int not_hex = -1;

// Lower case only, as section 3.2.2 demands.
constexpr int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return not_hex;
}

bool read_hex(std::string_view text, std::span<std::uint8_t> out) noexcept {
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
        if (high == not_hex || low == not_hex) return false;
        out[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return true;
}

void write_hex(ByteView bytes, char* out) noexcept {
    constexpr char digits[] = "0123456789abcdef";
    for (const std::uint8_t byte : bytes) {
        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 15];
    }
}

bool all_zero(ByteView bytes) noexcept {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

// All zero is the one invalid id; it is as likely as a meteorite, and redrawn all the same.
template <std::size_t N>
std::array<std::uint8_t, N> random_id() noexcept {
    auto id = random_bytes<N>();
    while (all_zero(id)) id = random_bytes<N>();
    return id;
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view value) noexcept {
    constexpr std::size_t size = std::tuple_size_v<TraceparentText>;
    if (value.size() < size || value[2] != '-' || value[35] != '-' || value[52] != '-') return std::nullopt;
    std::array<std::uint8_t, 1> version{}, flags{};
    TraceContext context;
    if (!read_hex(value.substr(0, 2), version) || !read_hex(value.substr(3, 32), context.trace_id) ||
        !read_hex(value.substr(36, 16), context.span_id) || !read_hex(value.substr(53, 2), flags))
        return std::nullopt;
    if (version[0] == 0xff) return std::nullopt;
    if (value.size() > size && (version[0] == 0 || value[size] != '-')) return std::nullopt;
    if (all_zero(context.trace_id) || all_zero(context.span_id)) return std::nullopt;
    context.sampled = (flags[0] & 1) != 0;
    return context;
}

TraceContext start_trace() noexcept { return {random_id<16>(), random_id<8>(), false}; }

TraceContext next_span(const TraceContext& parent) noexcept {
    return {parent.trace_id, random_id<8>(), parent.sampled};
}

TraceparentText to_traceparent(const TraceContext& context) noexcept {
    TraceparentText text;
    text[0] = text[1] = text[53] = '0';
    text[2] = text[35] = text[52] = '-';
    write_hex(context.trace_id, text.data() + 3);
    write_hex(context.span_id, text.data() + 36);
    text[54] = context.sampled ? '1' : '0';
    return text;
}

std::array<char, 32> trace_id_text(const TraceContext& context) noexcept {
    std::array<char, 32> text;
    write_hex(context.trace_id, text.data());
    return text;
}

std::array<char, 16> span_id_text(const TraceContext& context) noexcept {
    std::array<char, 16> text;
    write_hex(context.span_id, text.data());
    return text;
}

bool tracestate_passes(std::string_view value) noexcept {
    if (value.empty() || value.size() > 512) return false;
    const auto printable = [](char c) { return (c >= 0x20 && c <= 0x7e) || c == '\t'; };
    return std::all_of(value.begin(), value.end(), printable) &&
           std::count(value.begin(), value.end(), ',') < 32;
}

}  // namespace sekisho::telemetry
