#include "gateway/control/reload.hpp"

#include "config/check.hpp"
#include "config/diff.hpp"
#include "gateway/portal/portal.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace sekisho::gateway {
namespace {

using telemetry::FieldName;

boost::json::array sentences(const config::Difference& difference, bool config::Change::*flag) {
    boost::json::array list;
    for (const auto& change : difference.changes)
        if (!flag || change.*flag)
            list.push_back(boost::json::object{{"en", sentence(change, Language::en)},
                                               {"ja", sentence(change, Language::ja)}});
    return list;
}

}  // namespace

void narrow_sessions(Services& services, const Snapshot& snapshot) {
    const auto done = services.sessions.narrow([&](std::string_view user) {
        return auth::SessionBound{limits_of(*snapshot.model, user),
                                  snapshot.standings->bound_of(user, services.clock.wall())};
    });
    if (!done) services.log.error("narrower sessions could not be written", done.error());
}

StatusFacts Reloads::facts() const {
    StatusFacts facts;
    const auto snapshot = board_.get();
    facts.generation = snapshot ? snapshot->generation : 0;
    facts.last_reload_ok = last_ok_;
    facts.last_reload = WallTime{Millis{last_tried_.load()}};
    return facts;
}

void Reloads::record(telemetry::Event event, const std::string& actor, std::uint64_t generation,
                     std::string_view reason, std::vector<telemetry::Fact> facts) {
    telemetry::Record record;
    record.event = event;
    record.outcome =
        event == telemetry::Event::reload ? telemetry::Outcome::done : telemetry::Outcome::failed;
    record.actor = actor;
    record.generation = generation;
    record.reason = reason;
    record.facts = std::move(facts);
    (void)services_.audit->append(std::move(record), telemetry::Durability::later);
}

Result<boost::json::object> Reloads::refuse(Error error, const std::string& actor) {
    last_ok_ = false;
    services_.registry.shared().count<telemetry::Metric::config_reloads>(1);
    const auto generation = board_.get()->generation;
    services_.log.warning("configuration refused, the old one stays in force",
                          {{FieldName::generation, generation}, {FieldName::cause, to_text(error.code())}});
    record(telemetry::Event::reload_refused, actor, generation, to_text(error.code()), {});
    return error;
}

Result<boost::json::object> Reloads::reload(Loosening loosening, const std::string& actor, Whole whole) {
    const auto accepted = services_.clock.steady();
    last_tried_ = services_.clock.wall().time_since_epoch().count();
    const std::lock_guard lock(one_at_a_time_);
    auto loaded = config::load_checked(path_, {services_.clock.wall(), true, nullptr, config::Lint::errors});
    if (!loaded.model) return refuse(Error(Errc::malformed, config::to_json(loaded.diagnostics)), actor);
    if (whole == Whole::required && !loaded.complete())
        return refuse(Error(Errc::malformed, "a file lacks its end line \"...\""), actor);
    return bring_in(std::make_shared<config::Model>(std::move(*loaded.model)), loosening, actor, accepted,
                    {});
}

Result<boost::json::object> Reloads::back_to(std::uint64_t generation, Loosening loosening,
                                             const std::string& actor) {
    const auto accepted = services_.clock.steady();
    const std::lock_guard lock(one_at_a_time_);
    const auto found = std::find_if(former_.begin(), former_.end(),
                                    [&](const auto& each) { return each.first == generation; });
    if (found == former_.end())
        return Error(Errc::not_found, "generation " + std::to_string(generation) + " is not kept");
    return bring_in(found->second, loosening, actor, accepted, generation);
}

Result<boost::json::object> Reloads::bring_in(ModelPtr model, Loosening loosening, const std::string& actor,
                                              SteadyTime accepted, std::optional<std::uint64_t> former) {
    const auto current = board_.get();
    const auto difference = config::diff(*current->model, *model);
    if (difference.loosens() && loosening == Loosening::refused)
        return refuse(
            Error(Errc::denied, boost::json::serialize(sentences(difference, &config::Change::loosens))),
            actor);
    auto next =
        make_snapshot(std::move(model), current->generation + 1, tickets_, services_.registry, accepted);
    if (!next) return refuse(next.error(), actor);
    const auto generation = (*next)->generation;
    for (const auto& app : (*next)->model->apps)
        if (app.assertion) (void)services_.assertions.warm(app.name);
    former_.emplace_back(current->generation, current->model);
    if (former_.size() > generations_max) former_.pop_front();
    const auto snapshot = *next;
    board_.post(std::move(*next));
    in_force_();
    narrow_sessions(services_, *snapshot);
    last_ok_ = true;
    services_.registry.shared().count<telemetry::Metric::config_reloads>(0);
    services_.log.info("configuration in force",
                       {{FieldName::generation, generation}, {FieldName::count, difference.changes.size()}});
    std::vector<telemetry::Fact> facts{{"changes", std::to_string(difference.changes.size())},
                                       {"loosens", difference.loosens() ? "yes" : "no"}};
    if (former) facts.push_back({"back_to", std::to_string(*former)});
    record(telemetry::Event::reload, actor, generation, "reload", std::move(facts));
    boost::json::object result;
    result["generation"] = generation;
    result["changes"] = sentences(difference, nullptr);
    result["needs_restart"] = sentences(difference, &config::Change::needs_restart);
    return result;
}

bool Reloads::files_changed(config::ChangeReason reason) {
    switch (reason) {
        case config::ChangeReason::ready:
            return reload(Loosening::refused, "file watch", Whole::required).has_value();
        case config::ChangeReason::incomplete:
            (void)refuse(Error(Errc::malformed, "a file lacks its end line \"...\""), "file watch");
            break;
        case config::ChangeReason::unreadable:
            (void)refuse(Error(Errc::unavailable, "a file cannot be read"), "file watch");
            break;
    }
    return false;
}

}  // namespace sekisho::gateway
