#pragma once
// X.509 certificates as the gateway's operator needs them: which names, until when, whether key and
// certificate belong together.
#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sekisho {

// CertificateFacts is what the first certificate of a PEM chain says about itself.
struct CertificateFacts {
    std::vector<std::string> dns_names;  // subject alternative names, lower case; "*.example" kept as written
    std::vector<IpAddress> addresses;
    WallTime not_before{}, not_after{};
    bool is_authority = false;
    bool is_self_issued = false;  // subject and issuer are one
    std::string key_type;         // "RSA", "EC", "ED25519"; as OpenSSL names it
    unsigned key_bits = 0;
    std::string signature_digest;  // "SHA256"; empty where the signature brings its own
    std::size_t chain_length = 0;
    std::string public_key;  // DER, to compare with a key's

    // matches_host: exact name, or a wildcard that stands for the whole first label (RFC 6125 section 6.4.3).
    // `host` is a name or an address literal, lower case. The subject's common name counts for nothing.
    bool matches_host(std::string_view host) const;
};

// read_chain reads one or more PEM certificates, the server's own first.
// Errors: Errc::malformed with a sentence.
Result<CertificateFacts> read_chain(std::string_view pem);

// public_key_of_private reads a PEM private key without a passphrase and gives its public half in DER.
// Errors: Errc::malformed.
Result<std::string> public_key_of_private(std::string_view pem);

}  // namespace sekisho
