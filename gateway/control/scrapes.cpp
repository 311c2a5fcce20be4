#include "gateway/control/scrapes.hpp"

namespace sekisho::gateway {
namespace {

using telemetry::Metric;
using telemetry::Sample;

double number(std::uint64_t value) { return static_cast<double>(value); }

std::vector<Sample> queues(const ScrapeParts& parts, bool capacity) {
    const auto facts = parts.facts();
    const auto pages = capacity ? facts.hash_queue_max : parts.pages.queued();
    return {{{"audit"}, number(capacity ? facts.audit_queue_max : facts.audit_queue)},
            {{"hashing"}, number(capacity ? facts.hash_queue_max : facts.hash_queue)},
            {{"pages"}, number(capacity ? parts.board.get()->model->limits.page_queue : pages)}};
}

std::vector<Sample> certificates(const SnapshotBoard& board) {
    std::vector<Sample> samples;
    for (const auto& certificate : board.get()->tls->certificates())
        samples.push_back(
            {{certificate.names.empty() ? certificate.path : certificate.names.front()},
             static_cast<double>(
                 std::chrono::duration_cast<Seconds>(certificate.not_after.time_since_epoch()).count())});
    return samples;
}

std::vector<Sample> upstreams(const ScrapeParts& parts) {
    std::vector<Sample> samples;
    for (const auto& upstream : parts.board.get()->model->upstreams)
        samples.push_back({{upstream.name}, parts.upstreams.up(upstream.name) ? 1.0 : 0.0});
    return samples;
}

}  // namespace

void register_scrapes(telemetry::Registry& registry, ScrapeParts given) {
    const auto parts = std::make_shared<ScrapeParts>(std::move(given));
    registry.on_scrape(Metric::sessions_active, [parts] {
        const auto facts = parts->facts();
        return std::vector<Sample>{{{"staff"}, number(facts.staff)},
                                   {{"contractor"}, number(facts.contractors)},
                                   {{"ops"}, number(facts.ops)}};
    });
    registry.on_scrape(Metric::queue_depth, [parts] { return queues(*parts, false); });
    registry.on_scrape(Metric::queue_capacity, [parts] { return queues(*parts, true); });
    registry.on_scrape(Metric::certificate_expiry, [parts] { return certificates(parts->board); });
    registry.on_scrape(Metric::upstream_up, [parts] { return upstreams(*parts); });
    registry.on_scrape(Metric::worker_busy, [parts] {
        return std::vector<Sample>{{{"busiest"}, parts->facts().worker_busy}};
    });
    registry.on_scrape(Metric::hash_pool_utilisation, [parts] {
        return std::vector<Sample>{{{}, parts->facts().hash_pool_busy}};
    });
    registry.on_scrape(Metric::config_generation, [parts] {
        return std::vector<Sample>{{{}, number(parts->board.get()->generation)}};
    });
    registry.on_scrape(Metric::config_last_reload_time, [parts] {
        return std::vector<Sample>{
            {{}, static_cast<double>(parts->facts().last_reload.time_since_epoch().count()) / 1000}};
    });
    registry.on_scrape(Metric::config_last_reload_ok, [parts] {
        return std::vector<Sample>{{{}, parts->facts().last_reload_ok ? 1.0 : 0.0}};
    });
}

}  // namespace sekisho::gateway
