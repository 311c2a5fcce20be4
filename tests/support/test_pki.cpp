#include "tests/support/test_pki.hpp"

#include "base/check.hpp"

#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sekisho::test {
namespace {

EVP_PKEY* make_key(LeafKey kind) {
    EVP_PKEY* key = kind == LeafKey::ecdsa ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
    check(key != nullptr, "a test key");
    return key;
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    check(extension != nullptr, "a test extension");
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

constexpr long day = 24 * 3600;

X509* make_certificate(const std::string& common_name, EVP_PKEY* key, long serial, LeafAge age) {
    X509* made = X509_new();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), serial);
    X509_gmtime_adj(X509_getm_notBefore(made), -2 * day);
    X509_gmtime_adj(X509_getm_notAfter(made), age == LeafAge::valid ? 30 * day : -day);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(common_name.data()),
                               static_cast<int>(common_name.size()), -1, 0);
    X509_set_pubkey(made, key);
    return made;
}

std::FILE* create(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "w");
    check(file != nullptr, "a test file");
    return file;
}

std::string alternative_names(const std::vector<std::string>& names) {
    std::string all;
    for (const auto& name : names)
        all += (all.empty() ? "" : ",") + std::string(parse_ip(name) ? "IP:" : "DNS:") + name;
    return all;
}

X509* read_certificate(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "r");
    check(file != nullptr, "a test certificate");
    X509* certificate = PEM_read_X509(file, nullptr, nullptr, nullptr);
    std::fclose(file);
    check(certificate != nullptr, "a test certificate");
    return certificate;
}

}  // namespace

TestPki::TestPki() {
    std::string made = (std::filesystem::temp_directory_path() / "sekisho-pki-XXXXXX").string();
    check(::mkdtemp(made.data()) != nullptr, "a test directory");
    directory_ = made;
    root_path_ = directory_ + "/root.pem";
    root_key_ = make_key(LeafKey::ecdsa);
    root_ = make_certificate("Sekisho test root", root_key_, serial_++, LeafAge::valid);
    X509_set_issuer_name(root_, X509_get_subject_name(root_));
    extend(root_, root_, NID_basic_constraints, "critical,CA:TRUE");
    extend(root_, root_, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(root_, root_, NID_subject_key_identifier, "hash");
    check(X509_sign(root_, root_key_, EVP_sha256()) > 0, "a test signature");
    std::FILE* file = create(root_path_);
    PEM_write_X509(file, root_);
    std::fclose(file);
}

TestPki::~TestPki() {
    X509_free(root_);
    EVP_PKEY_free(root_key_);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

config::Certificate TestPki::leaf(const std::vector<std::string>& names, LeafKey kind, LeafAge age,
                                  LeafUse use) {
    EVP_PKEY* key = make_key(kind);
    const std::string stem = directory_ + "/leaf" + std::to_string(serial_);
    X509* made = make_certificate(names.front(), key, serial_++, age);
    X509_set_issuer_name(made, X509_get_subject_name(root_));
    extend(made, root_, NID_basic_constraints, "critical,CA:FALSE");
    extend(made, root_, NID_subject_alt_name, alternative_names(names));
    extend(made, root_, NID_ext_key_usage, use == LeafUse::server ? "serverAuth" : "clientAuth");
    check(X509_sign(made, root_key_, EVP_sha256()) > 0, "a test signature");
    config::Certificate files;
    files.chain_path = stem + ".pem";
    files.key_path = stem + ".key";
    std::FILE* file = create(files.chain_path);
    PEM_write_X509(file, made);
    std::fclose(file);
    file = create(files.key_path);
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
    X509_free(made);
    EVP_PKEY_free(key);
    return files;
}

std::string TestPki::staple(const config::Certificate& of, StapleSays says, long seconds, long serial) {
    X509* leaf = read_certificate(of.chain_path);
    OCSP_CERTID* id = OCSP_cert_to_id(EVP_sha256(), leaf, root_);
    if (serial != 0) {
        ASN1_INTEGER* number = nullptr;
        OCSP_id_get0_info(nullptr, nullptr, nullptr, &number, id);
        ASN1_INTEGER_set(number, serial);
    }
    ASN1_TIME* from = X509_gmtime_adj(nullptr, std::min(seconds, 0L) - 60);
    ASN1_TIME* until = X509_gmtime_adj(nullptr, seconds);
    OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
    const bool good = says == StapleSays::good;
    OCSP_basic_add1_status(basic, id, good ? V_OCSP_CERTSTATUS_GOOD : V_OCSP_CERTSTATUS_REVOKED,
                           good ? 0 : OCSP_REVOKED_STATUS_KEYCOMPROMISE, good ? nullptr : from, from, until);
    check(OCSP_basic_sign(basic, root_, root_key_, EVP_sha256(), nullptr, 0) == 1, "a test OCSP signature");
    OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char* der = nullptr;
    const int size = i2d_OCSP_RESPONSE(response, &der);
    const std::string path = of.chain_path + ".ocsp";
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<char*>(der), size);
    std::ofstream(of.chain_path, std::ios::app) << std::ifstream(root_path_).rdbuf();
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    X509_free(leaf);
    return path;
}

std::string TestPki::crl(const std::vector<config::Certificate>& revoked, long seconds) {
    X509_CRL* list = X509_CRL_new();
    X509_CRL_set_version(list, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(root_));
    ASN1_TIME* from = X509_gmtime_adj(nullptr, std::min(seconds, 0L) - 60);
    ASN1_TIME* until = X509_gmtime_adj(nullptr, seconds);
    X509_CRL_set1_lastUpdate(list, from);
    X509_CRL_set1_nextUpdate(list, until);
    for (const auto& files : revoked) {
        X509* leaf = read_certificate(files.chain_path);
        X509_REVOKED* entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(leaf));
        X509_REVOKED_set_revocationDate(entry, from);
        X509_CRL_add0_revoked(list, entry);
        X509_free(leaf);
    }
    X509_CRL_sort(list);
    check(X509_CRL_sign(list, root_key_, EVP_sha256()) > 0, "a test CRL signature");
    const std::string path = directory_ + "/crl" + std::to_string(serial_++) + ".pem";
    std::FILE* file = create(path);
    PEM_write_X509_CRL(file, list);
    std::fclose(file);
    X509_CRL_free(list);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return path;
}

}  // namespace sekisho::test
