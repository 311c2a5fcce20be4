#pragma once
// Certificate chains and private keys from PEM files; for gateway/net/tls_* only.
#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/model.hpp"
#include "gateway/net/tls_native.hpp"

#include <vector>

namespace sekisho::gateway {

struct LoadedCertificate {
    std::string path;
    X509Ptr leaf;
    std::vector<X509Ptr> chain;  // without the leaf
    PkeyPtr key;
    std::vector<std::string> names;  // DNS names of the leaf, lower case; "*.x" for wildcards
    WallTime not_after;
    int kind = 0;  // EVP_PKEY_RSA, EVP_PKEY_EC, ...
};

// Errors: Errc::not_found (unreadable file) or malformed; the detail names file and reason.
Result<LoadedCertificate> load_certificate(const config::Certificate& files);

// wall_time: the epoch when `time` cannot be read.
WallTime wall_time(const ASN1_TIME* time);

}  // namespace sekisho::gateway
