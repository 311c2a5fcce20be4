// Reading certificates and keys with OpenSSL.
#include "base/x509.hpp"

#include "base/text.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>

namespace sekisho {
namespace {

template <auto Free>
struct With {
    template <class T>
    void operator()(T* p) const noexcept {
        Free(p);
    }
};
using BioPtr = std::unique_ptr<BIO, With<BIO_free>>;
using CertPtr = std::unique_ptr<X509, With<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, With<EVP_PKEY_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, With<GENERAL_NAMES_free>>;

constexpr std::size_t chain_max = 16;

BioPtr reader(std::string_view text) {
    return BioPtr(
        BIO_new_mem_buf(text.data(), static_cast<int>(std::min<std::size_t>(text.size(), 1u << 24))));
}

// A passphrase is never asked for on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

std::optional<WallTime> time_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
    const std::chrono::year_month_day day{std::chrono::year{parts.tm_year + 1900},
                                          std::chrono::month{static_cast<unsigned>(parts.tm_mon + 1)},
                                          std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
    return WallTime(std::chrono::sys_days(day) + std::chrono::hours(parts.tm_hour) +
                    std::chrono::minutes(parts.tm_min) + std::chrono::seconds(parts.tm_sec));
}

void add_name(CertificateFacts& facts, const GENERAL_NAME* name) {
    if (name->type == GEN_DNS) {
        const auto* text = name->d.dNSName;
        const std::string_view raw(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                   static_cast<std::size_t>(ASN1_STRING_length(text)));
        // A NUL inside a name once fooled many a client.
        if (raw.find('\0') == std::string_view::npos) facts.dns_names.push_back(lower(raw));
        return;
    }
    if (name->type != GEN_IPADD) return;
    const auto* octets = ASN1_STRING_get0_data(name->d.iPAddress);
    const auto length = ASN1_STRING_length(name->d.iPAddress);
    IpAddress address;
    if (length == 4) {
        address.octets[10] = address.octets[11] = 0xFF;
        std::memcpy(address.octets.data() + 12, octets, 4);
    } else if (length == 16) {
        std::memcpy(address.octets.data(), octets, 16);
    } else {
        return;
    }
    facts.addresses.push_back(address);
}

std::string der_of(EVP_PKEY* key) {
    unsigned char* out = nullptr;
    const int length = key == nullptr ? -1 : i2d_PUBKEY(key, &out);
    if (length <= 0) return {};
    std::string der(reinterpret_cast<const char*>(out), static_cast<std::size_t>(length));
    OPENSSL_free(out);
    return der;
}

void read_strength(CertificateFacts& facts, X509* certificate) {
    auto* key = X509_get0_pubkey(certificate);
    const int bits = key == nullptr ? 0 : EVP_PKEY_get_bits(key);
    facts.key_bits = bits > 0 ? static_cast<unsigned>(bits) : 0;
    const char* name = key == nullptr ? nullptr : EVP_PKEY_get0_type_name(key);
    facts.key_type = name == nullptr ? "" : name;
    int digest = NID_undef;
    if (X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) == 1 && digest != NID_undef)
        facts.signature_digest = OBJ_nid2sn(digest);
}

Result<CertificateFacts> facts_of(X509* certificate) {
    CertificateFacts facts;
    const auto begin = time_of(X509_get0_notBefore(certificate)),
               end = time_of(X509_get0_notAfter(certificate));
    if (!begin || !end) return Error(Errc::malformed, "its dates cannot be read");
    facts.not_before = *begin;
    facts.not_after = *end;
    facts.is_authority = X509_check_ca(certificate) == 1;
    facts.is_self_issued =
        X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
    facts.public_key = der_of(X509_get0_pubkey(certificate));
    if (facts.public_key.empty()) return Error(Errc::malformed, "its public key cannot be read");
    read_strength(facts, certificate);
    const NamesPtr names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i)
        add_name(facts, sk_GENERAL_NAME_value(names.get(), i));
    return facts;
}

}  // namespace

bool CertificateFacts::matches_host(std::string_view host) const {
    if (const auto address = parse_ip(host))
        return std::find(addresses.begin(), addresses.end(), *address) != addresses.end();
    const auto dot = host.find('.');
    const auto parent = dot == std::string_view::npos ? std::string_view() : host.substr(dot);
    return std::any_of(dns_names.begin(), dns_names.end(), [&](std::string_view name) {
        if (name == host) return true;
        // The wildcard needs two labels after it: "*.example" would cover half a country.
        const bool wild =
            name.size() > 2 && name.substr(0, 2) == "*." && name.find('.', 2) != std::string_view::npos;
        return wild && !parent.empty() && dot > 0 && name.substr(1) == parent;
    });
}

Result<CertificateFacts> read_chain(std::string_view pem) {
    const auto bio = reader(pem);
    std::optional<CertificateFacts> first;
    std::size_t count = 0;
    ERR_clear_error();
    for (; count <= chain_max; ++count) {
        const CertPtr certificate(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr));
        if (!certificate) break;
        if (first) continue;
        auto facts = facts_of(certificate.get());
        if (!facts) return facts.error();
        first = std::move(*facts);
    }
    const auto error = ERR_peek_last_error();
    ERR_clear_error();
    if (!first) return Error(Errc::malformed, "it holds no PEM certificate");
    if (count > chain_max) return Error(Errc::malformed, "it holds more than 16 certificates");
    const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
    if (!at_end) return Error(Errc::malformed, "one of its certificates is damaged");
    first->chain_length = count;
    return std::move(*first);
}

Result<std::string> public_key_of_private(std::string_view pem) {
    const auto bio = reader(pem);
    ERR_clear_error();
    const KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (!key) return Error(Errc::malformed, "it holds no PEM private key, or one under a passphrase");
    auto der = der_of(key.get());
    if (der.empty()) return Error(Errc::malformed, "its public half cannot be read");
    return der;
}

}  // namespace sekisho
