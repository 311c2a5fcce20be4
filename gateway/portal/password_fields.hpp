#pragma once
// The pair of fields in which a person chooses a password, with what was wrong said beside them.
#include "gateway/portal/parts.hpp"

namespace sekisho::gateway {

Markup new_password_fields(const Say& say, PasswordProblem problem);

}  // namespace sekisho::gateway
