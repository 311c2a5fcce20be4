#include "auth/store/snapshot_io.hpp"

#include "auth/store/otp_rows.hpp"
#include "auth/store/schema.hpp"

#include <sqlite3.h>

#include <memory>
#include <unistd.h>

namespace sekisho::auth {
namespace {

constexpr std::size_t store_bytes_max = 1u << 30;
constexpr std::size_t version_at = 60;

struct Close {
    void operator()(sqlite3* database) const noexcept { sqlite3_close(database); }
};
using Handle = std::unique_ptr<sqlite3, Close>;

Error unavailable(const std::string& path, int code) {
    return Error(Errc::unavailable, path + ": " + sqlite3_errstr(code));
}

Result<Handle> open_handle(const std::string& path, int flags) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    Handle handle(raw);
    if (code != SQLITE_OK) return unavailable(path, code);
    sqlite3_busy_timeout(raw, 5000);
    return handle;
}

}  // namespace

Result<Bytes> snapshot_store(const std::string& path) {
    if (::access(path.c_str(), F_OK) != 0) return Error(Errc::not_found, "there is no store at " + path);
    auto from = open_handle(path, SQLITE_OPEN_READWRITE), to = open_handle(":memory:", SQLITE_OPEN_READWRITE);
    if (!from) return from.error();
    if (!to) return to.error();
    sqlite3_backup* copying = sqlite3_backup_init(to->get(), "main", from->get(), "main");
    if (copying == nullptr) return unavailable(path, sqlite3_errcode(to->get()));
    const int stepped = sqlite3_backup_step(copying, -1);
    const int finished = sqlite3_backup_finish(copying);
    if (stepped != SQLITE_DONE || finished != SQLITE_OK)
        return unavailable(path, stepped != SQLITE_DONE ? stepped : finished);
    sqlite3_int64 size = 0;
    const std::unique_ptr<unsigned char, decltype(&sqlite3_free)> bytes(
        sqlite3_serialize(to->get(), "main", &size, 0), sqlite3_free);
    if (!bytes || static_cast<std::size_t>(size) > store_bytes_max)
        return Error(Errc::too_large, path + ": the store is larger than 1 GiB");
    return Bytes(bytes.get(), bytes.get() + size);
}

int schema_of(ByteView store) noexcept {
    constexpr std::string_view magic{"SQLite format 3\0", 16};
    if (store.size() < version_at + 4 || as_text(store.first(magic.size())) != magic) return 0;
    std::uint32_t version = 0;
    for (std::size_t i = 0; i < 4; ++i) version = (version << 8) | store[version_at + i];
    return version > 1'000'000 ? 0 : static_cast<int>(version);
}

Result<Forgotten> forget_what_may_not_return(const std::string& path, WallTime now) {
    auto database = Database::open(path);
    if (!database) return database.error();
    if (auto migrated = migrate(**database, path); !migrated) return migrated.error();
    Forgotten gone;
    const std::pair<const char*, std::int64_t*> tables[] = {{"DELETE FROM sessions", &gone.sessions},
                                                            {"DELETE FROM service_tokens", &gone.tokens},
                                                            {"DELETE FROM activations", &gone.links},
                                                            {"DELETE FROM known_browsers", &gone.browsers},
                                                            {"DELETE FROM recovery_codes", &gone.codes}};
    Transaction transaction(**database, Durability::full);
    for (const auto& [sql, count] : tables) {
        if (auto done = (*database)->query(sql).run(); !done) return done.error();
        *count = (*database)->changes();
    }
    // A passkey somebody removed would open again; who has an authenticator app registers another with it.
    for (const char* sql : {"DELETE FROM passkeys WHERE user IN (SELECT user FROM otp_tokens WHERE kind=0)",
                            "DELETE FROM notices", "UPDATE accounts SET epoch=epoch+1"})
        if (auto done = (*database)->query(sql).run(); !done) return done.error();
    if (auto done = distrust_otp_rows(**database, now); !done) return done.error();
    if (auto done = transaction.commit(); !done) return done.error();
    if (auto done = (*database)->execute("PRAGMA wal_checkpoint(TRUNCATE)"); !done) return done.error();
    return gone;
}

}  // namespace sekisho::auth
