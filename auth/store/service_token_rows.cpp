#include "auth/store/service_token_rows.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

// Names of apps hold no blank.
std::string joined(const std::vector<std::string>& apps) {
    std::string text;
    for (const auto& app : apps) text += (text.empty() ? "" : " ") + app;
    return text;
}

ServiceTokenRow row_at(const Query& query) {
    const auto moment = [&](int column) { return WallTime{Millis{query.integer(column)}}; };
    ServiceTokenRow row;
    const auto hash = query.blob(0);
    std::copy_n(hash.begin(), std::min(hash.size(), row.hash.size()), row.hash.begin());
    row.id = query.text(1);
    row.name = query.text(2);
    row.owner = query.text(3);
    const auto apps = query.text(4);
    for (const auto app : split(apps, ' ')) row.apps.emplace_back(app);
    row.created = moment(5);
    row.expires = moment(6);
    row.last_used_day = static_cast<std::int32_t>(query.integer(7));
    row.over = query.integer(8) != 0;
    return row;
}

}  // namespace

Result<bool> insert_token_row(Database& database, const ServiceTokenRow& row) {
    const auto apps = joined(row.apps);
    auto insert = database.query(
        "INSERT INTO service_tokens (hash, id, name, owner, apps, created, expires, last_used_day, over)"
        " SELECT ?,?,?,name,?,?,?,?,? FROM accounts WHERE name=? AND status=1");
    insert.bind(ByteView(row.hash)).bind(std::string_view(row.id)).bind(std::string_view(row.name));
    insert.bind(std::string_view(apps)).bind(row.created.time_since_epoch().count());
    insert.bind(row.expires.time_since_epoch().count()).bind(std::int64_t{row.last_used_day});
    insert.bind(std::int64_t{row.over}).bind(std::string_view(row.owner));
    if (auto done = insert.run(); !done) return done.error();
    return database.changes() == 1;
}

Result<> on_token_rows(Database& database, const char* sql, const std::vector<Digest>& hashes) {
    for (const auto& hash : hashes)
        if (auto done = database.query(sql).bind(ByteView(hash)).run(); !done) return done;
    return {};
}

Result<> touch_token_rows(Database& database, const std::vector<ServiceTokenUse>& uses) {
    for (const auto& [hash, day] : uses) {
        auto update =
            database.query("UPDATE service_tokens SET last_used_day=max(last_used_day, ?) WHERE hash=?");
        if (auto done = update.bind(std::int64_t{day}).bind(ByteView(hash)).run(); !done) return done;
    }
    return {};
}

Result<std::vector<ServiceTokenRow>> read_token_rows(Database& database) {
    auto select = database.query(
        "SELECT hash, id, name, owner, apps, created, expires, last_used_day, over FROM service_tokens");
    std::vector<ServiceTokenRow> rows;
    while (select.next()) rows.push_back(row_at(select));
    if (auto read = select.result(); !read) return read.error();
    return rows;
}

}  // namespace sekisho::auth
