#pragma once
// The statements of table passkeys, each run within the caller's transaction.
#include "auth/store.hpp"
#include "auth/store/sqlite_io.hpp"

namespace sekisho::auth {

Result<std::vector<PasskeyRow>> read_passkey_rows(Database& database, std::string_view user);
Result<PasskeyRow> read_passkey_row(Database& database, ByteView id);  // Errors: Errc::not_found
// insert_passkey_row: false when the account is not active, its epoch moved, or it has `most` already.
Result<bool> insert_passkey_row(Database& database, const PasskeyRow& row, std::uint64_t epoch,
                                std::size_t most);
Result<bool> use_passkey_row(Database& database, ByteView id, std::uint32_t sign_count, bool backed_up,
                             WallTime now);
Result<> rename_passkey_row(Database& database, std::string_view user, ByteView id, std::string_view name);
// read_passkey_hosts first gives those without a host to `present`.
Result<std::vector<std::pair<std::string, std::size_t>>> read_passkey_hosts(Database& database,
                                                                            std::string_view present);
Result<std::size_t> delete_passkey_rows_of(Database& database, std::string_view host);
// delete_passkey_row: false when nothing would be left to prove oneself with, or there is no such passkey.
Result<bool> delete_passkey_row(Database& database, std::string_view user, ByteView id);

}  // namespace sekisho::auth
