#include "auth/accounts.hpp"

#include "auth/sign_in.hpp"
#include "base/civil_time.hpp"
#include "base/text.hpp"

namespace sekisho::auth {

Accounts::Accounts(Store& store, const Clock& clock, Activation& activation, SessionService& sessions,
                   ServiceTokens& tokens)
    : store_(store), clock_(clock), activation_(activation), sessions_(sessions), tokens_(tokens) {}

// The link's last moment is recorded, the link is not.
Result<AccountAct> Accounts::with_link(std::string_view event, const std::string& name, Seconds lifetime) {
    auto link = activation_.issue(name, lifetime);
    if (!link) return link.error();
    AccountAct act;
    act.record = {std::string(event), name, {{"link_expires", to_rfc3339_utc(link->expires)}}};
    act.link = std::move(*link);
    return act;
}

Result<AccountAct> Accounts::add(std::string_view typed, Seconds link_lifetime) {
    const auto name = normal_account_name(typed);
    if (!name)
        return Error(Errc::malformed,
                     "an account name has 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit");
    AccountRow row;
    row.name = *name;
    row.created = clock_.wall();
    if (auto done = store_.add_account(row); !done) {
        if (done.error().code() == Errc::exists)
            return Error(Errc::exists, "there is an account " + *name + " already");
        return done.error();
    }
    return with_link("account.added", *name, link_lifetime);
}

Result<std::vector<std::string>> Accounts::taken(const std::vector<std::string>& names) {
    std::vector<std::string> out;
    for (const auto& name : names) {
        const auto row = store_.account(name);
        if (row) out.push_back(name);
        if (!row && row.error().code() != Errc::not_found) return row.error();
    }
    return out;
}

Result<std::vector<AccountAct>> Accounts::add_all(const std::vector<std::string>& names,
                                                  Seconds link_lifetime) {
    const auto already = taken(names);
    if (!already) return already.error();
    if (!already->empty()) return Error(Errc::exists, "there is an account " + already->front() + " already");
    std::vector<AccountRow> rows;
    std::vector<ActivationRow> links;
    std::vector<AccountAct> acts;
    for (const auto& typed : names) {
        const auto name = normal_account_name(typed);
        if (!name || *name != typed) return Error(Errc::malformed, "no account name: " + printable(typed));
        AccountRow row;
        row.name = typed;
        row.created = clock_.wall();
        rows.push_back(std::move(row));
        auto [kept, link] = activation_.prepare(typed, link_lifetime);
        AccountAct act;
        act.record = {"account.added", typed, {{"link_expires", to_rfc3339_utc(link.expires)}}};
        act.link = std::move(link);
        links.push_back(std::move(kept));
        acts.push_back(std::move(act));
    }
    if (auto done = store_.add_accounts(rows, links); !done) return done.error();
    return acts;
}

Result<std::vector<AccountView>> Accounts::list() {
    const auto rows = store_.accounts();
    if (!rows) return rows.error();
    std::vector<AccountView> out;
    for (const auto& row : *rows) {
        const auto left = store_.recovery_codes_left(row.name);
        if (!left) return left.error();
        const auto tokens = store_.otp_tokens(row.name);
        if (!tokens) return tokens.error();
        out.push_back({row.name, row.status, row.created, row.activated, row.last_sign_in, tokens->size(),
                       *left, sessions_.list(row.name).size()});
    }
    return out;
}

Result<AccountRow> Accounts::row_of(std::string_view typed) {
    const auto name = normal_account_name(typed);
    auto row = store_.account(name ? std::string_view(*name) : typed);
    if (!row && row.error().code() == Errc::not_found)
        return Error(Errc::not_found, "there is no such account; sekisho users list shows all");
    return row;
}

// What ends access takes effect before it is written (R20), and nobody slips in between.
AccountCut Accounts::cut(std::string_view typed, EndReason reason) {
    const auto name = normal_account_name(typed);
    AccountCut out;
    out.name = name ? *name : std::string(typed);
    out.held = std::make_shared<SessionService::Held>(sessions_, out.name);
    if (reason == EndReason::account) out.tokens = tokens_.drop_all(out.name, reason);
    if (const auto ended = sessions_.end_all(out.name, reason, std::nullopt, Writing::later))
        out.sessions = ended->size();
    return out;
}

Result<AccountAct> Accounts::disable(const AccountCut& cut) {
    const auto ended = sessions_.settle();
    const auto row = row_of(cut.name);
    if (!row) return row.error();
    if (auto done = store_.set_status(row->name, AccountStatus::disabled); !done) return done.error();
    // One that was being made while the account was still active.
    const auto late = tokens_.drop_all(row->name, EndReason::account);
    const auto settled = tokens_.settle();
    if (!ended) return ended.error();
    if (!settled) return settled.error();
    AccountAct act;
    act.sessions_ended = cut.sessions;
    act.tokens_ended = cut.tokens + late;
    act.record = {"account.disabled",
                  row->name,
                  {{"sessions_ended", std::to_string(act.sessions_ended)},
                   {"tokens_ended", std::to_string(act.tokens_ended)}}};
    return act;
}

Result<AccountAct> Accounts::enable(std::string_view typed) {
    const auto row = row_of(typed);
    if (!row) return row.error();
    if (row->status != AccountStatus::disabled) return Error(Errc::denied, "the account is not disabled");
    const auto tokens = store_.otp_tokens(row->name);
    if (!tokens) return tokens.error();
    const auto status =
        !tokens->empty() && !row->password_hash.empty() ? AccountStatus::active : AccountStatus::invited;
    if (auto done = store_.set_status(row->name, status); !done) return done.error();
    AccountAct act;
    act.record = {"account.enabled", row->name, {{"status", std::string(to_text(status))}}};
    return act;
}

Result<AccountAct> Accounts::activate(std::string_view typed, Seconds link_lifetime) {
    const auto row = row_of(typed);
    if (!row) return row.error();
    if (row->status != AccountStatus::invited)
        return Error(Errc::denied,
                     "the account is " + std::string(to_text(row->status)) + "; reset-factors begins anew");
    return with_link("account.link_issued", row->name, link_lifetime);
}

Result<AccountAct> Accounts::reset_factors(const AccountCut& cut, Seconds link_lifetime) {
    const auto ended = sessions_.settle();
    const auto row = row_of(cut.name);
    if (!row) return row.error();
    if (auto done = store_.forget_factors(row->name); !done) return done.error();
    if (!ended) return ended.error();
    auto act = with_link("account.factors_reset", row->name, link_lifetime);
    if (!act) return act;
    act->sessions_ended = cut.sessions;
    act->record.detail.emplace_back("sessions_ended", std::to_string(act->sessions_ended));
    return act;
}

}  // namespace sekisho::auth
