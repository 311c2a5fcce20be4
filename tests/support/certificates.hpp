#pragma once
// Certificates made for a test: self-signed, with the names and dates it asks for.
#include "base/clock.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <memory>
#include <string>

namespace sekisho::support {

struct MadeCertificate {
    std::string chain, key;  // PEM
};

inline std::string text_of(BIO* bio) {
    char* data = nullptr;
    const auto length = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(length));
    BIO_free(bio);
    return text;
}

// make_certificate: `names` as OpenSSL writes them, "DNS:a.example,IP:127.0.0.1"; empty for none.
inline MadeCertificate make_certificate(const std::string& names, WallTime from, WallTime to) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    const auto seconds = [](WallTime time) {
        return static_cast<time_t>(
            std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
    };
    ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(from));
    ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(to));
    X509_set_pubkey(certificate, key);
    auto* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>("common.example"), -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    if (!names.empty()) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
        auto* extension = X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, names.c_str());
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
    }
    X509_sign(certificate, key, EVP_sha256());
    BIO* chain = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(chain, certificate);
    BIO* secret = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(secret, key, nullptr, nullptr, 0, nullptr, nullptr);
    MadeCertificate made{text_of(chain), text_of(secret)};
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

}  // namespace sekisho::support
