#pragma once
// The store behind one mutex, as one class whose members live by subject: sqlite_accounts.cpp,
// sqlite_factors.cpp, sqlite_passkeys.cpp, sqlite_sessions.cpp, sqlite_notices.cpp, and the rest in
// sqlite_store.cpp.
#include "auth/store.hpp"
#include "auth/store/sqlite_io.hpp"

#include <algorithm>
#include <mutex>

namespace sekisho::auth {

// How columns hold our types: times as milliseconds since the epoch, 0 for never.
inline std::int64_t number(WallTime time) noexcept { return time.time_since_epoch().count(); }
inline WallTime moment(std::int64_t millis) noexcept { return WallTime{Millis{millis}}; }
inline std::optional<WallTime> optional_moment(std::int64_t millis) noexcept {
    if (millis == 0) return std::nullopt;
    return moment(millis);
}
inline ByteView view(const Digest& digest) noexcept { return digest; }
inline Digest digest_at(const Query& query, int column) {
    const auto bytes = query.blob(column);
    Digest out{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), out.size()), out.begin());
    return out;
}

inline Error no_such(const char* what) { return Error(Errc::not_found, std::string("no such ") + what); }

class SqliteStore final : public Store {
public:
    explicit SqliteStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

    Result<> add_account(const AccountRow& row) override;
    Result<> add_accounts(const std::vector<AccountRow>& rows,
                          const std::vector<ActivationRow>& links) override;
    Result<AccountRow> account(std::string_view name) override;
    Result<std::vector<AccountRow>> accounts() override;
    Result<> set_status(std::string_view name, AccountStatus status) override;
    Result<> set_password(std::string_view name, std::string_view hash) override;
    Result<bool> replace_password_hash(std::string_view name, std::string_view from,
                                       std::string_view to) override;
    Result<> note_sign_in(std::string_view name, WallTime when) override;

    Result<std::vector<OtpRow>> otp_tokens(std::string_view user) override;
    Result<bool> accept_otp(std::string_view user, std::string_view id, std::int64_t value,
                            std::int32_t drift, WallTime now) override;
    Result<bool> add_otp(const OtpRow& row, std::uint64_t epoch, std::size_t most,
                         std::string_view replaces) override;
    Result<> rename_otp(std::string_view user, std::string_view id, std::string_view name) override;
    Result<bool> remove_otp(std::string_view user, std::string_view id) override;
    Result<std::size_t> recovery_codes_left(std::string_view user) override;
    Result<bool> has_recovery_code(std::string_view user, const Digest& code) override;
    Result<bool> consume_recovery_code(std::string_view user, const Digest& code) override;
    Result<> replace_recovery_codes(std::string_view user, const std::vector<Digest>& codes) override;
    Result<bool> replace_factors(const NewFactors& factors, std::uint64_t epoch, WallTime now) override;
    Result<> forget_factors(std::string_view user) override;

    Result<std::vector<PasskeyRow>> passkeys(std::string_view user) override;
    Result<PasskeyRow> passkey(ByteView id) override;
    Result<bool> add_passkey(const PasskeyRow& row, std::uint64_t epoch, std::size_t most) override;
    Result<bool> use_passkey(ByteView id, std::uint32_t sign_count, bool backed_up, WallTime now) override;
    Result<> rename_passkey(std::string_view user, ByteView id, std::string_view name) override;
    Result<std::vector<std::pair<std::string, std::size_t>>> passkey_hosts(std::string_view present) override;
    Result<std::size_t> forget_passkeys_of(std::string_view host) override;
    Result<bool> remove_passkey(std::string_view user, ByteView id) override;

    Result<> put_activation(const ActivationRow& row) override;
    Result<ActivationRow> activation(const Digest& token_hash, WallTime now) override;
    Result<> stage_activation(const Digest& token_hash, std::string_view password_hash,
                              ByteView wrapped_secret) override;
    Result<bool> complete_activation(const Digest& token_hash, const NewFactors& factors,
                                     WallTime now) override;

    Result<> put_known_browser(const KnownBrowserRow& row) override;
    Result<std::optional<std::string>> known_browser_user(const Digest& token_hash, WallTime now) override;

    Result<> forget_known_browser(std::string_view user, const Digest& token_hash) override;
    Result<bool> insert_session(const Session& session, std::uint64_t epoch) override;
    Result<bool> insert_child(const Session& session) override;
    Result<> replace_sessions(const std::vector<SessionPtr>& sessions) override;
    Result<> delete_sessions(const std::vector<Digest>& ids) override;
    Result<> touch_sessions(const std::vector<LastSeen>& seen) override;
    Result<std::vector<SessionPtr>> sessions() override;

    Result<bool> insert_service_token(const ServiceTokenRow& row) override;
    Result<> delete_service_tokens(const std::vector<Digest>& hashes) override;
    Result<> expire_service_tokens(const std::vector<Digest>& hashes) override;
    Result<> touch_service_tokens(const std::vector<ServiceTokenUse>& uses) override;
    Result<std::vector<ServiceTokenRow>> service_tokens() override;

    Result<> put_throttle(const std::vector<ThrottleRow>& rows, const std::vector<Digest>& gone) override;
    Result<std::vector<ThrottleRow>> throttle_rows() override;

    Result<bool> put_notices(const std::vector<NoticeRow>& rows, std::size_t most) override;
    Result<std::vector<NoticeRow>> due_notices(NoticeChannel channel, WallTime now,
                                               std::size_t most) override;
    Result<> put_off_notice(std::string_view id, NoticeChannel channel, WallTime due) override;
    Result<> delete_notice(std::string_view id, NoticeChannel channel) override;
    Result<std::size_t> notices_waiting(NoticeChannel channel) override;

    Result<std::int64_t> head() override;
    Result<> distrust_past(WallTime now, std::int64_t witnessed) override;

    Result<std::vector<KeyRow>> keys() override;
    Result<> put_key(const KeyRow& row, std::string_view retire) override;
    Result<> delete_key(std::string_view id) override;

private:
    // committed_if takes the mutex, runs statements in a transaction of their own, and keeps what they did if
    // they say yes.
    template <class Statements>
    Result<bool> committed_if(Durability durability, Statements&& statements) {
        const std::lock_guard lock(mutex_);
        Transaction transaction(*database_, durability);
        const Result<bool> yes = statements();
        if (!yes || !*yes) return yes;
        if (auto done = transaction.commit(); !done) return done.error();
        return true;
    }
    // The rest is called with the mutex held.
    Query query(const char* sql) { return database_->query(sql); }
    // changed runs a statement in a transaction of its own; how many rows it wrote.
    Result<std::int64_t> changed(Query& statement, Durability durability);
    Result<> must_change(Query& statement, const char* what);
    Result<> write_activation(const ActivationRow& row);
    Result<> write_factors(const NewFactors& factors, WallTime now);
    Result<> write_recovery_codes(std::string_view user, const std::vector<Digest>& codes);

    std::mutex mutex_;
    std::unique_ptr<Database> database_;
};

}  // namespace sekisho::auth
