#pragma once
// Accounts is what an operator does to accounts: add, list, disable, enable, activate, reset factors. Each
// act says what to record; who did it is the caller's to add.
#include "auth/activation.hpp"
#include "auth/service_tokens.hpp"

namespace sekisho::auth {

// ToRecord is one act as the audit keeps it.
struct ToRecord {
    std::string event;  // "account.added"
    std::string user;
    std::vector<std::pair<std::string, std::string>> detail;
};

struct AccountView {
    std::string name;
    AccountStatus status = AccountStatus::invited;
    WallTime created{};
    std::optional<WallTime> activated, last_sign_in;
    std::size_t code_tokens = 0;
    std::size_t recovery_codes_left = 0;
    std::size_t sessions = 0;
};

struct AccountAct {
    ToRecord record;
    std::optional<ActivationLink> link;  // add, activate, reset_factors
    std::size_t sessions_ended = 0, tokens_ended = 0;
};

// AccountCut is a person whose open sessions ended a moment ago, and who gets no new one while it lives.
struct AccountCut {
    std::string name;
    std::size_t sessions = 0, tokens = 0;  // that ended
    std::shared_ptr<SessionService::Held> held;
};

// Errors of all: Errc::not_found, Errc::unavailable; add also Errc::exists and Errc::malformed.
// Thread: any pool thread.
class Accounts {
public:
    Accounts(Store& store, const Clock& clock, Activation& activation, SessionService& sessions,
             ServiceTokens& tokens);

    Result<AccountAct> add(std::string_view name, Seconds link_lifetime = activation_lifetime);
    // add_all adds every account with its link, or none. Errors: Errc::exists names the first that is there.
    Result<std::vector<AccountAct>> add_all(const std::vector<std::string>& names,
                                            Seconds link_lifetime = activation_lifetime);
    // taken: which of these names have an account.
    Result<std::vector<std::string>> taken(const std::vector<std::string>& names);
    Result<std::vector<AccountView>> list();
    // cut ends what a person has open, for every worker, and waits for nothing; for `account` the service
    // tokens too. What follows from it is written by disable or reset_factors.
    AccountCut cut(std::string_view name, EndReason reason);
    // disable ends the sessions, and for good the service tokens, of a person.
    Result<AccountAct> disable(const AccountCut& cut);
    Result<AccountAct> disable(std::string_view name) { return disable(cut(name, EndReason::account)); }
    // enable: active again if the factors are still there, else invited. Errors: Errc::denied when not
    // disabled.
    Result<AccountAct> enable(std::string_view name);
    // activate gives a new link to an invited account. Errors: Errc::denied when it is not invited.
    Result<AccountAct> activate(std::string_view name, Seconds link_lifetime = activation_lifetime);
    // reset_factors removes password and factors, ends every session and gives a new link.
    Result<AccountAct> reset_factors(const AccountCut& cut, Seconds link_lifetime = activation_lifetime);
    Result<AccountAct> reset_factors(std::string_view name, Seconds link_lifetime = activation_lifetime) {
        return reset_factors(cut(name, EndReason::changed), link_lifetime);
    }

private:
    Result<AccountRow> row_of(std::string_view typed);
    Result<AccountAct> with_link(std::string_view event, const std::string& name, Seconds lifetime);

    Store& store_;
    const Clock& clock_;
    Activation& activation_;
    SessionService& sessions_;
    ServiceTokens& tokens_;
};

}  // namespace sekisho::auth
