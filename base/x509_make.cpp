#include "base/x509_make.hpp"

#include "base/bytes.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <memory>

namespace sekisho {
namespace {

template <class T, void (*release)(T*)>
struct Release {
    void operator()(T* held) const noexcept { release(held); }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;
using Memory = std::unique_ptr<BIO, Release<BIO, BIO_free_all>>;

bool extend(X509* certificate, int which, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION, X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, which, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// A random positive number of 127 bits (RFC 5280 section 4.1.2.2).
bool number(X509* certificate) {
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
    bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);
    const std::unique_ptr<BIGNUM, Release<BIGNUM, BN_free>> value(BN_bin2bn(bytes, sizeof bytes, nullptr));
    return value && BN_to_ASN1_INTEGER(value.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool fill(X509* certificate, EVP_PKEY* key, const std::vector<std::string>& names, WallTime now, int days) {
    const auto begin = std::chrono::system_clock::to_time_t(now) - 3600;
    const auto* common = reinterpret_cast<const unsigned char*>(names.front().c_str());
    std::string alternatives;
    for (const auto& name : names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
    X509_NAME* subject = X509_get_subject_name(certificate);
    return X509_set_version(certificate, X509_VERSION_3) == 1 && number(certificate) &&
           ASN1_TIME_set(X509_getm_notBefore(certificate), begin) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), begin + days * 86'400L) != nullptr &&
           X509_set_pubkey(certificate, key) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, common, -1, -1, 0) == 1 &&
           X509_set_issuer_name(certificate, subject) == 1 &&
           extend(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           extend(certificate, NID_key_usage, "critical,digitalSignature") &&
           extend(certificate, NID_ext_key_usage, "serverAuth") &&
           extend(certificate, NID_subject_alt_name, alternatives) &&
           X509_sign(certificate, key, EVP_sha256()) > 0;
}

std::string_view text_of(BIO* memory) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(memory, &bytes);
    return {bytes, size > 0 ? static_cast<std::size_t>(size) : 0};
}

// Only what a host name holds: a comma would begin another entry.
bool fits(const std::string& name) {
    return !name.empty() && name.size() <= 64 &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-*") == std::string::npos;
}

}  // namespace

Result<SelfSigned> make_self_signed(const std::vector<std::string>& names, WallTime now, int days) {
    if (names.empty()) return Error(Errc::malformed, "a certificate needs a name");
    for (const auto& name : names)
        if (!fits(name)) return Error(Errc::malformed, name + " does not fit into a certificate");
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate(X509_new());
    const Memory chain(BIO_new(BIO_s_mem())), secret(BIO_new(BIO_s_secmem()));
    if (!key || !certificate || !chain || !secret || !fill(certificate.get(), key.get(), names, now, days) ||
        PEM_write_bio_X509(chain.get(), certificate.get()) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        ERR_clear_error();
        return Error(Errc::malformed, "no certificate could be made for " + names.front());
    }
    return SelfSigned{std::string(text_of(chain.get())), Secret(as_bytes(text_of(secret.get())))};
}

}  // namespace sekisho
