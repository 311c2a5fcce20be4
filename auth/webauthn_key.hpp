#pragma once
// PasskeyKey is a public key that can verify: a CoseKey OpenSSL accepted, its point on the curve.
#include "auth/cose.hpp"

#include <memory>

struct evp_pkey_st;

namespace sekisho::auth {

class PasskeyKey {
public:
    // Nothing for anything that is no COSE key of ours in canonical CBOR, or no key at all.
    static std::optional<PasskeyKey> from_cose(ByteView cose);

    PasskeyKey(PasskeyKey&&) noexcept;
    PasskeyKey& operator=(PasskeyKey&&) noexcept;
    ~PasskeyKey();

    CoseAlgorithm algorithm() const noexcept { return algorithm_; }
    // verifies: signatures are as WebAuthn section 6.5.5 says (ECDSA in DER, the others plain).
    bool verifies(ByteView message, ByteView signature) const noexcept;

private:
    struct Free {
        void operator()(evp_pkey_st* key) const noexcept;
    };
    PasskeyKey(CoseAlgorithm algorithm, evp_pkey_st* key) noexcept : algorithm_(algorithm), key_(key) {}

    CoseAlgorithm algorithm_;
    std::unique_ptr<evp_pkey_st, Free> key_;
};

}  // namespace sekisho::auth
