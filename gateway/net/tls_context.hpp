#pragma once
// TlsContexts is what we prove ourselves with: certificates by host name, for one worker and one
// configuration.
//
// TLS 1.2 with ECDHE and AEAD only, and 1.3; ALPN http/1.1; no renegotiation, compression or early data.
// A client that names no host, or one we hold no certificate for, is refused with unrecognized_name. Whether
// a client certificate is asked for is decided by the same name, before anything is answered (R25).
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "config/model.hpp"
#include "gateway/net/tls_client_trust.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <span>

struct ssl_ctx_st;
struct ssl_st;

namespace sekisho::gateway {

// TicketKeys encrypt session tickets; shared by every worker and every generation of contexts, so that a
// session survives a move between workers and a reload.
// Thread: every member may be called from any thread.
class TicketKeys {
public:
    struct Key {
        std::array<std::uint8_t, 16> name;  // travels in the ticket, tells which key
        Secret cipher, mac;
    };
    struct Set {
        Key current;
        std::optional<Key> previous;  // still opens tickets, makes none
    };

    // `secret` is at least 32 random bytes; gateways that share it resume each other's sessions.
    explicit TicketKeys(const Secret& secret);
    static std::shared_ptr<TicketKeys> random();
    // rotate: the current key becomes the previous one. Call it every half ticket lifetime.
    void rotate(const Secret& secret);
    void rotate_random();
    std::shared_ptr<const Set> get() const;

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Set> set_;
};

// TlsHello is what the handshake's callbacks note about one connection; SSL's application data points to it.
struct TlsHello {
    std::string server_name;                   // lower case
    std::shared_ptr<const ClientTrust> trust;  // a client certificate was asked for
    bool unknown_name = false;
    bool alpn_refused = false;
};

struct CertificateFact {
    std::string path;  // of the chain file
    std::vector<std::string> names;
    WallTime not_after;
    std::optional<WallTime> staple_until;  // with a staple: its end, the epoch without a usable one
};

// TlsFilesRead is what refresh() found in files that are not part of the configuration.
struct TlsFilesRead {
    bool revocation_changed = false;
    std::vector<Error> faults;
};

class TlsContexts {
public:
    // create reads every certificate and key. Two certificates for one name must be of different kinds (RSA,
    // ECDSA). Errors: Errc::malformed or not_found, naming the file and the reason.
    static Result<std::shared_ptr<const TlsContexts>> create(const config::Tls& tls,
                                                             std::shared_ptr<const TicketKeys> tickets);
    ~TlsContexts();

    // covers: a certificate of ours is good for this host (lower case, no port). Wildcards reach one label.
    bool covers(std::string_view host) const noexcept;
    std::vector<CertificateFact> certificates() const;
    // client_trust: whose client certificates this host (lower case) asks for; null for none.
    const ClientTrust* client_trust(std::string_view host) const noexcept;
    // revocation_ends: by the first host of each entry that has a revocation list, as ClientTrust::until.
    std::vector<std::pair<std::string, WallTime>> revocation_ends() const;

    // refresh reads staples and revocation lists that changed. Blocks on the disk. Thread: any.
    TlsFilesRead refresh() const;
    // first_group: "X25519MLKEM768" where OpenSSL has it, else "X25519".
    std::string_view first_group() const noexcept;

    // For TlsStream: the context a handshake begins with.
    ssl_ctx_st* native() const noexcept;

    struct Impl;
    explicit TlsContexts(std::unique_ptr<Impl> impl) noexcept;

private:
    std::unique_ptr<Impl> impl_;
};

// TlsClientContext verifies one upstream: its certificate chain and its name or address. It remembers the
// last session, so that later connections resume. One per worker and upstream.
class TlsClientContext {
public:
    // `ca_path` empty = the system's roots. `name` is the host name or address literal the certificate must
    // bear. `application` is what is spoken over it (ALPN, RFC 7301).
    enum class Application : std::uint8_t { http1, http2, unnamed };
    static Result<std::shared_ptr<TlsClientContext>> create(const std::string& ca_path,
                                                            const std::string& name,
                                                            Application application = Application::http1);
    ~TlsClientContext();

    // For TlsStream: a new session object, ready to connect.
    ssl_st* make() const;

    struct Impl;
    explicit TlsClientContext(std::unique_ptr<Impl> impl) noexcept;

private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace sekisho::gateway
