#pragma once
// The primitives the product stands on, each a small face over OpenSSL with
// algorithms fetched once per process.
#include "base/result.hpp"
#include "base/secret.hpp"

#include <array>
#include <memory>

namespace sekisho {

using Digest = std::array<std::uint8_t, 32>;

// crypto_library names the library and version in use: "OpenSSL 3.0.22 ...". Static text.
const char* crypto_library() noexcept;

// sha256 reuses one context per thread (80 ns for 32 bytes against 409 ns without).
Digest sha256(ByteView bytes) noexcept;
Digest sha256(std::initializer_list<ByteView> parts) noexcept;
Digest hmac_sha256(ByteView key, ByteView message) noexcept;
// derive_key: HKDF-SHA-256 (RFC 5869) with an empty salt; `label` separates uses.
Secret derive_key(const Secret& from, std::string_view label, std::size_t size_bytes = 32);

// seal: AES-256-GCM with a random 96-bit nonce, as nonce || ciphertext || tag. `key` is 32 bytes.
Bytes seal(const Secret& key, ByteView plain, ByteView associated);
// Errors: Errc::malformed when the bytes were not sealed under this key and associated data.
Result<Secret> open_sealed(const Secret& key, ByteView sealed, ByteView associated);

// SigningKey signs; what it can do depends on the kind.
//   ed25519: 64-byte signatures (RFC 8032).
//   es256:   64-byte r||s over SHA-256, as JWS wants it (RFC 7518 section 3.4).
class SigningKey {
public:
    enum class Kind : std::uint8_t { ed25519, es256 };
    static SigningKey generate(Kind kind);
    // Errors: Errc::malformed when the bytes are no private key of that kind.
    static Result<SigningKey> from_private_der(Kind kind, ByteView der);
    SigningKey(SigningKey&&) noexcept;
    SigningKey& operator=(SigningKey&&) noexcept;
    ~SigningKey();

    Kind kind() const noexcept;
    Bytes sign(ByteView message) const;
    Secret private_der() const;
    // ed25519: 32 bytes. es256: x || y, 64 bytes.
    Bytes public_bytes() const;

private:
    struct Impl;
    explicit SigningKey(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

// verify: true only for a good signature by the key whose public_bytes() are given.
bool verify(SigningKey::Kind kind, ByteView public_bytes, ByteView message, ByteView signature) noexcept;

}  // namespace sekisho
