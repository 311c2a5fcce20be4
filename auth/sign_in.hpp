#pragma once
// SignIn proves who somebody is: two steps judged together, step-up, and change of password. The portal's
// forms are its only callers.
#include "auth/ceremony.hpp"
#include "auth/keyring.hpp"
#include "auth/otp.hpp"
#include "auth/passkeys.hpp"
#include "auth/password.hpp"
#include "auth/session_service.hpp"
#include "auth/throttle.hpp"

namespace sekisho::auth {

// Where an attempt comes from.
struct Origin {
    IpAddress source;
    std::string agent;
    std::string known_browser;                  // value of the known-browser cookie, empty when there is none
    WallTime no_longer_than = WallTime::max();  // no session of this sign-in outlives it
};

struct SignInAttempt {
    std::string account;           // as typed
    std::string password;          // as typed
    std::string code_or_recovery;  // as typed
    Origin origin;
    config::SessionLimits limits;  // of the typed account's kind of person
};

// What a browser may be told. `factor.*` words are for step-up only.
struct SignInResult {
    SignInOutcome outcome = SignInOutcome::failed;
    Millis wait{0};                       // slow_down, busy: when to try again
    std::optional<Issued> session;        // signed_in
    bool new_browser = false;             // signed_in: from a browser this account was not known to use
    std::string known_browser;            // signed_in: set the known-browser cookie to this when not empty
    std::size_t recovery_codes_left = 0;  // signed_in
    bool token_found_again = false;       // signed_in: by two codes in a row
    // For the record, never for the page:
    std::string account;  // normalised; empty when no such account exists
    Finding finding = Finding::none;
};

// First step: password taken. The ticket is sealed, says nothing to its holder, and is good for 10 minutes;
// the portal keeps it in the browser's -tx cookie or in the form.
struct FirstStep {
    SignInOutcome outcome = SignInOutcome::failed;  // ask_code, slow_down or busy
    Millis wait{0};
    std::string ticket;
};

// Errors of the calls below: Errc::unavailable when the store fails.
enum class StepUpOutcome : std::uint8_t { confirmed, code_wrong, code_used, slow_down, session_gone };
struct StepUpResult {
    StepUpOutcome outcome = StepUpOutcome::code_wrong;
    Millis wait{0};
    std::optional<Issued> session;  // confirmed: the same session under a new id
};

enum class ChangeOutcome : std::uint8_t { changed, wrong_password, refused, slow_down, busy, session_gone };
struct ChangeResult {
    ChangeOutcome outcome = ChangeOutcome::wrong_password;
    std::optional<PasswordFault> fault;  // refused
    Millis wait{0};
    std::optional<Issued>
        session;  // changed: this browser's new session; all others of the person have ended
};

// Thread: any pool thread; every call blocks on hashing and the store.
class SignIn {
public:
    SignIn(Store& store, const Clock& clock, const Keyring& keys, PasswordHasher& hasher, Throttle& throttle,
           SessionService& sessions);

    // begin takes account and password. An unknown account costs the same work and gets the same answer.
    Result<FirstStep> begin(std::string_view account, std::string_view password, const Origin& origin);
    // finish judges password and code together: at most one throttled evaluation.
    Result<SignInResult> finish(std::string_view ticket, std::string_view code_or_recovery,
                                const Origin& origin, const config::SessionLimits& limits);
    // account_of is the account a ticket stands for, as typed and normalised, so that the caller can find the
    // limits that go with it. Empty for a ticket that does not open.
    std::string account_of(std::string_view ticket) const;
    // sign_in is both steps at once.
    Result<SignInResult> sign_in(const SignInAttempt& attempt);

    // with_passkey signs in whoever proved a passkey: no password, no code, and no account's cap on guessing,
    // which a passkey cannot be subject to (R15). Outcomes: signed_in, disabled, failed.
    Result<SignInResult> with_passkey(const PasskeyProof& proof, const Origin& origin,
                                      const config::SessionLimits& limits);

    // step_up proves the second factor again for a session (factor.too_old).
    Result<StepUpResult> step_up(const Digest& sso, std::string_view code, const Origin& origin);

    // change_password ends every other session of the person.
    Result<ChangeResult> change_password(const Digest& sso, std::string_view present,
                                         std::string_view wanted);

private:
    struct Gathered {
        Evidence evidence;
        std::string token;  // otp: whose code it is
        OtpMatch match;     // otp: what it stands for
        bool two = false;   // otp: two codes in a row
        Digest recovery{};  // recovery: the code as it is kept
        WallTime limited_until{};
    };
    std::optional<Digest> known_browser(std::string_view account, const Origin& origin);
    Result<std::optional<AccountRow>> account(std::string_view name);
    Result<Gathered> gather(const std::string& name, std::string_view code);
    Result<> gather_otp(const std::string& name, const OtpTyped& typed, Gathered& out);
    Result<> gather_recovery(const std::string& name, std::string_view code, Gathered& out);
    Result<bool> consume(const std::string& name, const Gathered& gathered);
    Result<> open_session(const std::string& name, const Gathered& gathered, FactorStrength strength,
                          const Origin& origin, const config::SessionLimits& limits, SignInResult& out);
    struct Proven {
        std::uint64_t epoch = 0;
        FactorStrength strength = FactorStrength::none;
        WallTime limited_until{};
    };
    Result<> issue(const std::string& name, const Proven& proven, const Origin& origin,
                   const config::SessionLimits& limits, SignInResult& out);
    Result<ChangeResult> put_password(const Digest& sso, const std::string& user, std::string_view wanted);

    Store& store_;
    const Clock& clock_;
    const Keyring& keys_;
    PasswordHasher& hasher_;
    Throttle& throttle_;
    SessionService& sessions_;
    const OtpRow decoy_;
};

// normal_account_name: lower case of a name that accounts may have ([a-z0-9._-], 1 to 64 characters,
// beginning with a letter or digit). Nothing for anything else.
std::optional<std::string> normal_account_name(std::string_view typed);

}  // namespace sekisho::auth
