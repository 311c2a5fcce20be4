#pragma once
// How auth's findings about a new password become what a page says beside the field.
#include "auth/password.hpp"
#include "gateway/portal/pages.hpp"

namespace sekisho::gateway {

PasswordProblem problem_of(auth::PasswordFault fault) noexcept;

}  // namespace sekisho::gateway
