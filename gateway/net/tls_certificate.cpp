#include "gateway/net/tls_certificate.hpp"

#include <fmt/format.h>
#include <openssl/pem.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace sekisho::gateway {
namespace {

Result<BioPtr> open_file(const std::string& path) {
    clear_errors();
    errno = 0;
    BioPtr file(BIO_new_file(path.c_str(), "r"));
    if (file) return file;
    const std::string reason = errno != 0 ? std::strerror(errno) : "can't be read";
    ERR_clear_error();
    return Error(Errc::not_found, fmt::format("{}: {}", path, reason));
}

// An encrypted key must not make OpenSSL ask on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

Result<PkeyPtr> read_key(const std::string& path) {
    auto file = open_file(path);
    if (!file) return file.error();
    PkeyPtr key(PEM_read_bio_PrivateKey(file->get(), nullptr, no_passphrase, nullptr));
    if (!key) return Error(Errc::malformed, fmt::format("{}: no usable private key: {}", path, take_error()));
    return key;
}

Result<void> read_chain(LoadedCertificate& into) {
    auto file = open_file(into.path);
    if (!file) return file.error();
    into.leaf.reset(PEM_read_bio_X509(file->get(), nullptr, no_passphrase, nullptr));
    if (!into.leaf)
        return Error(Errc::malformed, fmt::format("{}: no certificate: {}", into.path, take_error()));
    while (X509* next = PEM_read_bio_X509(file->get(), nullptr, no_passphrase, nullptr))
        into.chain.emplace_back(next);
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    const std::string reason = take_error();
    if (!at_end) return Error(Errc::malformed, fmt::format("{}: damaged chain: {}", into.path, reason));
    return {};
}

bool plain_host_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

// host_name lowers a dNSName; empty when it is none we serve (RFC 6125 section 6.4.3: a wildcard is the whole
// first label).
std::string host_name(std::string_view name) {
    std::string lower;
    for (const char c : name) lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    const std::string_view rest =
        lower.starts_with("*.") ? std::string_view(lower).substr(2) : std::string_view(lower);
    if (rest.empty() || rest.front() == '.' || rest.back() == '.') return {};
    for (const char c : rest)
        if (!plain_host_character(c)) return {};
    return lower;
}

std::vector<std::string> dns_names(X509* leaf) {
    std::vector<std::string> names;
    auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
        const GENERAL_NAME* one = sk_GENERAL_NAME_value(all, i);
        if (one->type != GEN_DNS) continue;
        auto name = host_name({reinterpret_cast<const char*>(ASN1_STRING_get0_data(one->d.dNSName)),
                               static_cast<std::size_t>(ASN1_STRING_length(one->d.dNSName))});
        if (!name.empty()) names.push_back(std::move(name));
    }
    GENERAL_NAMES_free(all);
    return names;
}

}  // namespace

WallTime wall_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return WallTime{};
    return WallTime(std::chrono::seconds(::timegm(&parts)));
}

Result<LoadedCertificate> load_certificate(const config::Certificate& files) {
    LoadedCertificate loaded;
    loaded.path = files.chain_path;
    if (auto read = read_chain(loaded); !read) return read.error();
    auto key = read_key(files.key_path);
    if (!key) return key.error();
    loaded.key = std::move(*key);
    loaded.kind = EVP_PKEY_get_base_id(loaded.key.get());
    if (X509_check_private_key(loaded.leaf.get(), loaded.key.get()) != 1) {
        ERR_clear_error();
        return Error(Errc::malformed,
                     fmt::format("{}: not the key of the certificate in {}", files.key_path, loaded.path));
    }
    loaded.names = dns_names(loaded.leaf.get());
    if (loaded.names.empty())
        return Error(Errc::malformed,
                     fmt::format("{}: the certificate names no host (subjectAltName)", loaded.path));
    loaded.not_after = wall_time(X509_get0_notAfter(loaded.leaf.get()));
    return loaded;
}

}  // namespace sekisho::gateway
