#include "auth/session.hpp"

#include "base/base64.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {
// As many as may be open at once: the end of all of them is still known to the last that looks.
constexpr std::size_t ended_max = 100'000;
}  // namespace

Session::Session(const Session& other)
    : id_hash(other.id_hash),
      kind(other.kind),
      parent(other.parent),
      user(other.user),
      host(other.host),
      name(other.name),
      apps(other.apps),
      strength(other.strength),
      proven_at(other.proven_at),
      lesser(other.lesser),
      lesser_at(other.lesser_at),
      created(other.created),
      absolute_end(other.absolute_end),
      idle(other.idle),
      from(other.from),
      agent(other.agent),
      public_id(other.public_id),
      device(other.device),
      limited_until(other.limited_until),
      last_seen_seconds(other.last_seen_seconds.load(std::memory_order_relaxed)) {}

void Session::touch(WallTime now) const noexcept {
    const auto seconds = std::chrono::floor<Seconds>(now).time_since_epoch().count();
    // Two workers may race here; the loser's value is at most a second older.
    if (last_seen_seconds.load(std::memory_order_relaxed) < seconds)
        last_seen_seconds.store(seconds, std::memory_order_relaxed);
}

WallTime Session::last_seen() const noexcept {
    return WallTime{Seconds{last_seen_seconds.load(std::memory_order_relaxed)}};
}

std::string device_id(const Digest& device) {
    if (device == Digest{}) return "-";
    std::uint64_t front = 0;
    for (std::size_t i = 0; i < sizeof front; ++i) front = (front << 8) | device[i];
    return crockford(front >> 14, 10);
}

std::string_view to_text(EndReason reason) noexcept {
    switch (reason) {
        case EndReason::signed_out:
            return "signed_out";
        case EndReason::ended_by_person:
            return "ended_by_person";
        case EndReason::ended_by_admin:
            return "ended_by_admin";
        case EndReason::account:
            return "account";
        case EndReason::changed:
            return "changed";
        case EndReason::device:
            return "device";
        case EndReason::idle:
            return "idle";
        case EndReason::absolute:
            return "absolute";
        case EndReason::rotated:
            return "rotated";
        case EndReason::too_many:
            return "too_many";
    }
    return "signed_out";
}

void SessionLog::apply(const SessionChange& change) {
    if (change.begun) {
        live_[change.begun->id_hash] = change.begun;
    } else {
        live_.erase(change.ended);
        if (ended_.emplace(change.ended, End{change.reason, change.accepted}).second)
            ended_order_.push_back(change.ended);
        if (ended_order_.size() > ended_max) {
            ended_.erase(ended_order_.front());
            ended_order_.pop_front();
        }
    }
}

void SessionLog::publish(std::vector<SessionChange> changes) {
    if (changes.empty()) return;
    {
        const std::lock_guard lock(mutex_);
        for (auto& change : changes) {
            apply(change);
            ring_.push_back(std::move(change));
        }
        while (ring_.size() > ring_size_) ring_.pop_front();
        head_.store(head_.load(std::memory_order_relaxed) + changes.size(), std::memory_order_release);
    }
    const std::lock_guard lock(hooks_mutex_);
    for (const auto& [number, hook] : hooks_) hook();
}

bool SessionLog::since(std::uint64_t seq, std::vector<SessionChange>& out) const {
    const std::lock_guard lock(mutex_);
    const auto head = head_.load(std::memory_order_relaxed);
    if (seq > head || head - seq > ring_.size()) return false;
    out.insert(out.end(), ring_.end() - static_cast<std::ptrdiff_t>(head - seq), ring_.end());
    return true;
}

std::uint64_t SessionLog::snapshot(std::vector<SessionPtr>& out) const {
    const std::lock_guard lock(mutex_);
    out.reserve(out.size() + live_.size());
    for (const auto& [id, session] : live_) out.push_back(session);
    return head_.load(std::memory_order_relaxed);
}

std::size_t SessionLog::on_change(std::function<void()> hook) {
    const std::lock_guard lock(hooks_mutex_);
    hooks_.emplace_back(next_hook_, std::move(hook));
    return next_hook_++;
}

void SessionLog::drop_hook(std::size_t number) {
    const std::lock_guard lock(hooks_mutex_);
    std::erase_if(hooks_, [&](const auto& hook) { return hook.first == number; });
}

std::optional<SessionLog::End> SessionLog::end_of(const Digest& id_hash) const {
    const std::lock_guard lock(mutex_);
    const auto found = ended_.find(id_hash);
    return found == ended_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<EndReason> SessionLog::why_ended(const Digest& id_hash) const {
    const auto end = end_of(id_hash);
    return end ? std::optional(end->reason) : std::nullopt;
}

bool SessionTable::catch_up(const SessionLog& log) {
    const auto head = log.head();
    if (head == seen_) return false;
    scratch_.clear();
    if (log.since(seen_, scratch_)) {
        // What was published between head() and since() came along: count what was taken.
        seen_ += scratch_.size();
        for (auto& change : scratch_) {
            if (change.begun) {
                const auto id = change.begun->id_hash;
                losses_ += sessions_.insert_or_assign(id, std::move(change.begun)).second ? 0 : 1;
            } else {
                losses_ += sessions_.erase(change.ended);
            }
        }
    } else {
        std::vector<SessionPtr> live;
        seen_ = log.snapshot(live);
        sessions_.clear();
        for (auto& session : live) sessions_[session->id_hash] = std::move(session);
        ++losses_;
    }
    scratch_.clear();
    return true;
}

const Session* SessionTable::find(const Digest& id_hash) const noexcept {
    const auto found = sessions_.find(id_hash);
    return found == sessions_.end() ? nullptr : found->second.get();
}

SessionPtr SessionTable::find_shared(const Digest& id_hash) const noexcept {
    const auto found = sessions_.find(id_hash);
    return found == sessions_.end() ? nullptr : found->second;
}

}  // namespace sekisho::auth
