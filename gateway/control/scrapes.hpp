#pragma once
// Scrapes are the metrics that are asked for when somebody looks: queues, sessions, certificates, generation.
#include "base/blocking_pool.hpp"
#include "gateway/forward/upstream_states.hpp"
#include "gateway/services.hpp"
#include "gateway/snapshot.hpp"
#include "gateway/status.hpp"

#include <functional>

namespace sekisho::gateway {

// One scrape asks for many facts; they are gathered once and good for `facts_age_max`.
inline constexpr Millis facts_age_max{20};

struct ScrapeParts {
    Services& services;
    const SnapshotBoard& board;
    const BlockingPool& pages;
    const BlockingPool& hashing;
    const UpstreamStates& upstreams;
    std::function<StatusFacts()> facts;
};

// register_scrapes: everything in `parts` outlives the registry's last render.
void register_scrapes(telemetry::Registry& registry, ScrapeParts parts);

}  // namespace sekisho::gateway
