#pragma once
// probe_ops asks a gateway's ops listener one question, for health checks of containers and scripts.
#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/model.hpp"

#include <string>

namespace sekisho::gateway {

struct OpsAnswer {
    int status = 0;
    std::string body;  // at most 64 KiB
};

// probe_ops: an address that means "all of them" is asked on loopback. Takes at most `patience`.
// Errors: Errc::unavailable when nobody answers there, Errc::timed_out, Errc::malformed.
Result<OpsAnswer> probe_ops(const config::Ops& ops, std::string_view path, Millis patience);

}  // namespace sekisho::gateway
