#include "auth/store/schema.hpp"

#include <fmt/format.h>

#include <array>
#include <fcntl.h>
#include <unistd.h>

namespace sekisho::auth {
namespace {

// Step N brings version N to N + 1. Times are milliseconds since the epoch; 0 stands for never.
constexpr std::array<const char*, 6> steps = {R"sql(
CREATE TABLE accounts (
  name TEXT PRIMARY KEY, status INTEGER NOT NULL, password_hash TEXT NOT NULL, epoch INTEGER NOT NULL,
  created INTEGER NOT NULL, activated INTEGER NOT NULL, last_sign_in INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE totp (
  user TEXT PRIMARY KEY REFERENCES accounts(name) ON DELETE CASCADE, wrapped_secret BLOB NOT NULL,
  last_step INTEGER NOT NULL, enrolled INTEGER NOT NULL, limited_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE recovery_codes (
  user TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE, code BLOB NOT NULL,
  PRIMARY KEY (user, code)
) STRICT, WITHOUT ROWID;
CREATE TABLE activations (
  token_hash BLOB PRIMARY KEY, user TEXT NOT NULL UNIQUE REFERENCES accounts(name) ON DELETE CASCADE,
  expires INTEGER NOT NULL, password_hash TEXT NOT NULL, wrapped_secret BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE known_browsers (
  serial INTEGER PRIMARY KEY AUTOINCREMENT, token_hash BLOB NOT NULL UNIQUE,
  user TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE, expires INTEGER NOT NULL
) STRICT;
CREATE INDEX known_browsers_of ON known_browsers(user, serial);
CREATE TABLE sessions (
  id_hash BLOB PRIMARY KEY, kind INTEGER NOT NULL, parent BLOB NOT NULL,
  user TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE, host TEXT NOT NULL,
  strength INTEGER NOT NULL, proven_at INTEGER NOT NULL, created INTEGER NOT NULL,
  absolute_end INTEGER NOT NULL, idle_seconds INTEGER NOT NULL, from_address BLOB NOT NULL,
  agent TEXT NOT NULL, public_id TEXT NOT NULL, limited_until INTEGER NOT NULL,
  last_seen_seconds INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE throttle (
  key BLOB PRIMARY KEY, attempts INTEGER NOT NULL, last INTEGER NOT NULL, next INTEGER NOT NULL,
  pinned INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE keys (
  id TEXT PRIMARY KEY, purpose TEXT NOT NULL, state INTEGER NOT NULL, created INTEGER NOT NULL,
  wrapped BLOB NOT NULL, public_bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;
)sql",
                                              R"sql(
ALTER TABLE sessions ADD COLUMN device BLOB NOT NULL DEFAULT x'';
CREATE TABLE service_tokens (
  hash BLOB PRIMARY KEY, id TEXT NOT NULL, name TEXT NOT NULL,
  owner TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE, apps TEXT NOT NULL,
  created INTEGER NOT NULL, expires INTEGER NOT NULL, last_used_day INTEGER NOT NULL, over INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX service_tokens_of ON service_tokens(owner);
)sql",
                                              R"sql(
CREATE TABLE notices (
  id TEXT NOT NULL, channel INTEGER NOT NULL, kind TEXT NOT NULL, user TEXT NOT NULL,
  address TEXT NOT NULL, language TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
  created INTEGER NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL,
  PRIMARY KEY (id, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX notices_due ON notices(channel, due);
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), value INTEGER NOT NULL) STRICT;
INSERT INTO head VALUES (1, 0);
)sql",
                                              R"sql(
CREATE TABLE passkeys (
  id BLOB PRIMARY KEY, user TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE,
  user_handle BLOB NOT NULL, public_key BLOB NOT NULL, sign_count INTEGER NOT NULL,
  backup_eligible INTEGER NOT NULL, backed_up INTEGER NOT NULL, attested INTEGER NOT NULL,
  aaguid BLOB NOT NULL, transports TEXT NOT NULL, name TEXT NOT NULL, created INTEGER NOT NULL,
  last_used INTEGER NOT NULL, limited_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_of ON passkeys(user, created);
)sql",
                                              R"sql(
CREATE TABLE otp_tokens (
  user TEXT NOT NULL REFERENCES accounts(name) ON DELETE CASCADE, id TEXT NOT NULL, name TEXT NOT NULL,
  kind INTEGER NOT NULL, wrapped_secret BLOB NOT NULL, next INTEGER NOT NULL, drift INTEGER NOT NULL,
  enrolled INTEGER NOT NULL, last_used INTEGER NOT NULL, limited_until INTEGER NOT NULL,
  PRIMARY KEY (user, id)
) STRICT, WITHOUT ROWID;
INSERT INTO otp_tokens
  SELECT user, 'first', '', 0, wrapped_secret, last_step + 1, 0, enrolled, 0, limited_until FROM totp;
DROP TABLE totp;
)sql",
                                              R"sql(
ALTER TABLE passkeys ADD COLUMN host TEXT NOT NULL DEFAULT '';
)sql"};

Result<int> version_of(Database& database) {
    auto query = database.query("PRAGMA user_version");
    const int version = query.next() ? static_cast<int>(query.integer(0)) : -1;
    if (auto read = query.result(); !read) return read.error();
    return version;
}

}  // namespace

// VACUUM INTO takes what is in the log too; the empty file it fills is ours alone.
Result<> copy_store(Database& database, const std::string& to) {
    const int descriptor = ::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return Error(Errc::unavailable, "cannot write " + to);
    ::close(descriptor);
    return database.query("VACUUM INTO ?").bind(std::string_view(to)).run();
}

int schema_version() noexcept { return static_cast<int>(steps.size()); }

Result<> migrate(Database& database, const std::string& path) {
    const auto found = version_of(database);
    if (!found) return found.error();
    const int version = *found;
    if (version > schema_version())
        return Error(Errc::denied, fmt::format("the store {} has schema {}, this program knows {}: use the "
                                               "program that wrote it, or a copy from before",
                                               path, version, schema_version()));
    if (version == schema_version()) return {};
    if (version > 0)
        if (auto copied = copy_store(database, fmt::format("{}.before-{}", path, schema_version())); !copied)
            return copied;
    Transaction transaction(database, Durability::full);
    for (int step = version; step < schema_version(); ++step)
        if (auto done = database.execute(steps[static_cast<std::size_t>(step)]); !done) return done;
    if (auto set = database.execute(fmt::format("PRAGMA user_version={}", schema_version()).c_str()); !set)
        return set;
    if (auto done = transaction.commit(); !done) return done;
    // In the file itself at once: a package's script reads the number there, before it unpacks an older
    // program.
    return database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

}  // namespace sekisho::auth
