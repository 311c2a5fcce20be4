#include "telemetry/metrics.hpp"

#include "base/check.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::telemetry {
namespace {

// Where a configured label keeps its names in the registry.
constexpr std::size_t space_of(Label label) { return static_cast<std::size_t>(label); }

bool is_configured(Label label) {
    return label != Label::none && definition(label).capacity > 0 && definition(label).values.empty();
}

std::uint64_t sum_range(const std::vector<std::uint64_t>& slots, Metric metric) {
    const auto first =
        slots.begin() + static_cast<std::ptrdiff_t>(slot_layout[static_cast<std::size_t>(metric)]);
    std::uint64_t sum = 0;
    for (auto at = first; at != first + static_cast<std::ptrdiff_t>(slots_of(definition(metric))); ++at)
        sum += *at;
    return sum;
}

// Series of a metric whose last label is `last`, all other labels added up.
std::uint64_t sum_by_last(const std::vector<std::uint64_t>& slots, Metric metric, std::size_t last) {
    const auto& row = definition(metric);
    const std::size_t stride = definition(row.labels[label_count(row) - 1]).capacity;
    const std::size_t first = slot_layout[static_cast<std::size_t>(metric)];
    std::uint64_t sum = 0;
    for (std::size_t at = last; at < slots_of(row); at += stride) sum += slots[first + at];
    return sum;
}

std::uint64_t sum_decisions(const std::vector<std::uint64_t>& slots, std::size_t effect) {
    const std::size_t reasons = definition(Label::reason).capacity,
                      first = slot_of<Metric::decisions>(0, 0, 0);
    std::uint64_t sum = 0;
    for (std::size_t app = 0; app < definition(Label::app).capacity; ++app)
        for (std::size_t reason = 0; reason < reasons; ++reason)
            sum += slots[first + (app * 2 + effect) * reasons + reason];
    return sum;
}

Latency latency_of(const std::vector<std::uint64_t>& slots, std::size_t phase) {
    Latency latency;
    for (std::size_t app = 0; app < definition(Label::app).capacity; ++app) {
        const std::size_t slot = slot_of<Metric::request_duration>(app, phase);
        for (std::size_t b = 0; b <= bound_count; ++b) latency.buckets[b] += slots[slot + b];
        latency.sum_nanoseconds += slots[slot + bound_count + 1];
    }
    return latency;
}

}  // namespace

std::uint64_t Latency::count() const noexcept {
    std::uint64_t count = 0;
    for (const auto bucket : buckets) count += bucket;
    return count;
}

double Latency::quantile(double q) const noexcept {
    const auto all = static_cast<double>(count());
    if (all == 0) return 0;
    const double wanted = q * all;
    double below = 0;
    for (std::size_t b = 0; b < bound_count; ++b) {
        const auto here = static_cast<double>(buckets[b]);
        if (here > 0 && below + here >= wanted) {
            const double from = b == 0 ? 0 : static_cast<double>(service_bounds[b - 1]);
            const auto to = static_cast<double>(service_bounds[b]);
            return (from + (to - from) * (wanted - below) / here) * 1e-9;
        }
        below += here;
    }
    return static_cast<double>(service_bounds.back()) * 1e-9;
}

Latency Latency::since(const Latency& earlier) const noexcept {
    Latency result;
    for (std::size_t b = 0; b < buckets.size(); ++b) result.buckets[b] = buckets[b] - earlier.buckets[b];
    result.sum_nanoseconds = sum_nanoseconds - earlier.sum_nanoseconds;
    return result;
}

Registry::Registry() = default;

Shard& Registry::make_shard() {
    const std::scoped_lock lock(mutex_);
    return *shards_.emplace_back(std::make_unique<Shard>());
}

LabelId Registry::other(Label label) noexcept { return static_cast<LabelId>(definition(label).capacity - 1); }

std::vector<LabelId> Registry::name_labels(Label label, const std::vector<std::string>& names) {
    check(is_configured(label), "label has configured names");
    const std::scoped_lock lock(mutex_);
    auto& known = names_[space_of(label)];
    std::vector<LabelId> ids;
    ids.reserve(names.size());
    for (const auto& name : names) {
        const auto at = std::find(known.begin(), known.end(), name);
        const auto id = static_cast<LabelId>(at - known.begin());
        if (at == known.end() && id < other(label)) known.push_back(name);
        ids.push_back(std::min(id, other(label)));
    }
    return ids;
}

void Registry::on_scrape(Metric metric, Scrape scrape) {
    check(!in_shards(definition(metric).kind), "metric is asked for at scrape");
    const std::scoped_lock lock(mutex_);
    scrapes_[static_cast<std::size_t>(metric)] = std::move(scrape);
}

std::uint64_t Registry::sum(std::size_t slot) const {
    const std::scoped_lock lock(mutex_);
    std::uint64_t sum = shared_.read(slot);
    for (const auto& shard : shards_) sum += shard->read(slot);
    return sum;
}

std::vector<std::uint64_t> Registry::sums() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::uint64_t> sums(shard_slots);
    for (std::size_t slot = 0; slot < shard_slots; ++slot) sums[slot] = shared_.read(slot);
    for (const auto& shard : shards_)
        for (std::size_t slot = 0; slot < shard_slots; ++slot) sums[slot] += shard->read(slot);
    return sums;
}

std::string Registry::label_text(Label label, std::size_t id) const {
    const auto& row = definition(label);
    if (!row.values.empty()) return std::string(row.values[id]);
    const std::scoped_lock lock(mutex_);
    const auto& known = names_[space_of(label)];
    return id < known.size() ? known[id] : "other";
}

std::vector<Sample> Registry::samples(Metric metric) const {
    Scrape scrape;
    {
        const std::scoped_lock lock(mutex_);
        scrape = scrapes_[static_cast<std::size_t>(metric)];
    }
    return scrape ? scrape() : std::vector<Sample>{};
}

Totals Registry::totals() const {
    const auto slots = sums();
    Totals totals;
    for (std::size_t i = 0; i < totals.requests_by_class.size(); ++i) {
        totals.requests_by_class[i] = sum_by_last(slots, Metric::requests, i);
        totals.requests += totals.requests_by_class[i];
    }
    totals.allowed = sum_decisions(slots, 0);
    totals.denied = sum_decisions(slots, 1);
    totals.bytes_in = sum_by_last(slots, Metric::body_bytes, 0);
    totals.bytes_out = sum_by_last(slots, Metric::body_bytes, 1);
    totals.connections = sum_range(slots, Metric::connections);
    totals.handshakes = sum_range(slots, Metric::tls_handshakes);
    totals.handshakes_resumed = sum_by_last(slots, Metric::tls_handshakes, 1);
    totals.audit_records = sum_range(slots, Metric::audit_records);
    totals.audit_dropped = sum_range(slots, Metric::audit_dropped);
    totals.access_log_dropped = sum_range(slots, Metric::access_log_dropped);
    totals.connections_open = static_cast<std::int64_t>(sum_range(slots, Metric::connections_open));
    totals.tunnels_open = static_cast<std::int64_t>(sum_range(slots, Metric::tunnels_open));
    totals.upstream_idle = static_cast<std::int64_t>(sum_by_last(slots, Metric::upstream_connections, 0));
    totals.upstream_busy = static_cast<std::int64_t>(sum_by_last(slots, Metric::upstream_connections, 1));
    totals.total = latency_of(slots, 0);
    totals.upstream = latency_of(slots, 1);
    return totals;
}

}  // namespace sekisho::telemetry
