#pragma once
// StatusBoard keeps the figures of the last minute for `sekisho status` and the ops page: totals once a
// second, and what was asked of the parts at that moment.
#include "gateway/portal/ports.hpp"
#include "telemetry/metrics.hpp"

#include <boost/json/object.hpp>

#include <deque>
#include <functional>
#include <mutex>

namespace sekisho::gateway {

// What only the parts know at the moment they are asked.
struct StatusFacts {
    std::uint64_t generation = 0;
    bool last_reload_ok = true;
    WallTime last_reload{};  // the epoch: none was tried yet
    std::uint64_t connections = 0, connections_max = 0;
    double worker_busy = 0;            // the busiest worker's share of the last second, 0 to 1
    std::vector<double> workers_busy;  // the same of each
    double hash_pool_busy = 0;         // 0 to 1
    std::uint64_t hash_queue = 0, hash_queue_max = 0;
    std::uint64_t audit_queue = 0, audit_queue_max = 0;
    std::uint64_t descriptors = 0, descriptors_max = 0;
    std::uint64_t staff = 0, contractors = 0, ops = 0;
    std::string audit_state = "good";
    unsigned workers = 0;
    struct Upstream {
        std::string name;
        bool up = true;
    };
    std::vector<Upstream> upstreams;
    WallTime next_certificate_end = WallTime::max();
};

class StatusBoard final : public StatusSource {
public:
    using Ask = std::function<StatusFacts()>;
    StatusBoard(const telemetry::Registry& registry, const Clock& clock, Ask ask);

    // sample is called once a second by the control thread.
    void sample();
    OpsStatus status(Language language) const override;
    boost::json::object to_json() const;
    std::string to_screen(Language language) const;

private:
    struct Sample {
        SteadyTime at;
        telemetry::Totals totals;
    };
    struct Rates {
        double seconds = 1, requests = 0, p50_ms = 0, p99_ms = 0, own_p50_ms = 0, own_p99_ms = 0, full = 0,
               resumed = 0, refusals = 0;
        double bytes_in = 0, bytes_out = 0;
    };
    Rates rates() const;
    telemetry::Totals newest() const;

    const telemetry::Registry& registry_;
    const Clock& clock_;
    Ask ask_;
    SteadyTime started_;
    mutable std::mutex mutex_;
    std::deque<Sample> samples_;  // the last 61
};

}  // namespace sekisho::gateway
