#include "auth/store/sqlite_class.hpp"

namespace sekisho::auth {
namespace {

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

}  // namespace

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

}  // namespace sekisho::auth
