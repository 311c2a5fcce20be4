#include "gateway/net/tls_context.hpp"

#include "base/crypto.hpp"
#include "base/random.hpp"
#include "gateway/net/client_hello.hpp"
#include "gateway/net/tls_certificate.hpp"
#include "gateway/net/tls_staple.hpp"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <unordered_map>

namespace sekisho::gateway {

std::string_view share_settings(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_read_ahead(context, 1);
    // ECDHE and AEAD only; the cheaper AES-128 first.
    SSL_CTX_set_cipher_list(context,
                            "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                            "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                            "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305");
    SSL_CTX_set_ciphersuites(context,
                             "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
    std::string_view first = "X25519MLKEM768";
    if (SSL_CTX_set1_groups_list(context, "X25519MLKEM768:X25519:P-256") != 1) {
        SSL_CTX_set1_groups_list(context, "X25519:P-256");
        first = "X25519";
    }
    ERR_clear_error();
    return first;
}

namespace {

struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
        return std::hash<std::string_view>{}(text);
    }
};

// One set of certificates, served under one or more names.
struct Identity {
    SslCtxPtr context;
    Digest digest{};  // of its leaves
};

using Names = std::unordered_map<std::string, const Identity*, TextHash, std::equal_to<>>;

}  // namespace

struct TlsContexts::Impl {
    SslCtxPtr entry;  // where every handshake begins; bears no certificate
    std::map<std::vector<std::size_t>, Identity> identities;
    Names exact;
    Names wildcard;  // "*.corp.example" is held as ".corp.example"
    std::vector<CertificateFact> facts;
    std::vector<std::pair<X509*, std::unique_ptr<Staple>>> staples;  // by leaf; one or none for each fact
    struct ClientHost {
        std::string name;  // first of its entry
        std::shared_ptr<ClientTrust> trust;
    };
    std::vector<ClientHost> trusts;
    std::unordered_map<std::string, std::size_t, TextHash, std::equal_to<>> client_hosts;  // into trusts
    TlsFilesRead first_read;  // told by the first refresh()
    mutable std::atomic<bool> first_told{false};
    std::shared_ptr<const TicketKeys> tickets;
    std::string_view first_group;

    const Identity* find(std::string_view host) const noexcept {
        if (const auto found = exact.find(host); found != exact.end()) return found->second;
        const auto dot = host.find('.');
        if (dot == 0 || dot == std::string_view::npos) return nullptr;
        const auto found = wildcard.find(host.substr(dot));
        return found == wildcard.end() ? nullptr : found->second;
    }
};

namespace {

std::string server_name(SSL* ssl) {
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1) return {};
    return host_name_of({data, size});
}

// bind_sessions: a session made under one name, certificate and set of client authorities is never resumed
// under another (R25).
bool bind_sessions(SSL* ssl, std::string_view name, const Identity& identity, const ClientTrust* trust) {
    const Digest id =
        sha256({as_bytes(name), ByteView(identity.digest), trust ? ByteView(trust->digest()) : ByteView()});
    return SSL_set_session_id_context(ssl, id.data(), static_cast<unsigned>(id.size())) == 1;
}

// Runs before OpenSSL looks at tickets or chooses anything.
int on_client_hello(SSL* ssl, int* alert, void* arg) {
    const auto& contexts = *static_cast<const TlsContexts::Impl*>(arg);
    auto& hello = *static_cast<TlsHello*>(SSL_get_app_data(ssl));
    hello.server_name = server_name(ssl);
    const Identity* identity = contexts.find(hello.server_name);
    if (!identity) {
        hello.unknown_name = true;
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_CLIENT_HELLO_ERROR;
    }
    const auto asks = contexts.client_hosts.find(hello.server_name);
    if (asks != contexts.client_hosts.end()) hello.trust = contexts.trusts[asks->second].trust;
    if (!SSL_set_SSL_CTX(ssl, identity->context.get()) ||
        !bind_sessions(ssl, hello.server_name, *identity, hello.trust.get()) ||
        (hello.trust && !hello.trust->ask(ssl))) {
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_CLIENT_HELLO_ERROR;
    }
    return SSL_CLIENT_HELLO_SUCCESS;
}

// In our order of preference; a client that offers none of them speaks nothing we do.
constexpr std::string_view alpn_all = "\x02h2\x08http/1.1", alpn_http1 = "\x08http/1.1";

int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
            unsigned offered_size, void* of_context) {
    const auto& names = *static_cast<const std::string_view*>(of_context);
    const auto* ours = reinterpret_cast<const unsigned char*>(names.data());
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_size, ours, static_cast<unsigned>(names.size()), offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED) {
        static_cast<TlsHello*>(SSL_get_app_data(ssl))->alpn_refused = true;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

const EVP_CIPHER* ticket_cipher() {
    static const EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
    return cipher;
}

bool set_mac(EVP_MAC_CTX* mac, const TicketKeys::Key& key) {
    const ByteView bytes = key.mac.reveal();
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<std::uint8_t*>(bytes.data()),
                                          bytes.size()),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

constexpr std::size_t ticket_iv_bytes = 16;

int seal_ticket(const TicketKeys::Key& key, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                EVP_MAC_CTX* mac) {
    std::ranges::copy(key.name, name);
    fill_random({iv, ticket_iv_bytes});
    const bool ready =
        EVP_EncryptInit_ex(cipher, ticket_cipher(), nullptr, key.cipher.reveal().data(), iv) == 1 &&
        set_mac(mac, key);
    return ready ? 1 : -1;
}

// Returns as SSL_CTX_set_tlsext_ticket_key_evp_cb(3) wants: 0 unknown key, 1 good, 2 good but to be replaced.
// TLS 1.3 clients use a ticket once (RFC 8446 appendix C.4): each resumption gives them the next one.
int open_ticket(const TicketKeys::Set& keys, const unsigned char* name, const unsigned char* iv,
                EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac, bool renew) {
    const auto named = [name](const TicketKeys::Key& key) {
        return std::equal(key.name.begin(), key.name.end(), name);
    };
    const bool old = !named(keys.current);
    if (old && !(keys.previous && named(*keys.previous))) return 0;
    const auto& key = old ? *keys.previous : keys.current;
    const bool ready =
        EVP_DecryptInit_ex(cipher, ticket_cipher(), nullptr, key.cipher.reveal().data(), iv) == 1 &&
        set_mac(mac, key);
    return !ready ? -1 : old || renew ? 2 : 1;
}

int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
              int sealing) {
    const auto* contexts = static_cast<const TlsContexts::Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    const auto keys = contexts->tickets->get();
    return sealing ? seal_ticket(keys->current, name, iv, cipher, mac)
                   : open_ticket(*keys, name, iv, cipher, mac, SSL_version(ssl) == TLS1_3_VERSION);
}

// Runs once the certificate is chosen.
int on_status_request(SSL* ssl, void* arg) {
    const auto& contexts = *static_cast<const TlsContexts::Impl*>(arg);
    const X509* leaf = SSL_get_certificate(ssl);
    for (const auto& [of, staple] : contexts.staples) {
        if (of != leaf || !staple) continue;
        const auto response = staple->response(system_clock_face().wall());
        if (!response) break;
        void* copy = OPENSSL_memdup(response->der.data(), response->der.size());
        if (!copy) break;
        SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response->der.size()));  // takes it
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

SslCtxPtr server_context(TlsContexts::Impl& owner, const config::Tls& tls) {
    SslCtxPtr context(SSL_CTX_new(TLS_server_method()));
    if (!context) throw std::bad_alloc();
    owner.first_group = share_settings(context.get());
    SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets only
    SSL_CTX_set_num_tickets(context.get(), 1);
    SSL_CTX_set_max_early_data(context.get(), 0);
    SSL_CTX_set_timeout(context.get(), static_cast<long>(tls.ticket_lifetime.count()));
    SSL_CTX_set_app_data(context.get(), &owner);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context.get(), on_ticket);
    const auto* names = tls.http2 ? &alpn_all : &alpn_http1;
    SSL_CTX_set_alpn_select_cb(context.get(), on_alpn, const_cast<std::string_view*>(names));
    SSL_CTX_set_client_hello_cb(context.get(), on_client_hello, &owner);
    SSL_CTX_set_tlsext_status_cb(context.get(), on_status_request);
    SSL_CTX_set_tlsext_status_arg(context.get(), &owner);
    return context;
}

Result<void> add_certificate(SSL_CTX* context, const LoadedCertificate& loaded) {
    STACK_OF(X509)* chain = sk_X509_new_null();
    for (const auto& link : loaded.chain) sk_X509_push(chain, link.get());
    clear_errors();
    const int used = SSL_CTX_use_cert_and_key(context, loaded.leaf.get(), loaded.key.get(), chain, 0);
    sk_X509_free(chain);
    if (used == 1) return {};
    return Error(Errc::malformed, fmt::format("{}: not usable: {}", loaded.path, take_error()));
}

using Loaded = std::vector<LoadedCertificate>;

Digest digest_of_leaves(const Loaded& loaded, const std::vector<std::size_t>& members) {
    Bytes all;
    for (const std::size_t i : members) {
        unsigned char* der = nullptr;
        const int size = i2d_X509(loaded[i].leaf.get(), &der);
        if (size > 0) all.insert(all.end(), der, der + size);
        OPENSSL_free(der);
    }
    return sha256(all);
}

Result<const Identity*> identity_for(TlsContexts::Impl& impl, const config::Tls& tls, const Loaded& loaded,
                                     const std::vector<std::size_t>& members) {
    if (const auto found = impl.identities.find(members); found != impl.identities.end())
        return &found->second;
    Identity identity{server_context(impl, tls), digest_of_leaves(loaded, members)};
    for (const std::size_t i : members)
        if (auto added = add_certificate(identity.context.get(), loaded[i]); !added) return added.error();
    return &impl.identities.emplace(members, std::move(identity)).first->second;
}

using Members = std::map<std::string, std::vector<std::size_t>>;

Result<Members> members_by_name(const Loaded& loaded) {
    Members by_name;
    for (std::size_t i = 0; i < loaded.size(); ++i) {
        for (const auto& name : loaded[i].names) {
            auto& members = by_name[name];
            if (!members.empty() && members.back() == i) continue;  // twice in one certificate
            for (const std::size_t other : members)
                if (loaded[other].kind == loaded[i].kind)
                    return Error(Errc::malformed,
                                 fmt::format("{}: {} is already served by {}, with the same kind of key",
                                             loaded[i].path, name, loaded[other].path));
            members.push_back(i);
        }
    }
    return by_name;
}

Result<> add_client_trusts(TlsContexts::Impl& impl, const config::Tls& tls) {
    for (const auto& wanted : tls.client_certificates) {
        auto trust = ClientTrust::create(wanted);
        if (!trust) return trust.error();
        for (const auto& host : wanted.hosts) impl.client_hosts.emplace(host, impl.trusts.size());
        impl.trusts.push_back({wanted.hosts.front(), std::move(*trust)});
    }
    return {};
}

void read_changed(const TlsContexts::Impl& impl, TlsFilesRead& read) {
    for (const auto& [leaf, staple] : impl.staples)
        if (staple)
            if (auto done = staple->refresh(); !done) read.faults.push_back(done.error());
    for (const auto& host : impl.trusts) {
        const auto changed = host.trust->refresh();
        if (!changed)
            read.faults.push_back(changed.error());
        else
            read.revocation_changed |= *changed;
    }
}

}  // namespace

Result<std::shared_ptr<const TlsContexts>> TlsContexts::create(const config::Tls& tls,
                                                               std::shared_ptr<const TicketKeys> tickets) {
    auto impl = std::make_unique<Impl>();
    impl->tickets = std::move(tickets);
    Loaded loaded;
    for (const auto& files : tls.certificates) {
        auto one = load_certificate(files);
        if (!one) return one.error();
        impl->facts.push_back({one->path, one->names, one->not_after, {}});
        impl->staples.emplace_back(one->leaf.get(), files.staple_path.empty()
                                                        ? nullptr
                                                        : std::make_unique<Staple>(files.staple_path, *one));
        loaded.push_back(std::move(*one));
    }
    auto by_name = members_by_name(loaded);
    if (!by_name) return by_name.error();
    for (const auto& [name, members] : *by_name) {
        auto identity = identity_for(*impl, tls, loaded, members);
        if (!identity) return identity.error();
        if (name.starts_with("*."))
            impl->wildcard.emplace(name.substr(1), *identity);
        else
            impl->exact.emplace(name, *identity);
    }
    if (auto added = add_client_trusts(*impl, tls); !added) return added.error();
    read_changed(*impl, impl->first_read);
    impl->entry = server_context(*impl, tls);
    return std::make_shared<const TlsContexts>(std::move(impl));
}

TlsContexts::TlsContexts(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
TlsContexts::~TlsContexts() = default;

bool TlsContexts::covers(std::string_view host) const noexcept { return impl_->find(host) != nullptr; }

std::vector<CertificateFact> TlsContexts::certificates() const {
    auto facts = impl_->facts;
    for (std::size_t i = 0; i < facts.size(); ++i)
        if (const auto& staple = impl_->staples[i].second) facts[i].staple_until = staple->until();
    return facts;
}

const ClientTrust* TlsContexts::client_trust(std::string_view host) const noexcept {
    if (impl_->client_hosts.empty()) return nullptr;
    const auto found = impl_->client_hosts.find(host);
    return found == impl_->client_hosts.end() ? nullptr : impl_->trusts[found->second].trust.get();
}

std::vector<std::pair<std::string, WallTime>> TlsContexts::revocation_ends() const {
    std::vector<std::pair<std::string, WallTime>> ends;
    for (const auto& host : impl_->trusts)
        if (const auto until = host.trust->until(); until != WallTime::max())
            ends.emplace_back(host.name, until);
    return ends;
}

TlsFilesRead TlsContexts::refresh() const {
    TlsFilesRead read;
    if (!impl_->first_told.exchange(true)) read = impl_->first_read;
    read_changed(*impl_, read);
    return read;
}

std::string_view TlsContexts::first_group() const noexcept { return impl_->first_group; }
ssl_ctx_st* TlsContexts::native() const noexcept { return impl_->entry.get(); }

}  // namespace sekisho::gateway
