#pragma once
// Facts are what a decision is made from: who asks, how well proven, for what, from where, and when.
//
// Views need to live only for the call they are given to. A fact nobody knows is empty: unknown makes an
// allow condition false and a deny condition true (R34).
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/ip.hpp"

#include <optional>
#include <string_view>

namespace sekisho::policy {

// What a session says. Kind, groups and organisation are not facts: the Program knows them (R1).
struct SubjectFacts {
    std::string_view user;
    FactorStrength strength = FactorStrength::none;
    std::optional<WallTime> proven_at;  // of that strength
    // A weaker factor proven after that: it is as fresh as it says for whoever asks for no more than it.
    FactorStrength lesser = FactorStrength::none;
    std::optional<WallTime> lesser_at = std::nullopt;
};

// What one request says.
struct RequestFacts {
    std::string_view method;
    std::string_view path;  // canonical, without query
    std::optional<IpAddress> client;
    WallTime now;
};

}  // namespace sekisho::policy
