#pragma once
// CoseKey is a public key as an authenticator writes it (RFC 9052 section 7, RFC 9053), of the four kinds we
// accept. What it holds has the right shape; whether it is a key that can verify is PasskeyKey's to say.
#include "auth/cbor.hpp"

namespace sekisho::auth {

// Their numbers in the IANA registry of COSE algorithms.
enum class CoseAlgorithm : std::int16_t { es256 = -7, eddsa = -8, es384 = -35, rs256 = -257 };
std::string_view to_text(CoseAlgorithm algorithm) noexcept;  // "ES256"
std::optional<CoseAlgorithm> cose_algorithm(const CborItem& number) noexcept;

constexpr std::size_t rsa_bytes_min = 256, rsa_bytes_max = 512;  // 2048 to 4096 bits

struct CoseKey {
    CoseAlgorithm algorithm = CoseAlgorithm::es256;
    ByteView x, y;  // es256, es384: the point; eddsa: x is the key
    ByteView n, e;  // rs256: modulus and exponent, no leading zeros; e is odd and at least 3
};

// read_cose_key takes a map of exactly the members its kind has, as WebAuthn section 6.5.1.1 asks. The key
// views the item's bytes.
std::optional<CoseKey> read_cose_key(const CborItem& item);

}  // namespace sekisho::auth
