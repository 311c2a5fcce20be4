#include "auth/store/otp_rows.hpp"
#include "auth/store/sqlite_class.hpp"

namespace sekisho::auth {

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
    if (auto done = replace_all_otp_rows(*database_, factors.otp); !done) return done;
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
         {"DELETE FROM otp_tokens WHERE user=?", "DELETE FROM passkeys WHERE user=?",
          "DELETE FROM recovery_codes WHERE user=?", "DELETE FROM known_browsers WHERE user=?",
          "DELETE FROM activations WHERE user=?"})
        if (auto done = query(sql).bind(user).run(); !done) return done;
    return transaction.commit();
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

}  // namespace sekisho::auth
