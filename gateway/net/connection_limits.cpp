#include "gateway/net/connection_limits.hpp"

#include <utility>

namespace sekisho::gateway {

ConnectionLease::ConnectionLease(std::shared_ptr<ConnectionLimits> limits, const IpAddress& key) noexcept
    : limits_(std::move(limits)), key_(key) {}

ConnectionLease::ConnectionLease(ConnectionLease&& other) noexcept
    : limits_(std::exchange(other.limits_, nullptr)), key_(other.key_) {}

ConnectionLease& ConnectionLease::operator=(ConnectionLease&& other) noexcept {
    if (this != &other) {
        release();
        limits_ = std::exchange(other.limits_, nullptr);
        key_ = other.key_;
    }
    return *this;
}

void ConnectionLease::release() noexcept {
    if (const auto limits = std::exchange(limits_, nullptr)) limits->release(key_);
}

ConnectionLimits::ConnectionLimits(std::uint32_t total_max, std::uint32_t per_address_max) noexcept
    : total_max_(total_max), per_address_max_(per_address_max) {}

std::shared_ptr<ConnectionLimits> ConnectionLimits::create(std::uint32_t total_max,
                                                           std::uint32_t per_address_max) {
    return std::shared_ptr<ConnectionLimits>(new ConnectionLimits(total_max, per_address_max));
}

ConnectionLimits::Admission ConnectionLimits::admit(const IpAddress& peer) {
    if (open_.fetch_add(1, std::memory_order_relaxed) >= total_max_.load(std::memory_order_relaxed)) {
        open_.fetch_sub(1, std::memory_order_relaxed);
        return {{}, Refusal::total};
    }
    const IpAddress key = peer.source_key();
    auto& part = shard(key);
    const std::lock_guard lock(part.mutex);
    auto& count = part.open[key];
    if (count >= per_address_max_.load(std::memory_order_relaxed)) {
        if (count == 0) part.open.erase(key);
        open_.fetch_sub(1, std::memory_order_relaxed);
        return {{}, Refusal::per_address};
    }
    ++count;
    return {ConnectionLease(shared_from_this(), key), Refusal::none};
}

void ConnectionLimits::change(std::uint32_t total_max, std::uint32_t per_address_max) noexcept {
    total_max_.store(total_max, std::memory_order_relaxed);
    per_address_max_.store(per_address_max, std::memory_order_relaxed);
}

void ConnectionLimits::release(const IpAddress& key) noexcept {
    open_.fetch_sub(1, std::memory_order_relaxed);
    auto& part = shard(key);
    const std::lock_guard lock(part.mutex);
    const auto found = part.open.find(key);
    if (found != part.open.end() && --found->second == 0) part.open.erase(found);
}

ConnectionLimits::Shard& ConnectionLimits::shard(const IpAddress& key) noexcept {
    // The octets that differ between neighbours: the end of an IPv4 address, of an IPv6 /64.
    const unsigned mixed = key.octets[15] ^ key.octets[14] ^ key.octets[7] ^ key.octets[6];
    return shards_[mixed % shards_.size()];
}

}  // namespace sekisho::gateway
