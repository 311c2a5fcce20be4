#pragma once
// Ceremony is a sign-in as a pure machine: password, then code, judged together at the end, within 10
// minutes. It holds no secret, knows no clock and no store.
#include "auth/store.hpp"

namespace sekisho::auth {

enum class SignInOutcome : std::uint8_t {
    ask_code,   // first step taken, whatever it was worth
    signed_in,  //
    failed,     // signin.failed: something was wrong
    slow_down,  // signin.slow_down
    busy,       // signin.busy: too many people are signing in
    expired,    // signin.form_expired
    disabled,   // signin.account_disabled: both factors were right
};
std::string_view to_text(SignInOutcome outcome) noexcept;

// Finding is what was really the matter: for the record only.
enum class Finding : std::uint8_t {
    none,
    unknown_account,
    not_enrolled,
    wrong_password,
    wrong_code,  // after a right password: an event of its own
    code_replayed,
    account_disabled,
    changed_meanwhile,
    throttled,
};
std::string_view to_text(Finding finding) noexcept;

enum class CodeFinding : std::uint8_t { wrong, otp, otp_replayed, recovery };

// Evidence is everything found out before anything is judged.
struct Evidence {
    bool account_exists = false;
    bool enrolled = false;  // has a second factor
    AccountStatus status = AccountStatus::invited;
    std::uint64_t epoch = 0;
    CodeFinding code = CodeFinding::wrong;
};

struct Judgement {
    SignInOutcome outcome = SignInOutcome::failed;
    Finding finding = Finding::none;
    FactorStrength strength = FactorStrength::none;
};

class Ceremony {
public:
    static constexpr Seconds lifetime{600};

    // After the first step: `password_right` is recorded and not shown.
    static Ceremony after_password(std::string account, bool password_right, std::uint64_t epoch,
                                   WallTime now);

    // over: past its lifetime, or begun in the future because the clock stepped back.
    bool over(WallTime now) const noexcept;

    // judge is the second step. Only both factors right ever gives anything but `failed` or `expired`.
    Judgement judge(const Evidence& evidence, WallTime now) const;

    const std::string& account() const noexcept { return account_; }

    // The plain form, to be sealed. decode refuses anything encode did not make.
    Bytes encode() const;
    static std::optional<Ceremony> decode(ByteView bytes);

private:
    std::string account_;
    bool password_right_ = false;
    std::uint64_t epoch_ = 0;
    WallTime started_{};
};

}  // namespace sekisho::auth
