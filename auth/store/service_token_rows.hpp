#pragma once
// The statements of table service_tokens, each run within the caller's transaction.
#include "auth/store.hpp"
#include "auth/store/sqlite_io.hpp"

namespace sekisho::auth {

// insert_token_row: false when the owner's account is not active.
Result<bool> insert_token_row(Database& database, const ServiceTokenRow& row);
// on_token_rows runs a statement of one parameter, the hash, for each.
Result<> on_token_rows(Database& database, const char* sql, const std::vector<Digest>& hashes);
Result<> touch_token_rows(Database& database, const std::vector<ServiceTokenUse>& uses);
Result<std::vector<ServiceTokenRow>> read_token_rows(Database& database);

}  // namespace sekisho::auth
