#include "auth/session_service.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

constexpr Seconds code_lifetime{30};
constexpr Seconds old_id_lifetime{30};  // R27
constexpr Seconds flush_every{60};
constexpr std::size_t codes_per_session_max = 64;
constexpr std::size_t sso_per_person_max = 50;
constexpr std::size_t app_per_host_max = 16;  // of one sso session
constexpr std::size_t agent_bytes_max = 200;

Error gone() { return Error(Errc::denied, "no such session"); }

std::shared_ptr<Session> begin_session(Session::Kind kind, const Digest& id_hash, WallTime now,
                                       const IpAddress& from, std::string_view agent) {
    auto session = std::make_shared<Session>();
    session->kind = kind;
    session->id_hash = id_hash;
    session->created = now;
    session->from = from;
    session->agent = cut_utf8(agent, agent_bytes_max);
    session->public_id = make_public_id();
    session->touch(now);
    return session;
}

void prove(Session& session, const NewProof& proof) {
    session.strength = proof.strength;
    session.proven_at = proof.proven_at;
    session.limited_until = proof.limited_until;
}

NewProof proof_of(const Session& session) {
    return {session.strength, session.proven_at, session.limited_until};
}

}  // namespace

SessionService::SessionService(Store& store, const Clock& clock, SessionLog& log)
    : store_(store), clock_(clock), log_(log), last_flush_(clock.wall()) {}

// The rest of the service is called with mutex_ held where its name says so, and takes it otherwise.

void SessionService::add_locked(const SessionPtr& session) {
    live_[session->id_hash] = session;
    flushed_[session->id_hash] = session->last_seen_seconds.load(std::memory_order_relaxed);
    auto& siblings = session->kind == Session::Kind::app ? children_[session->parent] : roots_[session->user];
    if (std::find(siblings.begin(), siblings.end(), session->id_hash) == siblings.end())
        siblings.push_back(session->id_hash);
}

void SessionService::drop_locked(const Session& session) {
    const auto unlist = [&](auto& lists, const auto& key) {
        const auto found = lists.find(key);
        if (found == lists.end()) return;
        std::erase(found->second, session.id_hash);
        if (found->second.empty()) lists.erase(found);
    };
    if (session.kind == Session::Kind::app)
        unlist(children_, session.parent);
    else
        unlist(roots_, session.user);
    live_.erase(session.id_hash);
    flushed_.erase(session.id_hash);
    replaced_.erase(session.id_hash);
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

Result<SessionService::Ended> SessionService::end_locked(Ended ending, EndReason reason) {
    if (ending.empty()) return ending;
    std::vector<SessionChange> changes;
    std::vector<Digest> ids;
    const auto accepted = clock_.steady();
    for (const auto& session : ending) {
        drop_locked(*session);
        changes.push_back({nullptr, session->id_hash, reason, accepted});
        ids.push_back(session->id_hash);
    }
    log_.publish(std::move(changes));
    if (auto done = store_.delete_sessions(ids); !done) {
        unwritten_ends_.insert(unwritten_ends_.end(), ids.begin(), ids.end());
        return done.error();
    }
    return ending;
}

Result<> SessionService::retry_ends_locked() {
    if (unwritten_ends_.empty()) return {};
    auto done = store_.delete_sessions(unwritten_ends_);
    if (done) unwritten_ends_.clear();
    return done;
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
    const std::lock_guard lock(mutex_);
    const auto now = clock_.wall();
    std::stable_sort(rows->begin(), rows->end(), [](const SessionPtr& a, const SessionPtr& b) {
        return a->kind != b->kind ? a->kind == Session::Kind::sso : a->created < b->created;
    });
    std::vector<Digest> stale;
    for (const auto& session : *rows) {
        const bool orphan = session->kind == Session::Kind::app && !live_.contains(session->parent);
        if (session->over(now) || orphan)
            stale.push_back(session->id_hash);
        else
            add_locked(session);
    }
    for (const auto& session : *rows) {
        if (session->kind != Session::Kind::sso || !live_.contains(session->id_hash)) continue;
        if (now - family_seen_locked(*session) < session->idle) continue;
        for (const auto& member : family_locked(session->id_hash)) {
            stale.push_back(member->id_hash);
            drop_locked(*member);
        }
    }
    std::vector<SessionChange> begun;
    for (const auto& [id, session] : live_) begun.push_back({session, {}, {}, {}});
    log_.publish(std::move(begun));
    return stale.empty() ? Result<>{} : store_.delete_sessions(stale);
}

Result<Issued> SessionService::issue_sso(const NewSession& wanted) {
    auto token = make_token();
    const std::lock_guard lock(mutex_);
    const auto now = clock_.wall();
    auto session = begin_session(Session::Kind::sso, token.hash, now, wanted.from, wanted.agent);
    session->user = wanted.user;
    session->idle = wanted.limits.idle;
    session->absolute_end = now + wanted.limits.absolute;
    prove(*session, {wanted.strength, now, wanted.limited_until});
    const auto inserted = store_.insert_session(*session, wanted.account_epoch);
    if (!inserted) return inserted.error();
    if (!*inserted) return Error(Errc::denied, "the account changed while it was signing in");
    add_locked(session);
    log_.publish({{session, {}, {}, {}}});
    if (const auto& mine = roots_[wanted.user]; mine.size() > sso_per_person_max)
        (void)end_locked(family_locked(mine.front()), EndReason::too_many);
    return Issued{std::move(token.text), std::move(session)};
}

void SessionService::drop_codes_locked(WallTime now) {
    std::erase_if(codes_, [&](const auto& code) { return now >= code.second.expires; });
}

Result<std::string> SessionService::issue_code(const Digest& sso, std::string_view host,
                                               const Digest& transaction) {
    auto token = make_token();
    const std::lock_guard lock(mutex_);
    const auto now = clock_.wall();
    const auto found = live_.find(sso);
    if (found == live_.end() || found->second->kind != Session::Kind::sso || found->second->over(now))
        return gone();
    drop_codes_locked(now);
    // An old id in its last seconds hands over for its successor, with its own old proof.
    const auto successor = replaced_.find(sso);
    const Digest parent = successor == replaced_.end() ? sso : successor->second;
    const auto waiting = std::count_if(codes_.begin(), codes_.end(),
                                       [&](const auto& code) { return code.second.sso == parent; });
    if (static_cast<std::size_t>(waiting) >= codes_per_session_max)
        return Error(Errc::too_large, "too many hand-overs under way for one session");
    codes_.emplace(token.hash, Code{parent, transaction, std::string(host), now + code_lifetime,
                                    proof_of(*found->second)});
    return std::move(token.text);
}

Result<Issued> SessionService::redeem_code(std::string_view code, std::string_view host,
                                           const Digest& transaction, const IpAddress& from,
                                           std::string_view agent) {
    const Error refused(Errc::denied, "the hand-over code is not good");
    const auto hash = token_hash(code);
    if (!hash) return refused;
    auto token = make_token();
    const std::lock_guard lock(mutex_);
    const auto now = clock_.wall();
    // Whatever else is wrong, a code that was shown is used up.
    const auto node = codes_.extract(*hash);
    if (node.empty()) return refused;
    const Code& known = node.mapped();
    const auto parent = live_.find(known.sso);
    if (now >= known.expires || known.host != host || !equal_constant_time(known.transaction, transaction) ||
        parent == live_.end() || parent->second->over(now))
        return refused;
    auto session = begin_session(Session::Kind::app, token.hash, now, from, agent);
    session->parent = known.sso;
    session->user = parent->second->user;
    session->host = known.host;
    session->idle = parent->second->idle;
    session->absolute_end = parent->second->absolute_end;
    prove(*session, known.proof);
    const auto inserted = store_.insert_child(*session);
    if (!inserted) return inserted.error();
    if (!*inserted) return refused;
    add_locked(session);
    log_.publish({{session, {}, {}, {}}});
    trim_siblings_locked(*session);
    return Issued{std::move(token.text), std::move(session)};
}

void SessionService::trim_siblings_locked(const Session& newest) {
    Ended same_host;  // oldest first
    for (const auto& id : children_[newest.parent])
        if (const auto& sibling = live_.at(id); sibling->host == newest.host) same_host.push_back(sibling);
    if (same_host.size() > app_per_host_max) (void)end_locked({same_host.front()}, EndReason::too_many);
}

Result<Issued> SessionService::rotate(const Digest& sso, const std::optional<NewProof>& proof) {
    auto token = make_token();
    const std::lock_guard lock(mutex_);
    const auto now = clock_.wall();
    const auto found = live_.find(sso);
    if (found == live_.end() || found->second->kind != Session::Kind::sso || found->second->over(now) ||
        replaced_.contains(sso))
        return gone();
    auto renewed = std::make_shared<Session>(*found->second);
    renewed->id_hash = token.hash;
    renewed->touch(now);
    if (proof) prove(*renewed, *proof);
    auto old = std::make_shared<Session>(*found->second);
    old->absolute_end = std::min(old->absolute_end, now + old_id_lifetime);
    std::vector<SessionPtr> all{renewed, old};
    if (const auto mine = children_.find(sso); mine != children_.end())
        for (const auto& id : mine->second) {
            auto child = std::make_shared<Session>(*live_.at(id));
            child->parent = token.hash;
            if (proof) prove(*child, *proof);
            all.push_back(std::move(child));
        }
    if (auto done = store_.replace_sessions(all); !done) return done.error();
    children_.erase(sso);
    for (auto& [before, after] : replaced_)
        if (after == sso) after = token.hash;
    replaced_[sso] = token.hash;
    for (auto& [hash, code] : codes_)
        if (code.sso == sso) code.sso = token.hash;
    std::vector<SessionChange> changes;
    for (const auto& session : all) {
        add_locked(session);
        changes.push_back({session, {}, {}, {}});
    }
    log_.publish(std::move(changes));
    return Issued{std::move(token.text), std::move(renewed)};
}

Result<SessionService::Ended> SessionService::sign_out(const Digest& id, EndReason reason) {
    const std::lock_guard lock(mutex_);
    const auto found = live_.find(id);
    if (found == live_.end()) return Ended{};
    Digest sso = found->second->kind == Session::Kind::sso ? id : found->second->parent;
    if (const auto successor = replaced_.find(sso); successor != replaced_.end()) sso = successor->second;
    return end_locked(family_locked(sso), reason);
}

Result<SessionService::Ended> SessionService::end_all(std::string_view user, EndReason reason,
                                                      const std::optional<Digest>& except) {
    const std::lock_guard lock(mutex_);
    std::optional<Digest> kept = except;
    if (kept)
        if (const auto successor = replaced_.find(*kept); successor != replaced_.end())
            kept = successor->second;
    Ended ending;
    if (const auto mine = roots_.find(std::string(user)); mine != roots_.end())
        for (const auto& sso : mine->second) {
            if (kept && (sso == *kept || replaces_locked(sso, *kept))) continue;
            if (const auto found = live_.find(sso); found != live_.end()) ending.push_back(found->second);
            if (const auto apps = children_.find(sso); apps != children_.end())
                for (const auto& child : apps->second) ending.push_back(live_.at(child));
        }
    return end_locked(std::move(ending), reason);
}

bool SessionService::replaces_locked(const Digest& before, const Digest& after) const {
    const auto found = replaced_.find(before);
    return found != replaced_.end() && found->second == after;
}

Result<SessionService::Ended> SessionService::end_one(std::string_view user, std::string_view public_id,
                                                      EndReason reason) {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, session] : live_)
        if (session->user == user && session->public_id == public_id && !replaced_.contains(id))
            return end_locked(session->kind == Session::Kind::sso ? family_locked(id) : Ended{session},
                              reason);
    return Error(Errc::not_found, "no such session");
}

Result<SessionService::Ended> SessionService::end_any(std::string_view public_id, EndReason reason) {
    std::string user;
    for (const auto& session : list_all())
        if (session->public_id == public_id) user = session->user;
    return end_one(user, public_id, reason);
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

Result<SessionService::Ended> SessionService::sweep() {
    Ended ended;
    Result<> trouble;
    {
        const std::lock_guard lock(mutex_);
        const auto now = clock_.wall();
        drop_codes_locked(now);
        trouble = retry_ends_locked();
        Ended idle, absolute, rotated;
        for (const auto& [id, session] : live_) {
            if (session->kind != Session::Kind::sso) continue;
            if (replaced_.contains(id)) {
                if (session->over(now)) rotated.push_back(session);
            } else if (session->over(now) || now - family_seen_locked(*session) >= session->idle) {
                auto& due = session->over(now) ? absolute : idle;
                const auto family = family_locked(id);
                due.insert(due.end(), family.begin(), family.end());
            }
        }
        const std::pair<Ended*, EndReason> all[] = {
            {&idle, EndReason::idle}, {&absolute, EndReason::absolute}, {&rotated, EndReason::rotated}};
        for (const auto& [due, reason] : all) {
            // An old id may have gone with its family a moment ago.
            std::erase_if(*due, [&](const auto& session) { return !live_.contains(session->id_hash); });
            if (auto done = end_locked(*due, reason); !done) trouble = done.error();
            ended.insert(ended.end(), due->begin(), due->end());
        }
    }
    if (clock_.wall() - last_flush_ >= flush_every)
        if (auto done = flush_last_seen(); !done) trouble = done;
    if (!trouble) return trouble.error();
    return ended;
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
