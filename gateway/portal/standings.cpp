#include "gateway/portal/standings.hpp"

#include "base/words_time.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

policy::SubjectFacts subject_of(const auth::Session& session) {
    return {session.user, session.strength, session.proven_at, session.lesser, session.lesser_at};
}

// What stands in a tile: an app whose first page is outside a person's part is still open elsewhere.
bool opens(const policy::Decision& decision) {
    return decision.allow || decision.reason == policy::Reason::part ||
           decision.reason == policy::Reason::view_only || decision.reason == policy::Reason::factor_too_old;
}

std::string icon_of(const config::App& app) {
    if (app.websocket) return "chat";
    if (app.tier == "critical") return "ledger";
    return "book";
}

template <class Items>
auto* named(const Items& items, std::string_view name) {
    const auto at =
        std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.name == name; });
    return at == items.end() ? nullptr : &*at;
}

}  // namespace

const config::Person* find_person(const config::Model& model, std::string_view name) noexcept {
    return named(model.people, name);
}

const config::Org* find_org(const config::Model& model, std::string_view name) noexcept {
    return named(model.orgs, name);
}

Zone zone_of(const config::Model& model) {
    auto zone = Zone::find(model.timezone);
    return zone ? *zone : Zone::utc();
}

std::string app_origin(const config::Model& model, std::string_view host) {
    std::string origin = "https://";
    origin += host;
    if (model.portal.port != 443) origin += ":" + std::to_string(model.portal.port);
    return origin;
}

WallTime Standings::bound_of(std::string_view account, WallTime now) const {
    constexpr std::chrono::minutes outside{15};
    const auto* person = program_->find_person(account);
    const auto* contract = person != nullptr ? program_->contract_of(*person) : nullptr;
    if (contract == nullptr) return WallTime::max();
    return policy::standing_of(*contract, now) == policy::Standing::in_force
               ? policy::holds_until(*contract, now)
               : now + outside;
}

std::string_view reason_key(policy::Reason reason) noexcept {
    using policy::Reason;
    switch (reason) {
        case Reason::factor_too_old:
            return "factor.too_old";
        case Reason::factor_missing:
            return "factor.stronger_needed";
        case Reason::network:
            return "access.network";
        case Reason::outside_hours:
            return "access.outside_hours";
        case Reason::view_only:
            return "access.view_only";
        case Reason::part:
            return "access.part";
        case Reason::denied:
            return "access.none";
        case Reason::contract_not_started:
            return "contract.not_started";
        case Reason::contract_ended:
            return "contract.ended";
        case Reason::none:
        case Reason::unknown:
        case Reason::no_kind:
            break;
    }
    return "access.unknown";
}

FillPairs reason_fills(const config::Model& model, std::string_view user, AppId app,
                       const policy::Decision& decision, WallTime now, Language language) {
    FillPairs fills;
    if (app.value < model.apps.size()) fills.emplace_back("app", model.apps[app.value].title.in(language));
    const Zone zone = zone_of(model);
    fills.emplace_back("next",
                       decision.next_open ? day_and_time(*decision.next_open, now, zone, language) : "-");
    const auto* person = find_person(model, user);
    const auto* org = person != nullptr ? find_org(model, person->org) : nullptr;
    if (org == nullptr) return fills;
    const auto org_zone = Zone::find(org->timezone);
    const Zone where = org_zone ? *org_zone : zone;
    fills.emplace_back("from", date_in_text(start_of_day(org->contract_from, where), now, where, language));
    fills.emplace_back("date", date_in_text(start_of_day(org->contract_to, where), now, where, language));
    const auto* sponsor = find_person(model, org->sponsor);
    fills.emplace_back("sponsor", sponsor != nullptr ? sponsor->display.in(language) : org->sponsor);
    return fills;
}

Standings::Standings(std::shared_ptr<const config::Model> model,
                     std::shared_ptr<const policy::Program> program)
    : model_(std::move(model)), program_(std::move(program)) {}

std::vector<AppTile> Standings::tiles(const auth::Session& session, const IpAddress& client, WallTime now,
                                      Language language) const {
    std::vector<AppTile> tiles;
    const auto subject = subject_of(session);
    for (std::size_t i = 0; i < model_->apps.size(); ++i) {
        const config::App& app = model_->apps[i];
        const AppId id{static_cast<std::uint32_t>(i)};
        const bool known = policy::lists(*program_, subject, id);
        if (!known && !app.listed) continue;
        const auto& path = app.paths.empty() ? std::string("/") : app.paths.front();
        const auto residual = policy::specialise(*program_, subject, id);
        auto decision = policy::decide(*residual, {"GET", path, client, now});
        if (!known) decision.reason = policy::Reason::denied;
        AppTile tile;
        tile.title = app.title.in(language);
        tile.about = app.about.in(language);
        tile.icon = icon_of(app);
        if (known && opens(decision)) {
            tile.open = Url::https(app_origin(*model_, app.host) + path);
        } else {
            tile.reason = reason_key(decision.reason);
            tile.fills = reason_fills(*model_, session.user, id, decision, now, language);
        }
        tiles.push_back(std::move(tile));
    }
    return tiles;
}

bool Standings::may_know_host(const auth::Session& session, std::string_view host) const {
    const auto subject = subject_of(session);
    for (std::size_t i = 0; i < model_->apps.size(); ++i) {
        if (model_->apps[i].host != host) continue;
        if (model_->apps[i].listed || policy::lists(*program_, subject, AppId{static_cast<std::uint32_t>(i)}))
            return true;
    }
    return false;
}

}  // namespace sekisho::gateway
