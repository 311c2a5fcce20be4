#include "gateway/net/connection_limits.hpp"

#include <algorithm>
#include <utility>

namespace sekisho::gateway {

ConnectionLease::ConnectionLease(std::shared_ptr<ConnectionLimits> limits, const IpAddress& key) noexcept
    : limits_(std::move(limits)), key_(key) {}

ConnectionLease::ConnectionLease(ConnectionLease&& other) noexcept
    : limits_(std::exchange(other.limits_, nullptr)), key_(other.key_), greeting_(other.greeting_) {}

ConnectionLease& ConnectionLease::operator=(ConnectionLease&& other) noexcept {
    if (this != &other) {
        release();
        limits_ = std::exchange(other.limits_, nullptr);
        key_ = other.key_;
        greeting_ = other.greeting_;
    }
    return *this;
}

void ConnectionLease::release() noexcept {
    if (const auto limits = std::exchange(limits_, nullptr)) limits->release(key_, greeting_);
}

void ConnectionLease::settled() noexcept {
    if (limits_ && std::exchange(greeting_, false)) limits_->settled(key_);
}

std::shared_ptr<ConnectionLimits> ConnectionLimits::create(const ConnectionBounds& bounds) {
    return std::shared_ptr<ConnectionLimits>(new ConnectionLimits(bounds));
}

ConnectionLimits::Admission ConnectionLimits::admit(const IpAddress& peer, SteadyTime now) {
    if (open_.fetch_add(1, std::memory_order_relaxed) >= total_max_.load(std::memory_order_relaxed)) {
        open_.fetch_sub(1, std::memory_order_relaxed);
        return {{}, Refusal::total};
    }
    const IpAddress key = peer.source_key();
    auto& part = shard(key);
    const std::lock_guard lock(part.mutex);
    if (part.idle > idle_sources_max) forget_idle(part, now);
    const auto [found, fresh] = part.sources.try_emplace(key);
    auto& source = found->second;
    auto refusal = judge(source);
    if (refusal == Refusal::none && !take_turn(source, now)) refusal = Refusal::rate;
    if (refusal != Refusal::none) {
        if (fresh) part.sources.erase(found);
        open_.fetch_sub(1, std::memory_order_relaxed);
        return {{}, refusal};
    }
    if (!fresh && source.open == 0) --part.idle;
    ++source.open;
    ++source.greeting;
    return {ConnectionLease(shared_from_this(), key), Refusal::none};
}

Refusal ConnectionLimits::judge(const Source& source) const noexcept {
    if (source.open >= per_address_max_.load(std::memory_order_relaxed)) return Refusal::per_address;
    if (source.greeting >= handshakes_max_.load(std::memory_order_relaxed)) return Refusal::handshakes;
    return Refusal::none;
}

bool ConnectionLimits::take_turn(Source& source, SteadyTime now) const noexcept {
    const auto rate = rate_.load(std::memory_order_relaxed);
    if (rate == 0) return true;
    const auto full_again = std::max(source.full_again, now) + std::chrono::nanoseconds(1'000'000'000 / rate);
    if (full_again - now > Seconds{ConnectionBounds::burst_seconds}) return false;
    source.full_again = full_again;
    return true;
}

// Whoever waited long enough starts anew without harm; if that frees too little, all who hold nothing do: a
// source that can send from so many networks is not slowed down by remembering each.
void ConnectionLimits::forget_idle(Shard& part, SteadyTime now) noexcept {
    std::erase_if(part.sources, [now](const auto& entry) {
        return entry.second.open == 0 && entry.second.full_again <= now;
    });
    const auto idle = [](const auto& entry) { return entry.second.open == 0; };
    part.idle = static_cast<std::size_t>(std::ranges::count_if(part.sources, idle));
    if (part.idle <= idle_sources_max / 2) return;
    std::erase_if(part.sources, idle);
    part.idle = 0;
}

std::size_t ConnectionLimits::sources() const {
    std::size_t all = 0;
    for (const auto& part : shards_) {
        const std::lock_guard lock(part.mutex);
        all += part.sources.size();
    }
    return all;
}

void ConnectionLimits::change(const ConnectionBounds& bounds) noexcept {
    total_max_.store(bounds.total, std::memory_order_relaxed);
    per_address_max_.store(bounds.per_address, std::memory_order_relaxed);
    handshakes_max_.store(bounds.handshakes, std::memory_order_relaxed);
    rate_.store(bounds.handshake_rate, std::memory_order_relaxed);
}

void ConnectionLimits::release(const IpAddress& key, bool greeting) noexcept {
    open_.fetch_sub(1, std::memory_order_relaxed);
    auto& part = shard(key);
    const std::lock_guard lock(part.mutex);
    const auto found = part.sources.find(key);
    if (found == part.sources.end()) return;
    if (greeting) --found->second.greeting;
    if (--found->second.open != 0) return;
    if (rate_.load(std::memory_order_relaxed) == 0)
        part.sources.erase(found);
    else
        ++part.idle;
}

void ConnectionLimits::settled(const IpAddress& key) noexcept {
    auto& part = shard(key);
    const std::lock_guard lock(part.mutex);
    const auto found = part.sources.find(key);
    if (found != part.sources.end()) --found->second.greeting;
}

ConnectionLimits::Shard& ConnectionLimits::shard(const IpAddress& key) noexcept {
    // The octets that differ between neighbours: the end of an IPv4 address, of an IPv6 /64.
    const unsigned mixed = key.octets[15] ^ key.octets[14] ^ key.octets[7] ^ key.octets[6];
    return shards_[mixed % shards_.size()];
}

}  // namespace sekisho::gateway
