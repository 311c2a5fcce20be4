#pragma once
// Passkeys is what people do with passkeys: sign in without naming an account, confirm again, register,
// rename and remove. Every answer answers a question of ours, once.
//
// A question is 32 random bytes, sealed with its purpose, its end and whom it was put to into a ticket that
// the browser brings back: whoever asks costs no memory. A question that was answered well is remembered
// until its ticket ends, so that no answer counts twice; one put before a restart is no question any more.
#include "auth/session_service.hpp"
#include "auth/webauthn.hpp"

namespace sekisho::auth {

class Keyring;

constexpr std::size_t passkeys_per_person_max = 8;
constexpr std::size_t passkey_name_bytes_max = 64;
constexpr std::size_t answered_questions_max = 100'000;
constexpr Seconds passkey_question_lifetime{600};

struct PasskeyRules {
    RelyingParty party;
    AttestationPolicy attestation;
};

// What a browser needs to ask an authenticator.
struct PasskeyQuestion {
    Bytes challenge;
    std::string ticket;
    std::string user;               // registering: for whom
    Bytes user_handle;              // registering: 32 random bytes, one handle for each person
    std::vector<PasskeyRow> known;  // step-up: one of these; registering: none of these
};

struct PasskeyAnswer {
    ByteView id, user_handle;
    AssertionAnswer assertion;
};

// Hardware says which authenticators a person may register.
enum class Hardware : std::uint8_t { any, vouched_for /* by the operator's roots, bound to its device */ };

// PasskeyProof says that somebody proved a passkey a moment ago. Only Passkeys makes one.
class PasskeyProof {
public:
    const std::string& user() const noexcept { return user_; }
    std::uint64_t epoch() const noexcept { return epoch_; }
    AccountStatus status() const noexcept { return status_; }
    FactorStrength strength() const noexcept { return strength_; }
    WallTime limited_until() const noexcept { return limited_until_; }

private:
    friend class Passkeys;
    PasskeyProof() = default;
    std::string user_;
    std::uint64_t epoch_ = 0;
    AccountStatus status_ = AccountStatus::invited;
    FactorStrength strength_ = FactorStrength::passkey;
    WallTime limited_until_{};
};

enum class PasskeyOutcome : std::uint8_t {
    proven,
    expired,  // no question of ours, or one that is over or was answered already
    unknown,  // a passkey that is not registered here
    refused,  // the answer does not hold
};

struct PasskeyResult {
    PasskeyOutcome outcome = PasskeyOutcome::expired;
    std::optional<PasskeyProof> proof;  // proven
    // For the record, never for the page:
    std::string_view reason = "none";  // "replayed", or a WebauthnFault
    std::string user;                  // whose passkey it is, when it is somebody's
    std::string passkey;               // its short id
    bool counter_alarm = false;        // perhaps there is a copy of it
    std::optional<Issued> session;     // step_up: the same session under a new id
};

struct PasskeyAdded {
    PasskeyOutcome outcome = PasskeyOutcome::expired;
    std::string_view reason = "none";
    PasskeyRow row;                 // proven
    std::optional<Issued> session;  // proven: this browser's under a new id; every other of the person ended
};

enum class PasskeyRemoval : std::uint8_t { removed, last_one, not_found };
struct PasskeyRemoved {
    PasskeyRemoval outcome = PasskeyRemoval::not_found;
    std::optional<Issued> session;  // removed: this browser's; every other session of the person has ended
};

// passkey_id names a passkey to people and in records: ten characters of the hash of its id.
std::string passkey_id(ByteView id);

// vouched_for: hardware of a model the operator's roots stand for, which cannot be copied.
bool vouched_for(const PasskeyRow& row, const AttestationPolicy& policy) noexcept;

// strength_of a passkey: one that never leaves its device counts for more than one that is copied about;
// where the operator names attestation roots, only what they vouch for counts as such.
FactorStrength strength_of(const PasskeyRow& row, const AttestationPolicy& policy) noexcept;

// Errors of all: Errc::unavailable when the store fails. Those with a session: Errc::denied when it is gone
// or was opened by a recovery code. Thread: any pool thread; calls block on the store.
class Passkeys {
public:
    Passkeys(Store& store, const Clock& clock, const Keyring& keys, SessionService& sessions,
             PasskeyRules rules);

    // Sign-in: put to a browser (the hash of its cookie), about nobody: the answer says who it is, and the
    // question is the same for everybody (R26).
    PasskeyQuestion ask_sign_in(const Digest& browser) const;
    Result<PasskeyResult> prove(const Digest& browser, std::string_view ticket, const PasskeyAnswer& answer);

    // Step-up. Errors: Errc::not_found when this person has no passkey.
    Result<PasskeyQuestion> ask_step_up(const Digest& sso) const;
    Result<PasskeyResult> step_up(const Digest& sso, std::string_view ticket, const PasskeyAnswer& answer);

    // Registering ends the person's other sessions. Errors: Errc::timed_out when the session's proof is older
    // than 15 minutes, Errc::too_large past passkeys_per_person_max. A passkey registered while the proof is
    // limited (R16) is limited as well.
    Result<PasskeyQuestion> ask_new(const Digest& sso) const;
    Result<PasskeyAdded> add(const Digest& sso, std::string_view ticket, ByteView client_data_json,
                             ByteView attestation_object, std::string_view name, std::string_view transports,
                             Hardware hardware = Hardware::any);

    Result<std::vector<PasskeyRow>> list(std::string_view user) const { return store_.passkeys(user); }
    // By passkey_id. Errors: Errc::not_found; Errc::malformed for a name that is empty or no plain text; a
    // long one is cut.
    Result<> rename(const Digest& sso, std::string_view id, std::string_view name);
    // remove never takes somebody's last factor, raises the epoch and ends the person's other sessions.
    // Errors: Errc::timed_out as above.
    Result<PasskeyRemoved> remove(const Digest& sso, std::string_view id);

    const RelyingParty& party() const noexcept { return rules_.party; }
    // wants_attestation: browsers are asked what the authenticator is.
    bool wants_attestation() const noexcept { return !rules_.attestation.roots.empty(); }
    FactorStrength strength(const PasskeyRow& row) const noexcept {
        return strength_of(row, rules_.attestation);
    }

private:
    enum class Purpose : std::uint8_t { sign_in = 1, step_up = 2, registration = 3 };
    PasskeyQuestion ask(Purpose purpose, const Digest& whom) const;
    std::string context(Purpose purpose, const Digest& whom) const;
    // open gives the question of a ticket that is good now, for this purpose and this browser or session.
    std::optional<Bytes> open(Purpose purpose, const Digest& whom, std::string_view ticket) const;
    // take_answered: true exactly once for each question.
    bool take_answered(const Bytes& challenge);
    Result<SessionPtr> session_of(const Digest& sso) const;
    Result<SessionPtr> fresh_session_of(const Digest& sso) const;
    Result<PasskeyRow> own(std::string_view user, std::string_view id) const;
    Result<PasskeyResult> judge(Purpose purpose, const Digest& whom, std::string_view ticket,
                                const PasskeyAnswer& answer, std::string_view only_user);

    Store& store_;
    const Clock& clock_;
    const Keyring& keys_;
    SessionService& sessions_;
    const PasskeyRules rules_;
    const Digest boot_;  // questions of another run are none
    std::mutex mutex_;
    std::unordered_map<Digest, WallTime, DigestHash> answered_;  // and until when their tickets are good
};

}  // namespace sekisho::auth
