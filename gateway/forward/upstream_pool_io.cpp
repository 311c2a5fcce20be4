#include "gateway/forward/upstream_pool_io.hpp"

#include "base/check.hpp"
#include "gateway/forward/http2_pool_io.hpp"

#include <algorithm>
#include <array>

namespace sekisho::gateway {

namespace {

using telemetry::Metric;

enum PoolState : std::uint8_t { idle = 0, busy = 1 };  // as label_values::pool_state

// As label_values::upstream_fault.
enum FaultLabel : std::uint8_t {
    fault_timed_out,
    fault_reset,
    fault_malformed,
    fault_truncated,
    fault_too_large,
    fault_other
};

std::optional<std::uint8_t> label_of(UpstreamFault fault) noexcept {
    switch (fault) {
        case UpstreamFault::refused:
        case UpstreamFault::tls:
        case UpstreamFault::protocol:
        case UpstreamFault::busy:
            return std::nullopt;
        case UpstreamFault::timed_out:
            return fault_timed_out;
        case UpstreamFault::closed_early:
            return fault_reset;
        case UpstreamFault::malformed:
            return fault_malformed;
        case UpstreamFault::truncated:
            return fault_truncated;
        default:
            return fault_other;
    }
}

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
        const bool http2 = upstream.protocol == config::UpstreamProtocol::http2;
        auto context = TlsClientContext::create(
            upstream.ca_path, upstream.server_name.empty() ? upstream.host : upstream.server_name,
            http2 ? TlsClientContext::Application::http2 : TlsClientContext::Application::http1);
        if (!context) return context.error();
        pool->tls_ = std::move(*context);
    }
    if (upstream.protocol == config::UpstreamProtocol::http2) {
        check(options.worker != nullptr, "HTTP/2 needs a worker");
        pool->http2_ = std::make_unique<Http2Pool>(*options.worker, *pool);
    }
    return pool;
}

UpstreamPool::~UpstreamPool() = default;

std::unique_ptr<UpstreamConnection> UpstreamPool::take() {
    while (!resting_.empty()) {
        auto connection = std::move(resting_.back());
        resting_.pop_back();
        if (connection->dead_) continue;
        connection->stream().detach();
        rests(*connection, false);
        return connection;
    }
    return nullptr;
}

void UpstreamPool::rest(std::unique_ptr<UpstreamConnection> connection) {
    if (resting_.size() >= options_.idle_max || connection->dead_) return;
    connection->stream().attach(static_cast<ReadyHook&>(*connection));
    connection->ready();  // what came with the last bytes of the answer makes no news of its own
    if (connection->dead_) return;
    rests(*connection, true);
    connection->used_ = true;
    resting_.push_back(std::move(connection));
}

void UpstreamPool::drop_old(SteadyTime now) {
    const auto old = [&](const auto& connection) {
        return connection->dead_ || now - connection->rested_since_ >= options_.idle_timeout;
    };
    resting_.erase(std::remove_if(resting_.begin(), resting_.end(), old), resting_.end());
}

void UpstreamPool::count_connect(ConnectResult result, SteadyTime began) {
    const bool works = result == ConnectResult::connected;
    if (up_ != works && options_.states) options_.states->set(upstream_.name, works);
    up_ = works;
    shard_.count<Metric::upstream_connects>(label_, static_cast<std::uint8_t>(result));
    if (works) shard_.observe<Metric::upstream_connect_duration>((reactor_.now() - began).count(), label_);
}

void UpstreamPool::count_fault(UpstreamFault fault) noexcept {
    if (const auto label = label_of(fault)) shard_.count<Metric::upstream_faults>(label_, *label);
}

void UpstreamPool::rests(UpstreamConnection& connection, bool resting) noexcept {
    if (resting == (connection.rested_since_ != SteadyTime{})) return;
    connection.rested_since_ = resting ? reactor_.now() : SteadyTime{};
    shard_.add<Metric::upstream_connections>(-1, label_, resting ? busy : idle);
    shard_.add<Metric::upstream_connections>(1, label_, resting ? idle : busy);
}

void UpstreamPool::count_streams(std::int64_t more) noexcept {
    shard_.add<Metric::upstream_streams>(more, label_);
}

void UpstreamPool::count_retry() noexcept { shard_.count<Metric::upstream_retries>(label_); }

void UpstreamPool::count_http2_fault(Http2Fault fault) noexcept {
    if (fault == Http2Fault::none || fault == Http2Fault::peer_left) return;
    shard_.count<Metric::upstream_http2_faults>(
        label_, static_cast<std::uint8_t>(static_cast<std::uint8_t>(fault) - 1));
}

}  // namespace sekisho::gateway
