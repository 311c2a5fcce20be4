#include "auth/store/sqlite_store.hpp"

#include "auth/store/schema.hpp"
#include "auth/store/service_token_rows.hpp"
#include "auth/store/sqlite_class.hpp"

namespace sekisho::auth {

Result<std::int64_t> SqliteStore::changed(Query& statement, Durability durability) {
    Transaction transaction(*database_, durability);
    if (!transaction.begun()) return transaction.begun().error();
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

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path) {
    auto database = Database::open(path);
    if (!database) return database.error();
    if (auto done = migrate(**database, path); !done) return done.error();
    (*database)->with_each_durable_commit("UPDATE head SET value=value+1");
    return std::unique_ptr<Store>(std::make_unique<SqliteStore>(std::move(*database)));
}

}  // namespace sekisho::auth
