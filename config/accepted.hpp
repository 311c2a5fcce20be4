#pragma once
// Acceptance is a finding of the lint that somebody decided to live with, why, and until when.
#include "base/civil_time.hpp"
#include "config/place.hpp"

#include <string>

namespace sekisho::config {

struct Acceptance {
    std::string rule;    // id of a lint rule
    std::string at;      // path of the value it is about, or of a thing around it; empty = anywhere
    std::string reason;  // for the next reader
    Date until{};        // last day, included, in Model::timezone
    Place place;
};

}  // namespace sekisho::config
