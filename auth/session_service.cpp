// How sessions begin, are handed over and get a new id; how they end is in session_ends.cpp.
#include "auth/session_service.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

constexpr Seconds code_lifetime{30};
constexpr Seconds old_id_lifetime{30};  // R27
constexpr std::size_t codes_per_session_max = 64;
constexpr std::size_t app_per_host_max = 16;  // of one sso session
constexpr std::size_t agent_bytes_max = 200;

Error gone() { return Error(Errc::denied, "no such session"); }
Error account_changed() { return Error(Errc::denied, "the account changed while it was signing in"); }

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

// A weaker proof takes nothing from what was proven before: it is kept beside it. Its limit holds for the
// whole session, as nothing says which of the two opened what (R16).
void prove(Session& session, const NewProof& proof) {
    if (proof.strength >= session.strength) {
        session.strength = proof.strength;
        session.proven_at = proof.proven_at;
        session.lesser = FactorStrength::none;
        session.limited_until = proof.limited_until;
    } else {
        session.lesser = proof.strength;
        session.lesser_at = proof.proven_at;
        session.limited_until = std::max(session.limited_until, proof.limited_until);
    }
}

// What a session has proven, for one handed over from it: the stronger first.
std::array<NewProof, 2> proofs_of(const Session& session) {
    return {NewProof{session.strength, session.proven_at, session.limited_until},
            NewProof{session.lesser, session.lesser_at, session.limited_until}};
}

}  // namespace

SessionService::SessionService(Store& store, const Clock& clock, SessionLog& log)
    : store_(store), clock_(clock), log_(log), last_flush_(clock.wall()), last_due_(clock.steady()) {}

// Members whose name ends in _locked are called with mutex_ held. Every change of rows happens under
// writing_, and the store is never asked under mutex_.

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

// undo takes rows back out that an end overtook on their way to the store.
Result<Issued> SessionService::undo(const std::vector<Digest>& ids) {
    if (store_.delete_sessions(ids)) return gone();
    const std::lock_guard lock(mutex_);
    unwritten_ends_.insert(unwritten_ends_.end(), ids.begin(), ids.end());
    return gone();
}

Result<Issued> SessionService::issue_sso(const NewSession& wanted) {
    auto token = make_token();
    const auto now = clock_.wall();
    auto session = begin_session(Session::Kind::sso, token.hash, now, wanted.from, wanted.agent);
    session->user = wanted.user;
    session->device = wanted.device;
    session->idle = wanted.limits.idle;
    session->absolute_end = std::min(now + wanted.limits.absolute, wanted.no_longer_than);
    prove(*session, {wanted.strength, now, wanted.limited_until});
    const std::lock_guard writing(writing_);
    {
        const std::lock_guard lock(mutex_);
        if (held_.contains(wanted.user)) return account_changed();
        beginning_ = session;
    }
    const auto inserted = store_.insert_session(*session, wanted.account_epoch);
    if (inserted && *inserted) {
        std::unique_lock lock(mutex_);
        if (!std::exchange(beginning_, nullptr)) {
            lock.unlock();
            return undo({token.hash});
        }
        add_locked(session);
        log_.publish({{session, {}, {}, {}}});
        end_locked(crowded_out_locked(*session, wanted.limits.concurrent), EndReason::too_many,
                   clock_.steady());
        lock.unlock();
        (void)write_ends_in_turn();
        return Issued{std::move(token.text), std::move(session)};
    }
    const std::lock_guard lock(mutex_);
    beginning_ = nullptr;
    if (!inserted) return inserted.error();
    return account_changed();
}

bool SessionService::beginning() const {
    const std::lock_guard lock(mutex_);
    return beginning_ != nullptr;
}

// Beyond the most there may be of one person, the oldest make room.
SessionService::Ended SessionService::crowded_out_locked(const Session& newest, std::size_t most) const {
    Ended out;
    std::vector<Digest> mine;
    if (const auto roots = roots_.find(newest.user); roots != roots_.end())
        for (const auto& id : roots->second)
            if (!replaced_.contains(id)) mine.push_back(id);
    for (std::size_t i = 0; i + most < mine.size(); ++i) {
        const auto family = family_locked(mine[i]);
        out.insert(out.end(), family.begin(), family.end());
    }
    return out;
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
                                    proofs_of(*found->second)});
    return std::move(token.text);
}

Result<Issued> SessionService::redeem_code(std::string_view code, std::string_view host,
                                           const Digest& transaction, const IpAddress& from,
                                           std::string_view agent) {
    const Error refused(Errc::denied, "the hand-over code is not good");
    const auto hash = token_hash(code);
    if (!hash) return refused;
    auto token = make_token();
    const std::lock_guard writing(writing_);
    std::shared_ptr<Session> session;
    {
        const std::lock_guard lock(mutex_);
        const auto now = clock_.wall();
        // Whatever else is wrong, a code that was shown is used up.
        const auto node = codes_.extract(*hash);
        if (node.empty()) return refused;
        const Code& known = node.mapped();
        const auto parent = live_.find(known.sso);
        if (now >= known.expires || known.host != host ||
            !equal_constant_time(known.transaction, transaction) || parent == live_.end() ||
            parent->second->over(now))
            return refused;
        session = begin_session(Session::Kind::app, token.hash, now, from, agent);
        session->parent = known.sso;
        session->user = parent->second->user;
        session->device = parent->second->device;
        session->host = known.host;
        session->idle = parent->second->idle;
        session->absolute_end = parent->second->absolute_end;
        for (const auto& proof : known.proofs)
            if (proof.strength != FactorStrength::none) prove(*session, proof);
    }
    const auto inserted = store_.insert_child(*session);
    if (!inserted) return inserted.error();
    if (!*inserted) return refused;
    {
        std::unique_lock lock(mutex_);
        if (!live_.contains(session->parent)) {
            lock.unlock();
            (void)undo({token.hash});
            return refused;
        }
        add_locked(session);
        log_.publish({{session, {}, {}, {}}});
        end_locked(too_many_siblings_locked(*session), EndReason::too_many, clock_.steady());
    }
    (void)write_ends_in_turn();
    return Issued{std::move(token.text), std::move(session)};
}

SessionService::Ended SessionService::too_many_siblings_locked(const Session& newest) const {
    Ended same_host;  // oldest first
    for (const auto& id : children_.at(newest.parent))
        if (const auto& sibling = live_.at(id); sibling->host == newest.host) same_host.push_back(sibling);
    if (same_host.size() <= app_per_host_max) return {};
    return {same_host.front()};
}

Result<Issued> SessionService::rotate(const Digest& sso, const std::optional<NewProof>& proof) {
    auto token = make_token();
    const std::lock_guard writing(writing_);
    std::vector<SessionPtr> all;  // the new one, the old one in its last seconds, the app sessions
    {
        const std::lock_guard lock(mutex_);
        const auto now = clock_.wall();
        const auto found = live_.find(sso);
        if (found == live_.end() || found->second->kind != Session::Kind::sso || found->second->over(now) ||
            replaced_.contains(sso))
            return gone();
        all = renewed_locked(*found->second, token.hash, proof, now);
    }
    if (auto done = store_.replace_sessions(all); !done) return done.error();
    std::vector<Digest> overtaken;  // ended while they were being written
    {
        const std::lock_guard lock(mutex_);
        if (!live_.contains(sso))
            for (const auto& session : all) overtaken.push_back(session->id_hash);
        else
            overtaken = install_locked(sso, all);
    }
    const bool lost = overtaken.size() == all.size();
    if (!overtaken.empty()) (void)undo(overtaken);
    if (lost) return gone();
    return Issued{std::move(token.text), all.front()};
}

Result<Issued> SessionService::begin_anew(const Digest& sso) {
    auto issued = rotate(sso);
    if (!issued) return issued;
    const Digest id = issued->session->id_hash;
    {
        const std::lock_guard lock(mutex_);
        std::erase_if(codes_, [&](const auto& code) { return code.second.sso == id; });
    }
    const auto had = [&](const Session& session) {
        return session.id_hash == sso || (session.kind == Session::Kind::app && session.parent == id);
    };
    if (auto ended = end_where(had, EndReason::changed); !ended) return ended.error();
    return issued;
}

std::vector<SessionPtr> SessionService::renewed_locked(const Session& sso, const Digest& id,
                                                       const std::optional<NewProof>& proof,
                                                       WallTime now) const {
    auto renewed = std::make_shared<Session>(sso);
    renewed->id_hash = id;
    renewed->touch(now);
    if (proof) prove(*renewed, *proof);
    auto old = std::make_shared<Session>(sso);
    old->absolute_end = std::min(old->absolute_end, now + old_id_lifetime);
    std::vector<SessionPtr> all{renewed, old};
    if (const auto mine = children_.find(sso.id_hash); mine != children_.end())
        for (const auto& child_id : mine->second) {
            auto child = std::make_shared<Session>(*live_.at(child_id));
            child->parent = id;
            if (proof) prove(*child, *proof);
            all.push_back(std::move(child));
        }
    return all;
}

// install_locked puts a rotated family in place of what was there; gives those that ended meanwhile.
std::vector<Digest> SessionService::install_locked(const Digest& sso, const std::vector<SessionPtr>& all) {
    const auto& id = all.front()->id_hash;
    children_.erase(sso);
    for (auto& [before, after] : replaced_)
        if (after == sso) after = id;
    replaced_[sso] = id;
    for (auto& [hash, code] : codes_)
        if (code.sso == sso) code.sso = id;
    std::vector<Digest> overtaken;
    std::vector<SessionChange> changes;
    for (const auto& session : all) {
        if (session != all.front() && !live_.contains(session->id_hash)) {
            overtaken.push_back(session->id_hash);
            continue;
        }
        add_locked(session);
        changes.push_back({session, {}, {}, {}});
    }
    log_.publish(std::move(changes));
    return overtaken;
}

// In memory at once (R8), and again once it is the turn to write: what was on its way to the store before the
// first look is seen by the second.
Result<> SessionService::narrow(const std::function<SessionBound(std::string_view user)>& bound_of) {
    std::vector<SessionPtr> narrowed;
    {
        const std::lock_guard lock(mutex_);
        narrowed = narrow_locked(bound_of);
    }
    const std::lock_guard writing(writing_);
    std::vector<SessionPtr> rows;
    {
        const std::lock_guard lock(mutex_);
        const auto late = narrow_locked(bound_of);
        narrowed.insert(narrowed.end(), late.begin(), late.end());
        for (const auto& session : narrowed)
            if (const auto found = live_.find(session->id_hash); found != live_.end())
                rows.push_back(found->second);
    }
    if (!rows.empty())
        if (auto done = store_.replace_sessions(rows); !done) return done;
    return write_ends_in_turn();
}

std::vector<SessionPtr> SessionService::narrow_locked(
    const std::function<SessionBound(std::string_view user)>& bound_of) {
    std::vector<SessionPtr> narrowed;
    Ended crowded;
    for (const auto& [user, roots] : roots_) {
        const auto bound = bound_of(user);
        for (const auto& root : roots)
            for (const auto& session : family_locked(root)) {
                const auto end = std::min(
                    {session->absolute_end, session->created + bound.limits.absolute, bound.no_longer_than});
                const auto idle = std::min(session->idle, bound.limits.idle);
                if (end == session->absolute_end && idle == session->idle) continue;
                auto shorter = std::make_shared<Session>(*session);
                shorter->absolute_end = end;
                shorter->idle = idle;
                narrowed.push_back(std::move(shorter));
            }
        const auto over = crowded_out_locked(*live_.at(roots.back()), bound.limits.concurrent);
        crowded.insert(crowded.end(), over.begin(), over.end());
    }
    std::vector<SessionChange> changes;
    for (const auto& session : narrowed) {
        live_[session->id_hash] = session;
        changes.push_back({session, {}, {}, {}});
    }
    log_.publish(std::move(changes));
    end_locked(std::move(crowded), EndReason::too_many, clock_.steady());
    return narrowed;
}

}  // namespace sekisho::auth
