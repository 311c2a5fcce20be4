#include "auth/store/sqlite_store.hpp"

#include "auth/store/schema.hpp"
#include "auth/store/service_token_rows.hpp"
#include "auth/store/sqlite_io.hpp"

#include <algorithm>
#include <mutex>

namespace sekisho::auth {
namespace {

std::int64_t number(WallTime time) noexcept { return time.time_since_epoch().count(); }
WallTime moment(std::int64_t millis) noexcept { return WallTime{Millis{millis}}; }
std::optional<WallTime> optional_moment(std::int64_t millis) noexcept {
    if (millis == 0) return std::nullopt;
    return moment(millis);
}
ByteView view(const Digest& digest) noexcept { return digest; }
Digest digest_at(const Query& query, int column) {
    const auto bytes = query.blob(column);
    Digest out{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), out.size()), out.begin());
    return out;
}

Error no_such(const char* what) { return Error(Errc::not_found, std::string("no such ") + what); }

AccountRow account_at(const Query& query) {
    return {query.text(0),
            static_cast<AccountStatus>(query.integer(1)),
            query.text(2),
            static_cast<std::uint64_t>(query.integer(3)),
            moment(query.integer(4)),
            optional_moment(query.integer(5)),
            optional_moment(query.integer(6))};
}

constexpr const char* insert_session_sql =
    "INSERT OR REPLACE INTO sessions (id_hash, kind, parent, user, host, strength, proven_at, created,"
    " absolute_end, idle_seconds, from_address, agent, public_id, limited_until, last_seen_seconds, device)"
    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

Result<> write_session(Database& database, const Session& session) {
    return database.query(insert_session_sql)
        .bind(view(session.id_hash))
        .bind(static_cast<std::int64_t>(session.kind))
        .bind(view(session.parent))
        .bind(std::string_view(session.user))
        .bind(std::string_view(session.host))
        .bind(static_cast<std::int64_t>(session.strength))
        .bind(number(session.proven_at))
        .bind(number(session.created))
        .bind(number(session.absolute_end))
        .bind(static_cast<std::int64_t>(session.idle.count()))
        .bind(ByteView(session.from.octets))
        .bind(std::string_view(session.agent))
        .bind(std::string_view(session.public_id))
        .bind(number(session.limited_until))
        .bind(session.last_seen_seconds.load(std::memory_order_relaxed))
        .bind(session.device == Digest{} ? ByteView{} : view(session.device))
        .run();
}

SessionPtr session_at(const Query& query) {
    auto session = std::make_shared<Session>();
    session->id_hash = digest_at(query, 0);
    session->kind = static_cast<Session::Kind>(query.integer(1));
    session->parent = digest_at(query, 2);
    session->user = query.text(3);
    session->host = query.text(4);
    session->strength = static_cast<FactorStrength>(query.integer(5));
    session->proven_at = moment(query.integer(6));
    session->created = moment(query.integer(7));
    session->absolute_end = moment(query.integer(8));
    session->idle = Seconds{query.integer(9)};
    const auto address = query.blob(10);
    std::copy_n(address.begin(), std::min(address.size(), session->from.octets.size()),
                session->from.octets.begin());
    session->agent = query.text(11);
    session->public_id = query.text(12);
    session->limited_until = moment(query.integer(13));
    session->last_seen_seconds.store(query.integer(14), std::memory_order_relaxed);
    session->device = digest_at(query, 15);
    return session;
}

class SqliteStore final : public Store {
public:
    explicit SqliteStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

    Result<> add_account(const AccountRow& row) override;
    Result<AccountRow> account(std::string_view name) override;
    Result<std::vector<AccountRow>> accounts() override;
    Result<> set_status(std::string_view name, AccountStatus status) override;
    Result<> set_password(std::string_view name, std::string_view hash) override;
    Result<bool> replace_password_hash(std::string_view name, std::string_view from,
                                       std::string_view to) override;
    Result<> note_sign_in(std::string_view name, WallTime when) override;

    Result<TotpRow> totp(std::string_view user) override;
    Result<bool> advance_totp(std::string_view user, std::int64_t step) override;
    Result<std::size_t> recovery_codes_left(std::string_view user) override;
    Result<bool> has_recovery_code(std::string_view user, const Digest& code) override;
    Result<bool> consume_recovery_code(std::string_view user, const Digest& code) override;
    Result<> replace_recovery_codes(std::string_view user, const std::vector<Digest>& codes) override;
    Result<bool> replace_factors(const NewFactors& factors, std::uint64_t epoch, WallTime now) override;
    Result<> forget_factors(std::string_view user) override;

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

    Result<std::vector<KeyRow>> keys() override;
    Result<> put_key(const KeyRow& row, std::string_view retire) override;
    Result<> delete_key(std::string_view id) override;

private:
    // The rest is called with the mutex held.
    Query query(const char* sql) { return database_->query(sql); }
    // changed runs a statement in a transaction of its own; how many rows it wrote.
    Result<std::int64_t> changed(Query& statement, Durability durability);
    Result<> must_change(Query& statement, const char* what);
    Result<> write_factors(const NewFactors& factors, WallTime now);
    Result<> write_recovery_codes(std::string_view user, const std::vector<Digest>& codes);

    std::mutex mutex_;
    std::unique_ptr<Database> database_;
};

Result<std::int64_t> SqliteStore::changed(Query& statement, Durability durability) {
    Transaction transaction(*database_, durability);
    if (auto done = statement.run(); !done) return done.error();
    const auto rows = database_->changes();
    if (auto done = transaction.commit(); !done) return done.error();
    return rows;
}

Result<> SqliteStore::must_change(Query& statement, const char* what) {
    const auto rows = changed(statement, Durability::full);
    if (!rows) return rows.error();
    if (*rows == 0) return no_such(what);
    return {};
}

// Accounts

Result<> SqliteStore::add_account(const AccountRow& row) {
    const std::lock_guard lock(mutex_);
    auto insert = query("INSERT INTO accounts VALUES (?,?,?,?,?,?,?)");
    insert.bind(std::string_view(row.name))
        .bind(static_cast<std::int64_t>(row.status))
        .bind(std::string_view(row.password_hash))
        .bind(static_cast<std::int64_t>(row.epoch))
        .bind(number(row.created))
        .bind(row.activated ? number(*row.activated) : 0)
        .bind(row.last_sign_in ? number(*row.last_sign_in) : 0);
    const auto rows = changed(insert, Durability::full);
    if (!rows) return rows.error();
    return {};
}

Result<AccountRow> SqliteStore::account(std::string_view name) {
    const std::lock_guard lock(mutex_);
    auto select = query("SELECT * FROM accounts WHERE name=?");
    select.bind(name);
    if (select.next()) return account_at(select);
    if (auto read = select.result(); !read) return read.error();
    return no_such("account");
}

Result<std::vector<AccountRow>> SqliteStore::accounts() {
    const std::lock_guard lock(mutex_);
    auto select = query("SELECT * FROM accounts ORDER BY name");
    std::vector<AccountRow> rows;
    while (select.next()) rows.push_back(account_at(select));
    if (auto read = select.result(); !read) return read.error();
    return rows;
}

Result<> SqliteStore::set_status(std::string_view name, AccountStatus status) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    auto update = query("UPDATE accounts SET status=?, epoch=epoch+1 WHERE name=?");
    if (auto done = update.bind(static_cast<std::int64_t>(status)).bind(name).run(); !done) return done;
    if (database_->changes() == 0) return no_such("account");
    if (status == AccountStatus::disabled)
        if (auto done = query("DELETE FROM service_tokens WHERE owner=?").bind(name).run(); !done)
            return done;
    return transaction.commit();
}

Result<> SqliteStore::set_password(std::string_view name, std::string_view hash) {
    const std::lock_guard lock(mutex_);
    auto update = query("UPDATE accounts SET password_hash=?, epoch=epoch+1 WHERE name=?");
    update.bind(hash).bind(name);
    return must_change(update, "account");
}

Result<bool> SqliteStore::replace_password_hash(std::string_view name, std::string_view from,
                                                std::string_view to) {
    const std::lock_guard lock(mutex_);
    auto update = query("UPDATE accounts SET password_hash=? WHERE name=? AND password_hash=?");
    update.bind(to).bind(name).bind(from);
    const auto rows = changed(update, Durability::soon);
    if (!rows) return rows.error();
    return *rows == 1;
}

Result<> SqliteStore::note_sign_in(std::string_view name, WallTime when) {
    const std::lock_guard lock(mutex_);
    auto update = query("UPDATE accounts SET last_sign_in=? WHERE name=?");
    update.bind(number(when)).bind(name);
    const auto rows = changed(update, Durability::soon);
    if (!rows) return rows.error();
    return {};
}

// Factors

Result<TotpRow> SqliteStore::totp(std::string_view user) {
    const std::lock_guard lock(mutex_);
    auto select = query("SELECT wrapped_secret, last_step, enrolled, limited_until FROM totp WHERE user=?");
    select.bind(user);
    if (select.next())
        return TotpRow{std::string(user), select.blob(0), select.integer(1), moment(select.integer(2)),
                       moment(select.integer(3))};
    if (auto read = select.result(); !read) return read.error();
    return no_such("factor");
}

Result<bool> SqliteStore::advance_totp(std::string_view user, std::int64_t step) {
    const std::lock_guard lock(mutex_);
    auto update = query("UPDATE totp SET last_step=? WHERE user=? AND last_step<?");
    update.bind(step).bind(user).bind(step);
    const auto rows = changed(update, Durability::full);
    if (!rows) return rows.error();
    return *rows == 1;
}

Result<std::size_t> SqliteStore::recovery_codes_left(std::string_view user) {
    const std::lock_guard lock(mutex_);
    auto select = query("SELECT count(*) FROM recovery_codes WHERE user=?");
    select.bind(user);
    const auto count = select.next() ? static_cast<std::size_t>(select.integer(0)) : 0;
    if (auto read = select.result(); !read) return read.error();
    return count;
}

Result<bool> SqliteStore::has_recovery_code(std::string_view user, const Digest& code) {
    const std::lock_guard lock(mutex_);
    auto select = query("SELECT 1 FROM recovery_codes WHERE user=? AND code=?");
    select.bind(user).bind(view(code));
    const bool found = select.next();
    if (auto read = select.result(); !read) return read.error();
    return found;
}

Result<bool> SqliteStore::consume_recovery_code(std::string_view user, const Digest& code) {
    const std::lock_guard lock(mutex_);
    auto remove = query("DELETE FROM recovery_codes WHERE user=? AND code=?");
    remove.bind(user).bind(view(code));
    const auto rows = changed(remove, Durability::full);
    if (!rows) return rows.error();
    return *rows == 1;
}

Result<> SqliteStore::write_recovery_codes(std::string_view user, const std::vector<Digest>& codes) {
    if (auto done = query("DELETE FROM recovery_codes WHERE user=?").bind(user).run(); !done) return done;
    for (const auto& code : codes)
        if (auto done = query("INSERT INTO recovery_codes VALUES (?,?)").bind(user).bind(view(code)).run();
            !done)
            return done;
    return {};
}

Result<> SqliteStore::replace_recovery_codes(std::string_view user, const std::vector<Digest>& codes) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    if (auto done = write_recovery_codes(user, codes); !done) return done;
    return transaction.commit();
}

// Within a transaction: all factors of the account are the new ones, the account is active.
Result<> SqliteStore::write_factors(const NewFactors& factors, WallTime now) {
    const std::string_view user = factors.user;
    auto account = query(
        "UPDATE accounts SET epoch=epoch+1, password_hash=iif(?='', password_hash, ?),"
        " activated=iif(activated=0, ?, activated), status=iif(status=0, 1, status) WHERE name=?");
    account.bind(std::string_view(factors.password_hash)).bind(std::string_view(factors.password_hash));
    if (auto done = account.bind(number(now)).bind(user).run(); !done) return done;
    auto totp = query("INSERT OR REPLACE INTO totp VALUES (?,?,?,?,?)");
    totp.bind(user).bind(ByteView(factors.totp.wrapped_secret)).bind(factors.totp.last_step);
    if (auto done = totp.bind(number(factors.totp.enrolled)).bind(number(factors.totp.limited_until)).run();
        !done)
        return done;
    if (auto done = query("DELETE FROM known_browsers WHERE user=?").bind(user).run(); !done) return done;
    return write_recovery_codes(user, factors.recovery_codes);
}

Result<bool> SqliteStore::replace_factors(const NewFactors& factors, std::uint64_t epoch, WallTime now) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    {
        auto same = query("SELECT 1 FROM accounts WHERE name=? AND epoch=? AND status=1");
        same.bind(std::string_view(factors.user)).bind(static_cast<std::int64_t>(epoch));
        const bool found = same.next();
        if (auto read = same.result(); !read) return read.error();
        if (!found) return false;
    }
    if (auto done = write_factors(factors, now); !done) return done.error();
    if (auto done = transaction.commit(); !done) return done.error();
    return true;
}

Result<> SqliteStore::forget_factors(std::string_view user) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    auto account =
        query("UPDATE accounts SET password_hash='', epoch=epoch+1, status=iif(status=2, 2, 0) WHERE name=?");
    if (auto done = account.bind(user).run(); !done) return done;
    if (database_->changes() == 0) return no_such("account");
    for (const char* sql :
         {"DELETE FROM totp WHERE user=?", "DELETE FROM recovery_codes WHERE user=?",
          "DELETE FROM known_browsers WHERE user=?", "DELETE FROM activations WHERE user=?"})
        if (auto done = query(sql).bind(user).run(); !done) return done;
    return transaction.commit();
}

// Activation links

Result<> SqliteStore::put_activation(const ActivationRow& row) {
    const std::lock_guard lock(mutex_);
    auto insert = query("INSERT OR REPLACE INTO activations VALUES (?,?,?,?,?)");
    insert.bind(view(row.token_hash))
        .bind(std::string_view(row.user))
        .bind(number(row.expires))
        .bind(std::string_view(row.password_hash))
        .bind(ByteView(row.wrapped_secret));
    const auto rows = changed(insert, Durability::full);
    if (!rows) return rows.error();
    return {};
}

Result<ActivationRow> SqliteStore::activation(const Digest& token_hash, WallTime now) {
    const std::lock_guard lock(mutex_);
    auto select = query(
        "SELECT user, expires, password_hash, wrapped_secret FROM activations"
        " WHERE token_hash=? AND expires>?");
    select.bind(view(token_hash)).bind(number(now));
    if (select.next())
        return ActivationRow{token_hash, select.text(0), moment(select.integer(1)), select.text(2),
                             select.blob(3)};
    if (auto read = select.result(); !read) return read.error();
    return no_such("link");
}

Result<> SqliteStore::stage_activation(const Digest& token_hash, std::string_view password_hash,
                                       ByteView wrapped_secret) {
    const std::lock_guard lock(mutex_);
    auto update = query(
        "UPDATE activations SET password_hash=iif(?='', password_hash, ?),"
        " wrapped_secret=iif(length(wrapped_secret)=0, ?, wrapped_secret) WHERE token_hash=?");
    update.bind(password_hash).bind(password_hash).bind(wrapped_secret);
    update.bind(view(token_hash));
    return must_change(update, "link");
}

Result<bool> SqliteStore::complete_activation(const Digest& token_hash, const NewFactors& factors,
                                              WallTime now) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    auto remove = query("DELETE FROM activations WHERE token_hash=? AND user=? AND expires>?");
    remove.bind(view(token_hash)).bind(std::string_view(factors.user)).bind(number(now));
    if (auto done = remove.run(); !done) return done.error();
    if (database_->changes() == 0) return false;
    if (auto done = write_factors(factors, now); !done) return done.error();
    if (auto done = transaction.commit(); !done) return done.error();
    return true;
}

// Known browsers

Result<> SqliteStore::put_known_browser(const KnownBrowserRow& row) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::soon);
    auto insert = query("INSERT INTO known_browsers (token_hash, user, expires) VALUES (?,?,?)");
    insert.bind(view(row.token_hash)).bind(std::string_view(row.user)).bind(number(row.expires));
    if (auto done = insert.run(); !done) return done;
    auto trim = query(
        "DELETE FROM known_browsers WHERE user=? AND serial NOT IN"
        " (SELECT serial FROM known_browsers WHERE user=? ORDER BY serial DESC LIMIT 20)");
    if (auto done = trim.bind(std::string_view(row.user)).bind(std::string_view(row.user)).run(); !done)
        return done;
    return transaction.commit();
}

Result<std::optional<std::string>> SqliteStore::known_browser_user(const Digest& token_hash, WallTime now) {
    const std::lock_guard lock(mutex_);
    auto select = query("SELECT user FROM known_browsers WHERE token_hash=? AND expires>?");
    select.bind(view(token_hash)).bind(number(now));
    std::optional<std::string> user;
    if (select.next()) user = select.text(0);
    if (auto read = select.result(); !read) return read.error();
    return user;
}

// Sessions

Result<> SqliteStore::forget_known_browser(std::string_view user, const Digest& token_hash) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    if (auto done = query("DELETE FROM known_browsers WHERE token_hash=? AND user=?")
                        .bind(view(token_hash))
                        .bind(user)
                        .run();
        !done)
        return done;
    return transaction.commit();
}

Result<bool> SqliteStore::insert_session(const Session& session, std::uint64_t epoch) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    {
        auto fit = query("SELECT 1 FROM accounts WHERE name=? AND epoch=? AND status=1");
        fit.bind(std::string_view(session.user)).bind(static_cast<std::int64_t>(epoch));
        const bool found = fit.next();
        if (auto read = fit.result(); !read) return read.error();
        if (!found) return false;
    }
    if (auto done = write_session(*database_, session); !done) return done.error();
    if (auto done = transaction.commit(); !done) return done.error();
    return true;
}

Result<bool> SqliteStore::insert_child(const Session& session) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    {
        auto parent = query("SELECT 1 FROM sessions WHERE id_hash=? AND kind=0");
        parent.bind(view(session.parent));
        const bool found = parent.next();
        if (auto read = parent.result(); !read) return read.error();
        if (!found) return false;
    }
    if (auto done = write_session(*database_, session); !done) return done.error();
    if (auto done = transaction.commit(); !done) return done.error();
    return true;
}

Result<> SqliteStore::replace_sessions(const std::vector<SessionPtr>& sessions) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    for (const auto& session : sessions)
        if (auto done = write_session(*database_, *session); !done) return done;
    return transaction.commit();
}

Result<> SqliteStore::delete_sessions(const std::vector<Digest>& ids) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    for (const auto& id : ids)
        if (auto done = query("DELETE FROM sessions WHERE id_hash=?").bind(view(id)).run(); !done)
            return done;
    return transaction.commit();
}

Result<> SqliteStore::touch_sessions(const std::vector<LastSeen>& seen) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::soon);
    for (const auto& [id_hash, seconds] : seen) {
        auto update =
            query("UPDATE sessions SET last_seen_seconds=max(last_seen_seconds, ?) WHERE id_hash=?");
        if (auto done = update.bind(seconds).bind(view(id_hash)).run(); !done) return done;
    }
    return transaction.commit();
}

Result<std::vector<SessionPtr>> SqliteStore::sessions() {
    const std::lock_guard lock(mutex_);
    auto select = query("SELECT * FROM sessions");
    std::vector<SessionPtr> rows;
    while (select.next()) rows.push_back(session_at(select));
    if (auto read = select.result(); !read) return read.error();
    return rows;
}

// Service tokens

Result<bool> SqliteStore::insert_service_token(const ServiceTokenRow& row) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    const auto inserted = insert_token_row(*database_, row);
    if (!inserted || !*inserted) return inserted;
    if (auto done = transaction.commit(); !done) return done.error();
    return true;
}

Result<> SqliteStore::delete_service_tokens(const std::vector<Digest>& hashes) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    if (auto done = on_token_rows(*database_, "DELETE FROM service_tokens WHERE hash=?", hashes); !done)
        return done;
    return transaction.commit();
}

Result<> SqliteStore::expire_service_tokens(const std::vector<Digest>& hashes) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    if (auto done = on_token_rows(*database_, "UPDATE service_tokens SET over=1 WHERE hash=?", hashes); !done)
        return done;
    return transaction.commit();
}

Result<> SqliteStore::touch_service_tokens(const std::vector<ServiceTokenUse>& uses) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::soon);
    if (auto done = touch_token_rows(*database_, uses); !done) return done;
    return transaction.commit();
}

Result<std::vector<ServiceTokenRow>> SqliteStore::service_tokens() {
    const std::lock_guard lock(mutex_);
    return read_token_rows(*database_);
}

// Throttle buckets

Result<> SqliteStore::put_throttle(const std::vector<ThrottleRow>& rows, const std::vector<Digest>& gone) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::soon);
    for (const auto& key : gone)
        if (auto done = query("DELETE FROM throttle WHERE key=?").bind(view(key)).run(); !done) return done;
    for (const auto& row : rows) {
        auto insert = query("INSERT OR REPLACE INTO throttle VALUES (?,?,?,?,?)");
        insert.bind(view(row.key)).bind(static_cast<std::int64_t>(row.attempts)).bind(number(row.last));
        insert.bind(number(row.next)).bind(std::int64_t{row.pinned});
        if (auto done = insert.run(); !done) return done;
    }
    return transaction.commit();
}

Result<std::vector<ThrottleRow>> SqliteStore::throttle_rows() {
    const std::lock_guard lock(mutex_);
    auto select = query("SELECT key, attempts, last, next, pinned FROM throttle ORDER BY last");
    std::vector<ThrottleRow> rows;
    while (select.next())
        rows.push_back({digest_at(select, 0), static_cast<std::uint32_t>(select.integer(1)),
                        moment(select.integer(2)), moment(select.integer(3)), select.integer(4) != 0});
    if (auto read = select.result(); !read) return read.error();
    return rows;
}

// Keys

Result<std::vector<KeyRow>> SqliteStore::keys() {
    const std::lock_guard lock(mutex_);
    auto select = query("SELECT id, purpose, state, created, wrapped, public_bytes FROM keys");
    std::vector<KeyRow> rows;
    while (select.next())
        rows.push_back({select.text(0), select.text(1), static_cast<KeyState>(select.integer(2)),
                        moment(select.integer(3)), select.blob(4), select.blob(5)});
    if (auto read = select.result(); !read) return read.error();
    return rows;
}

Result<> SqliteStore::put_key(const KeyRow& row, std::string_view retire) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    if (auto done = query("UPDATE keys SET state=1 WHERE id=?").bind(retire).run(); !done) return done;
    auto insert = query("INSERT OR REPLACE INTO keys VALUES (?,?,?,?,?,?)");
    insert.bind(std::string_view(row.id))
        .bind(std::string_view(row.purpose))
        .bind(static_cast<std::int64_t>(row.state))
        .bind(number(row.created))
        .bind(ByteView(row.wrapped))
        .bind(ByteView(row.public_bytes));
    if (auto done = insert.run(); !done) return done;
    return transaction.commit();
}

Result<> SqliteStore::delete_key(std::string_view id) {
    const std::lock_guard lock(mutex_);
    auto remove = query("DELETE FROM keys WHERE id=?");
    remove.bind(id);
    if (const auto rows = changed(remove, Durability::full); !rows) return rows.error();
    // secure_delete zeroed the page; the log still holds it as it was until it is folded back.
    return database_->execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path) {
    auto database = Database::open(path);
    if (!database) return database.error();
    if (auto done = migrate(**database, path); !done) return done.error();
    return std::unique_ptr<Store>(std::make_unique<SqliteStore>(std::move(*database)));
}

}  // namespace sekisho::auth
