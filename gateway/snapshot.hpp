#pragma once
// Snapshot is everything one generation of the configuration means, immutable: each exchange keeps the one it
// began with. SnapshotBoard is where workers find the newest.
#include "base/clock.hpp"
#include "config/model.hpp"
#include "gateway/http/preflight.hpp"
#include "gateway/http/route_table.hpp"
#include "gateway/net/tls_context.hpp"
#include "gateway/portal/standings.hpp"
#include "policy/program.hpp"
#include "telemetry/metrics.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sekisho::gateway {

// What is precomputed for one app.
struct AppParts {
    std::uint32_t upstream = 0;  // index into model.upstreams
    std::uint8_t tier_rank = 1;
    bool refuse_without_audit = false;  // the tier says: no record, no access
    bool service_tokens = false;        // the app takes them
    std::uint64_t body_bytes_max = 0;
    std::vector<std::string> websocket_origins;
    telemetry::LabelId label = 0, upstream_label = 0;
};

struct Snapshot {
    std::uint64_t generation = 0;
    SteadyTime accepted{};  // when the act that brought it was accepted
    std::shared_ptr<const config::Model> model;
    std::shared_ptr<const policy::Program> program;
    RouteTable routes;
    NetworkSet balancers;  // peers that speak for others (R33)
    std::shared_ptr<const TlsContexts> tls;
    std::shared_ptr<const Standings> standings;   // what pages say of it
    std::vector<AppParts> apps;                   // by AppId
    std::vector<telemetry::LabelId> rule_labels;  // by RuleId; empty when no rule is in shadow

    const config::App& app(AppId id) const noexcept { return model->apps[id.value]; }
    const AppParts& parts(AppId id) const noexcept { return apps[id.value]; }
};

// preflight_rules: which preflights an app's configuration answers; of an app that answers none, no origin.
PreflightRules preflight_rules(const config::App& app) noexcept;

using SnapshotPtr = std::shared_ptr<const Snapshot>;

// make_snapshot compiles a checked model. Errors: what compiling, routing or certificates refuse.
Result<SnapshotPtr> make_snapshot(std::shared_ptr<const config::Model> model, std::uint64_t generation,
                                  std::shared_ptr<const TicketKeys> tickets, telemetry::Registry& registry,
                                  SteadyTime accepted = {});

// Thread: every member from any thread; version() takes no lock.
class SnapshotBoard {
public:
    std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }
    SnapshotPtr get() const {
        const std::lock_guard lock(mutex_);
        return current_;
    }
    void post(SnapshotPtr next) {
        const std::lock_guard lock(mutex_);
        current_ = std::move(next);
        version_.fetch_add(1, std::memory_order_release);
    }

private:
    mutable std::mutex mutex_;
    SnapshotPtr current_;
    std::atomic<std::uint64_t> version_{0};
};

}  // namespace sekisho::gateway
