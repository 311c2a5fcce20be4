#include "auth/store/otp_rows.hpp"

namespace sekisho::auth {
namespace {

std::int64_t number(WallTime time) noexcept { return time.time_since_epoch().count(); }
WallTime moment(std::int64_t millis) noexcept { return WallTime{Millis{millis}}; }

Result<> write_row(Database& database, const OtpRow& row, std::string_view id) {
    auto insert = database.query(
        "INSERT INTO otp_tokens (user, id, name, kind, wrapped_secret, next, drift, enrolled, last_used,"
        " limited_until) VALUES (?,?,?,?,?,?,?,?,0,?)");
    insert.bind(std::string_view(row.user)).bind(id).bind(std::string_view(row.name));
    insert.bind(static_cast<std::int64_t>(row.kind)).bind(ByteView(row.wrapped_secret)).bind(row.next);
    insert.bind(std::int64_t{row.drift}).bind(number(row.enrolled)).bind(number(row.limited_until));
    return insert.run();
}

Result<> raise_epoch(Database& database, std::string_view user) {
    return database.query("UPDATE accounts SET epoch=epoch+1 WHERE name=?").bind(user).run();
}

Result<bool> account_fits(Database& database, const OtpRow& row, std::uint64_t epoch, std::size_t most) {
    auto fits = database.query(
        "SELECT 1 FROM accounts WHERE name=? AND epoch=? AND status=1"
        " AND (SELECT count(*) FROM otp_tokens WHERE user=accounts.name) < ?");
    fits.bind(std::string_view(row.user)).bind(static_cast<std::int64_t>(epoch));
    fits.bind(static_cast<std::int64_t>(most));
    const bool found = fits.next();
    if (auto read = fits.result(); !read) return read.error();
    return found;
}

}  // namespace

Result<std::vector<OtpRow>> read_otp_rows(Database& database, std::string_view user) {
    auto select = database.query(
        "SELECT id, name, kind, wrapped_secret, next, drift, enrolled, last_used, limited_until"
        " FROM otp_tokens WHERE user=? ORDER BY enrolled, id");
    select.bind(user);
    std::vector<OtpRow> rows;
    while (select.next()) {
        OtpRow row;
        row.user = user;
        row.id = select.text(0);
        row.name = select.text(1);
        row.kind = select.integer(2) == 0 ? OtpKind::totp : OtpKind::hotp;
        row.wrapped_secret = select.blob(3);
        row.next = select.integer(4);
        row.drift = static_cast<std::int32_t>(select.integer(5));
        row.enrolled = moment(select.integer(6));
        if (select.integer(7) != 0) row.last_used = moment(select.integer(7));
        row.limited_until = moment(select.integer(8));
        rows.push_back(std::move(row));
    }
    if (auto read = select.result(); !read) return read.error();
    return rows;
}

Result<bool> accept_otp_row(Database& database, std::string_view user, std::string_view id,
                            std::int64_t value, std::int32_t drift, WallTime now) {
    auto update = database.query(
        "UPDATE otp_tokens SET next=?, drift=?, last_used=? WHERE user=? AND id=? AND next<=?");
    update.bind(value + 1).bind(std::int64_t{drift}).bind(number(now)).bind(user).bind(id).bind(value);
    if (auto done = update.run(); !done) return done.error();
    return database.changes() == 1;
}

Result<bool> insert_otp_row(Database& database, const OtpRow& row, std::uint64_t epoch, std::size_t most,
                            std::string_view replaces) {
    if (!replaces.empty()) {
        auto remove = database.query("DELETE FROM otp_tokens WHERE user=? AND id=?");
        if (auto done = remove.bind(std::string_view(row.user)).bind(replaces).run(); !done)
            return done.error();
        if (database.changes() == 0) return false;
    }
    const auto fits = account_fits(database, row, epoch, most);
    if (!fits || !*fits) return fits;
    if (auto done = write_row(database, row, row.id); !done) return done.error();
    if (!replaces.empty())
        if (auto done = raise_epoch(database, row.user); !done) return done.error();
    return true;
}

Result<> replace_all_otp_rows(Database& database, const OtpRow& row) {
    auto remove = database.query("DELETE FROM otp_tokens WHERE user=?");
    if (auto done = remove.bind(std::string_view(row.user)).run(); !done) return done;
    return write_row(database, row, first_otp);
}

Result<> rename_otp_row(Database& database, std::string_view user, std::string_view id,
                        std::string_view name) {
    auto update = database.query("UPDATE otp_tokens SET name=? WHERE user=? AND id=?");
    if (auto done = update.bind(name).bind(user).bind(id).run(); !done) return done;
    if (database.changes() == 0) return Error(Errc::not_found, "no such token");
    return {};
}

Result<bool> delete_otp_row(Database& database, std::string_view user, std::string_view id) {
    auto remove = database.query(
        "DELETE FROM otp_tokens WHERE user=? AND id=? AND (EXISTS (SELECT 1 FROM passkeys WHERE user=?)"
        " OR (SELECT count(*) FROM otp_tokens WHERE user=?) > 1)");
    remove.bind(user).bind(id).bind(user).bind(user);
    if (auto done = remove.run(); !done) return done.error();
    if (database.changes() == 0) return false;
    if (auto done = raise_epoch(database, user); !done) return done.error();
    return true;
}

// One step further than now, and as far as each clock is known to be ahead.
Result<> distrust_otp_rows(Database& database, WallTime now) {
    if (auto done = database.query("DELETE FROM otp_tokens WHERE kind=1").run(); !done) return done;
    auto forward = database.query("UPDATE otp_tokens SET next=max(next, ? + (max(drift, 0) + 3) / 4)");
    return forward.bind(totp_step_at(now) + 2).run();
}

}  // namespace sekisho::auth
