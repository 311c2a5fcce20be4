#pragma once
// compile turns the configuration's people, organisations, apps and rules into a Program.
#include "base/result.hpp"
#include "policy/program.hpp"

namespace sekisho::policy {

// The model has passed config/check. What that should have found is an error here too, never a guess: a name
// that does not exist, a zone that does not exist, two people of one name, more than 63 methods. Errors:
// Errc::malformed with the rule or person it is about; Errc::too_large.
Result<std::shared_ptr<const Program>> compile(const config::Model& model);

// spec_of: a calendar as written, its imported events in their places.
CalendarSpec spec_of(const config::Calendar& from);

}  // namespace sekisho::policy
