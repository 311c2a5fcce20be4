#include "auth/webauthn_key.hpp"

#include "auth/webauthn_openssl.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

namespace sekisho::auth {
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
using KeyCtx = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Builder = Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Owned<OSSL_PARAM, OSSL_PARAM_free>;
using Number = Owned<BIGNUM, BN_free>;

EVP_PKEY* from_params(const char* kind, OSSL_PARAM_BLD* builder) {
    const Params params(OSSL_PARAM_BLD_to_param(builder));
    const KeyCtx context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
    EVP_PKEY* key = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
        return nullptr;
    return key;
}

// Decoding an uncompressed point refuses one that is not on the curve; both curves have cofactor 1.
EVP_PKEY* elliptic(const CoseKey& cose, const char* curve) {
    Bytes point{0x04};
    point.insert(point.end(), cose.x.begin(), cose.x.end());
    point.insert(point.end(), cose.y.begin(), cose.y.end());
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!builder ||
        OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) != 1)
        return nullptr;
    return from_params("EC", builder.get());
}

EVP_PKEY* rsa(const CoseKey& cose) {
    const Number n(BN_bin2bn(cose.n.data(), static_cast<int>(cose.n.size()), nullptr));
    const Number e(BN_bin2bn(cose.e.data(), static_cast<int>(cose.e.size()), nullptr));
    const Builder builder(OSSL_PARAM_BLD_new());
    if (!n || !e || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
        return nullptr;
    return from_params("RSA", builder.get());
}

EVP_PKEY* make(const CoseKey& cose) {
    switch (cose.algorithm) {
        case CoseAlgorithm::es256:
            return elliptic(cose, "P-256");
        case CoseAlgorithm::es384:
            return elliptic(cose, "P-384");
        case CoseAlgorithm::eddsa:
            return EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, cose.x.data(), cose.x.size());
        case CoseAlgorithm::rs256:
            return rsa(cose);
    }
    return nullptr;
}

bool fits(EVP_PKEY* key, CoseAlgorithm algorithm) {
    switch (algorithm) {
        case CoseAlgorithm::es256:
            return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_bits(key) == 256;
        case CoseAlgorithm::es384:
            return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_bits(key) == 384;
        case CoseAlgorithm::eddsa:
            return EVP_PKEY_is_a(key, "ED25519") == 1;
        case CoseAlgorithm::rs256:
            return EVP_PKEY_is_a(key, "RSA") == 1 && EVP_PKEY_get_bits(key) >= 2048 &&
                   EVP_PKEY_get_bits(key) <= 4096;
    }
    return false;
}

}  // namespace

bool verify_cose_signature(evp_pkey_st* key, CoseAlgorithm algorithm, ByteView message,
                           ByteView signature) noexcept {
    const char* digest = algorithm == CoseAlgorithm::es384   ? "SHA384"
                         : algorithm == CoseAlgorithm::eddsa ? nullptr
                                                             : "SHA256";
    const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    const bool good =
        context && fits(key, algorithm) &&
        EVP_DigestVerifyInit_ex(context.get(), nullptr, digest, nullptr, nullptr, key, nullptr) == 1 &&
        EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) ==
            1;
    ERR_clear_error();
    return good;
}

std::optional<PasskeyKey> PasskeyKey::from_cose(ByteView cose) {
    const auto item = parse_cbor(cose);
    const auto parts = item ? read_cose_key(*item) : std::nullopt;
    if (!parts) return std::nullopt;
    EVP_PKEY* key = make(*parts);
    ERR_clear_error();
    if (key == nullptr) return std::nullopt;
    return PasskeyKey(parts->algorithm, key);
}

PasskeyKey::PasskeyKey(PasskeyKey&&) noexcept = default;
PasskeyKey& PasskeyKey::operator=(PasskeyKey&&) noexcept = default;
PasskeyKey::~PasskeyKey() = default;

void PasskeyKey::Free::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }

bool PasskeyKey::verifies(ByteView message, ByteView signature) const noexcept {
    return verify_cose_signature(key_.get(), algorithm_, message, signature);
}

}  // namespace sekisho::auth
