#include "auth/store/passkey_rows.hpp"
#include "auth/store/sqlite_class.hpp"

namespace sekisho::auth {

Result<std::vector<PasskeyRow>> SqliteStore::passkeys(std::string_view user) {
    const std::lock_guard lock(mutex_);
    return read_passkey_rows(*database_, user);
}

Result<PasskeyRow> SqliteStore::passkey(ByteView id) {
    const std::lock_guard lock(mutex_);
    return read_passkey_row(*database_, id);
}

Result<bool> SqliteStore::add_passkey(const PasskeyRow& row, std::uint64_t epoch, std::size_t most) {
    return committed_if(Durability::full, [&] { return insert_passkey_row(*database_, row, epoch, most); });
}

Result<bool> SqliteStore::use_passkey(ByteView id, std::uint32_t sign_count, bool backed_up, WallTime now) {
    return committed_if(Durability::soon,
                        [&] { return use_passkey_row(*database_, id, sign_count, backed_up, now); });
}

Result<> SqliteStore::rename_passkey(std::string_view user, ByteView id, std::string_view name) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::soon);
    if (auto done = rename_passkey_row(*database_, user, id, name); !done) return done;
    return transaction.commit();
}

Result<bool> SqliteStore::remove_passkey(std::string_view user, ByteView id) {
    return committed_if(Durability::full, [&] { return delete_passkey_row(*database_, user, id); });
}

}  // namespace sekisho::auth
