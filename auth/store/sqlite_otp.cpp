#include "auth/store/otp_rows.hpp"
#include "auth/store/sqlite_class.hpp"

namespace sekisho::auth {

Result<std::vector<OtpRow>> SqliteStore::otp_tokens(std::string_view user) {
    const std::lock_guard lock(mutex_);
    return read_otp_rows(*database_, user);
}

Result<bool> SqliteStore::accept_otp(std::string_view user, std::string_view id, std::int64_t value,
                                     std::int32_t drift, WallTime now) {
    return committed_if(Durability::full,
                        [&] { return accept_otp_row(*database_, user, id, value, drift, now); });
}

Result<bool> SqliteStore::add_otp(const OtpRow& row, std::uint64_t epoch, std::size_t most,
                                  std::string_view replaces) {
    return committed_if(Durability::full,
                        [&] { return insert_otp_row(*database_, row, epoch, most, replaces); });
}

Result<> SqliteStore::rename_otp(std::string_view user, std::string_view id, std::string_view name) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::soon);
    if (auto done = rename_otp_row(*database_, user, id, name); !done) return done;
    return transaction.commit();
}

Result<bool> SqliteStore::remove_otp(std::string_view user, std::string_view id) {
    return committed_if(Durability::full, [&] { return delete_otp_row(*database_, user, id); });
}

}  // namespace sekisho::auth
