#pragma once
// UpstreamPool keeps one worker's connections to one upstream: the last one used is taken first,
// and one that the upstream closes while it rests is dropped at once.
#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/model.hpp"
#include "gateway/forward/upstream_states.hpp"
#include "gateway/http/http2_budgets.hpp"
#include "gateway/http/upstream_side.hpp"
#include "gateway/net/dial_io.hpp"
#include "gateway/net/plain_stream_io.hpp"
#include "gateway/net/reactor_io.hpp"
#include "gateway/net/resolver_io.hpp"
#include "gateway/net/tls_context.hpp"
#include "gateway/net/tls_stream_io.hpp"
#include "telemetry/metrics.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sekisho::gateway {

class Http2Links;
class UpstreamPool;
class Worker;

// UpstreamConnection is one connection for its whole life: carrying an exchange, or resting.
class UpstreamConnection final : public ReadyHook {
public:
    UpstreamConnection(UpstreamPool& pool, std::unique_ptr<ByteStream> stream) noexcept;
    ~UpstreamConnection();
    ByteStream& stream() noexcept { return *stream_; }
    bool was_used() const noexcept { return used_; }

private:
    friend class UpstreamPool;
    void ready() noexcept override;
    UpstreamPool& pool_;
    std::unique_ptr<ByteStream> stream_;
    SteadyTime rested_since_{};
    bool used_ = false, dead_ = false;
};

// As label_values::connect_result.
enum class ConnectResult : std::uint8_t { connected, refused, timed_out, tls, resolve, protocol };

class UpstreamPool {
public:
    struct Options {
        std::uint32_t idle_max = 64;
        Millis idle_timeout{30'000};
        UpstreamStates* states = nullptr;
        Worker* worker = nullptr;  // needed where HTTP/2 is spoken
    };
    ~UpstreamPool();
    // Errors: Errc::malformed or not_found when the upstream's CA cannot be read.
    static Result<std::unique_ptr<UpstreamPool>> create(Reactor& reactor, Resolver& resolver,
                                                        const config::Upstream& upstream, Options options,
                                                        telemetry::Shard& shard, telemetry::LabelId label);

    const config::Upstream& upstream() const noexcept { return upstream_; }
    Reactor& reactor() noexcept { return reactor_; }
    Resolver& resolver() noexcept { return resolver_; }
    const std::shared_ptr<TlsClientContext>& tls() const noexcept { return tls_; }

    // A resting connection, or null.
    std::unique_ptr<UpstreamConnection> take();
    // has_room: another connection may be opened.
    bool has_room() const noexcept {
        return upstream_.connections == 0 || open_ + dialling_ < upstream_.connections;
    }
    // Use says that somebody refers to the pool, or is opening a connection of it, as long as it lives.
    class Use {
    public:
        explicit Use(std::uint32_t& count) noexcept : count_(&count) { ++count; }
        Use(Use&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
        Use& operator=(Use&&) = delete;
        ~Use() {
            if (count_) --*count_;
        }

    private:
        std::uint32_t* count_;
    };
    Use use() noexcept { return Use(users_); }
    Use dialling() noexcept { return Use(dialling_); }
    void rest(std::unique_ptr<UpstreamConnection> connection);
    // drop_old closes what rested past the time-out; called about once a second.
    void drop_old(SteadyTime now);

    // http2: the connections that requests share, where that is what the upstream speaks; else null.
    Http2Links* http2() const noexcept { return http2_.get(); }
    // rests: a shared connection carries nothing now, or does again.
    void rests(UpstreamConnection& connection, bool resting) noexcept;
    void count_streams(std::int64_t more) noexcept;
    void count_retry() noexcept;
    void count_http2_fault(Http2Fault fault) noexcept;

    // count_connect: what a connection attempt came to.
    void count_connect(ConnectResult result, SteadyTime began);
    // count_fault: an exchange the upstream broke; what failed before one began is no such.
    void count_fault(UpstreamFault fault) noexcept;
    bool resting_or_used() const noexcept { return open_ != 0 || users_ != 0; }

private:
    friend class UpstreamConnection;
    UpstreamPool(Reactor& reactor, Resolver& resolver, config::Upstream upstream, Options options,
                 telemetry::Shard& shard, telemetry::LabelId label) noexcept;
    Reactor& reactor_;
    Resolver& resolver_;
    config::Upstream upstream_;
    Options options_;
    telemetry::Shard& shard_;
    telemetry::LabelId label_;
    std::shared_ptr<TlsClientContext> tls_;
    std::uint32_t open_ = 0, users_ = 0, dialling_ = 0;
    std::optional<bool> up_;
    std::unique_ptr<Http2Links> http2_;
    std::vector<std::unique_ptr<UpstreamConnection>> resting_;  // the one used last at the back
};

}  // namespace sekisho::gateway
