#pragma once
// Addresses no upstream may have, whatever a name resolves to (R33): metadata services, link-local,
// multicast, broadcast, unspecified; also when written as IPv4-mapped or NAT64 (RFC 6052) addresses.
#include "base/ip.hpp"

namespace sekisho::gateway {

bool forbidden_target(const IpAddress& address) noexcept;

}  // namespace sekisho::gateway
