#pragma once
// ServiceTokens is the one owner of service tokens, by which scripts and machines act for a person within a
// few apps: it makes, lists, ends and sweeps them. A live token is a session of kind `token` in the same log,
// so whatever ends it reaches open connections the way the end of a session does.
#include "auth/service_token_value.hpp"
#include "auth/session.hpp"
#include "auth/store.hpp"

#include <unordered_map>

namespace sekisho::auth {

inline constexpr Seconds service_token_lifetime{90 * 86400}, service_token_lifetime_max{366 * 86400},
    service_token_lifetime_min{60};

struct NewServiceToken {
    std::string name, owner;
    std::vector<std::string> apps;  // by name, at least one
    Seconds lifetime = service_token_lifetime;
};

// IssuedServiceToken is a new token and its value, which exists nowhere else.
struct IssuedServiceToken {
    std::string value;
    ServiceTokenRow row;
};

// Every end takes effect in memory first, and for every worker, then in the store (R8, R20): it waits for no
// disk, not even for one that another call waits for. When the store fails the end holds, is tried again at
// each sweep, and the error is returned. What ends a token: `end`, its expiry, and its owner's account being
// disabled. A disabled owner's tokens are gone for good. They do not depend on the owner's password, factors
// or sessions.
// Thread: any pool thread; every call that returns a Result may block on the store, after its ends took
// effect.
class ServiceTokens {
public:
    ServiceTokens(Store& store, const Clock& clock, SessionLog& log);

    // load publishes every token of the store that is still good. Once, before serving.
    Result<> load();

    // create: the name is its own among all tokens but expired ones.
    // Errors: Errc::malformed, Errc::exists, Errc::denied when the owner's account is not active,
    // Errc::too_large past 1,000 tokens.
    Result<IssuedServiceToken> create(const NewServiceToken& wanted);

    // list: by name; those of one owner when one is given. Expired ones stay listed for 30 days.
    std::vector<ServiceTokenRow> list(std::string_view owner = {}) const;

    // end: by public id or by name; only a token of `owner` when one is given. Errors: Errc::not_found.
    Result<ServiceTokenRow> end(std::string_view id_or_name, EndReason reason, std::string_view owner = {},
                                Writing writing = Writing::now);
    // drop_all ends what a person owns and waits for nothing: settle writes it. Gives how many were still
    // good. A token being made meanwhile is ended too.
    std::size_t drop_all(std::string_view owner, EndReason reason);
    // unwritten: how many ends the store does not have yet.
    std::size_t unwritten() const;
    // settle writes what ended and is not written yet. It waits for no disk when there is nothing.
    Result<> settle();

    // making: a token is on its way into the store.
    bool making() const;

    // sweep ends what has expired, forgets it 30 days later, writes the days of last use and retries failed
    // ends. Call about once a second, from one thread.
    Result<> sweep();
    // flush_last_used writes the days that moved. Also called at shutdown.
    Result<> flush_last_used();

private:
    struct Held {
        ServiceTokenRow row;  // `over` once its end was published
        SessionPtr session;   // null when it was over before this process began
    };
    using Tokens = std::unordered_map<Digest, Held, DigestHash>;

    void add_locked(const ServiceTokenRow& row);
    void drop_locked(const std::vector<Digest>& ending, EndReason reason);
    void publish_end_locked(const std::vector<Digest>& ending, EndReason reason);
    Result<> reserve_locked(const ServiceTokenRow& row);
    Result<> settle_writing();
    ServiceTokenRow shown(const Held& held) const;

    Store& store_;
    const Clock& clock_;
    SessionLog& log_;
    std::mutex writing_;        // held over every change of rows; taken before mutex_
    mutable std::mutex mutex_;  // never held while the store is asked
    Tokens tokens_;
    std::string making_for_;     // the owner of the token being made
    bool making_ended_ = false;  // ... who was dropped meanwhile
    std::vector<Digest> unwritten_removals_, unwritten_expiries_;
};

}  // namespace sekisho::auth
