#pragma once
// ConnectionLimits counts open client connections, all together and by source, across workers.
// Thread: every member may be called from any thread.
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

private:
    friend class ConnectionLimits;
    ConnectionLease(std::shared_ptr<ConnectionLimits> limits, const IpAddress& key) noexcept;
    std::shared_ptr<ConnectionLimits> limits_;
    IpAddress key_;
};

enum class Refusal : std::uint8_t { none, total, per_address };

class ConnectionLimits : public std::enable_shared_from_this<ConnectionLimits> {
public:
    static std::shared_ptr<ConnectionLimits> create(std::uint32_t total_max, std::uint32_t per_address_max);

    struct Admission {
        ConnectionLease lease;  // empty when refused
        Refusal refusal = Refusal::none;
    };
    // admit counts by the address for IPv4, by its /64 for IPv6.
    Admission admit(const IpAddress& peer);
    std::uint32_t open() const noexcept { return open_.load(std::memory_order_relaxed); }
    // change applies from the next admit on; open connections stay.
    void change(std::uint32_t total_max, std::uint32_t per_address_max) noexcept;

private:
    friend class ConnectionLease;
    ConnectionLimits(std::uint32_t total_max, std::uint32_t per_address_max) noexcept;
    void release(const IpAddress& key) noexcept;
    struct Shard {
        std::mutex mutex;
        std::map<IpAddress, std::uint32_t> open;  // at most as many entries as connections
    };
    Shard& shard(const IpAddress& key) noexcept;
    std::atomic<std::uint32_t> total_max_, per_address_max_, open_{0};
    std::array<Shard, 16> shards_;
};

}  // namespace sekisho::gateway
