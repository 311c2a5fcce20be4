#include "auth/service_tokens.hpp"

#include "auth/sign_in.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

constexpr std::size_t tokens_max = 1000, apps_max = 64;
constexpr std::string_view id_prefix = "token-";
constexpr Seconds listed_after_expiry{30 * 86400};

std::int32_t day_of(WallTime time) {
    return static_cast<std::int32_t>(std::chrono::floor<std::chrono::days>(time).time_since_epoch().count());
}

// A token as the workers see it. It proves no factor, so no condition on factors is ever met by it.
std::shared_ptr<Session> session_of(const ServiceTokenRow& row) {
    auto session = std::make_shared<Session>();
    session->kind = Session::Kind::token;
    session->id_hash = row.hash;
    session->user = row.owner;
    session->name = row.name;
    session->apps = row.apps;
    session->public_id = row.id;
    session->created = session->proven_at = row.created;
    session->absolute_end = row.expires;
    if (row.last_used_day > 0) session->touch(WallTime{Seconds{std::int64_t{row.last_used_day} * 86400}});
    return session;
}

Result<ServiceTokenRow> row_of(const NewServiceToken& wanted, WallTime now) {
    const auto name = normal_account_name(wanted.name), owner = normal_account_name(wanted.owner);
    // No name looks like a public id, so what names a token to end names one.
    if (!name || name->starts_with(id_prefix))
        return Error(Errc::malformed,
                     "a token's name has 1 to 64 of a-z 0-9 . _ -, begins with a letter or digit and not "
                     "with token-");
    if (!owner) return Error(Errc::malformed, "the owner is no account name");
    if (wanted.apps.empty() || wanted.apps.size() > apps_max)
        return Error(Errc::malformed, "a token is for 1 to 64 apps");
    for (const auto& app : wanted.apps)
        if (normal_account_name(app) != app) return Error(Errc::malformed, "an app's name is expected");
    if (wanted.lifetime < service_token_lifetime_min || wanted.lifetime > service_token_lifetime_max)
        return Error(Errc::malformed, "a token lives from 1 minute to 366 days");
    ServiceTokenRow row;
    row.name = *name;
    row.owner = *owner;
    row.apps = wanted.apps;
    std::sort(row.apps.begin(), row.apps.end());
    row.apps.erase(std::unique(row.apps.begin(), row.apps.end()), row.apps.end());
    row.id = std::string(id_prefix) + make_public_id();
    row.created = now;
    row.expires = now + wanted.lifetime;
    return row;
}

}  // namespace

ServiceTokens::ServiceTokens(Store& store, const Clock& clock, SessionLog& log)
    : store_(store), clock_(clock), log_(log) {}

void ServiceTokens::add_locked(const ServiceTokenRow& row) {
    SessionPtr session;
    if (!row.over) {
        session = session_of(row);
        log_.publish({{session, {}, {}, {}}});
    }
    tokens_[row.hash] = {row, std::move(session)};
}

// Members whose name ends in _locked are called with mutex_ held, those in _writing with writing_.

Result<> ServiceTokens::load() {
    const std::lock_guard writing(writing_);
    const auto rows = store_.service_tokens();
    if (!rows) return rows.error();
    {
        const std::lock_guard lock(mutex_);
        for (auto row : *rows) {
            if (!row.over && row.expires <= clock_.wall()) {
                row.over = true;
                unwritten_expiries_.push_back(row.hash);
            }
            add_locked(row);
        }
    }
    return settle_writing();
}

// An expired token keeps its place in the list only until somebody wants its name.
Result<> ServiceTokens::reserve_locked(const ServiceTokenRow& row) {
    std::vector<Digest> expired;
    for (const auto& [hash, held] : tokens_) {
        if (held.row.name != row.name) continue;
        if (!shown(held).over) return Error(Errc::exists, "there is a token " + row.name + " already");
        expired.push_back(hash);
    }
    if (tokens_.size() - expired.size() >= tokens_max)
        return Error(Errc::too_large, "there are 1,000 service tokens: revoke those nobody uses");
    drop_locked(expired, EndReason::absolute);
    making_for_ = row.owner;
    making_ended_ = false;
    return {};
}

Result<IssuedServiceToken> ServiceTokens::create(const NewServiceToken& wanted) {
    auto row = row_of(wanted, clock_.wall());
    if (!row) return row.error();
    auto token = make_service_token();
    row->hash = token.hash;
    const std::lock_guard writing(writing_);
    {
        const std::lock_guard lock(mutex_);
        if (auto reserved = reserve_locked(*row); !reserved) return reserved.error();
    }
    const auto written = store_.insert_service_token(*row);
    bool ended = false;
    {
        const std::lock_guard lock(mutex_);
        making_for_.clear();
        ended = making_ended_;
        if (written && *written && !ended) add_locked(*row);
        // It may be in the store although the store did not say so.
        if (!written || ended) unwritten_removals_.push_back(row->hash);
    }
    (void)settle_writing();  // what it leaves behind, each sweep tries again
    if (!written) return written.error();
    if (!*written || ended)
        return Error(Errc::denied, "there is no active account of that name; sekisho users list shows all");
    return IssuedServiceToken{std::move(token.text), std::move(*row)};
}

ServiceTokenRow ServiceTokens::shown(const Held& held) const {
    auto row = held.row;
    if (held.session && held.session->last_seen() > WallTime{})
        row.last_used_day = day_of(held.session->last_seen());
    row.over = row.over || row.expires <= clock_.wall();
    return row;
}

std::vector<ServiceTokenRow> ServiceTokens::list(std::string_view owner) const {
    std::vector<ServiceTokenRow> rows;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [hash, held] : tokens_)
            if (owner.empty() || held.row.owner == owner) rows.push_back(shown(held));
    }
    std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return rows;
}

void ServiceTokens::publish_end_locked(const std::vector<Digest>& ending, EndReason reason) {
    std::vector<SessionChange> changes;
    const auto accepted = clock_.steady();
    for (const auto& hash : ending)
        if (const auto found = tokens_.find(hash); found != tokens_.end() && !found->second.row.over)
            changes.push_back({nullptr, hash, reason, accepted});
    log_.publish(std::move(changes));
}

void ServiceTokens::drop_locked(const std::vector<Digest>& ending, EndReason reason) {
    publish_end_locked(ending, reason);
    for (const auto& hash : ending) tokens_.erase(hash);
    unwritten_removals_.insert(unwritten_removals_.end(), ending.begin(), ending.end());
}

Result<ServiceTokenRow> ServiceTokens::end(std::string_view id_or_name, EndReason reason,
                                           std::string_view owner, Writing writing) {
    ServiceTokenRow row;
    {
        const std::lock_guard lock(mutex_);
        const auto found = std::find_if(tokens_.begin(), tokens_.end(), [&](const auto& entry) {
            const auto& one = entry.second.row;
            return (equals_ignoring_case(one.id, id_or_name) || one.name == id_or_name) &&
                   (owner.empty() || one.owner == owner);
        });
        if (found == tokens_.end())
            return Error(Errc::not_found, "there is no such token; sekisho tokens list shows all");
        row = shown(found->second);
        drop_locked({row.hash}, reason);
    }
    if (writing == Writing::later) return row;
    if (auto done = settle(); !done) return done.error();
    return row;
}

std::size_t ServiceTokens::drop_all(std::string_view owner, EndReason reason) {
    const std::lock_guard lock(mutex_);
    std::vector<Digest> ending;
    std::size_t good = 0;
    for (const auto& [hash, held] : tokens_) {
        if (held.row.owner != owner) continue;
        ending.push_back(hash);
        good += shown(held).over ? 0 : 1;
    }
    drop_locked(ending, reason);
    if (making_for_ == owner) making_ended_ = true;
    return good;
}

bool ServiceTokens::making() const {
    const std::lock_guard lock(mutex_);
    return !making_for_.empty();
}

std::size_t ServiceTokens::unwritten() const {
    const std::lock_guard lock(mutex_);
    return unwritten_removals_.size() + unwritten_expiries_.size();
}

Result<> ServiceTokens::settle() {
    {
        const std::lock_guard lock(mutex_);
        if (unwritten_removals_.empty() && unwritten_expiries_.empty()) return {};
    }
    const std::lock_guard writing(writing_);
    return settle_writing();
}

Result<> ServiceTokens::settle_writing() {
    std::vector<Digest> removals, expiries;
    {
        const std::lock_guard lock(mutex_);
        removals = unwritten_removals_;
        expiries = unwritten_expiries_;
    }
    // New ones go to the end of either list meanwhile: what was written is its front.
    const auto written = [this](std::vector<Digest>& list, std::size_t count) {
        const std::lock_guard lock(mutex_);
        list.erase(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(count));
    };
    auto removed = removals.empty() ? Result<>{} : store_.delete_service_tokens(removals);
    if (removed) written(unwritten_removals_, removals.size());
    auto expired = expiries.empty() ? Result<>{} : store_.expire_service_tokens(expiries);
    if (expired) written(unwritten_expiries_, expiries.size());
    return removed ? expired : removed;
}

Result<> ServiceTokens::sweep() {
    {
        const std::lock_guard lock(mutex_);
        const auto now = clock_.wall();
        std::vector<Digest> expired, forgotten;
        for (const auto& [hash, held] : tokens_) {
            if (held.row.expires + listed_after_expiry <= now)
                forgotten.push_back(hash);
            else if (!held.row.over && held.row.expires <= now)
                expired.push_back(hash);
        }
        // Once over, over for good: the mark is what a clock set back cannot take away.
        publish_end_locked(expired, EndReason::absolute);
        for (const auto& hash : expired) tokens_.at(hash).row.over = true;
        unwritten_expiries_.insert(unwritten_expiries_.end(), expired.begin(), expired.end());
        drop_locked(forgotten, EndReason::absolute);
    }
    auto done = settle();
    auto flushed = flush_last_used();
    return done ? flushed : done;
}

// The day is all that is kept of a use: it moves at most once a day, so this writes next to never.
Result<> ServiceTokens::flush_last_used() {
    const std::lock_guard writing(writing_);
    std::vector<ServiceTokenUse> moved;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [hash, held] : tokens_)
            if (const auto day = shown(held).last_used_day; day != held.row.last_used_day)
                moved.push_back({hash, day});
    }
    if (moved.empty()) return {};
    if (auto done = store_.touch_service_tokens(moved); !done) return done;
    const std::lock_guard lock(mutex_);
    for (const auto& [hash, day] : moved)
        if (const auto found = tokens_.find(hash); found != tokens_.end())
            found->second.row.last_used_day = day;
    return {};
}

}  // namespace sekisho::auth
