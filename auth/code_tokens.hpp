#pragma once
// CodeTokens is what somebody signed in does with the tokens that show them one-time codes: add one, put one
// in another's place, rename, remove. Whoever has none yet gets the first by Activation.
#include "auth/activation.hpp"
#include "auth/otp.hpp"

namespace sekisho::auth {

constexpr std::size_t code_tokens_per_person_max = 4;
constexpr std::size_t code_token_name_bytes_max = 64;

enum class CodeTokenOutcome : std::uint8_t { done, code_wrong, expired };
struct CodeTokenAdded {
    CodeTokenOutcome outcome = CodeTokenOutcome::expired;
    OtpRow row;                     // done
    bool replaced = false;          // done
    std::optional<Issued> session;  // replaced: this browser's; every other session of the person has ended
};

enum class CodeTokenRemoval : std::uint8_t { removed, last_one, not_found };
struct CodeTokenRemoved {
    CodeTokenRemoval outcome = CodeTokenRemoval::not_found;
    std::optional<Issued> session;  // removed: as above
};

// Errors of all: Errc::unavailable when the store fails; Errc::denied when the session is gone or was opened
// by a recovery code; of those that change factors also Errc::timed_out when the proof is more than 15
// minutes old. Thread: any pool thread; calls block on the store.
class CodeTokens {
public:
    CodeTokens(Store& store, const Clock& clock, const Keyring& keys, SessionService& sessions,
               std::string issuer);

    Result<std::vector<OtpRow>> list(std::string_view user) const { return store_.otp_tokens(user); }

    // offer makes a new secret, for a token of its own or in the place of `replaces`; nothing is kept until a
    // code of it was right. The ticket is good for 10 minutes.
    // Errors: Errc::too_large when there are as many as there may be, Errc::not_found for `replaces`.
    Result<TotpOffer> offer(const Digest& sso, OtpKind kind, std::string_view replaces) const;
    Result<CodeTokenAdded> confirm(const Digest& sso, std::string_view ticket, std::string_view code,
                                   std::string_view name);
    // Errors: Errc::malformed for a name that is none, Errc::not_found.
    Result<> rename(const Digest& sso, std::string_view id, std::string_view name);
    Result<CodeTokenRemoved> remove(const Digest& sso, std::string_view id);

private:
    struct Ticket;
    std::string seal(const Session& session, const Ticket& ticket) const;
    std::optional<Ticket> open(const Session& session, std::string_view sealed) const;
    Result<SessionPtr> session_of(const Digest& sso) const;
    Result<SessionPtr> fresh_session_of(const Digest& sso) const;
    Result<OtpRow> own(std::string_view user, std::string_view id) const;
    Result<> may_take_away(const Session& session, std::string_view id) const;
    Result<Issued> end_others(const Session& session);

    Store& store_;
    const Clock& clock_;
    const Keyring& keys_;
    SessionService& sessions_;
    const std::string issuer_;
};

// normal_factor_name: one line of text that people call a factor by, cut to `bytes_max`. Nothing when blank.
std::optional<std::string> normal_factor_name(std::string_view typed, std::size_t bytes_max);

}  // namespace sekisho::auth
