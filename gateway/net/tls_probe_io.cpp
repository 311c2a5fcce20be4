// Plain blocking sockets: a person waits for the answer, nobody else does.
#include "gateway/net/tls_probe_io.hpp"

#include "gateway/net/descriptor_io.hpp"
#include "gateway/net/socket_address_io.hpp"
#include "gateway/net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>

namespace sekisho::gateway {
namespace {

using Step = ProbeResult::Step;
using Addresses = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

std::string words(int error) { return std::string(std::strerror(error)); }

Addresses resolve(const config::Upstream& upstream, std::string& why) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int answer =
        ::getaddrinfo(upstream.host.c_str(), std::to_string(upstream.port).c_str(), &hints, &found);
    if (answer != 0) why = ::gai_strerror(answer);
    return {answer == 0 ? found : nullptr, ::freeaddrinfo};
}

// The error of a connect that was begun, once it is over.
int finish(int fd, Millis timeout) {
    pollfd waiting{fd, POLLOUT, 0};
    if (::poll(&waiting, 1, static_cast<int>(timeout.count())) != 1) return ETIMEDOUT;
    int error = 0;
    socklen_t size = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

int connect_to(const addrinfo& address, Millis timeout, UniqueFd& out) {
    UniqueFd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return errno;
    if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
        const int error = errno == EINPROGRESS ? finish(fd.get(), timeout) : errno;
        if (error != 0) return error;
    }
    out = std::move(fd);
    return 0;
}

std::string handshake_words(SSL* ssl) {
    if (const long verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK)
        return X509_verify_cert_error_string(verdict);
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason == nullptr ? "the peer closed the connection" : reason;
}

bool agreed_on_http2(const SSL* ssl) {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &name, &size);
    return std::string_view(reinterpret_cast<const char*>(name), size) == "h2";
}

std::string shake_hands(const config::Upstream& upstream, int fd, Millis timeout) {
    const bool http2 = upstream.protocol == config::UpstreamProtocol::http2;
    const auto context = TlsClientContext::create(
        upstream.ca_path, upstream.server_name,
        http2 ? TlsClientContext::Application::http2 : TlsClientContext::Application::http1);
    if (!context) return std::string(context.error().detail());
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl((*context)->make(), SSL_free);
    if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) return "no memory";
    constexpr int turns_max = 64;  // of reading and writing within one handshake
    for (int turn = 0; turn < turns_max; ++turn) {
        ERR_clear_error();
        const int answer = SSL_connect(ssl.get());
        if (answer == 1) return http2 && !agreed_on_http2(ssl.get()) ? "it does not speak HTTP/2" : "";
        const int wants = SSL_get_error(ssl.get(), answer);
        if (wants != SSL_ERROR_WANT_READ && wants != SSL_ERROR_WANT_WRITE) return handshake_words(ssl.get());
        pollfd waiting{fd, static_cast<short>(wants == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT), 0};
        if (::poll(&waiting, 1, static_cast<int>(timeout.count())) != 1) return words(ETIMEDOUT);
    }
    return words(ETIMEDOUT);
}

}  // namespace

ProbeResult probe_upstream(const config::Upstream& upstream, Millis timeout) {
    ProbeResult result;
    const auto addresses = resolve(upstream, result.why);
    if (!addresses) {
        result.failed = Step::resolve;
        return result;
    }
    UniqueFd fd;
    for (const auto* at = addresses.get(); at != nullptr && !fd; at = at->ai_next)
        if (const int error = connect_to(*at, timeout, fd); error != 0) result.why = words(error);
    if (!fd) {
        result.failed = Step::connect;
        return result;
    }
    result.why = upstream.tls ? shake_hands(upstream, fd.get(), timeout) : std::string();
    if (!result.why.empty()) result.failed = Step::handshake;
    return result;
}

int bind_error(const IpAddress& address, std::uint16_t port) {
    const auto to = to_socket_address(address, port);
    UniqueFd fd(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return errno;
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (to.storage.ss_family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    return ::bind(fd.get(), to.raw(), to.size) == 0 ? 0 : errno;
}

}  // namespace sekisho::gateway
