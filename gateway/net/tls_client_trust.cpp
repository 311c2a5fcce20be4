#include "gateway/net/tls_client_trust.hpp"

#include "base/base64.hpp"
#include "config/files.hpp"
#include "gateway/net/tls_certificate.hpp"

#include <fmt/format.h>
#include <openssl/pem.h>

#include <algorithm>

namespace sekisho::gateway {

using StorePtr = std::unique_ptr<X509_STORE, NativeDeleter<X509_STORE_free>>;
using CrlPtr = std::unique_ptr<X509_CRL, NativeDeleter<X509_CRL_free>>;

struct ClientTrust::Authorities {
    StorePtr store;
    std::vector<X509Ptr> all;
};

namespace {

constexpr std::size_t authorities_bytes_max = 1u << 20;
constexpr std::size_t lists_bytes_max = 16u << 20;
constexpr int chain_depth_max = 4;

int no_passphrase(char*, int, int, void*) { return 0; }

std::uint64_t next_version() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::string der_of(const X509_NAME* name) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_NAME(name, &der);
    std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(std::max(size, 0)));
    OPENSSL_free(der);
    return text;
}

std::string der_of(const ASN1_INTEGER* serial) {
    unsigned char* der = nullptr;
    const int size = i2d_ASN1_INTEGER(serial, &der);
    std::string text(reinterpret_cast<char*>(der), static_cast<std::size_t>(std::max(size, 0)));
    OPENSSL_free(der);
    return text;
}

std::string text_of(const X509_NAME* name) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253);
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return {data, static_cast<std::size_t>(std::max(size, 0L))};
}

BioPtr memory(ByteView bytes) {
    return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::string_view kind_of(int type) noexcept {
    switch (type) {
        case GEN_DNS:
            return "dns:";
        case GEN_EMAIL:
            return "email:";
        case GEN_URI:
            return "uri:";
        default:
            return {};
    }
}

// What could be taken for another name, or break a line of a record, is no name.
bool is_plain(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

std::vector<std::string> alternative_names(X509* leaf) {
    std::vector<std::string> names;
    auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr));
    for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
        const GENERAL_NAME* one = sk_GENERAL_NAME_value(all, i);
        const auto kind = kind_of(one->type);
        if (kind.empty()) continue;
        const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(one->d.ia5)),
                                    static_cast<std::size_t>(ASN1_STRING_length(one->d.ia5)));
        if (is_plain(text)) names.push_back(std::string(kind) + std::string(text));
    }
    GENERAL_NAMES_free(all);
    return names;
}

}  // namespace

ClientTrust::ClientTrust(const config::ClientCertificates& wanted)
    : demand_(wanted.demand), authorities_(std::make_unique<Authorities>()), version_(next_version()) {
    if (!wanted.crl_path.empty()) file_.emplace(wanted.crl_path, lists_bytes_max);
}

ClientTrust::~ClientTrust() = default;

Result<std::shared_ptr<ClientTrust>> ClientTrust::create(const config::ClientCertificates& wanted) {
    std::shared_ptr<ClientTrust> trust(new ClientTrust(wanted));
    if (auto loaded = trust->load_authorities(wanted.ca_path); !loaded) return loaded.error();
    return trust;
}

Result<> ClientTrust::load_authorities(const std::string& path) {
    const auto pem = config::DiskFiles().read(path, authorities_bytes_max);
    if (!pem) return Error(pem.error().code(), fmt::format("{}: {}", path, pem.error().detail()));
    authorities_->store.reset(X509_STORE_new());
    if (!authorities_->store) throw std::bad_alloc();
    clear_errors();
    const auto file = memory(as_bytes(*pem));
    Bytes all;
    while (X509* next = PEM_read_bio_X509(file.get(), nullptr, no_passphrase, nullptr)) {
        authorities_->all.emplace_back(next);
        X509_STORE_add_cert(authorities_->store.get(), next);
        unsigned char* der = nullptr;
        const int size = i2d_X509(next, &der);
        if (size > 0) all.insert(all.end(), der, der + size);
        OPENSSL_free(der);
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (authorities_->all.empty() || !at_end)
        return Error(Errc::malformed, fmt::format("{}: no usable authority for client certificates", path));
    digest_ = sha256(all);
    return {};
}

bool ClientTrust::ask(ssl_st* ssl) const {
    const bool must = demand_ == config::ClientCertificates::Demand::require;
    SSL_set_verify(ssl, SSL_VERIFY_PEER | (must ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    SSL_set_verify_depth(ssl, chain_depth_max);
    SSL_set_options(ssl, SSL_OP_NO_TICKET);
    if (SSL_set_num_tickets(ssl, 0) != 1 || SSL_set1_verify_cert_store(ssl, authorities_->store.get()) != 1)
        return false;
    STACK_OF(X509_NAME)* names = sk_X509_NAME_new_null();
    for (const auto& authority : authorities_->all)
        sk_X509_NAME_push(names, X509_NAME_dup(X509_get_subject_name(authority.get())));
    SSL_set0_CA_list(ssl, names);
    return true;
}

Result<bool> ClientTrust::refresh() {
    const std::lock_guard lock(mutex_);
    if (!file_) return false;
    auto pem = file_->read_if_changed();
    if (!pem) return pem.error();
    if (!*pem) return false;
    auto lists = read_lists(**pem);
    if (!lists)
        return Error(lists.error().code(), fmt::format("{}: {}", file_->path(), lists.error().detail()));
    lists_ = std::make_shared<const RevocationLists>(std::move(*lists));
    version_.store(next_version(), std::memory_order_release);
    return true;
}

Result<RevocationLists> ClientTrust::read_lists(const Bytes& pem) const {
    RevocationLists lists;
    clear_errors();
    const auto file = memory(pem);
    while (const CrlPtr crl{PEM_read_bio_X509_CRL(file.get(), nullptr, no_passphrase, nullptr)}) {
        const auto* issuer = X509_CRL_get_issuer(crl.get());
        const auto signer = std::ranges::find_if(authorities_->all, [&](const X509Ptr& authority) {
            return X509_NAME_cmp(X509_get_subject_name(authority.get()), issuer) == 0 &&
                   X509_CRL_verify(crl.get(), X509_get0_pubkey(authority.get())) == 1;
        });
        if (signer == authorities_->all.end())
            return Error(Errc::denied, "a revocation list not signed by one of the authorities");
        const auto* next = X509_CRL_get0_nextUpdate(crl.get());
        if (!next) return Error(Errc::malformed, "a revocation list that names no end");
        // Part of a list, or one of two, would let pass what only the other names.
        if (X509_CRL_get_ext_by_NID(crl.get(), NID_delta_crl, -1) >= 0 ||
            X509_CRL_get_ext_by_NID(crl.get(), NID_issuing_distribution_point, -1) >= 0)
            return Error(Errc::malformed, "a revocation list that is only a part");
        const auto [entry, fresh] = lists.try_emplace(der_of(issuer));
        if (!fresh) return Error(Errc::malformed, "two revocation lists of one authority");
        auto& list = entry->second;
        list.until = wall_time(next);
        auto* revoked = X509_CRL_get_REVOKED(crl.get());
        for (int i = 0; i < sk_X509_REVOKED_num(revoked); ++i)
            list.serials.insert(der_of(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(revoked, i))));
    }
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    if (lists.empty() || !at_end) return Error(Errc::malformed, "no revocation list in PEM");
    return lists;
}

WallTime ClientTrust::until() const {
    const std::lock_guard lock(mutex_);
    if (!file_) return WallTime::max();
    if (!lists_) return {};
    return std::ranges::min_element(*lists_, {}, [](const auto& entry) { return entry.second.until; })
        ->second.until;
}

std::shared_ptr<const RevocationLists> ClientTrust::lists() const {
    const std::lock_guard lock(mutex_);
    return lists_;
}

CertificateStanding RevocationView::judge(const ClientTrust& trust, std::span<const ChainLink> chain,
                                          WallTime now) {
    if (!trust.wants_lists()) return CertificateStanding::good;
    if (seen_.size() > seen_max) seen_.clear();
    auto& seen = seen_[&trust];
    if (const auto version = trust.version(); seen.version != version) seen = {version, trust.lists()};
    if (!seen.lists) return CertificateStanding::stale;
    for (const auto& link : chain) {
        const auto found = seen.lists->find(link.issuer);
        if (found == seen.lists->end() || now >= found->second.until) return CertificateStanding::stale;
        if (found->second.serials.contains(link.serial)) return CertificateStanding::revoked;
    }
    return CertificateStanding::good;
}

std::shared_ptr<const ClientProof> ClientProof::prove(ssl_st* ssl, std::shared_ptr<const ClientTrust> trust) {
    const auto* chain = SSL_get0_verified_chain(ssl);
    if (!trust || SSL_get_verify_result(ssl) != X509_V_OK || sk_X509_num(chain) < 1) return nullptr;
    std::shared_ptr<ClientProof> proof(new ClientProof());
    X509* leaf = sk_X509_value(chain, 0);
    proof->subject_ = text_of(X509_get_subject_name(leaf));
    proof->names_ = alternative_names(leaf);
    proof->not_after_ = wall_time(X509_get0_notAfter(leaf));
    Digest digest{};
    unsigned size = static_cast<unsigned>(digest.size());
    X509_digest(leaf, EVP_sha256(), digest.data(), &size);
    proof->fingerprint_ = hex(digest);
    // The last one is the authority we trust by configuration; nobody revokes it but the operator.
    const int links = std::max(sk_X509_num(chain) - 1, 1);
    for (int i = 0; i < links; ++i) {
        const X509* link = sk_X509_value(chain, i);
        proof->chain_.push_back({der_of(X509_get_issuer_name(link)), der_of(X509_get0_serialNumber(link))});
    }
    proof->trust_ = std::move(trust);
    return proof;
}

}  // namespace sekisho::gateway
