#include "auth/keyring.hpp"

#include "base/base64.hpp"
#include "base/check.hpp"
#include "base/random.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sekisho::auth {
namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t sealed_id_bytes = 8;  // key ids in front of sealed bytes
constexpr std::array purposes = {KeyPurpose::password_pepper, KeyPurpose::totp_wrap,
                                 KeyPurpose::recovery,        KeyPurpose::browser_seal,
                                 KeyPurpose::throttle_names,  KeyPurpose::tls_ticket};
constexpr std::string_view audit_purpose = "audit_signing";

std::string assertion_purpose(std::string_view app) { return "assertion:" + std::string(app); }
std::string person_purpose(std::string_view person) { return "person:" + std::string(person); }

// Eight characters of Crockford's base 32: 40 bits, far more than a keyring ever holds.
std::string make_key_id() {
    const auto raw = random_bytes<5>();
    std::uint64_t value = 0;
    for (const auto byte : raw) value = (value << 8) | byte;
    return crockford(value, sealed_id_bytes);
}

// What a wrapped key is bound to: moved to another row it does not open.
std::string wrap_context(std::string_view purpose, std::string_view id) {
    return "key\n" + std::string(purpose) + "\n" + std::string(id);
}

struct Descriptor {
    int number;
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
};

}  // namespace

Result<> create_master_key(const std::string& path) {
    const Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (file.number < 0)
        return errno == EEXIST ? Error(Errc::exists, "there is a master key at " + path + " already")
                               : Error(Errc::unavailable, "cannot make the master key " + path);
    const Secret key{ByteView(random_bytes<key_bytes>())};
    if (::write(file.number, key.reveal().data(), key_bytes) != static_cast<ssize_t>(key_bytes) ||
        ::fsync(file.number) != 0) {
        ::unlink(path.c_str());
        return Error(Errc::unavailable, "cannot write the master key " + path);
    }
    return {};
}

Result<Secret> read_master_key(const std::string& path) {
    const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.number < 0)
        return errno == ENOENT ? Error(Errc::not_found, "no master key at " + path)
                               : Error(Errc::unavailable, "cannot read the master key " + path);
    struct stat facts {};
    if (::fstat(file.number, &facts) != 0 || (facts.st_mode & 077) != 0)
        return Error(Errc::denied, "others may read the master key " + path + ": chmod 600 it");
    std::array<std::uint8_t, key_bytes + 1> bytes{};
    const auto size = ::read(file.number, bytes.data(), bytes.size());
    if (size != static_cast<ssize_t>(key_bytes))
        return Error(Errc::malformed, "the master key " + path + " has not exactly 32 bytes");
    Secret key(ByteView(bytes).first(key_bytes));
    bytes.fill(0);
    return key;
}

std::string_view to_text(KeyPurpose purpose) noexcept {
    switch (purpose) {
        case KeyPurpose::password_pepper:
            return "password_pepper";
        case KeyPurpose::totp_wrap:
            return "totp_wrap";
        case KeyPurpose::recovery:
            return "recovery";
        case KeyPurpose::browser_seal:
            return "browser_seal";
        case KeyPurpose::throttle_names:
            return "throttle_names";
        case KeyPurpose::tls_ticket:
            return "tls_ticket";
    }
    return "password_pepper";
}

Keyring::Keyring(Store& store, const Clock& clock, Secret master)
    : store_(store), clock_(clock), wrapping_(derive_key(master, "sekisho keyring wrap v1")) {}

Result<std::unique_ptr<Keyring>> Keyring::open(Store& store, const Clock& clock, Secret master) {
    std::unique_ptr<Keyring> keyring(new Keyring(store, clock, std::move(master)));
    if (auto done = keyring->load(); !done) return done.error();
    if (auto done = keyring->make_missing(); !done) return done.error();
    return keyring;
}

Result<> Keyring::load() {
    auto rows = store_.keys();
    if (!rows) return rows.error();
    for (auto& row : *rows) {
        auto plain = open_sealed(wrapping_, row.wrapped, as_bytes(wrap_context(row.purpose, row.id)));
        if (!plain)
            return Error(Errc::denied, "the master key does not open key " + row.id + " (" + row.purpose +
                                           "): it belongs to another store, or the store was altered");
        std::shared_ptr<const SigningKey> signing;
        if (!row.public_bytes.empty()) {
            const auto kind =
                row.purpose == audit_purpose ? SigningKey::Kind::ed25519 : SigningKey::Kind::es256;
            auto key = SigningKey::from_private_der(kind, plain->reveal());
            if (!key) return key.error();
            signing = std::make_shared<const SigningKey>(std::move(*key));
        }
        const auto id = row.id;
        if (row.state == KeyState::active) active_[row.purpose] = id;
        held_.emplace(id, Held{std::move(row), std::move(*plain), std::move(signing)});
    }
    return {};
}

Result<> Keyring::make_missing() {
    for (const auto purpose : purposes)
        if (active_held(to_text(purpose)) == nullptr)
            if (auto made = make_active(to_text(purpose), std::nullopt); !made) return made.error();
    if (active_held(audit_purpose) == nullptr)
        if (auto made = make_active(audit_purpose, SigningKey::Kind::ed25519); !made) return made.error();
    return {};
}

Keyring::Held Keyring::make(std::string_view purpose, std::optional<SigningKey::Kind> signing) const {
    Held held;
    held.row.purpose = purpose;
    held.row.created = clock_.wall();
    do held.row.id = make_key_id();
    while (held_.contains(held.row.id));
    if (signing) {
        auto key = std::make_shared<const SigningKey>(SigningKey::generate(*signing));
        held.plain = key->private_der();
        held.row.public_bytes = key->public_bytes();
        held.signing = std::move(key);
    } else {
        held.plain = Secret(ByteView(random_bytes<key_bytes>()));
    }
    held.row.wrapped =
        sekisho::seal(wrapping_, held.plain.reveal(), as_bytes(wrap_context(purpose, held.row.id)));
    return held;
}

// Writes the store first: a key that exists only in memory would lock data up at the next start.
Result<Keyring::Held> Keyring::make_active(std::string_view purpose,
                                           std::optional<SigningKey::Kind> signing) {
    const std::lock_guard making(making_);
    Held held;
    std::string previous;
    {
        const std::shared_lock lock(mutex_);
        held = make(purpose, signing);
        if (const auto* present = active_held(purpose)) previous = present->row.id;
    }
    if (auto done = store_.put_key(held.row, previous); !done) return done.error();
    const std::lock_guard lock(mutex_);
    if (const auto found = held_.find(previous); found != held_.end())
        found->second.row.state = KeyState::verify_only;
    held_.emplace(held.row.id, held);
    active_[std::string(purpose)] = held.row.id;
    return held;
}

const Keyring::Held* Keyring::active_held(std::string_view purpose) const {
    const auto found = active_.find(purpose);
    return found == active_.end() ? nullptr : &held_.at(found->second);
}

NamedKey Keyring::named(const Held& held) {
    return {held.row.id, held.row.state, held.row.created, held.plain};
}

NamedKey Keyring::active(KeyPurpose purpose) const {
    const std::shared_lock lock(mutex_);
    const auto* held = active_held(to_text(purpose));
    check(held != nullptr, "every purpose has an active key once the keyring is open");
    return named(*held);
}

std::optional<NamedKey> Keyring::find(KeyPurpose purpose, std::string_view id) const {
    const std::shared_lock lock(mutex_);
    const auto found = held_.find(id);
    if (found == held_.end() || found->second.row.purpose != to_text(purpose)) return std::nullopt;
    return named(found->second);
}

std::vector<NamedKey> Keyring::all(KeyPurpose purpose) const {
    const std::shared_lock lock(mutex_);
    std::vector<NamedKey> out;
    for (const auto& [id, held] : held_)
        if (held.row.purpose == to_text(purpose)) out.push_back(named(held));
    // The active key first, even when a clock that stepped back makes it look older.
    std::sort(out.begin(), out.end(), [](const NamedKey& a, const NamedKey& b) {
        return a.state != b.state ? a.state == KeyState::active : a.created > b.created;
    });
    return out;
}

Result<NamedKey> Keyring::rotate(KeyPurpose purpose) {
    const auto made = make_active(to_text(purpose), std::nullopt);
    if (!made) return made.error();
    return named(*made);
}

Result<std::size_t> Keyring::retire(KeyPurpose purpose, WallTime before) {
    if (purpose == KeyPurpose::password_pepper || purpose == KeyPurpose::totp_wrap ||
        purpose == KeyPurpose::recovery)
        return std::size_t{0};  // what they protect has no age
    std::size_t gone = 0;
    for (const auto& key : all(purpose)) {
        if (key.state == KeyState::active || key.created >= before) continue;
        if (auto done = store_.delete_key(key.id); !done) return done.error();
        const std::lock_guard lock(mutex_);
        gone += held_.erase(key.id);
    }
    return gone;
}

std::vector<NamedSigningKey> Keyring::signing_keys(std::string_view purpose) const {
    const std::shared_lock lock(mutex_);
    std::vector<NamedSigningKey> out;
    for (const auto& [id, held] : held_)
        if (held.row.purpose == purpose && held.signing)
            out.push_back({id, held.row.state, held.row.created, held.signing});
    std::sort(out.begin(), out.end(), [](const NamedSigningKey& a, const NamedSigningKey& b) {
        return a.state != b.state ? a.state == KeyState::active : a.created > b.created;
    });
    return out;
}

std::optional<NamedSigningKey> Keyring::active_signing(std::string_view purpose) const {
    const std::shared_lock lock(mutex_);
    const auto* held = active_held(purpose);
    if (held == nullptr || !held->signing) return std::nullopt;
    return NamedSigningKey{held->row.id, held->row.state, held->row.created, held->signing};
}

NamedSigningKey Keyring::audit_key() const {
    auto key = active_signing(audit_purpose);
    check(key.has_value(), "the audit key exists once the keyring is open");
    return std::move(*key);
}
std::vector<NamedSigningKey> Keyring::audit_keys() const { return signing_keys(audit_purpose); }

Result<NamedSigningKey> Keyring::rotate_audit_key() {
    const auto made = make_active(audit_purpose, SigningKey::Kind::ed25519);
    if (!made) return made.error();
    return NamedSigningKey{made->row.id, KeyState::active, made->row.created, made->signing};
}

Result<NamedSigningKey> Keyring::assertion_key(std::string_view app) {
    const auto purpose = assertion_purpose(app);
    if (auto present = active_signing(purpose)) return std::move(*present);
    const std::lock_guard first(first_use_);
    // Two threads may have come here for the same app; the second finds what the first made.
    if (auto again = active_signing(purpose)) return std::move(*again);
    return rotate_assertion_key(app);
}

std::vector<NamedSigningKey> Keyring::assertion_keys(std::string_view app) const {
    return signing_keys(assertion_purpose(app));
}

Result<NamedSigningKey> Keyring::rotate_assertion_key(std::string_view app) {
    const auto made = make_active(assertion_purpose(app), SigningKey::Kind::es256);
    if (!made) return made.error();
    return NamedSigningKey{made->row.id, KeyState::active, made->row.created, made->signing};
}

Bytes Keyring::seal(KeyPurpose purpose, ByteView plain, std::string_view context) const {
    const auto key = active(purpose);
    const auto body = sekisho::seal(derive_key(key.key, "seal"), plain, as_bytes(context));
    Bytes out(key.id.begin(), key.id.end());
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

Result<Secret> Keyring::open(KeyPurpose purpose, ByteView sealed, std::string_view context) const {
    if (sealed.size() < sealed_id_bytes) return Error(Errc::malformed, "sealed bytes are too short");
    const auto key = find(purpose, as_text(sealed.first(sealed_id_bytes)));
    if (!key) return Error(Errc::malformed, "sealed under a key that is not held");
    return open_sealed(derive_key(key->key, "seal"), sealed.subspan(sealed_id_bytes), as_bytes(context));
}

namespace {

// The lengths in front keep ("a", "bc") and ("ab", "c") apart.
Digest mac_under(const Secret& key, std::string_view context, ByteView message) {
    Bytes text;
    const auto size = static_cast<std::uint32_t>(context.size());
    for (int shift = 24; shift >= 0; shift -= 8) text.push_back(static_cast<std::uint8_t>(size >> shift));
    text.insert(text.end(), context.begin(), context.end());
    text.insert(text.end(), message.begin(), message.end());
    return hmac_sha256(derive_key(key, "mac").reveal(), text);
}

}  // namespace

Digest Keyring::mac(KeyPurpose purpose, std::string_view context, ByteView message) const {
    return mac_under(active(purpose).key, context, message);
}

std::vector<Digest> Keyring::macs(KeyPurpose purpose, std::string_view context, ByteView message) const {
    std::vector<Digest> out;
    for (const auto& key : all(purpose)) out.push_back(mac_under(key.key, context, message));
    return out;
}

bool Keyring::mac_matches(KeyPurpose purpose, std::string_view context, ByteView message,
                          ByteView mac) const {
    bool found = false;
    for (const auto& good : macs(purpose, context, message)) found |= equal_constant_time(good, mac);
    return found;
}

Result<Secret> Keyring::key_for(std::string_view person) {
    if (auto present = find_key_for(person)) return present;
    const std::lock_guard first(first_use_);
    if (auto again = find_key_for(person)) return again;
    const auto made = make_active(person_purpose(person), std::nullopt);
    if (!made) return made.error();
    return made->plain;
}

Result<Secret> Keyring::find_key_for(std::string_view person) const {
    const auto purpose = person_purpose(person);
    const std::shared_lock lock(mutex_);
    const auto found = active_.find(purpose);
    if (found == active_.end()) return Error(Errc::not_found, "no key for that person");
    return held_.at(found->second).plain;
}

std::vector<std::string> Keyring::people() const {
    const std::shared_lock lock(mutex_);
    std::vector<std::string> out;
    constexpr std::string_view prefix = "person:";
    for (auto at = active_.lower_bound(prefix); at != active_.end() && at->first.starts_with(prefix); ++at)
        out.push_back(at->first.substr(prefix.size()));
    return out;
}

Result<> Keyring::erase(std::string_view person) {
    const std::lock_guard first(first_use_);
    std::string id;
    {
        const std::shared_lock lock(mutex_);
        const auto found = active_.find(person_purpose(person));
        if (found == active_.end()) return Error(Errc::not_found, "no key for that person");
        id = found->second;
    }
    if (auto done = store_.delete_key(id); !done) return done;
    const std::lock_guard lock(mutex_);
    active_.erase(person_purpose(person));
    held_.erase(id);
    return {};
}

}  // namespace sekisho::auth
