#pragma once
// probe_upstream makes one connection to an upstream as the gateway would, and says how far it came.
#include "config/model.hpp"

#include <string>

namespace sekisho::gateway {

// ProbeResult: the first step that failed says why; the steps after it are empty too.
struct ProbeResult {
    enum class Step : std::uint8_t { done, resolve, connect, handshake } failed = Step::done;
    std::string why;  // the resolver's, kernel's or verifier's own words
};

// probe_upstream blocks for at most `timeout` in each step; the name is looked up by the system's resolver,
// which keeps its own time. Nothing is sent but the handshake.
ProbeResult probe_upstream(const config::Upstream& upstream, Millis timeout);

// bind_error tries to bind and lets go again: 0 when the address is free, else errno.
int bind_error(const IpAddress& address, std::uint16_t port);

}  // namespace sekisho::gateway
