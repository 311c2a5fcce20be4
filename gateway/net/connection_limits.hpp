#pragma once
// ConnectionLimits counts open client connections and TLS handshakes, all together and by source, across
// workers. A source is an IPv4 address or an IPv6 /64.
// Thread: every member may be called from any thread. Time is an argument.
#include "base/clock.hpp"
#include "base/ip.hpp"

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>

namespace sekisho::gateway {

class ConnectionLimits;

// ConnectionLease is a place among the connections; giving it up frees the place.
class ConnectionLease {
public:
    ConnectionLease() = default;
    ConnectionLease(ConnectionLease&& other) noexcept;
    ConnectionLease& operator=(ConnectionLease&& other) noexcept;
    ~ConnectionLease() { release(); }
    explicit operator bool() const noexcept { return limits_ != nullptr; }
    void release() noexcept;
    // settled: the handshake is over; from now on this is one open connection and nothing more.
    void settled() noexcept;

private:
    friend class ConnectionLimits;
    ConnectionLease(std::shared_ptr<ConnectionLimits> limits, const IpAddress& key) noexcept;
    std::shared_ptr<ConnectionLimits> limits_;
    IpAddress key_;
    bool greeting_ = true;  // counts among its source's handshakes
};

// Why a connection is closed right after it was accepted; label_values::refusal has the same order.
enum class Refusal : std::uint8_t { none, total, per_address, handshakes, rate, descriptors, proxy_header };
inline constexpr std::size_t refusal_count = static_cast<std::size_t>(Refusal::proxy_header) + 1;

// What ConnectionLimits allows. `handshake_rate` is per second and source, 0 = any.
struct ConnectionBounds {
    std::uint32_t total = 20000, per_address = 1000, handshakes = 256, handshake_rate = 500;
    static constexpr std::uint32_t burst_seconds = 4;  // of handshake_rate, at once
};

class ConnectionLimits : public std::enable_shared_from_this<ConnectionLimits> {
public:
    static std::shared_ptr<ConnectionLimits> create(const ConnectionBounds& bounds);

    struct Admission {
        ConnectionLease lease;  // empty when refused
        Refusal refusal = Refusal::none;
    };
    // admit counts a connection whose handshake begins.
    Admission admit(const IpAddress& peer, SteadyTime now);
    std::uint32_t open() const noexcept { return open_.load(std::memory_order_relaxed); }
    // sources is how many are remembered: those with open connections, and a bounded number of others.
    std::size_t sources() const;
    // change applies from the next admit on; open connections stay.
    void change(const ConnectionBounds& bounds) noexcept;

    // Sources without a connection that one of the 16 parts remembers for their rate.
    static constexpr std::size_t idle_sources_max = 4096;

private:
    friend class ConnectionLease;
    struct Source {
        std::uint32_t open = 0, greeting = 0;
        SteadyTime full_again = SteadyTime::min();  // as base/token_bucket; the settings are everybody's
    };
    struct Shard {
        mutable std::mutex mutex;
        std::map<IpAddress, Source> sources;
        std::size_t idle = 0;  // of them, without an open connection
    };
    explicit ConnectionLimits(const ConnectionBounds& bounds) noexcept { change(bounds); }
    Refusal judge(const Source& source) const noexcept;
    bool take_turn(Source& source, SteadyTime now) const noexcept;
    static void forget_idle(Shard& part, SteadyTime now) noexcept;
    void release(const IpAddress& key, bool greeting) noexcept;
    void settled(const IpAddress& key) noexcept;
    Shard& shard(const IpAddress& key) noexcept;

    std::atomic<std::uint32_t> total_max_, per_address_max_, handshakes_max_, rate_, open_{0};
    std::array<Shard, 16> shards_;
};

}  // namespace sekisho::gateway
