#pragma once
// The store of a single gateway: one SQLite file, mode 0600, in WAL mode, behind one mutex.
#include "auth/store.hpp"

#include <memory>

namespace sekisho::auth {

// open_sqlite_store opens or makes the file and brings its schema up to date, in one transaction and after
// copying the file to PATH.before-N.
// Errors: Errc::denied when the schema is newer than this program knows, Errc::unavailable otherwise.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path);

}  // namespace sekisho::auth
