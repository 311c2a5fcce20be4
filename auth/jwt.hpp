#pragma once
// The Sekisho-Assertion: a signed token that tells an app who comes. One ES256 key and audience per app
// (R19), good for a minute. Source: RFC 7515 (JWS), RFC 7519 (JWT), RFC 7517 (JWK), RFC 7638 (thumbprint),
// RFC 7518 section 3.4 (ES256).
#include "auth/keyring.hpp"

namespace sekisho::auth {

constexpr Seconds assertion_lifetime{60};

struct AssertionFacts {
    std::string_view app;                              // audience
    std::string_view user;                             // sub
    std::string_view org;                              // left out when empty
    const std::vector<std::string>* groups = nullptr;  // left out when null
    std::string_view session;                          // sid: the session's public id
    std::string_view token{};                          // azp: a service token's name; empty for a person
    FactorStrength strength = FactorStrength::otp;
    WallTime proven_at{};  // auth_time
};

class AssertionMaker {
public:
    // portal_url: "https://portal.example:8443"; the issuer is portal_url + "/.sekisho/assertion".
    AssertionMaker(Keyring& keys, const Clock& clock, std::string portal_url);

    // make signs (about 25 us): the caller keeps the token for 30 s per session and app.
    // Errors: Errc::unavailable when an app's first key could not be written.
    // Thread: any. The first call for an app writes the store: call warm(app) at start.
    Result<std::string> make(const AssertionFacts& facts) const;
    Result<> warm(std::string_view app) const;

    // jwks: the public keys of one app as a JSON document, newest first.
    std::string jwks(std::string_view app) const;
    const std::string& issuer() const noexcept { return issuer_; }

private:
    Keyring& keys_;
    const Clock& clock_;
    const std::string issuer_;
};

}  // namespace sekisho::auth
