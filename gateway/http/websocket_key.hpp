#pragma once
// The proof that a server read a WebSocket's opening (RFC 6455), where we are the one who opens it.
#include <string>
#include <string_view>

namespace sekisho::gateway {

// accept_of is what a server answers to this key (RFC 6455 section 4.2.2).
std::string accept_of(std::string_view key);

}  // namespace sekisho::gateway
