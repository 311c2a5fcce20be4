#pragma once
// Activation puts an account's first factors in place (R16): a one-time link, a password, a TOTP secret
// confirmed by a code. Nothing is active until the code was right. Enrolment replaces the factor of somebody
// signed in, with a recovery code or otherwise.
#include "auth/password.hpp"
#include "auth/session_service.hpp"

namespace sekisho::auth {

constexpr Seconds activation_lifetime{72 * 3600};

struct ActivationLink {
    std::string token;  // goes into the link once; only its hash is kept
    WallTime expires{};
};

struct ActivationView {
    std::string user;
    WallTime expires{};
    bool password_set = false;
};

struct TotpOffer {
    std::string uri;     // for the QR code
    std::string spaced;  // for typing
    std::string ticket;  // enrolment only: sealed, goes into the form
};

enum class EnrolOutcome : std::uint8_t { done, code_wrong, password_missing, expired };

struct EnrolResult {
    EnrolOutcome outcome = EnrolOutcome::expired;
    std::string user;
    std::vector<std::string> recovery_codes;  // done: shown once
    std::optional<Issued> session;            // enrolment: this browser's session under a new id
};

struct RecoveryRenewed {
    std::vector<std::string> codes;  // shown once
    std::optional<Issued> session;   // this browser's under a new id; every other of the person has ended
};

// Thread: any pool thread; calls block on hashing and the store.
class Activation {
public:
    Activation(Store& store, const Clock& clock, const Keyring& keys, PasswordHasher& hasher,
               SessionService& sessions, std::string issuer);

    // prepare makes a link that works once its row is kept.
    std::pair<ActivationRow, ActivationLink> prepare(std::string_view user,
                                                     Seconds lifetime = activation_lifetime) const;
    // issue makes a link for an account; an earlier one stops working.
    Result<ActivationLink> issue(std::string_view user, Seconds lifetime = activation_lifetime);

    // All by the link's token. Errors: Errc::not_found when it is unknown, used or expired
    // (signin.invite_expired).
    Result<ActivationView> look(std::string_view token);
    // set_password: a fault, or nothing when it was taken. May be repeated until the end.
    Result<std::optional<PasswordFault>> set_password(std::string_view token, std::string_view password);
    // offer_totp gives the same secret each time a link asks.
    Result<TotpOffer> offer_totp(std::string_view token);
    Result<EnrolResult> confirm(std::string_view token, std::string_view code);

    // The following are for somebody signed in.
    // Errors: Errc::denied when the session is gone, Errc::timed_out when its factors were proven more than
    // 15 minutes ago (factor.too_old: SignIn::step_up, then again).

    // offer_enrolment offers a new secret; the old one works until the new one is confirmed. The ticket is
    // good for 10 minutes.
    Result<TotpOffer> offer_enrolment(const Digest& sso);
    // offer_again shows the same offer once more, after a wrong code; a new one when the ticket has expired.
    Result<TotpOffer> offer_again(const Digest& sso, std::string_view ticket);
    // confirm_enrolment replaces all code tokens and the recovery codes and ends every other session. A
    // factor enrolled with strength `recovery` is limited for a day (Session::limited_until).
    Result<EnrolResult> confirm_enrolment(const Digest& sso, std::string_view ticket, std::string_view code);
    // renew_recovery_codes gives ten new codes in place of all old ones, and ends every other session.
    // Errc::denied also when the session
    // was itself opened by a recovery code.
    Result<RecoveryRenewed> renew_recovery_codes(const Digest& sso);

private:
    Result<ActivationRow> row_of(std::string_view token);
    Result<SessionPtr> proven(const Digest& sso) const;
    TotpOffer offer(std::string_view user, const Secret& secret) const;

    Store& store_;
    const Clock& clock_;
    const Keyring& keys_;
    PasswordHasher& hasher_;
    SessionService& sessions_;
    const std::string issuer_;
};

}  // namespace sekisho::auth
