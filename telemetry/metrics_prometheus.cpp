#include "telemetry/metrics.hpp"

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <limits>

namespace sekisho::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricType type_of(MetricKind kind) {
    switch (kind) {
        case MetricKind::sum:
        case MetricKind::scraped_sum:
            return MetricType::Counter;
        case MetricKind::level:
        case MetricKind::scraped:
            return MetricType::Gauge;
        case MetricKind::histogram:
            break;
    }
    return MetricType::Histogram;
}

// Labels of the series at `index`: the last label varies fastest.
std::vector<ClientMetric::Label> labels_at(const Registry& registry, const MetricDefinition& row,
                                           std::size_t index) {
    std::vector<ClientMetric::Label> labels(label_count(row));
    for (std::size_t i = labels.size(); i-- > 0;) {
        const auto& label = definition(row.labels[i]);
        labels[i].name = std::string(label.name);
        labels[i].value = registry.label_text(row.labels[i], index % label.capacity);
        index /= label.capacity;
    }
    return labels;
}

void put_value(ClientMetric& metric, MetricType type, double value) {
    if (type == MetricType::Counter)
        metric.counter.value = value;
    else
        metric.gauge.value = value;
}

void put_histogram(ClientMetric& metric, const Bounds& bounds, const std::uint64_t* slots) {
    std::uint64_t count = 0;
    for (std::size_t b = 0; b <= bound_count; ++b) {
        count += slots[b];
        const double bound =
            b < bound_count ? static_cast<double>(bounds[b]) / 1e9 : std::numeric_limits<double>::infinity();
        metric.histogram.bucket.push_back({count, bound});
    }
    metric.histogram.sample_count = count;
    metric.histogram.sample_sum = static_cast<double>(slots[bound_count + 1]) / 1e9;
}

bool any_counted(const std::uint64_t* slots, std::size_t width) {
    for (std::size_t i = 0; i < width; ++i)
        if (slots[i] != 0) return true;
    return false;
}

// Counters of few, fixed series show from the start: `increase()` cannot see a series begin at 1.
constexpr std::size_t always_shown_max = 32;
bool always_shown(const MetricDefinition& row) {
    if (label_count(row) == 0) return true;
    if (row.kind != MetricKind::sum || series_capacity(row) > always_shown_max) return false;
    for (std::size_t i = 0; i < label_count(row); ++i)
        if (definition(row.labels[i]).values.empty()) return false;
    return true;
}

// Any other series shows once it was touched, which bounds the page.
void put_series(MetricFamily& family, const Registry& registry, const MetricDefinition& row,
                const std::uint64_t* slots) {
    const std::size_t width = row.kind == MetricKind::histogram ? histogram_slots : 1;
    const bool always = always_shown(row);
    for (std::size_t i = 0; i < series_capacity(row); ++i, slots += width) {
        if (!always && !any_counted(slots, width)) continue;
        ClientMetric metric;
        metric.label = labels_at(registry, row, i);
        if (row.kind == MetricKind::histogram)
            put_histogram(metric, bounds_of(row.buckets), slots);
        else
            put_value(metric, family.type, static_cast<double>(static_cast<std::int64_t>(*slots)));
        family.metric.push_back(std::move(metric));
    }
}

void put_samples(MetricFamily& family, const Registry& registry, const MetricDefinition& row) {
    for (auto& sample : registry.samples(row.metric)) {
        ClientMetric metric;
        for (std::size_t i = 0; i < label_count(row) && i < sample.labels.size(); ++i)
            metric.label.push_back(
                {std::string(definition(row.labels[i]).name), std::move(sample.labels[i])});
        put_value(metric, family.type, sample.value);
        family.metric.push_back(std::move(metric));
    }
}

class Exposition final : public prometheus::Collectable {
public:
    explicit Exposition(const Registry& registry) : registry_(registry) {}
    std::vector<MetricFamily> Collect() const override {
        const auto sums = registry_.sums();
        std::vector<MetricFamily> families;
        for (const auto& row : metric_table) {
            MetricFamily family;
            family.name = std::string(row.name);
            family.help = std::string(row.help);
            family.type = type_of(row.kind);
            if (in_shards(row.kind))
                put_series(family, registry_, row, &sums[slot_layout[static_cast<std::size_t>(row.metric)]]);
            else
                put_samples(family, registry_, row);
            if (!family.metric.empty()) families.push_back(std::move(family));
        }
        return families;
    }

private:
    const Registry& registry_;
};

}  // namespace

std::string render(const Registry& registry) {
    return prometheus::TextSerializer{}.Serialize(Exposition(registry).Collect());
}

}  // namespace sekisho::telemetry
