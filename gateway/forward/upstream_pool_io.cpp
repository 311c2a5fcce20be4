#include "gateway/forward/upstream_pool_io.hpp"

#include <algorithm>
#include <array>

namespace sekisho::gateway {

namespace {

using telemetry::Metric;

enum PoolState : std::uint8_t { idle = 0, busy = 1 };  // as label_values::pool_state

}  // namespace

UpstreamConnection::UpstreamConnection(UpstreamPool& pool, std::unique_ptr<ByteStream> stream) noexcept
    : pool_(pool), stream_(std::move(stream)) {
    ++pool_.open_;
    pool_.shard_.add<Metric::upstream_connections>(1, pool_.label_, busy);
}

UpstreamConnection::~UpstreamConnection() {
    --pool_.open_;
    pool_.shard_.add<Metric::upstream_connections>(-1, pool_.label_,
                                                   rested_since_ == SteadyTime{} ? busy : idle);
}

void UpstreamConnection::ready() noexcept {
    // Whatever an upstream says unasked, its end included, makes the connection useless.
    std::array<std::uint8_t, 16> scratch;
    if (stream_->read(scratch).state == IoState::would_block) return;
    dead_ = true;
    stream_->close();
}

UpstreamPool::UpstreamPool(Reactor& reactor, Resolver& resolver, config::Upstream upstream, Options options,
                           telemetry::Shard& shard, telemetry::LabelId label) noexcept
    : reactor_(reactor),
      resolver_(resolver),
      upstream_(std::move(upstream)),
      options_(options),
      shard_(shard),
      label_(label) {}

Result<std::unique_ptr<UpstreamPool>> UpstreamPool::create(Reactor& reactor, Resolver& resolver,
                                                           const config::Upstream& upstream, Options options,
                                                           telemetry::Shard& shard,
                                                           telemetry::LabelId label) {
    std::unique_ptr<UpstreamPool> pool(new UpstreamPool(reactor, resolver, upstream, options, shard, label));
    if (upstream.tls) {
        auto context = TlsClientContext::create(
            upstream.ca_path, upstream.server_name.empty() ? upstream.host : upstream.server_name);
        if (!context) return context.error();
        pool->tls_ = std::move(*context);
    }
    return pool;
}

std::unique_ptr<UpstreamConnection> UpstreamPool::take() {
    while (!resting_.empty()) {
        auto connection = std::move(resting_.back());
        resting_.pop_back();
        if (connection->dead_) continue;
        connection->stream().detach();
        connection->rested_since_ = SteadyTime{};
        shard_.add<Metric::upstream_connections>(-1, label_, idle);
        shard_.add<Metric::upstream_connections>(1, label_, busy);
        return connection;
    }
    return nullptr;
}

void UpstreamPool::rest(std::unique_ptr<UpstreamConnection> connection) {
    if (resting_.size() >= options_.idle_max || connection->dead_) return;
    connection->stream().attach(static_cast<ReadyHook&>(*connection));
    connection->ready();  // what came with the last bytes of the answer makes no news of its own
    if (connection->dead_) return;
    connection->rested_since_ = reactor_.now();
    connection->used_ = true;
    shard_.add<Metric::upstream_connections>(-1, label_, busy);
    shard_.add<Metric::upstream_connections>(1, label_, idle);
    resting_.push_back(std::move(connection));
}

void UpstreamPool::drop_old(SteadyTime now) {
    const auto old = [&](const auto& connection) {
        return connection->dead_ || now - connection->rested_since_ >= options_.idle_timeout;
    };
    resting_.erase(std::remove_if(resting_.begin(), resting_.end(), old), resting_.end());
}

void UpstreamPool::count_connect(std::uint8_t result, SteadyTime began) {
    const bool works = result == 0;
    if (up_ != works && options_.states) options_.states->set(upstream_.name, works);
    up_ = works;
    shard_.count<Metric::upstream_connects>(label_, result);
    if (works) shard_.observe<Metric::upstream_connect_duration>((reactor_.now() - began).count(), label_);
}

void UpstreamPool::count_fault(std::uint8_t fault) noexcept {
    shard_.count<Metric::upstream_faults>(label_, fault);
}

}  // namespace sekisho::gateway
