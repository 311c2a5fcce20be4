#pragma once
// ProxyHeader is what a load balancer in front of us says about the client, before the client's first byte.
// Source: the PROXY protocol, sections 2.1 (text, version 1) and 2.2 (binary, version 2).
#include "base/bytes.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"

#include <optional>

namespace sekisho::gateway {

struct ProxyHeader {
    std::optional<IpAddress> source;  // nothing: the balancer itself connects, to see whether we are well
    std::uint16_t source_port = 0;
    std::size_t size_bytes = 0;  // bytes to drop from the stream
};

// Longest header that is read, extensions included; theirs are skipped, never believed (R33).
inline constexpr std::size_t proxy_header_bytes_max = 536;

// read_proxy_header parses the header at the front of `input`.
//
// Returns nothing while `input` is a proper prefix and more bytes are needed. Refused besides damage: a
// client that is not TCP over IPv4 or IPv6, "UNKNOWN", and headers above the bound: nobody would have said
// who comes. Errors: Errc::malformed when `input` cannot become a valid header. Reads only; keeps no
// reference to `input`.
Result<std::optional<ProxyHeader>> read_proxy_header(ByteView input);

}  // namespace sekisho::gateway
