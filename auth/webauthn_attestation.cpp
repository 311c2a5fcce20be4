#include "auth/webauthn_attestation.hpp"

#include "auth/webauthn_key.hpp"
#include "auth/webauthn_openssl.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>

namespace sekisho::auth {
namespace {

constexpr std::size_t chain_length_max = 4;
constexpr std::size_t certificate_bytes_max = 4096;
// id-fido-gen-ce-aaguid (WebAuthn section 8.2.1).
constexpr char aaguid_extension[] = "1.3.6.1.4.1.45724.1.1.4";

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freer<Free>>;
using Certificate = Owned<X509, X509_free>;

// Exactly one certificate: what follows it is a fault.
Certificate read_certificate(ByteView der) {
    if (der.empty() || der.size() > certificate_bytes_max) return nullptr;
    const unsigned char* at = der.data();
    Certificate out(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
    if (out && at != der.data() + der.size()) out.reset();
    ERR_clear_error();
    return out;
}

bool has_entry(const X509_NAME* name, int what) { return X509_NAME_get_index_by_NID(name, what, -1) >= 0; }

// The subject names country, maker, product and its part in the world.
bool subject_as_asked(const X509* certificate) {
    const auto* name = X509_get_subject_name(certificate);
    if (!has_entry(name, NID_countryName) || !has_entry(name, NID_organizationName) ||
        !has_entry(name, NID_commonName))
        return false;
    const int at = X509_NAME_get_index_by_NID(name, NID_organizationalUnitName, -1);
    if (at < 0) return false;
    const auto* unit = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    return as_text({ASN1_STRING_get0_data(unit), static_cast<std::size_t>(ASN1_STRING_length(unit))}) ==
           "Authenticator Attestation";
}

// When the certificate names a model, it is the one the authenticator names; the extension holds an octet
// string within its octet string and is not critical.
bool model_agrees(X509* certificate, const Aaguid& aaguid) {
    const Owned<ASN1_OBJECT, ASN1_OBJECT_free> id(OBJ_txt2obj(aaguid_extension, 1));
    const int at = X509_get_ext_by_OBJ(certificate, id.get(), -1);
    if (at < 0) return true;
    auto* extension = X509_get_ext(certificate, at);
    const auto* data = X509_EXTENSION_get_data(extension);
    const ByteView bytes(ASN1_STRING_get0_data(data), static_cast<std::size_t>(ASN1_STRING_length(data)));
    return X509_EXTENSION_get_critical(extension) == 0 && bytes.size() == 18 && bytes[0] == 0x04 &&
           bytes[1] == 0x10 && std::equal(aaguid.begin(), aaguid.end(), bytes.begin() + 2);
}

// WebAuthn section 8.2.1: version 3, no authority.
bool fit_for_attestation(X509* certificate, const Aaguid& aaguid) {
    const Owned<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free> basic(static_cast<BASIC_CONSTRAINTS*>(
        X509_get_ext_d2i(certificate, NID_basic_constraints, nullptr, nullptr)));
    const bool good = X509_get_version(certificate) == X509_VERSION_3 && subject_as_asked(certificate) &&
                      basic && basic->ca == 0 && model_agrees(certificate, aaguid);
    ERR_clear_error();
    return good;
}

std::optional<std::vector<ByteView>> chain_of(const CborItem& x5c) {
    if (x5c.kind != CborItem::Kind::array || x5c.items.empty() || x5c.items.size() > chain_length_max)
        return std::nullopt;
    std::vector<ByteView> out;
    for (const auto& item : x5c.items) {
        if (item.kind != CborItem::Kind::bytes) return std::nullopt;
        out.push_back(item.bytes);
    }
    return out;
}

Statement judge_chain(const CborItem& x5c, CoseAlgorithm algorithm, ByteView signature,
                      const AuthenticatorData& data, ByteView signed_bytes, const AttestationRoots& roots,
                      WallTime now) {
    const auto chain = chain_of(x5c);
    const auto leaf = chain ? read_certificate(chain->front()) : nullptr;
    if (!leaf || !fit_for_attestation(leaf.get(), data.credential->aaguid)) return {};
    auto* key = X509_get0_pubkey(leaf.get());
    if (key == nullptr || !verify_cose_signature(key, algorithm, signed_bytes, signature)) {
        ERR_clear_error();
        return {StatementVerdict::wrong_signature, {}};
    }
    return {StatementVerdict::good,
            !roots.empty() && roots.vouch(*chain, now) ? Attestation::trusted : Attestation::unknown};
}

Statement judge_packed(const CborItem& statement, const AuthenticatorData& data, ByteView signed_bytes,
                       const AttestationRoots& roots, WallTime now) {
    const auto* number = statement.at("alg");
    const auto* signature = statement.at("sig");
    const auto* x5c = statement.at("x5c");
    const auto algorithm = number != nullptr ? cose_algorithm(*number) : std::nullopt;
    if (!algorithm || signature == nullptr || signature->kind != CborItem::Kind::bytes ||
        statement.keys.size() != (x5c != nullptr ? 3U : 2U))
        return {};
    if (x5c != nullptr)
        return judge_chain(*x5c, *algorithm, signature->bytes, data, signed_bytes, roots, now);
    const auto key = PasskeyKey::from_cose(data.credential->public_key);
    if (!key || key->algorithm() != *algorithm) return {};
    if (!key->verifies(signed_bytes, signature->bytes)) return {StatementVerdict::wrong_signature, {}};
    return {StatementVerdict::good, Attestation::self};
}

bool add_root(X509_STORE* store, X509* root) { return X509_STORE_add_cert(store, root) == 1; }

}  // namespace

std::string_view to_text(Attestation attestation) noexcept {
    switch (attestation) {
        case Attestation::none:
            return "none";
        case Attestation::self:
            return "self";
        case Attestation::unknown:
            return "unknown";
        case Attestation::trusted:
            return "trusted";
    }
    return "none";
}

AttestationRoots::AttestationRoots() = default;
AttestationRoots::AttestationRoots(AttestationRoots&&) noexcept = default;
AttestationRoots& AttestationRoots::operator=(AttestationRoots&&) noexcept = default;
AttestationRoots::~AttestationRoots() = default;
void AttestationRoots::Free::operator()(x509_store_st* store) const noexcept { X509_STORE_free(store); }

Result<AttestationRoots> AttestationRoots::from_pem(std::string_view pem) {
    AttestationRoots out;
    out.store_.reset(X509_STORE_new());
    const Owned<BIO, BIO_free_all> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    std::size_t count = 0;
    while (const Certificate root{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) {
        if (!add_root(out.store_.get(), root.get())) break;
        ++count;
    }
    // The reader's last word is "no start line" at the end of a good file, and anything else at a fault.
    const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (count == 0 || !ended) return Error(Errc::malformed, "not a list of PEM certificates");
    return out;
}

Result<AttestationRoots> AttestationRoots::from_der(ByteView der) {
    AttestationRoots out;
    const auto root = read_certificate(der);
    out.store_.reset(X509_STORE_new());
    if (!root || !add_root(out.store_.get(), root.get()))
        return Error(Errc::malformed, "not a certificate in DER");
    return out;
}

bool AttestationRoots::vouch(const std::vector<ByteView>& chain, WallTime now) const {
    const auto leaf = chain.empty() ? nullptr : read_certificate(chain.front());
    const auto drop = [](STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); };
    const std::unique_ptr<STACK_OF(X509), decltype(drop)> between(sk_X509_new_null(), drop);
    const Owned<X509_STORE_CTX, X509_STORE_CTX_free> context(X509_STORE_CTX_new());
    if (!leaf || !between || !context) return false;
    for (std::size_t i = 1; i < chain.size(); ++i) {
        auto certificate = read_certificate(chain[i]);
        if (!certificate || sk_X509_push(between.get(), certificate.get()) <= 0) return false;
        (void)certificate.release();
    }
    bool good = X509_STORE_CTX_init(context.get(), store_.get(), leaf.get(), between.get()) == 1;
    if (good) {
        auto* param = X509_STORE_CTX_get0_param(context.get());
        X509_VERIFY_PARAM_set_time(param, std::chrono::floor<Seconds>(now).time_since_epoch().count());
        X509_VERIFY_PARAM_set_depth(param, static_cast<int>(chain_length_max));
        // An operator may trust a maker's intermediate certificate alone.
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
        good = X509_verify_cert(context.get()) == 1;
    }
    ERR_clear_error();
    return good;
}

Statement judge_statement(std::string_view format, const CborItem& statement, const AuthenticatorData& data,
                          ByteView signed_bytes, const AttestationRoots& roots, WallTime now) {
    if (statement.kind != CborItem::Kind::map || !data.credential) return {};
    if (format == "none") {
        if (!statement.keys.empty()) return {};
        return {StatementVerdict::good, Attestation::none};
    }
    if (format == "packed") return judge_packed(statement, data, signed_bytes, roots, now);
    return {StatementVerdict::unknown_format, {}};
}

}  // namespace sekisho::auth
