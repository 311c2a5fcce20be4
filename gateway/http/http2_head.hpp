#pragma once
// Heads as HTTP/2 carries them (RFC 9113 section 8): decoded fields to a head by the same rules as any other,
// and the field lines of a head that leaves.
#include "gateway/http/head_rules.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sekisho::gateway {

// Http2Fields gathers the fields of one field section as they are decoded. What it gives views it.
class Http2Fields {
public:
    // add takes one field. What is wrong is remembered and told by the functions below; past the limits
    // nothing more is kept, and bytes() goes on counting.
    void add(std::string_view name, std::string_view value, const HeadLimits& limits);
    void reset() noexcept;
    // bytes as a peer would have to send them without compression: names and values, and 4 for each field.
    std::size_t bytes() const noexcept { return bytes_; }

    // request reads what was added as a request's head. `ends`: nothing follows the head. An extended CONNECT
    // for a WebSocket (RFC 8441) becomes the GET that opens one in HTTP/1.1, as rules and upstreams know it.
    HeadFault request(bool ends, const HeadLimits& limits, RequestHead& head);
    // response reads it as the head of a response to `asked`.
    HeadFault response(bool ends, const AskedFor& asked, ResponseHead& head);
    // trailers reads it as trailers; which of them pass is for others to judge.
    HeadFault trailers(std::span<const Field>& fields);

private:
    enum Pseudo : std::uint8_t { method, scheme, authority, path, protocol, status, pseudo_count };
    struct Span {
        std::uint32_t at = 0, size = 0;
    };
    struct Row {
        Span name, value;
    };
    HeadFault add_pseudo(std::string_view name, std::string_view value);
    HeadFault add_field(std::string_view name, std::string_view value);
    Span keep(std::string_view text);
    std::string_view text_of(Span span) const noexcept { return {text_.data() + span.at, span.size}; }
    bool has(Pseudo which) const noexcept { return pseudos_[which].has_value(); }
    std::string_view value_of(Pseudo which) const noexcept {
        return has(which) ? text_of(*pseudos_[which]) : std::string_view{};
    }
    void join_cookies();
    HeadFault name_host();
    void make_fields(Head& head);
    HeadFault read_start(const HeadLimits& limits, RequestHead& head) const noexcept;
    HeadFault read_websocket(bool ends, RequestHead& head) const noexcept;

    std::string text_;
    std::vector<Row> rows_;
    std::vector<Field> fields_;
    std::optional<Span> pseudos_[pseudo_count];
    std::size_t bytes_ = 0, cookies_ = 0;
    HeadFault fault_ = HeadFault::none;
};

// next_field_line cuts "Name: value CRLF" off the front of `lines`, in which the name becomes lower case;
// false at the end or at an empty line.
bool next_field_line(std::span<char>& lines, std::string_view& name, std::string_view& value) noexcept;

}  // namespace sekisho::gateway
