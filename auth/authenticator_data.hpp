#pragma once
// AuthenticatorData is what an authenticator says and signs: for whom, how the person was asked, its counter,
// and on registration the new key.
// Source: W3C WebAuthn Level 3 section 6.1.
#include "auth/cose.hpp"
#include "base/crypto.hpp"

namespace sekisho::auth {

using Aaguid = std::array<std::uint8_t, 16>;

constexpr std::size_t credential_id_bytes_max = 1023;
constexpr std::size_t authenticator_data_bytes_max = 8 * 1024;

struct AttestedCredential {
    Aaguid aaguid{};
    ByteView id;          // 16 to 1,023 bytes
    ByteView public_key;  // COSE, as written
};

struct AuthenticatorData {
    Digest rp_id_hash{};
    bool user_present = false;
    bool user_verified = false;
    bool backup_eligible = false;  // may be copied to other devices: a synced passkey
    bool backed_up = false;
    std::uint32_t sign_count = 0;
    std::optional<AttestedCredential> credential;
};

// The result views `bytes`. Nothing when the layout is wrong, a flag and what it promises disagree, bytes are
// left over, or a credential is said to be backed up that never can be. Reserved flags are ignored, as the
// standard demands; extensions must be canonical CBOR and are ignored.
std::optional<AuthenticatorData> parse_authenticator_data(ByteView bytes);

}  // namespace sekisho::auth
