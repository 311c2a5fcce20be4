#include "auth/store/sqlite_class.hpp"

namespace sekisho::auth {
namespace {

AccountRow account_at(const Query& query) {
    return {query.text(0),
            static_cast<AccountStatus>(query.integer(1)),
            query.text(2),
            static_cast<std::uint64_t>(query.integer(3)),
            moment(query.integer(4)),
            optional_moment(query.integer(5)),
            optional_moment(query.integer(6))};
}

}  // namespace

Result<> SqliteStore::add_account(const AccountRow& row) { return add_accounts({row}, {}); }

Result<> SqliteStore::add_accounts(const std::vector<AccountRow>& rows,
                                   const std::vector<ActivationRow>& links) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    for (const auto& row : rows) {
        auto insert = query("INSERT INTO accounts VALUES (?,?,?,?,?,?,?)");
        insert.bind(std::string_view(row.name)).bind(static_cast<std::int64_t>(row.status));
        insert.bind(std::string_view(row.password_hash)).bind(static_cast<std::int64_t>(row.epoch));
        insert.bind(number(row.created)).bind(row.activated ? number(*row.activated) : 0);
        insert.bind(row.last_sign_in ? number(*row.last_sign_in) : 0);
        if (auto done = insert.run(); !done) return done;
    }
    for (const auto& link : links)
        if (auto done = write_activation(link); !done) return done;
    return transaction.commit();
}

// Within a transaction.
Result<> SqliteStore::write_activation(const ActivationRow& row) {
    auto insert = query("INSERT OR REPLACE INTO activations VALUES (?,?,?,?,?)");
    insert.bind(view(row.token_hash)).bind(std::string_view(row.user)).bind(number(row.expires));
    insert.bind(std::string_view(row.password_hash)).bind(ByteView(row.wrapped_secret));
    return insert.run();
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

// Activation links

Result<> SqliteStore::put_activation(const ActivationRow& row) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    if (auto done = write_activation(row); !done) return done;
    return transaction.commit();
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

}  // namespace sekisho::auth
