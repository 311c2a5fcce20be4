#pragma once
// Keyring holds every long-lived key of the product, each sealed under the master key and kept in the store.
// The master key is a file outside the data directory (R23): neither alone opens anything.
#include "auth/store.hpp"
#include "base/secret.hpp"

#include <map>
#include <memory>
#include <shared_mutex>

namespace sekisho::auth {

// create_master_key writes 32 random bytes to a new file of mode 0600. Errors: Errc::exists.
Result<> create_master_key(const std::string& path);
// read_master_key. Errors: Errc::denied when others may read the file, Errc::malformed when it has not 32
// bytes, Errc::not_found.
Result<Secret> read_master_key(const std::string& path);

enum class KeyPurpose : std::uint8_t {
    password_pepper,  // HMAC over passwords
    totp_wrap,        // seals TOTP secrets
    recovery,         // HMAC over recovery codes
    browser_seal,     // seals -tx cookies and tickets; signs CSRF tokens
    throttle_names,   // HMAC over account names in throttle buckets
    tls_ticket,       // session tickets, shared by the workers
};
std::string_view to_text(KeyPurpose purpose) noexcept;

struct NamedKey {
    std::string id;
    KeyState state = KeyState::active;
    WallTime created{};
    Secret key;
};

struct NamedSigningKey {
    std::string id;
    KeyState state = KeyState::active;
    WallTime created{};
    std::shared_ptr<const SigningKey> key;
};

// Thread: every member from any thread. Reads take a shared lock and no disk; what makes a key writes the
// store.
class Keyring {
public:
    // open unwraps every key and makes those that are missing.
    // Errors: Errc::denied when the master key does not open what is stored.
    static Result<std::unique_ptr<Keyring>> open(Store& store, const Clock& clock, Secret master);

    // active is the key to make new things with; find one to read old things; all, newest first.
    NamedKey active(KeyPurpose purpose) const;
    std::optional<NamedKey> find(KeyPurpose purpose, std::string_view id) const;
    std::vector<NamedKey> all(KeyPurpose purpose) const;
    // rotate makes a new active key; the old one stays to verify and open.
    Result<NamedKey> rotate(KeyPurpose purpose);
    // retire removes verify-only keys made before `before`; those that protect passwords, TOTP
    // secrets and recovery codes never.
    Result<std::size_t> retire(KeyPurpose purpose, WallTime before);

    // The key that signs audit checkpoints.
    NamedSigningKey audit_key() const;
    std::vector<NamedSigningKey> audit_keys() const;
    Result<NamedSigningKey> rotate_audit_key();

    // Assertion keys, one set per app (R19); made at first use. Newest first.
    Result<NamedSigningKey> assertion_key(std::string_view app);
    std::vector<NamedSigningKey> assertion_keys(std::string_view app) const;
    Result<NamedSigningKey> rotate_assertion_key(std::string_view app);

    // seal and open with the active key of a purpose: the key's id goes in front, `context` into the
    // associated data. Errors of open: Errc::malformed.
    Bytes seal(KeyPurpose purpose, ByteView plain, std::string_view context) const;
    Result<Secret> open(KeyPurpose purpose, ByteView sealed, std::string_view context) const;
    Digest mac(KeyPurpose purpose, std::string_view context, ByteView message) const;  // with the active key
    // macs: with every key of the purpose, the active one first; to look up what an older key made.
    std::vector<Digest> macs(KeyPurpose purpose, std::string_view context, ByteView message) const;
    bool mac_matches(KeyPurpose purpose, std::string_view context, ByteView message, ByteView mac) const;

    // key_for is the key a person's values in the audit are encrypted with, made at first use.
    Result<Secret> key_for(std::string_view person);
    // find_key: only if it exists. Errors: Errc::not_found, also after erase.
    Result<Secret> find_key_for(std::string_view person) const;
    std::vector<std::string> people() const;  // whose keys exist
    // erase forgets the person's key: what was recorded of them can't be read again, the chain still
    // verifies.
    Result<> erase(std::string_view person);

private:
    struct Held {
        KeyRow row;
        Secret plain;
        std::shared_ptr<const SigningKey> signing;
    };
    Keyring(Store& store, const Clock& clock, Secret master);
    Result<> load();
    Result<> make_missing();
    Held make(std::string_view purpose, std::optional<SigningKey::Kind> signing) const;
    Result<Held> make_active(std::string_view purpose, std::optional<SigningKey::Kind> signing);
    const Held* active_held(std::string_view purpose) const;
    static NamedKey named(const Held& held);
    std::vector<NamedSigningKey> signing_keys(std::string_view purpose) const;
    std::optional<NamedSigningKey> active_signing(std::string_view purpose) const;

    Store& store_;
    const Clock& clock_;
    const Secret wrapping_;
    mutable std::shared_mutex mutex_;
    std::mutex making_;                                       // one key is made at a time
    std::mutex first_use_;                                    // one first use at a time; taken before making_
    std::map<std::string, Held, std::less<>> held_;           // by id
    std::map<std::string, std::string, std::less<>> active_;  // purpose to id of its active key
};

}  // namespace sekisho::auth
