// Our own scanner, not a subclass of beast::http::basic_parser. Correctness: that parser joins folded lines
// silently, takes lists of Content-Length, any coding before "chunked" and a repeated Host, so every rule
// would need a second look at the raw bytes. Speed: the same 541-byte browser request takes 285 ns here with
// all rules and 303 ns there with none (2026-11-22, shared 2-core AMD EPYC, g++ 12 -O2, best of 200 runs of
// 20,000). The tests hold the two against each other: whatever this accepts, Beast reads alike.
#include "gateway/http/http1_codec.hpp"

#include "gateway/http/byte_class.hpp"

#include <bit>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sekisho::gateway {
namespace {

constexpr std::size_t kMethodBytesMax = 32;

bool is_control(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

// find_control gives the first control byte but HTAB in [p, end), or end.
const char* find_control(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
    const __m128i last_control = _mm_set1_epi8(0x1f);
    const __m128i tab = _mm_set1_epi8('\t');
    const __m128i del = _mm_set1_epi8(0x7f);
    for (; end - p >= 16; p += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
        const __m128i bad =
            _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), low), _mm_cmpeq_epi8(bytes, del));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(bad));
        if (mask != 0) return p + std::countr_zero(mask);
    }
#endif
    while (p != end && !is_control(*p)) ++p;
    return p;
}

// What reading a part of the head came to: go on, wait for bytes, or stop.
enum class Part : std::uint8_t { done, more, fault };

// Cursor walks one head; `at` stands at the first byte not yet read.
struct Cursor {
    const char* at;
    const char* end;
    HeadFault fault = HeadFault::none;

    Part fail(HeadFault why) noexcept {
        fault = why;
        return Part::fault;
    }
    std::size_t left() const noexcept { return static_cast<std::size_t>(end - at); }
};

std::string_view between(const char* from, const char* to) noexcept {
    return {from, static_cast<std::size_t>(to - from)};
}

Part read_method(Cursor& cursor, RequestHead& head) noexcept {
    const char* p = cursor.at;
    bool lower_case = false;
    while (p != cursor.end && is_token_byte(*p)) {
        lower_case = lower_case || (*p >= 'a' && *p <= 'z');
        ++p;
    }
    head.method = between(cursor.at, p);
    if (head.method.size() > kMethodBytesMax) return cursor.fail(HeadFault::method_refused);
    if (p == cursor.end) return Part::more;
    if (*p != ' ' || head.method.empty()) return cursor.fail(HeadFault::method_invalid);
    // Methods are case-sensitive; an upstream that ignores case would read another one than the policy did.
    if (lower_case) return cursor.fail(HeadFault::method_refused);
    cursor.at = p + 1;
    return Part::done;
}

Part read_target(Cursor& cursor, const HeadLimits& limits, RequestHead& head) noexcept {
    const char* p = cursor.at;
    const char* const stop = cursor.left() > limits.target_bytes ? p + limits.target_bytes : cursor.end;
    while (p != stop && has_class(*p, byte_class::kTarget)) ++p;
    if (p == cursor.end) return Part::more;
    if (*p == '#') return cursor.fail(HeadFault::fragment_in_target);
    if (p == stop && has_class(*p, byte_class::kTarget)) return cursor.fail(HeadFault::target_too_long);
    head.target = between(cursor.at, p);
    if (head.target.empty()) return cursor.fail(HeadFault::target_invalid);
    if (*p == '\r' || *p == '\n') return cursor.fail(HeadFault::http09);
    if (*p != ' ') return cursor.fail(HeadFault::target_invalid);
    cursor.at = p + 1;
    return Part::done;
}

// version_of "HTTP/1.1" or "HTTP/1.0".
HeadFault version_of(const char* text, HttpVersion& version) noexcept {
    if (std::memcmp(text, "HTTP/", 5) != 0 || !is_digit(text[5]) || text[6] != '.' || !is_digit(text[7]))
        return HeadFault::version_malformed;
    if (text[5] != '1' || text[7] > '1') return HeadFault::version_unsupported;
    version = text[7] == '1' ? HttpVersion::http11 : HttpVersion::http10;
    return HeadFault::none;
}

Part read_request_version(Cursor& cursor, RequestHead& head) noexcept {
    constexpr std::size_t kBytes = 10;  // "HTTP/1.1" CRLF
    if (cursor.left() < kBytes) {
        const bool ended = between(cursor.at, cursor.end).find('\n') != std::string_view::npos;
        return ended ? cursor.fail(HeadFault::version_malformed) : Part::more;
    }
    const HeadFault fault = version_of(cursor.at, head.version);
    if (fault != HeadFault::none) return cursor.fail(fault);
    if (cursor.at[8] == '\n') return cursor.fail(HeadFault::line_end);
    if (cursor.at[8] != '\r') return cursor.fail(HeadFault::version_malformed);
    if (cursor.at[9] != '\n') return cursor.fail(HeadFault::line_end);
    cursor.at += kBytes;
    return Part::done;
}

// read_line_rest reads to the CRLF and past it.
Part read_line_rest(Cursor& cursor, std::string_view& text) noexcept {
    const char* const stop = find_control(cursor.at, cursor.end);
    if (stop == cursor.end) return Part::more;
    if (*stop == '\n') return cursor.fail(HeadFault::line_end);
    if (*stop != '\r') return cursor.fail(HeadFault::field_value);
    if (stop + 1 == cursor.end) return Part::more;
    if (stop[1] != '\n') return cursor.fail(HeadFault::line_end);
    text = between(cursor.at, stop);
    cursor.at = stop + 2;
    return Part::done;
}

Part read_field(Cursor& cursor, Field& field) noexcept {
    const char* p = cursor.at;
    while (p != cursor.end && is_token_byte(*p)) ++p;
    if (p == cursor.end) return Part::more;
    if (*p != ':' || p == cursor.at) {
        const bool folded = p == cursor.at && (*p == ' ' || *p == '\t');
        return cursor.fail(folded ? HeadFault::obsolete_fold : HeadFault::field_name);
    }
    field.name = between(cursor.at, p);
    cursor.at = p + 1;
    std::string_view value;
    const Part part = read_line_rest(cursor, value);
    field.value = trim_blanks(value);
    return part;
}

// read_fields reads field lines until the empty line, and past it.
Part read_fields(Cursor& cursor, const HeadLimits& limits, HeadScratch& scratch, Head& head) {
    for (;;) {
        if (cursor.at == cursor.end) return Part::more;
        if (*cursor.at == '\r') {
            if (cursor.left() < 2) return Part::more;
            if (cursor.at[1] != '\n') return cursor.fail(HeadFault::line_end);
            cursor.at += 2;
            head.fields = scratch.fields;
            return Part::done;
        }
        if (*cursor.at == '\n') return cursor.fail(HeadFault::line_end);
        Field field;
        const Part part = read_field(cursor, field);
        if (part != Part::done) return part;
        if (scratch.fields.size() == limits.fields) return cursor.fail(HeadFault::too_many_fields);
        field.id = find_field_id(field.name);
        if (head.present.has(field.id)) head.repeated.add(field.id);
        head.present.add(field.id);
        scratch.fields.push_back(field);
    }
}

Part read_status_line(Cursor& cursor, ResponseHead& head) noexcept {
    constexpr std::string_view kStart = "HTTP/1.";
    const std::string_view seen = between(cursor.at, cursor.end).substr(0, kStart.size());
    if (seen != kStart.substr(0, seen.size())) return cursor.fail(HeadFault::status_line);
    if (cursor.left() < 13) {  // "HTTP/1.1 200" and what follows it
        const bool ended = between(cursor.at, cursor.end).find('\n') != std::string_view::npos;
        return ended ? cursor.fail(HeadFault::status_line) : Part::more;
    }
    const char* const p = cursor.at;
    if (version_of(p, head.version) != HeadFault::none || p[8] != ' ' || p[9] < '1' || p[9] > '5' ||
        !is_digit(p[10]) || !is_digit(p[11]) || (p[12] != ' ' && p[12] != '\r'))
        return cursor.fail(HeadFault::status_line);
    head.status = static_cast<std::uint16_t>((p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0'));
    cursor.at += p[12] == ' ' ? 13 : 12;
    return read_line_rest(cursor, head.reason);
}

// search_end looks for the empty line of a head that was incomplete before, only among bytes not searched
// yet.
Part search_end(std::string_view window, HeadScan& scan, HeadFault& fault) noexcept {
    std::size_t from = scan.searched_bytes;
    while (from < window.size()) {
        const void* found = std::memchr(window.data() + from, '\n', window.size() - from);
        if (found == nullptr) break;
        const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - window.data());
        if (at == 0 || window[at - 1] != '\r') {
            fault = HeadFault::line_end;
            return Part::fault;
        }
        if (window.substr(at + 1, 2) == "\r\n") return Part::done;
        from = at + 1;
    }
    scan.searched_bytes = window.size() >= 2 ? window.size() - 2 : 0;
    return Part::more;
}

HeadStep wait_or_refuse(std::string_view window, const HeadLimits& limits, bool is_request) noexcept {
    if (window.size() < limits.head_bytes) return {};
    const bool in_first_line = window.find('\n') == std::string_view::npos;
    return {HeadStep::State::fault,
            is_request && in_first_line ? HeadFault::target_too_long : HeadFault::head_too_large, 0};
}

// run_head is the frame of both kinds: resume, read, judge.
template <class HeadKind, class ReadStart, class Judge>
HeadStep run_head(std::string_view buffer, const HeadLimits& limits, HeadScan& scan, HeadScratch& scratch,
                  HeadKind& head, ReadStart read_start, Judge judge) {
    constexpr bool kIsRequest = std::is_same_v<HeadKind, RequestHead>;
    const std::string_view window = buffer.substr(0, limits.head_bytes);
    if (scan.searched_bytes > 0) {
        HeadFault fault = HeadFault::none;
        const Part part = search_end(window, scan, fault);
        if (part == Part::fault) return {HeadStep::State::fault, fault, 0};
        if (part == Part::more) return wait_or_refuse(window, limits, kIsRequest);
    }
    scratch.reset();
    head = HeadKind{};
    Cursor cursor{window.data(), window.data() + window.size()};
    Part part = read_start(cursor, head);
    if (part == Part::done) part = read_fields(cursor, limits, scratch, head);
    if (part == Part::more) {
        scan.searched_bytes = window.size() >= 2 ? window.size() - 2 : 0;
        return wait_or_refuse(window, limits, kIsRequest);
    }
    if (part == Part::done) cursor.fault = judge(head);
    if (cursor.fault != HeadFault::none) return {HeadStep::State::fault, cursor.fault, 0};
    return {HeadStep::State::done, HeadFault::none, static_cast<std::size_t>(cursor.at - buffer.data())};
}

}  // namespace

HeadStep parse_request_head(std::string_view buffer, const HeadLimits& limits, HeadScan& scan,
                            HeadScratch& scratch, RequestHead& head) {
    const auto start = [&limits](Cursor& cursor, RequestHead& into) {
        Part part = read_method(cursor, into);
        if (part == Part::done) part = read_target(cursor, limits, into);
        if (part == Part::done) part = read_request_version(cursor, into);
        return part;
    };
    return run_head(buffer, limits, scan, scratch, head, start,
                    [](RequestHead& whole) { return apply_request_rules(whole); });
}

HeadStep parse_response_head(std::string_view buffer, const HeadLimits& limits, const AskedFor& asked,
                             HeadScan& scan, HeadScratch& scratch, ResponseHead& head) {
    return run_head(buffer, limits, scan, scratch, head, read_status_line,
                    [&asked](ResponseHead& whole) { return apply_response_rules(whole, asked); });
}

HeadFault parse_field_lines(std::string_view lines, std::size_t fields_max, std::vector<Field>& fields) {
    Cursor cursor{lines.data(), lines.data() + lines.size()};
    while (cursor.at != cursor.end) {
        Field field;
        const Part part = read_field(cursor, field);
        if (part == Part::more) return HeadFault::line_end;
        if (part == Part::fault) return cursor.fault;
        if (fields.size() == fields_max) return HeadFault::too_many_fields;
        field.id = find_field_id(field.name);
        fields.push_back(field);
    }
    return HeadFault::none;
}

}  // namespace sekisho::gateway
