// A key that is taken has the size its kind says, verifies nothing that was not signed, and is the whole
// input.
#include "auth/webauthn_key.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sekisho;
    const ByteView bytes(data, size);
    const auto key = auth::PasskeyKey::from_cose(bytes);
    if (!key) return 0;
    const auto item = auth::parse_cbor(bytes);
    const auto parts = item ? auth::read_cose_key(*item) : std::nullopt;
    if (!parts || parts->algorithm != key->algorithm()) std::abort();
    if (parts->algorithm == auth::CoseAlgorithm::rs256 && parts->n.size() < auth::rsa_bytes_min) std::abort();
    if (key->verifies(bytes, {}) || key->verifies(bytes, bytes)) std::abort();
    return 0;
}
