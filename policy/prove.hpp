#pragma once
// prove looks for a request that a property forbids and a policy allows. A property is a deny rule that must
// never be the one that decides: with it or without it, every answer is the same. None found within the
// horizon is the proof, since no rule tells apart the requests of one class.
#include "policy/space.hpp"

namespace sekisho::policy {

struct Proof {
    std::string property;
    std::uint64_t looked_at = 0;   // classes of requests the property speaks of
    std::optional<Probe> counter;  // a request that is allowed all the same
    Decision decision;             // of it
    std::string rule;              // that allowed it
    bool holds() const noexcept { return !counter; }
    // vacuous: nobody and nothing is ever spoken of; such a property proves nothing.
    bool vacuous() const noexcept { return looked_at == 0; }
};

// The model holds the policy and behind it `properties` more rules, denies in shadow. Errors: as Space::walk;
// Errc::malformed when one of those is no deny in shadow.
Result<std::vector<Proof>> prove(const config::Model& model, std::size_t properties, Horizon horizon);

}  // namespace sekisho::policy
