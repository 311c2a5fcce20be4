#include "gateway/net/proxy_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace sekisho::gateway {
namespace {

using Answer = Result<std::optional<ProxyHeader>>;

constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t fixed_bytes = 16;      // signature, command, family, length
constexpr std::size_t text_bytes_max = 107;  // the longest version 1 line, CRLF included

Error malformed(const char* why) { return Error(Errc::malformed, why); }

std::uint16_t u16(ByteView bytes, std::size_t at) noexcept {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

IpAddress v4(ByteView octets) noexcept {
    IpAddress address;
    address.octets[10] = address.octets[11] = 0xff;
    std::ranges::copy(octets, address.octets.begin() + 12);
    return address;
}

IpAddress v6(ByteView octets) noexcept {
    IpAddress address;
    std::ranges::copy(octets, address.octets.begin());
    return address;
}

Answer read_binary(ByteView input) {
    if (input.size() < fixed_bytes) return std::optional<ProxyHeader>{};
    constexpr std::uint8_t local = 0x20, proxy = 0x21, tcp4 = 0x11, tcp6 = 0x21;
    const std::uint8_t command = input[12], family = input[13];
    const std::size_t size = fixed_bytes + u16(input, 14);
    if (command != local && command != proxy)
        return malformed("a PROXY header of another version or command");
    if (size > proxy_header_bytes_max) return malformed("a PROXY header larger than is read");
    const std::size_t addresses = family == tcp4 ? 12 : 36;  // two addresses, two ports
    if (command == proxy && family != tcp4 && family != tcp6)
        return malformed("a PROXY header for something other than TCP over IP");
    if (command == proxy && size < fixed_bytes + addresses)
        return malformed("a PROXY header too short for its addresses");
    if (input.size() < size) return std::optional<ProxyHeader>{};
    ProxyHeader header;
    header.size_bytes = size;
    if (command == local) return std::optional(header);
    const ByteView body = input.subspan(fixed_bytes);
    header.source = family == tcp4 ? v4(body.first(4)) : v6(body.first(16));
    header.source_port = u16(body, addresses - 4);
    return std::optional(header);
}

// take_word gives what stands before the next space, and steps past it.
std::string_view take_word(std::string_view& line) noexcept {
    const auto end = std::min(line.find(' '), line.size());
    const auto word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

std::optional<std::uint16_t> read_port(std::string_view text) noexcept {
    std::uint16_t port = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool whole = fault == std::errc{} && end == text.data() + text.size();
    if (!whole || (text.size() > 1 && text.front() == '0')) return std::nullopt;
    return port;
}

std::optional<IpAddress> read_address(std::string_view text, bool is_v4) noexcept {
    const bool dotted = text.find(':') == std::string_view::npos;
    if (dotted != is_v4) return std::nullopt;
    return parse_ip(text);
}

// A line: "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443", each word once, one space between.
Answer read_line(std::string_view line, std::size_t size) {
    (void)take_word(line);
    const auto family = take_word(line);
    if (family != "TCP4" && family != "TCP6") return malformed("a PROXY line that names no TCP client");
    const bool is_v4 = family == "TCP4";
    const auto source = read_address(take_word(line), is_v4), target = read_address(take_word(line), is_v4);
    const auto source_port = read_port(take_word(line));
    const bool ends_here = line.find(' ') == std::string_view::npos;
    const auto target_port = read_port(line);
    if (!source || !target || !source_port || !target_port || !ends_here)
        return malformed("a PROXY line with bad addresses or ports");
    return std::optional(ProxyHeader{source, *source_port, size});
}

Answer read_text(std::string_view input) {
    const auto window = input.substr(0, text_bytes_max);
    const auto feed = window.find('\n');
    if (feed == std::string_view::npos) {
        if (window.size() == text_bytes_max) return malformed("a PROXY line without an end");
        return std::optional<ProxyHeader>{};
    }
    if (window[feed - 1] != '\r') return malformed("a PROXY line without CRLF");
    return read_line(window.substr(0, feed - 1), feed + 1);
}

}  // namespace

Result<std::optional<ProxyHeader>> read_proxy_header(ByteView input) {
    constexpr std::string_view word = "PROXY ";
    const auto text = as_text(input);
    if (text.starts_with(signature)) return read_binary(input);
    if (text.starts_with(word)) return read_text(text);
    if (signature.starts_with(text) || word.starts_with(text)) return std::optional<ProxyHeader>{};
    return malformed("no PROXY header");
}

}  // namespace sekisho::gateway
