#include "auth/store/otp_rows.hpp"
#include "auth/store/sqlite_class.hpp"

namespace sekisho::auth {
namespace {

// No notice is put off for longer; one due later was put off while the clock stood ahead.
constexpr Seconds put_off_max{24 * 3600};

constexpr const char* columns_of_notices =
    "SELECT id, kind, user, address, language, subject, body, created, due, attempts FROM notices"
    " WHERE channel=? AND (due<=? OR due>?) ORDER BY due, id LIMIT ?";

NoticeRow notice_at(const Query& query, NoticeChannel channel) {
    return {query.text(0),
            channel,
            query.text(1),
            query.text(2),
            query.text(3),
            query.text(4),
            query.text(5),
            query.text(6),
            moment(query.integer(7)),
            moment(query.integer(8)),
            static_cast<std::uint32_t>(query.integer(9))};
}

}  // namespace

Result<bool> SqliteStore::put_notices(const std::vector<NoticeRow>& rows, std::size_t most) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::soon);
    for (const auto& row : rows) {
        auto insert = query(
            "INSERT OR REPLACE INTO notices SELECT ?,?,?,?,?,?,?,?,?,?,?"
            " WHERE (SELECT count(*) FROM notices) < ?");
        insert.bind(std::string_view(row.id)).bind(static_cast<std::int64_t>(row.channel));
        insert.bind(std::string_view(row.kind)).bind(std::string_view(row.user));
        insert.bind(std::string_view(row.address)).bind(std::string_view(row.language));
        insert.bind(std::string_view(row.subject)).bind(std::string_view(row.body));
        insert.bind(number(row.created)).bind(number(row.due)).bind(std::int64_t{row.attempts});
        if (auto done = insert.bind(static_cast<std::int64_t>(most)).run(); !done) return done.error();
        if (database_->changes() == 0) return false;
    }
    if (auto done = transaction.commit(); !done) return done.error();
    return true;
}

Result<std::vector<NoticeRow>> SqliteStore::due_notices(NoticeChannel channel, WallTime now,
                                                        std::size_t most) {
    const std::lock_guard lock(mutex_);
    auto select = query(columns_of_notices);
    select.bind(static_cast<std::int64_t>(channel)).bind(number(now)).bind(number(now + put_off_max));
    select.bind(static_cast<std::int64_t>(most));
    std::vector<NoticeRow> rows;
    while (select.next()) rows.push_back(notice_at(select, channel));
    if (auto read = select.result(); !read) return read.error();
    return rows;
}

Result<> SqliteStore::put_off_notice(std::string_view id, NoticeChannel channel, WallTime due) {
    const std::lock_guard lock(mutex_);
    auto update = query("UPDATE notices SET due=?, attempts=attempts+1 WHERE id=? AND channel=?");
    update.bind(number(due)).bind(id).bind(static_cast<std::int64_t>(channel));
    if (const auto rows = changed(update, Durability::soon); !rows) return rows.error();
    return {};
}

Result<> SqliteStore::delete_notice(std::string_view id, NoticeChannel channel) {
    const std::lock_guard lock(mutex_);
    auto remove = query("DELETE FROM notices WHERE id=? AND channel=?");
    remove.bind(id).bind(static_cast<std::int64_t>(channel));
    if (const auto rows = changed(remove, Durability::soon); !rows) return rows.error();
    return {};
}

Result<std::size_t> SqliteStore::notices_waiting(NoticeChannel channel) {
    const std::lock_guard lock(mutex_);
    auto select = query("SELECT count(*) FROM notices WHERE channel=?");
    select.bind(static_cast<std::int64_t>(channel));
    const auto count = select.next() ? static_cast<std::size_t>(select.integer(0)) : 0;
    if (auto read = select.result(); !read) return read.error();
    return count;
}

// The head

Result<std::int64_t> SqliteStore::head() {
    const std::lock_guard lock(mutex_);
    auto select = query("SELECT value FROM head");
    const auto value = select.next() ? select.integer(0) : 0;
    if (auto read = select.result(); !read) return read.error();
    return value;
}

Result<> SqliteStore::distrust_past(WallTime now, std::int64_t witnessed) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    for (const char* sql : {"DELETE FROM sessions", "DELETE FROM service_tokens", "DELETE FROM activations",
                            "DELETE FROM recovery_codes", "DELETE FROM known_browsers",
                            "DELETE FROM passkeys WHERE user IN (SELECT user FROM otp_tokens WHERE kind=0)",
                            "UPDATE accounts SET epoch=epoch+1"})
        if (auto done = query(sql).run(); !done) return done;
    if (auto done = distrust_otp_rows(*database_, now); !done) return done;
    if (auto done = query("UPDATE head SET value=max(value, ?)").bind(witnessed).run(); !done) return done;
    return transaction.commit();
}

}  // namespace sekisho::auth
