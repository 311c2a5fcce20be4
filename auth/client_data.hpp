#pragma once
// ClientData is what a browser says it did with an authenticator: the JSON whose hash is signed. Read
// strictly: one object in UTF-8, no name twice (however it is escaped), nothing after it. Members we do not
// know are allowed, as the standard demands, and ignored.
// Source: W3C WebAuthn Level 3 section 5.8.1; RFC 8259.
#include "base/bytes.hpp"

#include <optional>
#include <string>

namespace sekisho::auth {

constexpr std::size_t client_data_bytes_max = 4096;
constexpr int client_data_depth_max = 4;
constexpr std::size_t client_data_members_max = 32;

struct ClientData {
    std::string type;       // "webauthn.create", "webauthn.get"
    std::string challenge;  // base64url, as it stands there
    std::string origin;
    bool cross_origin = false;
    std::optional<std::string> top_origin;
};

// Nothing when the bytes are no such object, or type, challenge or origin is missing or no string.
std::optional<ClientData> parse_client_data(ByteView json);

}  // namespace sekisho::auth
