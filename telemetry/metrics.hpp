#pragma once
// Metrics: per-thread shards on the hot path, one registry that adds them up when somebody asks.
#include "telemetry/metrics_table.hpp"

#include <atomic>
#include <concepts>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sekisho::telemetry {

using LabelId = std::uint16_t;

// slot_of is the place of a metric's series in a shard. An id past a label's capacity counts as its last
// value.
template <Metric M, class... Ids>
constexpr std::size_t slot_of(Ids... ids) noexcept {
    constexpr const MetricDefinition& metric = definition(M);
    static_assert(in_shards(metric.kind), "this metric is asked for at scrape");
    static_assert(sizeof...(Ids) == label_count(metric), "one id for each label of the metric");
    std::size_t index = 0, i = 0;
    [[maybe_unused]] const auto step = [&](std::size_t id) {
        const std::size_t capacity = definition(metric.labels[i++]).capacity;
        index = index * capacity + (id < capacity ? id : capacity - 1);
    };
    (step(static_cast<std::size_t>(ids)), ...);
    const std::size_t width = metric.kind == MetricKind::histogram ? histogram_slots : 1;
    return slot_layout[static_cast<std::size_t>(M)] + index * width;
}

// bucket_of counts the bounds below the value: a binary search of five steps without a branch.
inline std::size_t bucket_of(const Bounds& bounds, std::int64_t nanoseconds) noexcept {
    static_assert(bound_count == 16);
    std::size_t bucket = 0;
    for (const std::size_t step : {8u, 4u, 2u, 1u})
        bucket += nanoseconds > bounds[bucket + step - 1] ? step : 0;
    return bucket + (nanoseconds > bounds[bucket] ? 1 : 0);
}

enum class Writers : std::uint8_t { one, many };

// BasicShard holds one slot for each series. With one writer an update is a plain load and store; with many
// it is an atomic addition. Labels are given as small ids (LabelSpace for configured names, the index in
// label_values else). Thread: updates from the owning thread only when Writers::one; reading from any thread.
template <Writers W>
class alignas(64) BasicShard {
public:
    BasicShard() : slots_(new Line[(shard_slots + 7) / 8]) {}

    template <Metric M, class... Ids>
    void count(Ids... ids) noexcept {
        add<M>(1, ids...);
    }
    // add: how much more, bytes for instance. A level (gauge) also takes negative amounts.
    template <Metric M, class... Ids>
    void add(std::int64_t amount, Ids... ids) noexcept {
        static_assert(definition(M).kind != MetricKind::histogram, "histograms observe");
        bump(slot_of<M>(ids...), static_cast<std::uint64_t>(amount));
    }
    template <Metric M, class... Ids>
    void observe(std::int64_t nanoseconds, Ids... ids) noexcept {
        constexpr const MetricDefinition& metric = definition(M);
        static_assert(metric.kind == MetricKind::histogram, "only histograms observe");
        const std::size_t slot = slot_of<M>(ids...);
        bump(slot + bucket_of(bounds_of(metric.buckets), nanoseconds), 1);
        bump(slot + bound_count + 1, static_cast<std::uint64_t>(nanoseconds > 0 ? nanoseconds : 0));
    }
    std::uint64_t read(std::size_t slot) const noexcept {
        return slots_[slot / 8].slots[slot % 8].load(std::memory_order_relaxed);
    }

private:
    struct alignas(64) Line {
        std::atomic<std::uint64_t> slots[8]{};
    };
    void bump(std::size_t slot, std::uint64_t amount) noexcept {
        auto& place = slots_[slot / 8].slots[slot % 8];
        if constexpr (W == Writers::one)
            place.store(place.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
        else
            place.fetch_add(amount, std::memory_order_relaxed);
    }
    std::unique_ptr<Line[]> slots_;
};
using Shard = BasicShard<Writers::one>;
using SharedShard = BasicShard<Writers::many>;

// Sample is one value of a metric asked for at scrape, with one text for each label.
struct Sample {
    std::vector<std::string> labels;
    double value = 0;
};
using Scrape = std::function<std::vector<Sample>()>;

// Latency is a histogram taken out of the registry.
struct Latency {
    std::array<std::uint64_t, bound_count + 1> buckets{};
    std::uint64_t sum_nanoseconds = 0;
    std::uint64_t count() const noexcept;
    // quantile in seconds, interpolated inside its bucket; 0 when nothing was counted, the last bound when
    // beyond it.
    double quantile(double q) const noexcept;
    Latency since(const Latency& earlier) const noexcept;
};

// Totals is what `sekisho status` shows; rates come from the difference of two.
struct Totals {
    std::array<std::uint64_t, 6> requests_by_class{};  // the order of label_values::code_class
    std::uint64_t requests = 0, allowed = 0, denied = 0, bytes_in = 0, bytes_out = 0;
    std::uint64_t connections = 0, handshakes = 0, handshakes_resumed = 0;
    std::uint64_t audit_records = 0, audit_dropped = 0, access_log_dropped = 0;
    std::int64_t connections_open = 0, tunnels_open = 0, upstream_idle = 0, upstream_busy = 0;
    Latency total, upstream;
};

// Registry owns the shards, the names of configured labels and the callbacks asked at scrape.
// Thread: any.
class Registry {
public:
    Registry();
    // A new shard for one thread; it lives as long as the registry.
    Shard& make_shard();
    // For threads without a shard of their own (pools, control).
    SharedShard& shared() noexcept { return shared_; }

    // name_labels gives each name its id, in order; known names keep theirs, retired ones keep their counts,
    // and past the capacity all share the id of "other". Label must be one of app, upstream, limit.
    std::vector<LabelId> name_labels(Label label, const std::vector<std::string>& names);
    static LabelId other(Label label) noexcept;

    // on_scrape sets where the values of a metric come from; called on the scraping thread. An empty one
    // removes it.
    void on_scrape(Metric metric, Scrape scrape);

    // What a reader needs: sums over shards, names, samples.
    std::uint64_t sum(std::size_t slot) const;
    std::vector<std::uint64_t> sums() const;
    std::string label_text(Label label, std::size_t id) const;
    std::vector<Sample> samples(Metric metric) const;
    Totals totals() const;

private:
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Shard>> shards_;
    SharedShard shared_;
    std::array<std::vector<std::string>, 5> names_;  // by Label::app, upstream, limit, rule
    std::array<Scrape, metric_count> scrapes_;
};

// open_descriptors is how many file descriptors this process holds. Thread: any.
std::uint64_t open_descriptors();

// use_process_metrics registers process_* and sekisho_build_info.
void use_process_metrics(Registry& registry, std::string_view version, std::string_view tls_library);

// render is the text exposition format, version 0.0.4. It takes up to some milliseconds: not on a worker.
std::string render(const Registry& registry);
inline constexpr std::string_view exposition_type = "text/plain; version=0.0.4; charset=utf-8";

// metrics_reference is docs/reference/metrics.md.
std::string metrics_reference();

}  // namespace sekisho::telemetry
