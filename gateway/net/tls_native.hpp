#pragma once
// OpenSSL objects with owners, and its error queue in words; for gateway/net/tls_* only.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace sekisho::gateway {

template <auto Free>
struct NativeDeleter {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

using SslPtr = std::unique_ptr<SSL, NativeDeleter<SSL_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, NativeDeleter<SSL_CTX_free>>;
using SslSessionPtr = std::unique_ptr<SSL_SESSION, NativeDeleter<SSL_SESSION_free>>;
using X509Ptr = std::unique_ptr<X509, NativeDeleter<X509_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, NativeDeleter<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, NativeDeleter<BIO_free>>;

// clear_errors: a stale entry would make the next failure look like another one. Cheap when there is none.
inline void clear_errors() noexcept {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

// take_error empties the queue and names its newest entry: "no shared cipher".
inline std::string take_error() {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    std::string text = reason ? reason : "unknown error";
    ERR_clear_error();
    return text;
}

// share_settings: what server and client contexts have in common.
// Returns the first group of key exchange.
std::string_view share_settings(SSL_CTX* context);

}  // namespace sekisho::gateway
