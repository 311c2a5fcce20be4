#include "base/crypto.hpp"

#include "base/check.hpp"
#include "base/random.hpp"

#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include <cstring>

namespace sekisho {
namespace {

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freer<Free>>;

using MdCtx = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using CipherCtx = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using KeyCtx = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;

const EVP_MD* sha256_algorithm() noexcept {
    static const EVP_MD* md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return md;
}
const EVP_CIPHER* gcm_algorithm() noexcept {
    static const EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
    return cipher;
}
EVP_MAC* hmac_algorithm() noexcept {
    static EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    return mac;
}

constexpr std::size_t nonce_bytes = 12, tag_bytes = 16;

EVP_CIPHER_CTX* cipher_context() noexcept {
    thread_local const CipherCtx context(EVP_CIPHER_CTX_new());
    return context.get();
}

}  // namespace

const char* crypto_library() noexcept { return OpenSSL_version(OPENSSL_VERSION); }

Digest sha256(std::initializer_list<ByteView> parts) noexcept {
    thread_local const MdCtx context(EVP_MD_CTX_new());
    Digest out;
    bool good = EVP_DigestInit_ex2(context.get(), sha256_algorithm(), nullptr) == 1;
    for (const auto part : parts)
        good = good && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    good = good && EVP_DigestFinal_ex(context.get(), out.data(), nullptr) == 1;
    check(good, "SHA-256 failed");
    return out;
}

Digest sha256(ByteView bytes) noexcept { return sha256({bytes}); }

Digest hmac_sha256(ByteView key, ByteView message) noexcept {
    thread_local const Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> context(EVP_MAC_CTX_new(hmac_algorithm()));
    char digest_name[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", digest_name, 0),
                                 OSSL_PARAM_construct_end()};
    static const std::uint8_t no_key = 0;  // a null pointer would mean "the key of last time"
    Digest out;
    std::size_t size = 0;
    const bool good =
        EVP_MAC_init(context.get(), key.empty() ? &no_key : key.data(), key.size(), params) == 1 &&
        EVP_MAC_update(context.get(), message.data(), message.size()) == 1 &&
        EVP_MAC_final(context.get(), out.data(), &size, out.size()) == 1 && size == out.size();
    check(good, "HMAC failed");
    return out;
}

Secret derive_key(const Secret& from, std::string_view label, std::size_t size_bytes) {
    // HKDF (RFC 5869): extract with an empty salt, then expand block by block.
    const Digest zero_salt{};
    const Digest extracted = hmac_sha256(zero_salt, from.reveal());
    Bytes out, block;
    for (std::uint8_t counter = 1; out.size() < size_bytes; ++counter) {
        Bytes message(block);
        message.insert(message.end(), label.begin(), label.end());
        message.push_back(counter);
        const Digest next = hmac_sha256(extracted, message);
        block.assign(next.begin(), next.end());
        out.insert(out.end(), next.begin(), next.end());
    }
    out.resize(size_bytes);
    return Secret(out);
}

Bytes seal(const Secret& key, ByteView plain, ByteView associated) {
    check(key.size_bytes() == 32, "a sealing key has 32 bytes");
    Bytes out(nonce_bytes + plain.size() + tag_bytes);
    fill_random({out.data(), nonce_bytes});
    auto* const context = cipher_context();
    int size = 0;
    bool good = EVP_EncryptInit_ex2(context, gcm_algorithm(), key.reveal().data(), out.data(), nullptr) == 1;
    if (!associated.empty())
        good = good && EVP_EncryptUpdate(context, nullptr, &size, associated.data(),
                                         static_cast<int>(associated.size())) == 1;
    if (!plain.empty())
        good = good && EVP_EncryptUpdate(context, out.data() + nonce_bytes, &size, plain.data(),
                                         static_cast<int>(plain.size())) == 1;
    good = good && EVP_EncryptFinal_ex(context, out.data() + nonce_bytes + plain.size(), &size) == 1 &&
           EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, tag_bytes,
                               out.data() + nonce_bytes + plain.size()) == 1;
    check(good, "sealing failed");
    return out;
}

Result<Secret> open_sealed(const Secret& key, ByteView sealed, ByteView associated) {
    const Error refused(Errc::malformed, "sealed bytes do not open under this key");
    if (key.size_bytes() != 32 || sealed.size() < nonce_bytes + tag_bytes) return refused;
    const auto body = sealed.subspan(nonce_bytes, sealed.size() - nonce_bytes - tag_bytes);
    Bytes tag(sealed.end() - tag_bytes, sealed.end());
    Bytes plain(body.size());
    auto* const context = cipher_context();
    int size = 0;
    bool good =
        EVP_DecryptInit_ex2(context, gcm_algorithm(), key.reveal().data(), sealed.data(), nullptr) == 1;
    if (!associated.empty())
        good = good && EVP_DecryptUpdate(context, nullptr, &size, associated.data(),
                                         static_cast<int>(associated.size())) == 1;
    if (!body.empty())
        good = good && EVP_DecryptUpdate(context, plain.data(), &size, body.data(),
                                         static_cast<int>(body.size())) == 1;
    good = good && EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, tag_bytes, tag.data()) == 1 &&
           EVP_DecryptFinal_ex(context, plain.data() + plain.size(), &size) == 1;
    if (!good) {
        ERR_clear_error();
        return refused;
    }
    Secret secret(plain);
    OPENSSL_cleanse(plain.data(), plain.size());
    return secret;
}

struct SigningKey::Impl {
    Kind kind;
    Key key;
};

namespace {

constexpr std::size_t coordinate_bytes = 32;

// DER ECDSA-Sig-Value to r || s and back.
Bytes raw_from_der(ByteView der) {
    const auto* at = der.data();
    const Owned<ECDSA_SIG, ECDSA_SIG_free> parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    check(parsed != nullptr, "our own signature does not parse");
    Bytes raw(2 * coordinate_bytes);
    BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), raw.data(), coordinate_bytes);
    BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), raw.data() + coordinate_bytes, coordinate_bytes);
    return raw;
}

Bytes der_from_raw(ByteView raw) {
    const Owned<ECDSA_SIG, ECDSA_SIG_free> signature(ECDSA_SIG_new());
    ECDSA_SIG_set0(signature.get(), BN_bin2bn(raw.data(), coordinate_bytes, nullptr),
                   BN_bin2bn(raw.data() + coordinate_bytes, coordinate_bytes, nullptr));
    std::uint8_t* der = nullptr;
    const int size = i2d_ECDSA_SIG(signature.get(), &der);
    Bytes out(der, der + (size > 0 ? size : 0));
    OPENSSL_free(der);
    return out;
}

Key public_key(SigningKey::Kind kind, ByteView bytes) {
    if (kind == SigningKey::Kind::ed25519)
        return Key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes.data(), bytes.size()));
    if (bytes.size() != 2 * coordinate_bytes) return nullptr;
    Bytes point{0x04};  // uncompressed (SEC 1 section 2.3.3)
    point.insert(point.end(), bytes.begin(), bytes.end());
    char group[] = "P-256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("group", group, 0),
                                 OSSL_PARAM_construct_octet_string("pub", point.data(), point.size()),
                                 OSSL_PARAM_construct_end()};
    const KeyCtx context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, const_cast<OSSL_PARAM*>(params)) != 1)
        return nullptr;
    return Key(key);
}

const EVP_MD* digest_of(SigningKey::Kind kind) noexcept {
    return kind == SigningKey::Kind::es256 ? sha256_algorithm() : nullptr;
}

}  // namespace

SigningKey::SigningKey(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
SigningKey::SigningKey(SigningKey&&) noexcept = default;
SigningKey& SigningKey::operator=(SigningKey&&) noexcept = default;
SigningKey::~SigningKey() = default;

SigningKey SigningKey::generate(Kind kind) {
    Key key(kind == Kind::ed25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                                  : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
    check(key != nullptr, "key generation failed");
    return SigningKey(std::make_unique<Impl>(Impl{kind, std::move(key)}));
}

Result<SigningKey> SigningKey::from_private_der(Kind kind, ByteView der) {
    const auto* at = der.data();
    Key key(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size())));
    const bool right =
        key && (kind == Kind::ed25519 ? EVP_PKEY_is_a(key.get(), "ED25519") : EVP_PKEY_is_a(key.get(), "EC"));
    if (!right) {
        ERR_clear_error();
        return Error(Errc::malformed, "not a private key of the expected kind");
    }
    return SigningKey(std::make_unique<Impl>(Impl{kind, std::move(key)}));
}

SigningKey::Kind SigningKey::kind() const noexcept { return impl_->kind; }

Bytes SigningKey::sign(ByteView message) const {
    thread_local const MdCtx context(EVP_MD_CTX_new());
    EVP_MD_CTX_reset(context.get());
    std::size_t size = 0;
    bool good =
        EVP_DigestSignInit(context.get(), nullptr, digest_of(impl_->kind), nullptr, impl_->key.get()) == 1 &&
        EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1;
    Bytes out(size);
    good = good && EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1;
    check(good, "signing failed");
    out.resize(size);
    return impl_->kind == Kind::es256 ? raw_from_der(out) : out;
}

Secret SigningKey::private_der() const {
    std::uint8_t* der = nullptr;
    const int size = i2d_PrivateKey(impl_->key.get(), &der);
    check(size > 0, "a private key does not serialise");
    Secret out(ByteView{der, static_cast<std::size_t>(size)});
    OPENSSL_clear_free(der, static_cast<std::size_t>(size));
    return out;
}

Bytes SigningKey::public_bytes() const {
    if (impl_->kind == Kind::ed25519) {
        Bytes out(32);
        std::size_t size = out.size();
        check(EVP_PKEY_get_raw_public_key(impl_->key.get(), out.data(), &size) == 1, "no public key");
        return out;
    }
    Bytes point(1 + 2 * coordinate_bytes);
    std::size_t size = 0;
    check(EVP_PKEY_get_octet_string_param(impl_->key.get(), "encoded-pub-key", point.data(), point.size(),
                                          &size) == 1 &&
              size == point.size(),
          "no public key");
    return Bytes(point.begin() + 1, point.end());
}

bool verify(SigningKey::Kind kind, ByteView public_bytes, ByteView message, ByteView signature) noexcept {
    if (signature.size() != 64) return false;
    const Key key = public_key(kind, public_bytes);
    const MdCtx context(EVP_MD_CTX_new());
    const Bytes wire =
        kind == SigningKey::Kind::es256 ? der_from_raw(signature) : Bytes(signature.begin(), signature.end());
    const bool good =
        key && EVP_DigestVerifyInit(context.get(), nullptr, digest_of(kind), nullptr, key.get()) == 1 &&
        EVP_DigestVerify(context.get(), wire.data(), wire.size(), message.data(), message.size()) == 1;
    if (!good) ERR_clear_error();
    return good;
}

}  // namespace sekisho
