#pragma once
// Token is an opaque 256-bit value that a browser or a link carries: "v1." and base64url of 32 random bytes.
// Only its SHA-256 is ever kept, so a copy of the store opens nothing.
#include "base/crypto.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sekisho::auth {

struct Token {
    std::string text;  // what the browser gets
    Digest hash{};     // what we keep
};

Token make_token();

// token_hash reads a value back. Nothing for anything but the exact form make_token gives: no blanks, no
// padding, no other version.
std::optional<Digest> token_hash(std::string_view text);

// make_public_id is a short id that people see and type: ten characters of Crockford's base 32.
std::string make_public_id();

// DigestHash lets digests be keys of hash tables; a digest is already evenly spread.
struct DigestHash {
    std::size_t operator()(const Digest& digest) const noexcept;
};

}  // namespace sekisho::auth
