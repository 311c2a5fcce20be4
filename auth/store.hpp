#pragma once
// Store is what auth must remember: accounts, factors, sessions, links, throttle buckets and wrapped keys.
// It holds no secret in the clear: hashes, HMACs and sealed bytes only.
#include "auth/session.hpp"
#include "auth/totp.hpp"
#include "base/clock.hpp"
#include "base/crypto.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::auth {

enum class AccountStatus : std::uint8_t { invited, active, disabled };
std::string_view to_text(AccountStatus status) noexcept;

struct AccountRow {
    std::string name;
    AccountStatus status = AccountStatus::invited;
    std::string password_hash;  // empty until activated
    // Grows whenever a session opened on earlier findings must not begin: password or factors changed,
    // account disabled.
    std::uint64_t epoch = 0;
    WallTime created{};
    std::optional<WallTime> activated, last_sign_in;
};

// first_otp is the id of the token an account was activated with, or that replaced all others.
constexpr std::string_view first_otp = "first";

struct OtpRow {
    std::string user, id;
    std::string name;  // what its owner calls it; may be empty
    OtpKind kind = OtpKind::totp;
    Bytes wrapped_secret;
    std::int64_t next = 0;   // the least step or counter whose code is still taken
    std::int32_t drift = 0;  // totp: its clock against ours, in quarters of a step
    WallTime enrolled{};
    std::optional<WallTime> last_used;
    WallTime limited_until{};  // R16: enrolled after a recovery
};

struct PasskeyRow {
    Bytes id;  // the authenticator's, 16 to 1,023 bytes
    std::string user;
    Bytes user_handle;  // the same for all passkeys of a person; says nothing of them
    Bytes public_key;   // COSE
    std::uint32_t sign_count = 0;
    std::string host;  // where it was registered; browsers offer it nowhere else
    bool backup_eligible = false, backed_up = false;
    bool attested = false;   // its model is vouched for by the operator's roots
    Bytes aaguid;            // which model it says it is
    std::string transports;  // "internal,hybrid", as the browser said
    std::string name;        // what its owner calls it
    WallTime created{};
    std::optional<WallTime> last_used;
    WallTime limited_until{};  // R16: registered after a recovery
};

struct ActivationRow {
    Digest token_hash{};
    std::string user;
    WallTime expires{};
    std::string password_hash;  // set on the way, moved to the account at the end
    Bytes wrapped_secret;       // likewise
};

struct KnownBrowserRow {
    Digest token_hash{};
    std::string user;
    WallTime expires{};
};

struct ThrottleRow {
    Digest key{};
    std::uint32_t attempts = 0;
    WallTime last{}, next{};
    bool pinned = false;  // belongs to a real account: never evicted to make room
};

enum class KeyState : std::uint8_t { active, verify_only };

struct KeyRow {
    std::string id;  // unique; the `kid` where others see it
    std::string purpose;
    KeyState state = KeyState::active;
    WallTime created{};
    Bytes wrapped;
    Bytes public_bytes;  // signing keys only
};

struct ServiceTokenRow {
    Digest hash{};
    std::string id;  // public: shown to people and in records
    std::string name, owner;
    std::vector<std::string> apps;
    WallTime created{}, expires{};
    std::int32_t last_used_day = 0;  // days since 1970-01-01; 0: never
    bool over = false;               // has expired, whatever the clock says now
};

struct ServiceTokenUse {
    Digest hash{};
    std::int32_t day = 0;
};

// One notice on its way by one channel.
enum class NoticeChannel : std::uint8_t { mail, webhook, folder };
struct NoticeRow {
    std::string id;  // of the notice; the same by every channel, and each time it is tried
    NoticeChannel channel = NoticeChannel::folder;
    std::string kind, user;
    std::string address;  // mail only
    std::string language, subject, body;
    WallTime created{}, due{};
    std::uint32_t attempts = 0;
};

struct LastSeen {
    Digest id_hash{};
    std::int64_t seconds = 0;
};

// What an activation or a new enrolment puts in place, all in one transaction.
struct NewFactors {
    std::string user;
    std::string password_hash;  // empty: keep the present one
    OtpRow otp;                 // its id becomes first_otp
    std::vector<Digest> recovery_codes;
};

// Every member is one transaction. Those marked [durable] are on disk when they return: revocation and single
// use never roll back (R9).
// Errors: Errc::unavailable when the store cannot be reached or written, besides those named.
// Thread: any thread; calls may block on a disk.
class Store {
public:
    virtual ~Store() = default;

    // accounts
    virtual Result<> add_account(const AccountRow& row) = 0;  // Errors: Errc::exists
    // add_accounts adds all of them with their links, or nothing. Errors: Errc::exists. [durable]
    virtual Result<> add_accounts(const std::vector<AccountRow>& rows,
                                  const std::vector<ActivationRow>& links) = 0;
    virtual Result<AccountRow> account(std::string_view name) = 0;  // Errors: Errc::not_found
    virtual Result<std::vector<AccountRow>> accounts() = 0;         // by name
    // Both raise the epoch. Errors: Errc::not_found. [durable]
    // set_status: a disabled account's service tokens go with it.
    virtual Result<> set_status(std::string_view name, AccountStatus status) = 0;
    virtual Result<> set_password(std::string_view name, std::string_view hash) = 0;
    // replace_password_hash keeps the epoch: the same password at a higher cost. false: it changed meanwhile.
    virtual Result<bool> replace_password_hash(std::string_view name, std::string_view from,
                                               std::string_view to) = 0;
    virtual Result<> note_sign_in(std::string_view name, WallTime when) = 0;

    // factors
    virtual Result<std::vector<OtpRow>> otp_tokens(std::string_view user) = 0;  // oldest first
    // accept_otp uses up a code: true exactly once for each step or counter, and never for one behind it.
    // [durable]
    virtual Result<bool> accept_otp(std::string_view user, std::string_view id, std::int64_t value,
                                    std::int32_t drift, WallTime now) = 0;
    // add_otp puts a token beside the others, or in the place of `replaces`, which raises the epoch. false
    // when the account is not active, its epoch is not `epoch`, it has `most` tokens already, or there is
    // nothing to replace. [durable]
    virtual Result<bool> add_otp(const OtpRow& row, std::uint64_t epoch, std::size_t most,
                                 std::string_view replaces) = 0;
    // Errors: Errc::not_found
    virtual Result<> rename_otp(std::string_view user, std::string_view id, std::string_view name) = 0;
    // remove_otp raises the epoch. false: no such token, or the person's last factor. [durable]
    virtual Result<bool> remove_otp(std::string_view user, std::string_view id) = 0;
    virtual Result<std::size_t> recovery_codes_left(std::string_view user) = 0;
    virtual Result<bool> has_recovery_code(std::string_view user, const Digest& code) = 0;
    // consume_recovery_code: true exactly once per code. [durable]
    virtual Result<bool> consume_recovery_code(std::string_view user, const Digest& code) = 0;
    virtual Result<> replace_recovery_codes(std::string_view user, const std::vector<Digest>& codes) = 0;
    // replace_factors puts new factors in place of all old ones, raises the epoch and forgets known browsers.
    // false when the account is not active or its epoch is not `epoch` any more. [durable]
    virtual Result<bool> replace_factors(const NewFactors& factors, std::uint64_t epoch, WallTime now) = 0;
    // forget_factors removes password, TOTP, passkeys, recovery codes, known browsers and links; the account
    // is invited again (a disabled one stays disabled). Raises the epoch. Errors: Errc::not_found. [durable]
    virtual Result<> forget_factors(std::string_view user) = 0;

    // passkeys
    virtual Result<std::vector<PasskeyRow>> passkeys(std::string_view user) = 0;  // oldest first
    virtual Result<PasskeyRow> passkey(ByteView id) = 0;                          // Errors: Errc::not_found
    // add_passkey: false when the account is not active, its epoch is not `epoch`, or it has `most` already.
    // Errors: Errc::exists. [durable]
    virtual Result<bool> add_passkey(const PasskeyRow& row, std::uint64_t epoch, std::size_t most) = 0;
    // use_passkey keeps what the last proof said. false: the passkey is gone.
    virtual Result<bool> use_passkey(ByteView id, std::uint32_t sign_count, bool backed_up, WallTime now) = 0;
    virtual Result<> rename_passkey(std::string_view user, ByteView id, std::string_view name) = 0;
    // passkey_hosts: how many were registered at each host; those of before hosts were kept become
    // `present`'s.
    virtual Result<std::vector<std::pair<std::string, std::size_t>>> passkey_hosts(
        std::string_view present) = 0;
    // forget_passkeys_of a host removes them all and raises their owners' epochs; how many. [durable]
    virtual Result<std::size_t> forget_passkeys_of(std::string_view host) = 0;
    // remove_passkey raises the epoch. false: no such passkey, or the person's last factor. [durable]
    virtual Result<bool> remove_passkey(std::string_view user, ByteView id) = 0;

    // activation links; one per account
    virtual Result<> put_activation(const ActivationRow& row) = 0;  // replaces an earlier link
    virtual Result<ActivationRow> activation(const Digest& token_hash, WallTime now) = 0;  // Errc::not_found
    // stage_activation keeps what was entered so far: a password replaces an earlier one, a secret never
    // does. Empty values leave what is there. Errors: Errc::not_found
    virtual Result<> stage_activation(const Digest& token_hash, std::string_view password_hash,
                                      ByteView wrapped_secret) = 0;
    // complete_activation consumes the link, puts the factors in place as replace_factors does and makes an
    // invited account active. false: the link is used, expired or gone. [durable]
    virtual Result<bool> complete_activation(const Digest& token_hash, const NewFactors& factors,
                                             WallTime now) = 0;

    // known browsers; the newest 20 per account are kept
    virtual Result<> put_known_browser(const KnownBrowserRow& row) = 0;
    virtual Result<std::optional<std::string>> known_browser_user(const Digest& token_hash, WallTime now) = 0;
    // forget_known_browser: no error when this person has no such browser. [durable]
    virtual Result<> forget_known_browser(std::string_view user, const Digest& token_hash) = 0;

    // sessions
    // insert_session: false when the account is not active or its epoch is not `epoch`. [durable]
    virtual Result<bool> insert_session(const Session& session, std::uint64_t epoch) = 0;
    // insert_child: false when the parent is gone. [durable]
    virtual Result<bool> insert_child(const Session& session) = 0;
    // replace_sessions updates rows of the same id and inserts the others. [durable]
    virtual Result<> replace_sessions(const std::vector<SessionPtr>& sessions) = 0;
    virtual Result<> delete_sessions(const std::vector<Digest>& ids) = 0;  // [durable]
    virtual Result<> touch_sessions(const std::vector<LastSeen>& seen) = 0;
    virtual Result<std::vector<SessionPtr>> sessions() = 0;

    // service tokens
    // insert_service_token: false when the owner's account is not active. [durable]
    virtual Result<bool> insert_service_token(const ServiceTokenRow& row) = 0;
    virtual Result<> delete_service_tokens(const std::vector<Digest>& hashes) = 0;  // [durable]
    virtual Result<> expire_service_tokens(const std::vector<Digest>& hashes) = 0;  // [durable]
    virtual Result<> touch_service_tokens(const std::vector<ServiceTokenUse>& uses) = 0;
    virtual Result<std::vector<ServiceTokenRow>> service_tokens() = 0;

    // throttle buckets
    virtual Result<> put_throttle(const std::vector<ThrottleRow>& rows, const std::vector<Digest>& gone) = 0;
    virtual Result<std::vector<ThrottleRow>> throttle_rows() = 0;

    // notices
    // put_notices keeps all of them, or none when more than `most` would wait (false).
    virtual Result<bool> put_notices(const std::vector<NoticeRow>& rows, std::size_t most) = 0;
    // due_notices: the longest due first. One due implausibly late (the clock stood ahead) is due now.
    virtual Result<std::vector<NoticeRow>> due_notices(NoticeChannel channel, WallTime now,
                                                       std::size_t most) = 0;
    virtual Result<> put_off_notice(std::string_view id, NoticeChannel channel, WallTime due) = 0;
    virtual Result<> delete_notice(std::string_view id, NoticeChannel channel) = 0;
    virtual Result<std::size_t> notices_waiting(NoticeChannel channel) = 0;

    // head grows with every durable transaction: a store whose head is below one seen before is an old copy.
    virtual Result<std::int64_t> head() = 0;
    // distrust_past forgets what an old copy may have brought back: sessions, service tokens, activation
    // links, recovery codes, known browsers; and no TOTP code of a step before `now` is taken. The head goes
    // above `witnessed`. [durable]
    virtual Result<> distrust_past(WallTime now, std::int64_t witnessed) = 0;

    // keys
    virtual Result<std::vector<KeyRow>> keys() = 0;
    // put_key inserts or replaces; when `retire` names another key it becomes verify-only. [durable]
    virtual Result<> put_key(const KeyRow& row, std::string_view retire = {}) = 0;
    virtual Result<> delete_key(std::string_view id) = 0;  // [durable]; the bytes are overwritten
};

}  // namespace sekisho::auth
