#pragma once
// What the files of this folder that may speak to OpenSSL share: verifying with an EVP key.
#include "auth/cose.hpp"

struct evp_pkey_st;

namespace sekisho::auth {

// verify_cose_signature: false too when the key is of another kind than the algorithm. Leaves no error
// behind in OpenSSL's queue.
bool verify_cose_signature(evp_pkey_st* key, CoseAlgorithm algorithm, ByteView message,
                           ByteView signature) noexcept;

}  // namespace sekisho::auth
