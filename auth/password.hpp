#pragma once
// Passwords: normalised as PRECIS OpaqueString does (RFC 8265 section 4.2), keyed with a pepper, hashed with
// Argon2id on a bounded pool. An unknown account costs what a known one does.
#include "auth/hash_pool.hpp"
#include "auth/keyring.hpp"
#include "base/password_list_io.hpp"

#include <optional>

namespace sekisho::auth {

enum class PasswordFault : std::uint8_t {
    too_short,  // fewer than 8 characters
    too_long,   // more than 1,024 bytes
    not_text,   // not UTF-8, or with control or unassigned characters
    common,     // factor.password_common
    like_name,  // the account's own name
};
std::string_view to_text(PasswordFault fault) noexcept;

constexpr std::size_t password_bytes_max = 1024;
constexpr std::size_t password_characters_min = 8;
constexpr std::size_t password_characters_advised = 15;

// characters_in counts code points of UTF-8.
std::size_t characters_in(std::string_view utf8) noexcept;
// normal_password: NFC, every non-ASCII space mapped to SP. Nothing when it is empty, too long or not text.
std::optional<Secret> normal_password(std::string_view typed);
// fault_of judges a password somebody wants to have by what is built in. Nothing when it will do.
std::optional<PasswordFault> fault_of(std::string_view typed, std::string_view account);

struct HashCost {
    std::uint32_t memory_kib = 19 * 1024;
    std::uint32_t passes = 2;
    friend bool operator==(const HashCost&, const HashCost&) = default;
};

// StoredHash is the stored string, read strictly: KID and a PHC string,
// "p1$argon2id$v=19$m=19456,t=2,p=1$..". A string whose cost exceeds the ceiling (256 MiB, 10 passes) does
// not parse: a poisoned row must not eat memory.
struct StoredHash {
    std::string_view key_id;
    std::string_view phc;
    HashCost cost;
};
std::optional<StoredHash> parse_stored_hash(std::string_view stored);

// PasswordHasher hashes and verifies.
// Thread: any; blocks while the pool works.
// Errors of hash and verify: Errc::unavailable when the pool's queue is full, Errc::timed_out past the
// deadline.
class PasswordHasher {
public:
    PasswordHasher(const Keyring& keys, HashPool& pool, HashCost cost = {});

    // refuse: nobody may have what is on this list either. For before the first call.
    void refuse(PasswordList list) { refused_.emplace(std::move(list)); }
    // judge: fault_of, and whether the password, as typed or in lower case, is on the list.
    // Errors: Errc::unavailable when the list cannot be read: then no password is taken.
    Result<std::optional<PasswordFault>> judge(std::string_view typed, std::string_view account) const;

    Result<std::string> hash(const Secret& normalised);

    struct Verdict {
        bool right = false;
        // The same password at the present cost and pepper, when the stored hash is behind and `right`. It is
        // computed for a wrong password too, so that time tells nothing.
        std::string better;
    };
    // verify compares. An empty or unreadable `stored`, or a password that does not normalise, costs one full
    // verification all the same and is wrong.
    Result<Verdict> verify(std::string_view typed, std::string_view stored);

private:
    Secret keyed(const Secret& normalised, std::string_view key_id) const;

    const Keyring& keys_;
    HashPool& pool_;
    const HashCost cost_;
    std::string decoy_;
    std::optional<PasswordList> refused_;
};

}  // namespace sekisho::auth
