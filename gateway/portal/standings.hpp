#pragma once
// Standings says how somebody stands with the apps: which they may know of, which are open now, and what to
// tell them about the others. One snapshot's configuration and policy.
#include "gateway/portal/pages.hpp"
#include "policy/decide.hpp"
#include "policy/program.hpp"

namespace sekisho::gateway {

class Standings {
public:
    Standings(std::shared_ptr<const config::Model> model, std::shared_ptr<const policy::Program> program);

    // tiles: every app some allow names this person for (R26), and those that are `listed` for all.
    std::vector<AppTile> tiles(const auth::Session& session, const IpAddress& client, WallTime now,
                               Language language) const;

    // may_know_host: some app of the host is known to this person, so a hand-over to it may begin.
    bool may_know_host(const auth::Session& session, std::string_view host) const;

    // bound_of: the moment no session of this account that begins now may outlive: for a contractor's person
    // the end of the day's window or of the contract, and a quarter of an hour outside of both, enough to
    // read why nothing is open.
    WallTime bound_of(std::string_view account, WallTime now) const;

private:
    std::shared_ptr<const config::Model> model_;
    std::shared_ptr<const policy::Program> program_;
};

// reason_key is the word key of a reason: "access.outside_hours". Unknown apps, and people of no kind, get
// what strangers get.
std::string_view reason_key(policy::Reason reason) noexcept;

// reason_fills gives the values its text may name: app, next, from, date, sponsor.
FillPairs reason_fills(const config::Model& model, std::string_view user, AppId app,
                       const policy::Decision& decision, WallTime now, Language language);

// app_origin is "https://host[:port]", with the portal's port.
std::string app_origin(const config::Model& model, std::string_view host);
const config::Person* find_person(const config::Model& model, std::string_view name) noexcept;
const config::Org* find_org(const config::Model& model, std::string_view name) noexcept;
Zone zone_of(const config::Model& model);

}  // namespace sekisho::gateway
