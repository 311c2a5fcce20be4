// How sessions end: at once in memory and for every worker, then in the store.
#include "auth/session_service.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

constexpr Seconds flush_every{60};

}  // namespace

SessionService::Held::Held(SessionService& service, std::string_view user) : service_(service), user_(user) {
    const std::lock_guard lock(service_.mutex_);
    ++service_.held_[user_];
    if (service_.beginning_ && service_.beginning_->user == user_) service_.beginning_ = nullptr;
}

SessionService::Held::~Held() {
    const std::lock_guard lock(service_.mutex_);
    if (--service_.held_[user_] == 0) service_.held_.erase(user_);
}

SessionService::Ended SessionService::family_locked(const Digest& sso) const {
    Ended out;
    const auto add = [&](const Digest& id) {
        if (const auto found = live_.find(id); found != live_.end()) out.push_back(found->second);
    };
    add(sso);
    if (const auto found = children_.find(sso); found != children_.end())
        for (const auto& child : found->second) add(child);
    // The ids this session had before, still in their last seconds.
    for (const auto& [before, after] : replaced_)
        if (after == sso) add(before);
    return out;
}

SessionService::Ended SessionService::end_locked(Ended ending, EndReason reason, SteadyTime accepted) {
    std::vector<SessionChange> changes;
    for (const auto& session : ending) {
        drop_locked(*session);
        changes.push_back({nullptr, session->id_hash, reason, accepted});
    }
    publish_ends_locked(std::move(changes));
    return ending;
}

// The wall clock says since when, the steady one how long ago that was; a step of the former makes none older
// than the last look that did not find it.
void SessionService::end_due_locked(const std::vector<Due>& due, EndReason reason, Ended& ended) {
    const auto now = clock_.wall();
    const auto now_steady = clock_.steady();
    std::vector<SessionChange> changes;
    for (const auto& one : due) {
        drop_locked(*one.session);
        const auto since =
            std::clamp(now_steady - std::max(now - one.since, Millis{0}), last_due_, now_steady);
        changes.push_back({nullptr, one.session->id_hash, reason, since});
        ended.push_back(one.session);
    }
    publish_ends_locked(std::move(changes));
}

void SessionService::publish_ends_locked(std::vector<SessionChange> changes) {
    for (const auto& change : changes) unwritten_ends_.push_back(change.ended);
    log_.publish(std::move(changes));
}

Result<SessionService::Ended> SessionService::write_ends(Ended ended, Writing writing) {
    if (writing == Writing::later) return ended;
    if (auto done = settle(); !done) return done.error();
    return ended;
}

std::size_t SessionService::unwritten() const {
    const std::lock_guard lock(mutex_);
    return unwritten_ends_.size() + unwritten_forgets_.size();
}

Result<> SessionService::settle() {
    {
        const std::lock_guard lock(mutex_);
        if (unwritten_ends_.empty() && unwritten_forgets_.empty()) return {};
    }
    const std::lock_guard writing(writing_);
    return write_ends_in_turn();
}

Result<> SessionService::write_ends_in_turn() {
    std::vector<Digest> ids;
    std::vector<std::pair<std::string, Digest>> forgets;
    {
        const std::lock_guard lock(mutex_);
        ids = unwritten_ends_;
        forgets = unwritten_forgets_;
    }
    // Others came behind meanwhile, none before.
    const auto written = [this](auto& list, std::size_t count) {
        const std::lock_guard lock(mutex_);
        list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(count));
    };
    if (!ids.empty()) {
        if (auto done = store_.delete_sessions(ids); !done) return done;
        written(unwritten_ends_, ids.size());
    }
    for (const auto& [user, device] : forgets) {
        if (auto done = store_.forget_known_browser(user, device); !done) return done;
        written(unwritten_forgets_, 1);
    }
    return {};
}

// An old id in its last seconds stands in the store as a session of its own, under the id people see: what
// belongs together is found by that. The newest of a family ends last.
void SessionService::pair_rotated_locked() {
    std::unordered_map<std::string, SessionPtr> newest;
    const auto newer = [](const Session& one, const Session& other) {
        return std::pair(one.absolute_end, one.last_seen()) >
               std::pair(other.absolute_end, other.last_seen());
    };
    for (const auto& [id, session] : live_) {
        if (session->kind != Session::Kind::sso) continue;
        auto& known = newest[session->public_id];
        if (!known || newer(*session, *known)) known = session;
    }
    for (const auto& [id, session] : live_) {
        if (session->kind != Session::Kind::sso) continue;
        if (const auto& last = newest.at(session->public_id); last != session && last->user == session->user)
            replaced_[id] = last->id_hash;
    }
}

WallTime SessionService::family_seen_locked(const Session& sso) const {
    WallTime seen = sso.last_seen();
    if (const auto found = children_.find(sso.id_hash); found != children_.end())
        for (const auto& child : found->second) seen = std::max(seen, live_.at(child)->last_seen());
    return seen;
}

Result<> SessionService::load() {
    auto rows = store_.sessions();
    if (!rows) return rows.error();
    const auto now = clock_.wall();
    std::stable_sort(rows->begin(), rows->end(), [](const SessionPtr& a, const SessionPtr& b) {
        return a->kind != b->kind ? a->kind == Session::Kind::sso : a->created < b->created;
    });
    {
        const std::lock_guard lock(mutex_);
        for (const auto& session : *rows) {
            const bool orphan = session->kind == Session::Kind::app && !live_.contains(session->parent);
            if (session->over(now) || orphan)
                unwritten_ends_.push_back(session->id_hash);
            else
                add_locked(session);
        }
        pair_rotated_locked();
        for (const auto& session : *rows) {
            if (session->kind != Session::Kind::sso || !live_.contains(session->id_hash)) continue;
            if (now - family_seen_locked(*session) < session->idle) continue;
            for (const auto& member : family_locked(session->id_hash)) {
                unwritten_ends_.push_back(member->id_hash);
                drop_locked(*member);
            }
        }
        std::vector<SessionChange> begun;
        for (const auto& [id, session] : live_) begun.push_back({session, {}, {}, {}});
        log_.publish(std::move(begun));
    }
    const std::lock_guard writing(writing_);
    return write_ends_in_turn();
}

Result<SessionService::Ended> SessionService::sign_out(const Digest& id, EndReason reason, Writing writing) {
    const auto accepted = clock_.steady();
    Ended ended;
    {
        const std::lock_guard lock(mutex_);
        const auto found = live_.find(id);
        if (found == live_.end()) return Ended{};
        Digest sso = found->second->kind == Session::Kind::sso ? id : found->second->parent;
        if (const auto successor = replaced_.find(sso); successor != replaced_.end()) sso = successor->second;
        ended = end_locked(family_locked(sso), reason, accepted);
    }
    return write_ends(std::move(ended), writing);
}

SessionService::Ended SessionService::of_person_locked(std::string_view user,
                                                       const std::optional<Digest>& except) const {
    std::optional<Digest> kept = except;
    if (kept)
        if (const auto successor = replaced_.find(*kept); successor != replaced_.end())
            kept = successor->second;
    Ended out;
    const auto mine = roots_.find(std::string(user));
    if (mine == roots_.end()) return out;
    for (const auto& sso : mine->second) {
        if (kept && (sso == *kept || replaces_locked(sso, *kept))) continue;
        if (const auto found = live_.find(sso); found != live_.end()) out.push_back(found->second);
        if (const auto apps = children_.find(sso); apps != children_.end())
            for (const auto& child : apps->second) out.push_back(live_.at(child));
    }
    return out;
}

Result<SessionService::Ended> SessionService::end_all(std::string_view user, EndReason reason,
                                                      const std::optional<Digest>& except, Writing writing) {
    const auto accepted = clock_.steady();
    Ended ended;
    {
        const std::lock_guard lock(mutex_);
        if (beginning_ && beginning_->user == user) beginning_ = nullptr;
        ended = end_locked(of_person_locked(user, except), reason, accepted);
    }
    return write_ends(std::move(ended), writing);
}

bool SessionService::replaces_locked(const Digest& before, const Digest& after) const {
    const auto found = replaced_.find(before);
    return found != replaced_.end() && found->second == after;
}

Result<SessionService::Ended> SessionService::end_one(std::string_view user, std::string_view public_id,
                                                      EndReason reason, Writing writing) {
    const auto accepted = clock_.steady();
    Ended ended;
    {
        const std::lock_guard lock(mutex_);
        const auto found = std::find_if(live_.begin(), live_.end(), [&](const auto& entry) {
            return entry.second->user == user && entry.second->public_id == public_id &&
                   !replaced_.contains(entry.first);
        });
        if (found == live_.end()) return Error(Errc::not_found, "no such session");
        const auto session = found->second;
        ended =
            end_locked(session->kind == Session::Kind::sso ? family_locked(session->id_hash) : Ended{session},
                       reason, accepted);
    }
    return write_ends(std::move(ended), writing);
}

Result<SessionService::Ended> SessionService::end_any(std::string_view public_id, EndReason reason) {
    std::string user;
    for (const auto& session : list_all())
        if (session->public_id == public_id) user = session->user;
    return end_one(user, public_id, reason);
}

Result<SessionService::Ended> SessionService::end_where(const std::function<bool(const Session&)>& chosen,
                                                        EndReason reason, Writing writing) {
    const auto accepted = clock_.steady();
    Ended ended;
    {
        const std::lock_guard lock(mutex_);
        if (beginning_ && chosen(*beginning_)) beginning_ = nullptr;
        Ended roots, apps;
        for (const auto& [id, session] : live_)
            if (chosen(*session)) (session->kind == Session::Kind::sso ? roots : apps).push_back(session);
        for (const auto& root : roots)
            if (live_.contains(root->id_hash)) {
                const auto family = end_locked(family_locked(root->id_hash), reason, accepted);
                ended.insert(ended.end(), family.begin(), family.end());
            }
        std::erase_if(apps, [&](const auto& app) { return !live_.contains(app->id_hash); });
        const auto alone = end_locked(std::move(apps), reason, accepted);
        ended.insert(ended.end(), alone.begin(), alone.end());
    }
    return write_ends(std::move(ended), writing);
}

Result<SessionService::Ended> SessionService::end_device(std::string_view user, const Digest& device,
                                                         EndReason reason, Writing writing) {
    if (device == Digest{}) return Ended{};
    auto ended =
        end_where([&](const Session& session) { return session.user == user && session.device == device; },
                  reason, Writing::later);
    {
        const std::lock_guard lock(mutex_);
        unwritten_forgets_.emplace_back(user, device);
    }
    return write_ends(std::move(*ended), writing);
}

SessionPtr SessionService::find(const Digest& id_hash) const {
    const std::lock_guard lock(mutex_);
    const auto found = live_.find(id_hash);
    if (found == live_.end() || found->second->over(clock_.wall())) return nullptr;
    return found->second;
}

std::vector<SessionPtr> SessionService::list(std::string_view user) const {
    const std::lock_guard lock(mutex_);
    std::vector<SessionPtr> out;
    const auto mine = roots_.find(std::string(user));
    if (mine == roots_.end()) return out;
    for (auto sso = mine->second.rbegin(); sso != mine->second.rend(); ++sso) {
        if (replaced_.contains(*sso)) continue;
        out.push_back(live_.at(*sso));
        if (const auto apps = children_.find(*sso); apps != children_.end())
            for (auto app = apps->second.rbegin(); app != apps->second.rend(); ++app)
                out.push_back(live_.at(*app));
    }
    return out;
}

std::vector<SessionPtr> SessionService::list_all() const {
    std::vector<std::string> users;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [user, roots] : roots_) users.push_back(user);
    }
    std::sort(users.begin(), users.end());
    std::vector<SessionPtr> out;
    for (const auto& user : users) {
        const auto mine = list(user);
        out.insert(out.end(), mine.begin(), mine.end());
    }
    return out;
}

SessionCounts SessionService::counts() const {
    const std::lock_guard lock(mutex_);
    SessionCounts out;
    for (const auto& [id, session] : live_) {
        if (session->kind == Session::Kind::app)
            ++out.app;
        else if (!replaced_.contains(id))
            ++out.sso;
    }
    return out;
}

// What is due for `reason`, one of idle, absolute and rotated.
std::vector<SessionService::Due> SessionService::due_locked(WallTime now, EndReason reason) const {
    std::vector<Due> due;
    for (const auto& [id, session] : live_) {
        if (session->kind != Session::Kind::sso) continue;
        const bool over = session->over(now);
        if (replaced_.contains(id)) {
            if (reason == EndReason::rotated && over) due.push_back({session, session->absolute_end});
            continue;
        }
        if (over != (reason == EndReason::absolute) || reason == EndReason::rotated) continue;
        const auto since = over ? session->absolute_end : family_seen_locked(*session) + session->idle;
        if (since > now) continue;
        for (auto& member : family_locked(id)) due.push_back({std::move(member), since});
    }
    return due;
}

SessionService::Ended SessionService::end_due() {
    Ended ended;
    const std::lock_guard lock(mutex_);
    const auto now = clock_.wall();
    const auto looked = clock_.steady();
    drop_codes_locked(now);
    // An old id may go with its family: each reason is looked at anew.
    for (const auto reason : {EndReason::idle, EndReason::absolute, EndReason::rotated})
        end_due_locked(due_locked(now, reason), reason, ended);
    last_due_ = looked;
    return ended;
}

Result<SessionService::Ended> SessionService::sweep() {
    auto written = write_ends(end_due(), Writing::now);
    bool flush = false;
    {
        const std::lock_guard lock(mutex_);
        flush = clock_.wall() - last_flush_ >= flush_every;
    }
    if (flush)
        if (auto done = flush_last_seen(); !done) return done.error();
    return written;
}

Result<> SessionService::flush_last_seen() {
    std::vector<LastSeen> moved;
    {
        const std::lock_guard lock(mutex_);
        last_flush_ = clock_.wall();
        for (const auto& [id, session] : live_) {
            const auto seconds = session->last_seen_seconds.load(std::memory_order_relaxed);
            auto& flushed = flushed_[id];
            if (flushed != seconds) moved.push_back({id, seconds});
            flushed = seconds;
        }
    }
    return moved.empty() ? Result<>{} : store_.touch_sessions(moved);
}

}  // namespace sekisho::auth
