#pragma once
// ClientTrust says whose client certificates one host takes; ClientProof is the one a connection proved.
//
// A host that asks for certificates gives no session tickets: each connection proves its key anew (R12).
// Whether a certificate was revoked is asked on every request, of a list that is read again when it changes.
#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "config/model.hpp"
#include "gateway/net/tls_file.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

struct ssl_st;
struct x509_st;

namespace sekisho::gateway {

// How a certificate stands with its authority's list.
enum class CertificateStanding : std::uint8_t {
    good,
    revoked,
    stale,  // no list of its authority, or one out of date: nobody knows
};

// One link of a verified chain, as revocation lists name it; both in DER.
struct ChainLink {
    std::string issuer, serial;
};

// RevocationLists are the lists of one file, by issuer.
struct RevocationList {
    std::unordered_set<std::string> serials;
    WallTime until{};
};
using RevocationLists = std::map<std::string, RevocationList>;

// ClientTrust: Thread: every member may be called from any thread.
class ClientTrust {
public:
    // Errors: Errc::not_found or malformed with the file's name. An unusable revocation list is no error
    // here: it lets nobody pass until refresh() finds a good one.
    static Result<std::shared_ptr<ClientTrust>> create(const config::ClientCertificates& wanted);
    ~ClientTrust();

    config::ClientCertificates::Demand demand() const noexcept { return demand_; }
    // digest tells one set of authorities from another.
    const Digest& digest() const noexcept { return digest_; }
    // ask makes a server handshake ask for a certificate; before OpenSSL looks at sessions.
    bool ask(ssl_st* ssl) const;

    // refresh reads the revocation list if it changed; true when another one is in force.
    // Errors: as Staple::refresh; the former list stays until it ends.
    Result<bool> refresh();
    bool wants_lists() const noexcept { return file_.has_value(); }
    // lists: those in force; null when there were never any. version() moves with them, and no two lists of a
    // process share one.
    std::shared_ptr<const RevocationLists> lists() const;
    std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }
    // until: the end of the list that ends first; the epoch without a usable one, max() where none is asked
    // for.
    WallTime until() const;

private:
    struct Authorities;
    explicit ClientTrust(const config::ClientCertificates& wanted);
    Result<> load_authorities(const std::string& path);
    Result<RevocationLists> read_lists(const Bytes& pem) const;

    config::ClientCertificates::Demand demand_;
    Digest digest_{};
    std::unique_ptr<Authorities> authorities_;
    std::optional<ChangingFile> file_;  // of revocation lists
    mutable std::mutex mutex_;
    std::shared_ptr<const RevocationLists> lists_;
    std::atomic<std::uint64_t> version_;
};

// RevocationView is how one worker asks on every request: it takes a lock only when other lists came into
// force since it asked last.
class RevocationView {
public:
    CertificateStanding judge(const ClientTrust& trust, std::span<const ChainLink> chain, WallTime now);

private:
    struct Seen {
        std::uint64_t version = 0;
        std::shared_ptr<const RevocationLists> lists;
    };
    static constexpr std::size_t seen_max = 256;
    std::map<const ClientTrust*, Seen> seen_;
};

// ClientProof never changes.
class ClientProof {
public:
    // prove reads what a finished handshake verified; null when no certificate came.
    static std::shared_ptr<const ClientProof> prove(ssl_st* ssl, std::shared_ptr<const ClientTrust> trust);

    const std::string& subject() const noexcept { return subject_; }  // RFC 2253
    // names: subject alternative names as "dns:a.example", "email:...", "uri:...".
    const std::vector<std::string>& names() const noexcept { return names_; }
    const std::string& fingerprint() const noexcept { return fingerprint_; }  // SHA-256, lower case hex
    const ClientTrust& trust() const noexcept { return *trust_; }
    WallTime not_after() const noexcept { return not_after_; }
    const std::vector<ChainLink>& chain() const noexcept { return chain_; }

private:
    ClientProof() = default;
    std::string subject_, fingerprint_;
    std::vector<std::string> names_;
    std::vector<ChainLink> chain_;
    WallTime not_after_{};
    std::shared_ptr<const ClientTrust> trust_;
};

}  // namespace sekisho::gateway
