#pragma once
// Text forms of bytes: base64url without padding (RFC 4648 section 5), hexadecimal,
// base32 (RFC 4648 section 6, no padding) and Crockford's base 32 for ids people read aloud.
#include "base/bytes.hpp"

#include <optional>
#include <string>

namespace sekisho {

std::string base64url(ByteView bytes);
// Refuses padding, blanks, characters outside the alphabet and non-zero spare bits.
std::optional<Bytes> from_base64url(std::string_view text);

std::string base64(ByteView bytes);  // with padding (RFC 4648 section 4)

std::string hex(ByteView bytes);  // lower case
std::optional<Bytes> from_hex(std::string_view text);

std::string base32(ByteView bytes);  // upper case, no padding
std::optional<Bytes> from_base32(std::string_view text);

// crockford writes `digits` characters of 5 bits each, most significant first.
std::string crockford(std::uint64_t value, int digits);

}  // namespace sekisho
