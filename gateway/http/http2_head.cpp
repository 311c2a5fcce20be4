#include "gateway/http/http2_head.hpp"

#include "gateway/http/byte_class.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace sekisho::gateway {
namespace {

constexpr std::size_t kMethodBytesMax = 32;

constexpr std::array<std::string_view, 6> kPseudoNames = {":method", ":scheme",   ":authority",
                                                          ":path",   ":protocol", ":status"};

// valid_name: a token without capitals (RFC 9113 section 8.2.1).
bool valid_name(std::string_view name) noexcept {
    for (const char c : name)
        if (!is_token_byte(c) || (c >= 'A' && c <= 'Z')) return false;
    return !name.empty();
}

// valid_value: no control bytes but HTAB, no blanks around it.
bool valid_value(std::string_view value) noexcept {
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return false;
    }
    return trim_blanks(value).size() == value.size();
}

HeadFault judge_method(std::string_view method) noexcept {
    if (method.empty()) return HeadFault::method_invalid;
    if (method.size() > kMethodBytesMax) return HeadFault::method_refused;
    bool lower_case = false;
    for (const char c : method) {
        if (!is_token_byte(c)) return HeadFault::method_invalid;
        lower_case = lower_case || (c >= 'a' && c <= 'z');
    }
    return lower_case ? HeadFault::method_refused : HeadFault::none;
}

// judge_path: origin form, or "*", which the rules allow for OPTIONS alone.
HeadFault judge_path(std::string_view path, const HeadLimits& limits) noexcept {
    if (path.empty()) return HeadFault::target_invalid;
    if (path.size() > limits.target_bytes) return HeadFault::target_too_long;
    for (const char c : path) {
        if (c == '#') return HeadFault::fragment_in_target;
        if (!has_class(c, byte_class::kTarget)) return HeadFault::target_invalid;
    }
    return path.front() == '/' || path == "*" ? HeadFault::none : HeadFault::target_form;
}

}  // namespace

Http2Fields::Span Http2Fields::keep(std::string_view text) {
    const Span span{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(text.size())};
    text_.append(text);
    return span;
}

void Http2Fields::reset() noexcept {
    text_.clear();
    rows_.clear();
    fields_.clear();
    for (auto& pseudo : pseudos_) pseudo.reset();
    bytes_ = cookies_ = 0;
    fault_ = HeadFault::none;
}

void Http2Fields::add(std::string_view name, std::string_view value, const HeadLimits& limits) {
    bytes_ += name.size() + value.size() + 4;
    if (fault_ != HeadFault::none) return;
    if (bytes_ > limits.head_bytes)
        fault_ = HeadFault::head_too_large;
    else if (!name.empty() && name.front() == ':')
        fault_ = add_pseudo(name, value);
    else if (rows_.size() - cookies_ >= limits.fields && name != "cookie")  // a cookie's crumbs are one field
        fault_ = HeadFault::too_many_fields;
    else
        fault_ = add_field(name, value);
}

// Pseudo-fields come before all others, each once (RFC 9113 section 8.3).
HeadFault Http2Fields::add_pseudo(std::string_view name, std::string_view value) {
    if (!rows_.empty()) return HeadFault::pseudo_field;
    if (!valid_value(value)) return HeadFault::field_value;
    for (std::size_t i = 0; i < kPseudoNames.size(); ++i) {
        if (name != kPseudoNames[i]) continue;
        if (pseudos_[i]) return HeadFault::pseudo_field;
        pseudos_[i] = keep(value);
        return HeadFault::none;
    }
    return HeadFault::pseudo_field;
}

HeadFault Http2Fields::add_field(std::string_view name, std::string_view value) {
    if (!valid_name(name)) return HeadFault::field_name;
    if (!valid_value(value)) return HeadFault::field_value;
    if (name == "te" && value != "trailers") return HeadFault::connection_invalid;
    if (name == "cookie") ++cookies_;
    const Span kept = keep(name);
    rows_.push_back({kept, keep(value)});
    return HeadFault::none;
}

// Crumbs of a cookie become one field again before anybody reads them (RFC 9113 section 8.2.3).
void Http2Fields::join_cookies() {
    if (cookies_ < 2) return;
    const auto at = static_cast<std::uint32_t>(text_.size());
    Row* first = nullptr;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        const Row row = rows_[i];
        if (text_of(row.name) == "cookie") {
            if (first) text_.append("; ");
            text_.reserve(text_.size() + row.value.size);  // the view below stays in place
            text_.append(text_of(row.value));
            if (first) continue;
            first = &rows_[kept];
        }
        rows_[kept++] = row;
    }
    rows_.resize(kept);
    first->value = {at, static_cast<std::uint32_t>(text_.size()) - at};
}

// :authority is what HTTP/1.1 calls Host; beside it a Host may only say the same.
HeadFault Http2Fields::name_host() {
    if (!has(authority)) return HeadFault::none;
    bool named = false;
    for (const Row& row : rows_) {
        if (text_of(row.name) != "host") continue;
        if (!equal_ignoring_case(text_of(row.value), value_of(authority))) return HeadFault::host_disagrees;
        named = true;
    }
    if (!named) rows_.insert(rows_.begin(), {keep("host"), *pseudos_[authority]});
    return HeadFault::none;
}

void Http2Fields::make_fields(Head& head) {
    fields_.clear();
    for (const Row& row : rows_) {
        const Field field{text_of(row.name), text_of(row.value), find_field_id(text_of(row.name))};
        if (head.present.has(field.id)) head.repeated.add(field.id);
        head.present.add(field.id);
        fields_.push_back(field);
    }
    head.fields = fields_;
    head.version = HttpVersion::http2;
}

HeadFault Http2Fields::read_start(const HeadLimits& limits, RequestHead& head) const noexcept {
    if (has(status)) return HeadFault::pseudo_field;
    if (!has(method) || !has(scheme) || !has(path)) return HeadFault::pseudo_field;
    if (value_of(scheme) != "https") return HeadFault::target_form;
    HeadFault fault = judge_method(value_of(method));
    if (fault == HeadFault::none) fault = judge_path(value_of(path), limits);
    head.method = value_of(method);
    head.target = value_of(path);
    return fault;
}

HeadFault Http2Fields::read_websocket(bool ends, RequestHead& head) const noexcept {
    if (head.method != "CONNECT" || ends || value_of(protocol) != "websocket")
        return HeadFault::upgrade_invalid;
    if (head.present.has(FieldId::content_length) || head.value(FieldId::sec_websocket_version) != "13")
        return HeadFault::upgrade_invalid;
    head.method = "GET";
    return HeadFault::none;
}

HeadFault Http2Fields::request(bool ends, const HeadLimits& limits, RequestHead& head) {
    head = {};
    if (fault_ != HeadFault::none) return fault_;
    join_cookies();
    HeadFault fault = name_host();
    if (fault == HeadFault::none) fault = read_start(limits, head);
    if (fault != HeadFault::none) return fault;
    make_fields(head);
    if (!head.present.has(FieldId::host)) return HeadFault::host_missing;
    if (has(protocol) && (fault = read_websocket(ends, head)) != HeadFault::none) return fault;
    if ((fault = apply_request_rules(head)) != HeadFault::none) return fault;
    if (has(protocol)) {
        head.upgrade = Upgrade::websocket;
        head.upgrade_token = value_of(protocol);
        return HeadFault::none;
    }
    if (ends && head.content_length != 0) return HeadFault::length_invalid;
    // The end of the stream ends the body, as the last chunk does in HTTP/1.1.
    if (!ends && head.framing == Framing::none) head.framing = Framing::chunked;
    return HeadFault::none;
}

HeadFault Http2Fields::response(bool ends, const AskedFor& asked, ResponseHead& head) {
    head = {};
    if (fault_ != HeadFault::none) return fault_;
    for (const Pseudo other : {method, scheme, authority, path, protocol})
        if (has(other)) return HeadFault::pseudo_field;
    const std::string_view code = value_of(status);
    if (code.size() != 3 || code[0] < '1' || code[0] > '5' || !is_digit(code[1]) || !is_digit(code[2]))
        return HeadFault::status_line;
    head.status = static_cast<std::uint16_t>((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
    if (head.status == 101) return HeadFault::switching_invalid;  // RFC 9113 section 8.6
    make_fields(head);
    if (has_connection_fields(head)) return HeadFault::connection_invalid;
    const HeadFault fault = apply_response_rules(head, asked);
    if (fault != HeadFault::none) return fault;
    const bool bodiless = head.framing == Framing::none;
    if (!bodiless && head.framing != Framing::length) head.framing = ends ? Framing::none : Framing::chunked;
    if (ends && !bodiless && head.content_length != 0) return HeadFault::length_invalid;
    if (ends && head.is_interim()) return HeadFault::status_line;
    head.keep_alive = true;
    return HeadFault::none;
}

HeadFault Http2Fields::trailers(std::span<const Field>& fields) {
    if (fault_ != HeadFault::none) return fault_;
    for (const auto& pseudo : pseudos_)
        if (pseudo) return HeadFault::pseudo_field;
    Head head;
    make_fields(head);
    fields = fields_;
    return HeadFault::none;
}

bool next_field_line(std::span<char>& lines, std::string_view& name, std::string_view& value) noexcept {
    std::size_t at = 0;
    while (at < lines.size() && lines[at] != ':' && lines[at] != '\r') {
        char& c = lines[at];
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
        ++at;
    }
    if (at == 0 || at >= lines.size() || lines[at] != ':') return false;
    name = {lines.data(), at};
    std::size_t from = at + 1;
    if (from < lines.size() && lines[from] == ' ') ++from;
    const void* end = std::memchr(lines.data() + from, '\r', lines.size() - from);
    if (!end) return false;
    const auto to = static_cast<std::size_t>(static_cast<const char*>(end) - lines.data());
    value = {lines.data() + from, to - from};
    lines = lines.subspan(std::min(to + 2, lines.size()));
    return true;
}

}  // namespace sekisho::gateway
