#include "auth/throttle.hpp"

#include <algorithm>

namespace sekisho::auth {

Throttle::Throttle(Store& store, const Clock& clock, const Keyring& keys, ThrottleLimits limits)
    : store_(store), clock_(clock), keys_(keys), limits_(limits) {}

Result<> Throttle::load() {
    auto rows = store_.throttle_rows();
    if (!rows) return rows.error();
    const std::lock_guard lock(mutex_);
    std::vector<Digest> gone;
    for (const auto& row : *rows) {
        if (clock_.wall() - row.last > limits_.forget_after)
            gone.push_back(row.key);
        else
            make({row.key, Millis{0}, row.pinned}, gone).row = row;
    }
    return store_.put_throttle({}, gone);
}

// Names are kept as HMACs: people type passwords into the wrong field. The lengths of the parts are fixed, so
// no two requests share a key by accident.
std::vector<Throttle::Wanted> Throttle::wanted(const ReserveRequest& request) const {
    const auto account = keys_.mac(KeyPurpose::throttle_names, "account", as_bytes(request.account));
    if (request.known_browser)
        return {{sha256({as_bytes("known"), account, *request.known_browser}), limits_.longest_wait, false}};
    const auto source = request.source.source_key();
    return {{sha256({as_bytes("source"), account, source.octets}), limits_.longest_wait, false},
            {sha256({as_bytes("account"), account}), limits_.longest_account_wait, request.exists}};
}

Millis Throttle::delay_after(std::uint32_t attempts, Millis longest) const {
    if (attempts < limits_.free_attempts) return Millis{0};
    const auto doublings = std::min<std::uint32_t>(attempts - limits_.free_attempts, 30);
    return std::min(longest, Millis{limits_.first_wait.count() << doublings});
}

Millis Throttle::wait_of(const Digest& key, WallTime now) const {
    const auto found = buckets_.find(key);
    if (found == buckets_.end()) return Millis{0};
    const auto& row = found->second.row;
    // A clock that stepped back must not lengthen a wait past what was imposed.
    const auto imposed = std::max(Millis{0}, row.next - row.last);
    return std::clamp(std::chrono::duration_cast<Millis>(row.next - now), Millis{0}, imposed);
}

Throttle::Bucket& Throttle::make(const Wanted& wanted, std::vector<Digest>& gone) {
    auto [found, made] = buckets_.try_emplace(wanted.key);
    auto& bucket = found->second;
    if (made) {
        bucket.row.key = wanted.key;
        bucket.row.pinned = wanted.pinned;
        if (!wanted.pinned) bucket.place = order_.insert(order_.end(), wanted.key);
    } else if (!bucket.row.pinned) {
        order_.splice(order_.end(), order_, bucket.place);
    }
    if (made && order_.size() > limits_.buckets_max) {
        const Digest oldest = order_.front();
        order_.pop_front();
        buckets_.erase(oldest);
        gone.push_back(oldest);
    }
    return bucket;
}

void Throttle::count(const Wanted& wanted, WallTime now, std::vector<ThrottleRow>& rows,
                     std::vector<Digest>& gone) {
    auto& row = make(wanted, gone).row;
    if (now - row.last > limits_.forget_after) row.attempts = 0;
    ++row.attempts;
    row.last = now;
    row.next = now + delay_after(row.attempts, wanted.longest_wait);
    rows.push_back(row);
}

Result<Reservation> Throttle::reserve(const ReserveRequest& request) {
    const auto buckets = wanted(request);
    const std::lock_guard lock(mutex_);
    const auto now = clock_.wall();
    Reservation out;
    for (const auto& bucket : buckets) out.wait = std::max(out.wait, wait_of(bucket.key, now));
    if (out.wait > Millis{0}) return out;
    std::vector<ThrottleRow> rows;
    std::vector<Digest> gone;
    for (const auto& bucket : buckets) {
        count(bucket, now, rows, gone);
        out.keys.push_back(bucket.key);
    }
    // An attempt that is not written could be made again after a restart: then it may not be made at all.
    if (auto done = store_.put_throttle(rows, gone); !done) return done.error();
    out.granted = true;
    return out;
}

Millis Throttle::peek(const ReserveRequest& request) const {
    const auto buckets = wanted(request);
    const std::lock_guard lock(mutex_);
    const auto now = clock_.wall();
    Millis wait{0};
    for (const auto& bucket : buckets) wait = std::max(wait, wait_of(bucket.key, now));
    return wait;
}

Result<> Throttle::succeeded(const Reservation& reservation) {
    const std::lock_guard lock(mutex_);
    std::vector<ThrottleRow> rows;
    for (std::size_t i = 0; i < reservation.keys.size(); ++i) {
        const auto found = buckets_.find(reservation.keys[i]);
        if (found == buckets_.end()) continue;
        auto& row = found->second.row;
        row.attempts = i == 0 ? 0 : row.attempts - std::min<std::uint32_t>(row.attempts, 1);
        if (row.attempts < limits_.free_attempts) row.next = row.last;
        rows.push_back(row);
    }
    return store_.put_throttle(rows, {});
}

std::size_t Throttle::size() const {
    const std::lock_guard lock(mutex_);
    return buckets_.size();
}

}  // namespace sekisho::auth
