#include "auth/store/passkey_rows.hpp"

namespace sekisho::auth {
namespace {

std::int64_t number(WallTime time) noexcept { return time.time_since_epoch().count(); }
WallTime moment(std::int64_t millis) noexcept { return WallTime{Millis{millis}}; }

PasskeyRow row_at(const Query& query) {
    PasskeyRow row;
    row.id = query.blob(0);
    row.user = query.text(1);
    row.user_handle = query.blob(2);
    row.public_key = query.blob(3);
    row.sign_count = static_cast<std::uint32_t>(query.integer(4));
    row.backup_eligible = query.integer(5) != 0;
    row.backed_up = query.integer(6) != 0;
    row.attested = query.integer(7) != 0;
    row.aaguid = query.blob(8);
    row.transports = query.text(9);
    row.name = query.text(10);
    row.created = moment(query.integer(11));
    if (query.integer(12) != 0) row.last_used = moment(query.integer(12));
    row.limited_until = moment(query.integer(13));
    row.host = query.text(14);
    return row;
}

}  // namespace

Result<std::vector<PasskeyRow>> read_passkey_rows(Database& database, std::string_view user) {
    auto select = database.query(
        "SELECT id, user, user_handle, public_key, sign_count, backup_eligible, backed_up, attested, aaguid,"
        " transports, name, created, last_used, limited_until, host FROM passkeys WHERE user=? ORDER BY "
        "created, "
        "id");
    select.bind(user);
    std::vector<PasskeyRow> rows;
    while (select.next()) rows.push_back(row_at(select));
    if (auto read = select.result(); !read) return read.error();
    return rows;
}

Result<PasskeyRow> read_passkey_row(Database& database, ByteView id) {
    auto select = database.query(
        "SELECT id, user, user_handle, public_key, sign_count, backup_eligible, backed_up, attested, aaguid,"
        " transports, name, created, last_used, limited_until, host FROM passkeys WHERE id=?");
    select.bind(id);
    if (select.next()) return row_at(select);
    if (auto read = select.result(); !read) return read.error();
    return Error(Errc::not_found, "no such passkey");
}

Result<bool> insert_passkey_row(Database& database, const PasskeyRow& row, std::uint64_t epoch,
                                std::size_t most) {
    auto insert = database.query(
        "INSERT INTO passkeys (id, user, user_handle, public_key, sign_count, backup_eligible, backed_up,"
        " attested, aaguid, transports, name, created, last_used, limited_until, host)"
        " SELECT ?,name,?,?,?,?,?,?,?,?,?,?,0,?,? FROM accounts WHERE name=? AND epoch=? AND status=1"
        " AND (SELECT count(*) FROM passkeys WHERE user=accounts.name) < ?");
    insert.bind(ByteView(row.id)).bind(ByteView(row.user_handle)).bind(ByteView(row.public_key));
    insert.bind(std::int64_t{row.sign_count}).bind(std::int64_t{row.backup_eligible});
    insert.bind(std::int64_t{row.backed_up}).bind(std::int64_t{row.attested}).bind(ByteView(row.aaguid));
    insert.bind(std::string_view(row.transports)).bind(std::string_view(row.name));
    insert.bind(number(row.created)).bind(number(row.limited_until)).bind(std::string_view(row.host));
    insert.bind(std::string_view(row.user));
    insert.bind(static_cast<std::int64_t>(epoch)).bind(static_cast<std::int64_t>(most));
    if (auto done = insert.run(); !done) return done.error();
    return database.changes() == 1;
}

Result<bool> use_passkey_row(Database& database, ByteView id, std::uint32_t sign_count, bool backed_up,
                             WallTime now) {
    auto update = database.query("UPDATE passkeys SET sign_count=?, backed_up=?, last_used=? WHERE id=?");
    update.bind(std::int64_t{sign_count}).bind(std::int64_t{backed_up}).bind(number(now)).bind(id);
    if (auto done = update.run(); !done) return done.error();
    return database.changes() == 1;
}

Result<> rename_passkey_row(Database& database, std::string_view user, ByteView id, std::string_view name) {
    auto update = database.query("UPDATE passkeys SET name=? WHERE user=? AND id=?");
    if (auto done = update.bind(name).bind(user).bind(id).run(); !done) return done;
    if (database.changes() == 0) return Error(Errc::not_found, "no such passkey");
    return {};
}

Result<std::vector<std::pair<std::string, std::size_t>>> read_passkey_hosts(Database& database,
                                                                            std::string_view present) {
    if (auto done = database.query("UPDATE passkeys SET host=? WHERE host=''").bind(present).run(); !done)
        return done.error();
    auto select = database.query("SELECT host, count(*) FROM passkeys GROUP BY host ORDER BY host");
    std::vector<std::pair<std::string, std::size_t>> out;
    while (select.next()) out.emplace_back(select.text(0), static_cast<std::size_t>(select.integer(1)));
    if (auto read = select.result(); !read) return read.error();
    return out;
}

Result<std::size_t> delete_passkey_rows_of(Database& database, std::string_view host) {
    auto raise = database.query(
        "UPDATE accounts SET epoch=epoch+1 WHERE name IN (SELECT user FROM passkeys WHERE host=?)");
    if (auto done = raise.bind(host).run(); !done) return done.error();
    if (auto done = database.query("DELETE FROM passkeys WHERE host=?").bind(host).run(); !done)
        return done.error();
    return static_cast<std::size_t>(database.changes());
}

Result<bool> delete_passkey_row(Database& database, std::string_view user, ByteView id) {
    auto remove = database.query(
        "DELETE FROM passkeys WHERE id=? AND user=? AND (EXISTS (SELECT 1 FROM otp_tokens WHERE user=?)"
        " OR (SELECT count(*) FROM passkeys WHERE user=?) > 1)");
    remove.bind(id).bind(user).bind(user).bind(user);
    if (auto done = remove.run(); !done) return done.error();
    if (database.changes() == 0) return false;
    auto raise = database.query("UPDATE accounts SET epoch=epoch+1 WHERE name=?");
    if (auto done = raise.bind(user).run(); !done) return done.error();
    return true;
}

}  // namespace sekisho::auth
