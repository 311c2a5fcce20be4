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

Result<std::vector<std::pair<std::string, std::size_t>>> SqliteStore::passkey_hosts(
    std::string_view present) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::soon);
    auto hosts = read_passkey_hosts(*database_, present);
    if (!hosts) return hosts;
    if (auto done = transaction.commit(); !done) return done.error();
    return hosts;
}

Result<std::size_t> SqliteStore::forget_passkeys_of(std::string_view host) {
    const std::lock_guard lock(mutex_);
    Transaction transaction(*database_, Durability::full);
    const auto gone = delete_passkey_rows_of(*database_, host);
    if (!gone) return gone;
    if (auto done = transaction.commit(); !done) return done.error();
    return gone;
}

Result<bool> SqliteStore::remove_passkey(std::string_view user, ByteView id) {
    return committed_if(Durability::full, [&] { return delete_passkey_row(*database_, user, id); });
}

}  // namespace sekisho::auth
