#pragma once
// The statements of table otp_tokens, each run within the caller's transaction.
#include "auth/store.hpp"
#include "auth/store/sqlite_io.hpp"

namespace sekisho::auth {

Result<std::vector<OtpRow>> read_otp_rows(Database& database, std::string_view user);
// accept_otp_row: false when the value was used or is behind.
Result<bool> accept_otp_row(Database& database, std::string_view user, std::string_view id,
                            std::int64_t value, std::int32_t drift, WallTime now);
// insert_otp_row: false when the account is not active, its epoch moved, it has `most` already, or there is
// no token `replaces`.
Result<bool> insert_otp_row(Database& database, const OtpRow& row, std::uint64_t epoch, std::size_t most,
                            std::string_view replaces);
// replace_all_otp_rows: this one is the only token, under the id first_otp.
Result<> replace_all_otp_rows(Database& database, const OtpRow& row);
Result<> rename_otp_row(Database& database, std::string_view user, std::string_view id,
                        std::string_view name);
// delete_otp_row: false when nothing would be left to prove oneself with, or there is no such token.
Result<bool> delete_otp_row(Database& database, std::string_view user, std::string_view id);
// distrust_otp_rows: no code that may have been used before `now` is taken, whatever an old copy says. What a
// counter has used up since cannot be known: such tokens go.
Result<> distrust_otp_rows(Database& database, WallTime now);

}  // namespace sekisho::auth
