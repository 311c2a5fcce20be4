#pragma once
// Webauthn judges what an authenticator answered, as W3C WebAuthn Level 3 sections 7.1 (registration) and 7.2
// (authentication) say. Pure: whoever calls keeps challenges and credentials, and looks up by their ids. A
// fault is for the record; a page shows one sentence for all of them.
#include "auth/authenticator_data.hpp"
#include "auth/webauthn_attestation.hpp"
#include "base/result.hpp"

#include <string>
#include <vector>

namespace sekisho::auth {

enum class WebauthnFault : std::uint8_t {
    client_data,    // no client data in strict JSON
    type,           // made for the other ceremony
    challenge,      // answers another question than ours
    origin,         // made for a site that is not in the list
    cross_origin,   // asked for inside another site's page
    attestation,    // no attestation object in canonical CBOR, or a statement of the wrong shape
    data,           // authenticator data of the wrong shape
    rp_id,          // made for another relying party
    not_present,    // nobody touched it
    not_verified,   // nobody proved who touched it: no PIN, no fingerprint
    key,            // a public key we do not take
    format,         // an attestation format we do not know
    signature,      // wrong signature, of statement or assertion
    untrusted,      // no chain to the operator's roots, where one is demanded
    model,          // an authenticator that is not on the operator's list
    backup_change,  // says it may be copied, and did not when it was registered, or the other way round
};
std::string_view to_text(WebauthnFault fault) noexcept;

template <class T>
using WebauthnResult = boost::system::result<T, WebauthnFault>;

// RelyingParty is who we are to browsers. Both lists are short: one entry, and the old one while a portal
// moves.
struct RelyingParty {
    std::vector<std::string> ids;      // "portal.example"
    std::vector<std::string> origins;  // "https://portal.example:8443"
};

struct WebauthnQuestion {
    ByteView challenge;
    const RelyingParty& party;
    bool verify_user = true;
};

struct NewPasskey {
    Bytes id, public_key;  // the key in COSE
    CoseAlgorithm algorithm = CoseAlgorithm::es256;
    std::uint32_t sign_count = 0;
    bool user_verified = false, backup_eligible = false, backed_up = false;
    Aaguid aaguid{};
    Attestation attestation = Attestation::none;
};

WebauthnResult<NewPasskey> verify_registration(const WebauthnQuestion& question, ByteView client_data_json,
                                               ByteView attestation_object, const AttestationPolicy& policy,
                                               WallTime now);

struct AssertionAnswer {
    ByteView client_data_json, authenticator_data, signature;
};

// What is kept of the passkey whose id the answer names.
struct KnownPasskey {
    ByteView public_key;
    std::uint32_t sign_count = 0;
    bool backup_eligible = false;
};

struct Assertion {
    std::uint32_t sign_count = 0;
    bool user_verified = false, backed_up = false;
    // The counter did not grow though it counts: perhaps a copy is about. An alarm, not a refusal: a synced
    // passkey always says 0, and one that skips is no thief.
    bool counter_alarm = false;
};

WebauthnResult<Assertion> verify_assertion(const WebauthnQuestion& question, const AssertionAnswer& answer,
                                           const KnownPasskey& known);

}  // namespace sekisho::auth
