#pragma once
// Field names by what they claim: identity, routing, overriding. Any spelling that differs only in case and
// in signs between letters and digits is the same name (CVE-2025-64484), so it is compared without them.
#include "gateway/http/message.hpp"

namespace sekisho::gateway {

enum class NameClaim : std::uint8_t {
    none,
    identity,   // who or where the client is: set by us, or by nobody
    override_,  // another method, URL or host than the request line's (R13)
    framing,    // how the message ends or where it goes, in a spelling some upstreams take for the real one
    gateway,    // Sekisho-*: ours alone, in both directions
    session,    // device-bound session fields: they reach beyond a response (R10)
};

// claim_of a field name; for names of the field table too. Never allocates.
NameClaim claim_of(std::string_view name) noexcept;

// refuses_message: a trailer of this name would change framing, routing or identity after the decision.
bool refuses_message(const Field& trailer) noexcept;

}  // namespace sekisho::gateway
