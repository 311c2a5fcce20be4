#pragma once
// What we read of a ClientHello ourselves, before OpenSSL has decided anything.
#include "base/bytes.hpp"

#include <string>

namespace sekisho::gateway {

// host_name_of reads the body of a server_name extension: a list with exactly one host_name, and nothing
// behind it. Gives the name in lower case, of letters, digits, '-', '_' and '.' only; empty when it is
// anything else. Source: RFC 6066 section 3.
std::string host_name_of(ByteView extension);

}  // namespace sekisho::gateway
