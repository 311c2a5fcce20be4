#pragma once
// A CORS preflight, answered from an app's configuration (Fetch standard, "CORS-preflight fetch"): nobody is
// let in by it, and the app does not see it. The request that follows is decided like any other.
#include "base/clock.hpp"
#include "gateway/http/local_reply.hpp"
#include "gateway/http/message.hpp"

namespace sekisho::gateway {

struct PreflightRules {
    std::span<const std::string> origins, methods, headers;  // headers in lower case
    bool credentials = false;
    Seconds max_age{0};
};

// is_allowed_preflight: OPTIONS without content, one listed Origin, one listed method, and no field that is
// not listed. Whatever else comes is no preflight of a declared caller.
bool is_allowed_preflight(const RequestHead& head, const PreflightRules& rules) noexcept;

// preflight_reply answers one that is allowed.
LocalReply preflight_reply(const RequestHead& head, const PreflightRules& rules);

}  // namespace sekisho::gateway
