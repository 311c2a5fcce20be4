// The handshake half of TlsStream: its steps, why it failed, what was agreed on.
#include "base/text.hpp"
#include "gateway/net/tls_native.hpp"
#include "gateway/net/tls_stream_io.hpp"

#include <openssl/sslerr.h>

#include <utility>

namespace sekisho::gateway {
namespace {

// A ticket of ours takes about 250 bytes.
constexpr std::size_t ticket_bytes_max = 4096;

HandshakeFault fault_of(int reason) {
    switch (reason) {
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_UNEXPECTED_MESSAGE:
        case SSL_R_BAD_RECORD_TYPE:
            return HandshakeFault::not_tls;
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
        case SSL_R_UNSUPPORTED_SSL_VERSION:
        case SSL_R_NO_PROTOCOLS_AVAILABLE:
        case SSL_R_UNKNOWN_PROTOCOL:
            return HandshakeFault::version;
        case SSL_R_NO_SHARED_CIPHER:
        case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
        case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
        case SSL_R_NO_SUITABLE_GROUPS:
        case SSL_R_NO_SUITABLE_KEY_SHARE:
        case SSL_R_NO_CIPHERS_AVAILABLE:
            return HandshakeFault::cipher;
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return HandshakeFault::certificate;
        case SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL:
            return HandshakeFault::alpn;
        default:
            break;
    }
    const bool alert = reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256;
    return alert ? HandshakeFault::alert : HandshakeFault::other;
}

// group_name: OpenSSL spells a group as it likes, by release; metrics and people know one name for each.
std::string_view group_name(std::string_view text) {
    struct Row {
        std::string_view spelling, name;
    };
    static constexpr Row rows[] = {{"x25519", "X25519"},    {"x25519mlkem768", "X25519MLKEM768"},
                                   {"p-256", "P-256"},      {"secp256r1", "P-256"},
                                   {"prime256v1", "P-256"}, {"p-384", "P-384"},
                                   {"secp384r1", "P-384"},  {"p-521", "P-521"},
                                   {"secp521r1", "P-521"}};
    const auto small = lower(text);
    for (const auto& row : rows)
        if (small == row.spelling) return row.name;
    return text;
}

}  // namespace

std::string_view to_text(HandshakeFault fault) noexcept {
    switch (fault) {
        case HandshakeFault::none:
            return "none";
        case HandshakeFault::unknown_name:
            return "unknown_name";
        case HandshakeFault::not_tls:
            return "not_tls";
        case HandshakeFault::version:
            return "version";
        case HandshakeFault::cipher:
            return "cipher";
        case HandshakeFault::alpn:
            return "alpn";
        case HandshakeFault::certificate:
            return "certificate";
        case HandshakeFault::alert:
            return "alert";
        case HandshakeFault::closed:
            return "closed";
        case HandshakeFault::other:
            break;
    }
    return "other";
}

IoState TlsStream::handshake() {
    if (!usable()) return IoState::failed;
    if (flush() == IoState::failed) {
        handshake_fault_ = HandshakeFault::closed;
        return IoState::failed;
    }
    clear_errors();
    corked_ = SSL_is_server(ssl_) != 0;
    const int result = SSL_do_handshake(ssl_);
    const bool server = std::exchange(corked_, false);
    const int why = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_, result);
    // What a TLS 1.3 server writes in its last step is the ticket alone: its flight went before (RFC 8446
    // section 2).
    ticket_waits_ =
        result == 1 && server && SSL_version(ssl_) == TLS1_3_VERSION && held_.size() <= ticket_bytes_max;
    if (result == 1 && hello_.trust) proof_ = ClientProof::prove(ssl_, hello_.trust);
    if (flush() == IoState::failed && result == 1) return IoState::failed;
    return result == 1 ? IoState::done : explain_handshake(why);
}

IoState TlsStream::explain_handshake(int why) {
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return IoState::would_block;
    const int reason = ERR_GET_REASON(ERR_peek_error());
    if (hello_.unknown_name)
        handshake_fault_ = HandshakeFault::unknown_name;
    else if (hello_.alpn_refused)
        handshake_fault_ = HandshakeFault::alpn;
    else if (end_seen_ || socket_.error() != 0)
        handshake_fault_ = HandshakeFault::closed;
    else
        handshake_fault_ = fault_of(reason);
    handshake_detail_ = take_error();
    if (const long verdict = SSL_get_verify_result(ssl_); verdict != X509_V_OK) {
        handshake_fault_ = HandshakeFault::certificate;
        handshake_detail_ = X509_verify_cert_error_string(verdict);
    }
    return fail("TLS handshake failed");
}

HandshakeFacts TlsStream::facts() const {
    if (!ssl_) return {};
    const auto text = [](const char* value) { return value ? std::string_view(value) : std::string_view(); };
    const unsigned char* alpn = nullptr;
    unsigned alpn_size = 0;
    SSL_get0_alpn_selected(ssl_, &alpn, &alpn_size);
    const auto group = static_cast<int>(SSL_get_negotiated_group(ssl_));
    return {.version = SSL_get_version(ssl_),
            .cipher = text(SSL_get_cipher_name(ssl_)),
            .group = group == 0 ? std::string_view() : group_name(text(SSL_group_to_name(ssl_, group))),
            .server_name = hello_.server_name,
            .alpn = {reinterpret_cast<const char*>(alpn), alpn_size},
            .resumed = SSL_session_reused(ssl_) != 0};
}

}  // namespace sekisho::gateway
