#pragma once
// Attestation is an authenticator's word on what it is. By itself it proves a model only as far as its chain
// reaches a root the operator trusts; people who may use any authenticator need none.
// Source: W3C WebAuthn Level 3 section 8.2 (packed), 8.7 (none).
#include "auth/authenticator_data.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

#include <memory>
#include <vector>

struct x509_store_st;

namespace sekisho::auth {

enum class Attestation : std::uint8_t {
    none,     //
    self,     // signed by the new key itself: proves that it is there
    unknown,  // a certificate signed it, and nobody we trust signed that
    trusted,  // a chain to the operator's roots
};
std::string_view to_text(Attestation attestation) noexcept;

// AttestationRoots are the certificates an operator trusts to say what hardware is.
class AttestationRoots {
public:
    AttestationRoots();
    // Errors: Errc::malformed when the text is no list of PEM certificates, or an empty one.
    static Result<AttestationRoots> from_pem(std::string_view pem);
    static Result<AttestationRoots> from_der(ByteView der);
    AttestationRoots(AttestationRoots&&) noexcept;
    AttestationRoots& operator=(AttestationRoots&&) noexcept;
    ~AttestationRoots();

    bool empty() const noexcept { return store_ == nullptr; }
    // vouch: a chain from the first certificate through the others to a root, every one valid at `now`.
    bool vouch(const std::vector<ByteView>& chain, WallTime now) const;

private:
    struct Free {
        void operator()(x509_store_st* store) const noexcept;
    };
    std::unique_ptr<x509_store_st, Free> store_;
};

// AttestationPolicy: with roots, only models on the list whose chain reaches a root are hardware; `demanded`
// refuses all others.
struct AttestationPolicy {
    AttestationRoots roots;
    std::vector<Aaguid> models;  // empty: every model the roots vouch for
    bool demanded = false;
};

enum class StatementVerdict : std::uint8_t { good, malformed, unknown_format, wrong_signature };

struct Statement {
    StatementVerdict verdict = StatementVerdict::malformed;
    Attestation attestation = Attestation::none;
};

// judge_statement checks one attestation statement over `signed_bytes` (authenticator data and the hash of
// the client data). `format` is "none" or "packed"; all others are unknown.
Statement judge_statement(std::string_view format, const CborItem& statement, const AuthenticatorData& data,
                          ByteView signed_bytes, const AttestationRoots& roots, WallTime now);

}  // namespace sekisho::auth
