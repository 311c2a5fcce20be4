#include "gateway/control/scrapes.hpp"

namespace sekisho::gateway {
namespace {

using telemetry::Metric;
using telemetry::Sample;

double number(std::uint64_t value) { return static_cast<double>(value); }

// ScrapeParts with the facts of the scrape at hand: gathering them walks every session.
// Thread: the control thread, which answers scrapes.
class Facts {
public:
    explicit Facts(ScrapeParts parts) : parts_(std::move(parts)) {}
    const ScrapeParts* operator->() const noexcept { return &parts_; }
    const ScrapeParts& operator*() const noexcept { return parts_; }
    const StatusFacts& now() {
        const auto now = parts_.services.clock.steady();
        if (!known_ || now - at_ > facts_age_max) {
            facts_ = parts_.facts();
            at_ = now;
            known_ = true;
        }
        return facts_;
    }

private:
    ScrapeParts parts_;
    StatusFacts facts_;
    SteadyTime at_{};
    bool known_ = false;
};

std::vector<Sample> depths(const ScrapeParts& parts, const StatusFacts& facts) {
    return {{{"audit"}, number(facts.audit_queue)},
            {{"hashing"}, number(facts.hash_queue)},
            {{"pages"}, number(parts.pages.queued())}};
}

std::vector<Sample> capacities(const ScrapeParts& parts, const StatusFacts& facts) {
    return {{{"audit"}, number(facts.audit_queue_max)},
            {{"hashing"}, number(facts.hash_queue_max)},
            {{"pages"}, number(parts.board.get()->model->limits.page_queue)}};
}

std::vector<Sample> busy_ratios(const StatusFacts& facts) {
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < facts.workers_busy.size(); ++i)
        samples.push_back({{std::to_string(i)}, facts.workers_busy[i]});
    return samples;
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

double seconds(WallTime time) {
    return static_cast<double>(std::chrono::duration_cast<Seconds>(time.time_since_epoch()).count());
}

std::vector<Sample> staples(const SnapshotBoard& board) {
    std::vector<Sample> samples;
    for (const auto& certificate : board.get()->tls->certificates())
        if (certificate.staple_until)
            samples.push_back({{certificate.names.front()}, seconds(*certificate.staple_until)});
    return samples;
}

std::vector<Sample> revocation_lists(const SnapshotBoard& board) {
    std::vector<Sample> samples;
    for (const auto& [host, until] : board.get()->tls->revocation_ends())
        samples.push_back({{host}, seconds(until)});
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
    const auto parts = std::make_shared<Facts>(std::move(given));
    registry.on_scrape(Metric::sessions_active, [parts] {
        const auto& facts = parts->now();
        return std::vector<Sample>{{{"staff"}, number(facts.staff)},
                                   {{"contractor"}, number(facts.contractors)},
                                   {{"ops"}, number(facts.ops)}};
    });
    registry.on_scrape(Metric::unwritten_ends, [parts] {
        auto& services = (*parts)->services;
        return std::vector<Sample>{
            {{}, number(services.sessions.unwritten() + services.service_tokens.unwritten())}};
    });
    registry.on_scrape(Metric::queue_depth, [parts] { return depths(**parts, parts->now()); });
    registry.on_scrape(Metric::queue_capacity, [parts] { return capacities(**parts, parts->now()); });
    registry.on_scrape(Metric::certificate_expiry, [parts] { return certificates((*parts)->board); });
    registry.on_scrape(Metric::staple_expiry, [parts] { return staples((*parts)->board); });
    registry.on_scrape(Metric::revocation_list_expiry, [parts] { return revocation_lists((*parts)->board); });
    registry.on_scrape(Metric::upstream_up, [parts] { return upstreams(**parts); });
    registry.on_scrape(Metric::worker_busy, [parts] { return busy_ratios(parts->now()); });
    registry.on_scrape(Metric::connections_limit, [parts] {
        return std::vector<Sample>{{{}, number((*parts)->board.get()->model->limits.connections)}};
    });
    registry.on_scrape(Metric::hash_pool_utilisation, [parts] {
        return std::vector<Sample>{{{}, parts->now().hash_pool_busy}};
    });
    registry.on_scrape(Metric::config_generation, [parts] {
        return std::vector<Sample>{{{}, number((*parts)->board.get()->generation)}};
    });
    registry.on_scrape(Metric::config_last_reload_time, [parts] {
        return std::vector<Sample>{
            {{}, static_cast<double>(parts->now().last_reload.time_since_epoch().count()) / 1000}};
    });
    registry.on_scrape(Metric::config_last_reload_ok, [parts] {
        return std::vector<Sample>{{{}, parts->now().last_reload_ok ? 1.0 : 0.0}};
    });
}

}  // namespace sekisho::gateway
