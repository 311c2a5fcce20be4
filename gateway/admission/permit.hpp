#pragma once
// Permit is the only key to forwarding and tunnels. Only admission makes one, from an allowing
// decision: forwarding without a decision does not compile.
#include "auth/session.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "policy/decide.hpp"

#include <memory>

namespace sekisho::gateway {

struct Snapshot;
class ClientProof;

class Permit {
public:
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&&) noexcept = default;
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;

    AppId app() const noexcept { return app_; }
    const Snapshot& snapshot() const noexcept { return *snapshot_; }
    const auth::Session& session() const noexcept { return *session_; }
    const std::shared_ptr<const auth::Session>& session_owner() const noexcept { return session_; }
    RuleId rule() const noexcept { return rule_; }
    // When the decision stops holding by itself, on the wall clock; WallTime::max() for never.
    WallTime valid_until() const noexcept { return valid_until_; }
    // The client certificate it stands on besides the session; null where the host asks for none.
    const std::shared_ptr<const ClientProof>& proof() const noexcept { return proof_; }

private:
    friend class Admission;
    Permit(AppId app, std::shared_ptr<const Snapshot> snapshot, std::shared_ptr<const auth::Session> session,
           RuleId rule, WallTime valid_until) noexcept
        : app_(app),
          snapshot_(std::move(snapshot)),
          session_(std::move(session)),
          rule_(rule),
          valid_until_(valid_until) {}

    AppId app_;
    std::shared_ptr<const Snapshot> snapshot_;
    std::shared_ptr<const auth::Session> session_;
    RuleId rule_;
    WallTime valid_until_;
    std::shared_ptr<const ClientProof> proof_;
};

}  // namespace sekisho::gateway
