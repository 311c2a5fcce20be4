#pragma once
// A service token as a script carries it: "skt_", 43 characters of base64url for 256 random bits, and six
// that check the rest, so that typing errors and scanners of source code know one without asking us. Only its
// SHA-256 is ever kept.
#include "auth/token.hpp"

namespace sekisho::auth {

inline constexpr std::string_view service_token_prefix = "skt_";

// make_service_token: the hash is over the value without its check.
Token make_service_token();

// service_token_hash reads a value back. Nothing for anything but the exact form make_service_token gives.
std::optional<Digest> service_token_hash(std::string_view text);

}  // namespace sekisho::auth
