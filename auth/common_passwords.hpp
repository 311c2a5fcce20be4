#pragma once
// A short list of the passwords people choose most, none of which anybody may have here.
#include <string_view>

namespace sekisho::auth {

// is_common_password: `lower` is a whole password in lower case.
bool is_common_password(std::string_view lower) noexcept;

}  // namespace sekisho::auth
