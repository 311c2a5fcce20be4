#include "tests/support/authenticator.hpp"

#include "base/base64.hpp"
#include "base/random.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>
#include <stdexcept>

namespace sekisho::test {
namespace {

using auth::CoseAlgorithm;

void must(bool good) {
    if (!good) throw std::runtime_error("the software authenticator failed");
}

EVP_PKEY* make_key(CoseAlgorithm algorithm) {
    switch (algorithm) {
        case CoseAlgorithm::es256:
            return EVP_EC_gen("P-256");
        case CoseAlgorithm::es384:
            return EVP_EC_gen("P-384");
        case CoseAlgorithm::eddsa:
            return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
        case CoseAlgorithm::rs256:
            return EVP_RSA_gen(2048);
    }
    return nullptr;
}

Bytes number_of(EVP_PKEY* key, const char* name, std::size_t size) {
    BIGNUM* number = nullptr;
    must(EVP_PKEY_get_bn_param(key, name, &number) == 1);
    Bytes out(size == 0 ? static_cast<std::size_t>(BN_num_bytes(number)) : size);
    must(BN_bn2binpad(number, out.data(), static_cast<int>(out.size())) > 0);
    BN_free(number);
    return out;
}

Bytes member(std::int64_t label, ByteView value) { return joined({cbor_number(label), value}); }

Bytes cose_of(EVP_PKEY* key, CoseAlgorithm algorithm) {
    const auto alg = member(3, cbor_number(static_cast<std::int64_t>(algorithm)));
    if (algorithm == CoseAlgorithm::eddsa) {
        Bytes x(32);
        std::size_t size = x.size();
        must(EVP_PKEY_get_raw_public_key(key, x.data(), &size) == 1);
        return joined({cbor_head(5, 4), member(1, cbor_number(1)), alg, member(-1, cbor_number(6)),
                       member(-2, cbor_bytes(x))});
    }
    if (algorithm == CoseAlgorithm::rs256)
        return joined({cbor_head(5, 4), member(1, cbor_number(3)), alg,
                       member(-1, cbor_bytes(number_of(key, OSSL_PKEY_PARAM_RSA_N, 0))),
                       member(-2, cbor_bytes(number_of(key, OSSL_PKEY_PARAM_RSA_E, 0)))});
    const std::size_t size = algorithm == CoseAlgorithm::es256 ? 32 : 48;
    return joined({cbor_head(5, 5), member(1, cbor_number(2)), alg,
                   member(-1, cbor_number(algorithm == CoseAlgorithm::es256 ? 1 : 2)),
                   member(-2, cbor_bytes(number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, size))),
                   member(-3, cbor_bytes(number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, size)))});
}

}  // namespace

Bytes cbor_head(int major, std::uint64_t argument) {
    const auto first = static_cast<std::uint8_t>(major << 5);
    if (argument < 24) return {static_cast<std::uint8_t>(first | argument)};
    int size = 1, info = 24;
    for (; size < 8 && argument >> (8 * size) != 0; size *= 2) ++info;
    Bytes out{static_cast<std::uint8_t>(first | info)};
    for (int i = size - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(argument >> (8 * i)));
    return out;
}

Bytes cbor_number(std::int64_t value) {
    return value >= 0 ? cbor_head(0, static_cast<std::uint64_t>(value))
                      : cbor_head(1, static_cast<std::uint64_t>(-1 - value));
}

Bytes cbor_bytes(ByteView bytes) { return joined({cbor_head(2, bytes.size()), bytes}); }
Bytes cbor_text(std::string_view text) { return joined({cbor_head(3, text.size()), as_bytes(text)}); }

Bytes joined(std::initializer_list<ByteView> parts) {
    Bytes out;
    for (const auto part : parts) out.insert(out.end(), part.begin(), part.end());
    return out;
}

std::string client_data_json(std::string_view type, ByteView challenge, std::string_view origin,
                             bool cross_origin) {
    std::string out = R"({"type":")";
    out.append(type).append(R"(","challenge":")").append(base64url(challenge));
    out.append(R"(","origin":")").append(origin).append(R"(","crossOrigin":)");
    return out.append(cross_origin ? "true}" : "false}");
}

Bytes attestation_object(std::string_view format, ByteView statement, ByteView data) {
    return joined({cbor_head(5, 3), cbor_text("fmt"), cbor_text(format), cbor_text("attStmt"), statement,
                   cbor_text("authData"), cbor_bytes(data)});
}

Authenticator::Authenticator(CoseAlgorithm algorithm) : algorithm_(algorithm), key_(make_key(algorithm)) {
    must(key_ != nullptr);
    const auto id = random_bytes<32>();
    id_.assign(id.begin(), id.end());
    cose_ = cose_of(key_, algorithm);
}

Authenticator::Authenticator(Authenticator&& other) noexcept
    : aaguid(other.aaguid),
      algorithm_(other.algorithm_),
      key_(std::exchange(other.key_, nullptr)),
      id_(std::move(other.id_)),
      cose_(std::move(other.cose_)) {}

Authenticator::~Authenticator() { EVP_PKEY_free(key_); }

Bytes Authenticator::sign(ByteView message) const {
    const char* digest = algorithm_ == CoseAlgorithm::es384   ? "SHA384"
                         : algorithm_ == CoseAlgorithm::eddsa ? nullptr
                                                              : "SHA256";
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::size_t size = 0;
    must(EVP_DigestSignInit_ex(context.get(), nullptr, digest, nullptr, nullptr, key_, nullptr) == 1);
    must(EVP_DigestSign(context.get(), nullptr, &size, message.data(), message.size()) == 1);
    Bytes out(size);
    must(EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1);
    out.resize(size);
    return out;
}

Bytes Authenticator::signed_over(ByteView data, std::string_view client_data) const {
    return sign(joined({data, sha256(as_bytes(client_data))}));
}

Bytes Authenticator::data(const Touch& touch, bool with_credential) const {
    const auto flags = static_cast<std::uint8_t>((touch.present ? 0x01 : 0) | (touch.verified ? 0x04 : 0) |
                                                 (touch.eligible ? 0x08 : 0) | (touch.backed_up ? 0x10 : 0) |
                                                 (with_credential ? 0x40 : 0));
    auto out = joined({sha256(as_bytes(touch.rp_id)), Bytes{flags}});
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(touch.count >> shift));
    if (!with_credential) return out;
    const Bytes size{static_cast<std::uint8_t>(id_.size() >> 8), static_cast<std::uint8_t>(id_.size())};
    return joined({out, aaguid, size, id_, cose_});
}

Registration Authenticator::make(ByteView challenge, const Touch& touch, bool self_attested) const {
    Registration out;
    out.client_data = client_data_json("webauthn.create", challenge, touch.origin, touch.cross_origin);
    const auto all = data(touch, true);
    const auto self = [&] {
        return joined({cbor_head(5, 2), cbor_text("alg"), cbor_number(static_cast<std::int64_t>(algorithm_)),
                       cbor_text("sig"), cbor_bytes(signed_over(all, out.client_data))});
    };
    out.attestation_object = self_attested ? attestation_object("packed", self(), all)
                                           : attestation_object("none", cbor_head(5, 0), all);
    return out;
}

AssertionParts Authenticator::get(ByteView challenge, const Touch& touch) const {
    AssertionParts out;
    out.client_data = client_data_json("webauthn.get", challenge, touch.origin, touch.cross_origin);
    out.data = data(touch, false);
    out.signature = signed_over(out.data, out.client_data);
    return out;
}

}  // namespace sekisho::test
