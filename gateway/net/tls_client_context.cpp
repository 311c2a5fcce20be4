#include "gateway/net/tls_context.hpp"
#include "gateway/net/tls_native.hpp"

#include <fmt/format.h>

#include <new>

namespace sekisho::gateway {

struct TlsClientContext::Impl {
    SslCtxPtr context;
    std::string server_name;  // empty for an address
    SslSessionPtr session;    // the newest the upstream gave us
};

namespace {

int on_new_session(SSL* ssl, SSL_SESSION* session) {
    auto* impl = static_cast<TlsClientContext::Impl*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    impl->session.reset(session);
    return 1;  // kept
}

Result<void> trust(SSL_CTX* context, const std::string& ca_path) {
    clear_errors();
    const int loaded = ca_path.empty() ? SSL_CTX_set_default_verify_paths(context)
                                       : SSL_CTX_load_verify_file(context, ca_path.c_str());
    if (loaded == 1) return {};
    const std::string reason = take_error();
    return Error(Errc::malformed, fmt::format("{}: no usable CA certificate: {}",
                                              ca_path.empty() ? "the system's roots" : ca_path, reason));
}

// expect_name returns true for a host name, false for an address literal: the latter is never sent as SNI.
bool expect_name(SSL_CTX* context, const std::string& name) {
    X509_VERIFY_PARAM* param = SSL_CTX_get0_param(context);
    const bool address = X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1;
    ERR_clear_error();
    if (address) return false;
    X509_VERIFY_PARAM_set_hostflags(
        param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()) != 1) throw std::bad_alloc();
    return true;
}

}  // namespace

Result<std::shared_ptr<TlsClientContext>> TlsClientContext::create(const std::string& ca_path,
                                                                   const std::string& name,
                                                                   Application application) {
    if (name.empty()) return Error(Errc::malformed, "an upstream over TLS needs a name to verify");
    auto impl = std::make_unique<Impl>();
    impl->context.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX* context = impl->context.get();
    if (!context) throw std::bad_alloc();
    share_settings(context);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (auto trusted = trust(context, ca_path); !trusted) return trusted.error();
    if (expect_name(context, name)) impl->server_name = name;
    static constexpr unsigned char http1[] = "\x08http/1.1", http2[] = "\x02h2";
    if (application == Application::http1) SSL_CTX_set_alpn_protos(context, http1, sizeof http1 - 1);
    if (application == Application::http2) SSL_CTX_set_alpn_protos(context, http2, sizeof http2 - 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, on_new_session);
    SSL_CTX_set_app_data(context, impl.get());
    return std::make_shared<TlsClientContext>(std::move(impl));
}

TlsClientContext::TlsClientContext(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
TlsClientContext::~TlsClientContext() = default;

ssl_st* TlsClientContext::make() const {
    SslPtr ssl(SSL_new(impl_->context.get()));
    if (!ssl) throw std::bad_alloc();
    SSL_set_connect_state(ssl.get());
    if (!impl_->server_name.empty()) SSL_set_tlsext_host_name(ssl.get(), impl_->server_name.c_str());
    if (impl_->session && SSL_SESSION_is_resumable(impl_->session.get()))
        SSL_set_session(ssl.get(), impl_->session.get());
    clear_errors();
    return ssl.release();
}

}  // namespace sekisho::gateway
