#pragma once
// Throttle bounds guessing (R15): an attempt is reserved before anything is verified, in one place, and
// counts survive a restart.
#include "auth/keyring.hpp"
#include "base/ip.hpp"

#include <list>

namespace sekisho::auth {

struct ThrottleLimits {
    std::uint32_t free_attempts = 5;
    Millis first_wait{30'000};             // after the free attempts; doubles with each further one
    Millis longest_wait{3'600'000};        // of one source, or one known browser
    Millis longest_account_wait{300'000};  // of all unknown browsers together
    Millis forget_after{24 * 3'600'000};
    std::size_t buckets_max = 100'000;  // of accounts that do not exist, and of sources
};

struct ReserveRequest {
    std::string account;  // normalised, or as typed when it cannot be an account
    bool exists = false;  // changes nothing that can be seen: only what is kept when the table is full
    IpAddress source;
    std::optional<Digest> known_browser;  // a token proven to belong to this account: a budget of its own
};

// Reservation is one attempt that may be evaluated. Unless given back it has been used up.
struct Reservation {
    bool granted = false;
    Millis wait{0};  // when not granted
    std::vector<Digest> keys;
};

// Thread: any.
class Throttle {
public:
    Throttle(Store& store, const Clock& clock, const Keyring& keys, ThrottleLimits limits = {});

    // load takes over what the store kept. Once, before serving.
    Result<> load();

    // reserve counts one attempt against every bucket it falls in, or none when one of them says wait.
    Result<Reservation> reserve(const ReserveRequest& request);
    // peek: how long reserve would make this one wait; counts nothing.
    Millis peek(const ReserveRequest& request) const;
    // succeeded gives the attempt back: the source's or browser's own bucket is emptied, the account's loses
    // this one attempt.
    Result<> succeeded(const Reservation& reservation);

    std::size_t size() const;

private:
    struct Bucket {
        ThrottleRow row;
        std::list<Digest>::iterator place;  // in order_, when not pinned
    };
    struct Wanted {
        Digest key{};
        Millis longest_wait{0};
        bool pinned = false;
    };
    std::vector<Wanted> wanted(const ReserveRequest& request) const;
    Millis wait_of(const Digest& key, WallTime now) const;
    void count(const Wanted& wanted, WallTime now, std::vector<ThrottleRow>& rows, std::vector<Digest>& gone);
    Bucket& make(const Wanted& wanted, std::vector<Digest>& gone);
    Millis delay_after(std::uint32_t attempts, Millis longest) const;

    Store& store_;
    const Clock& clock_;
    const Keyring& keys_;
    const ThrottleLimits limits_;
    mutable std::mutex mutex_;
    std::unordered_map<Digest, Bucket, DigestHash> buckets_;
    std::list<Digest> order_;  // unpinned buckets, least recently used first
};

}  // namespace sekisho::auth
