#pragma once
// Staple is the issuer's word that one of our certificates is still good (an OCSP response, RFC 6960), kept
// in a file by whoever fetches it, and sent within the handshake (RFC 6066 section 8).
#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "gateway/net/tls_file.hpp"
#include "gateway/net/tls_native.hpp"

#include <memory>
#include <mutex>

namespace sekisho::gateway {

struct LoadedCertificate;

// Thread: every member may be called from any thread.
class Staple {
public:
    Staple(std::string path, const LoadedCertificate& certificate);

    // refresh reads the file if it changed. What cannot be used is refused whole, and what was there before
    // is kept until it ends. Errors: Errc::not_found, malformed or denied (not signed by the issuer, not
    // about this certificate, not "good"), with the file's name. Once for each change of the file.
    Result<> refresh();

    struct Response {
        Bytes der;
        WallTime from{}, until{};
    };
    // response: what may be sent now; null when there is none or it is out of date.
    std::shared_ptr<const Response> response(WallTime now) const;
    // until: the end of the newest usable response, also when it has passed; nothing when there never was
    // one.
    WallTime until() const;

private:
    Result<std::shared_ptr<const Response>> read(const Bytes& der) const;

    ChangingFile file_;
    X509Ptr leaf_, issuer_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Response> response_;
};

}  // namespace sekisho::gateway
