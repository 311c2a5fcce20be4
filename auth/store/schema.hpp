#pragma once
// The schema of the store as numbered steps; a step once released never changes.
#include "auth/store/sqlite_io.hpp"

namespace sekisho::auth {

// schema_version is the newest version this program knows.
int schema_version() noexcept;

// migrate brings the database from whatever version it has to `schema_version`, in one transaction, after
// copying it to PATH.before-N when it holds anything.
// Errors: Errc::denied when the database is newer than this program.
Result<> migrate(Database& database, const std::string& path);

// copy_store writes a whole and consistent copy, mode 0600, over whatever is at `to`.
Result<> copy_store(Database& database, const std::string& to);

}  // namespace sekisho::auth
