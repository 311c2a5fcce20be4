// The operator's verbs over sessions: which there are, and ending them.
#include "base/civil_time.hpp"
#include "gateway/control/operations.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

namespace json = boost::json;

// Which sessions an operator means.
struct Chosen {
    std::string id, device, host;
    std::vector<std::string> users;
    bool by_user = false, all = false;

    bool names_any() const noexcept {
        return all || by_user || !id.empty() || !device.empty() || !host.empty();
    }
    bool fits(const auth::Session& session) const {
        if (!id.empty() && session.public_id != id) return false;
        if (!device.empty() && auth::device_id(session.device) != device) return false;
        if (!host.empty() && session.host != host) return false;
        return !by_user || std::find(users.begin(), users.end(), session.user) != users.end();
    }
};

std::string text_of(const json::object& arguments, const char* name) {
    const auto* found = arguments.if_contains(name);
    return found && found->is_string() ? std::string(found->get_string().c_str()) : std::string();
}

Chosen chosen_of(const json::object& arguments) {
    Chosen chosen;
    chosen.id = text_of(arguments, "id");
    chosen.device = text_of(arguments, "device");
    chosen.host = text_of(arguments, "host");
    if (const auto* users = arguments.if_contains("users"); users && users->is_array()) {
        chosen.by_user = true;
        for (const auto& user : users->get_array())
            if (user.is_string()) chosen.users.emplace_back(user.get_string().c_str());
    }
    const auto* all = arguments.if_contains("all");
    chosen.all = all && all->is_bool() && all->get_bool();
    return chosen;
}

json::object row_of(const auth::Session& session) {
    json::object row;
    row["id"] = session.public_id;
    row["user"] = session.user;
    row["kind"] = session.kind == auth::Session::Kind::app ? "app" : "portal";
    if (!session.host.empty()) row["host"] = session.host;
    row["device"] = auth::device_id(session.device);
    row["from"] = to_text(session.from);
    row["created"] = to_rfc3339_utc(session.created);
    row["last_seen"] = to_rfc3339_utc(session.last_seen());
    row["ends"] = to_rfc3339_utc(session.absolute_end);
    return row;
}

}  // namespace

Result<json::object> Operations::sessions_list(const json::object& arguments, const std::string&) {
    const auto chosen = chosen_of(arguments);
    json::array sessions;
    for (const auto& session : services_.sessions.list_all())
        if (chosen.fits(*session)) sessions.push_back(row_of(*session));
    json::object result;
    result["sessions"] = std::move(sessions);
    return result;
}

// It takes effect before its record is written (R20).
Operations::Rest Operations::sessions_end(const json::object& arguments) {
    const auto chosen = chosen_of(arguments);
    if (!chosen.names_any())
        return [](const std::string&) -> Result<json::object> {
            return Error(Errc::malformed,
                         "say which sessions: an id, --user, --org, --device, --app or --all");
        };
    auto ended =
        services_.sessions.end_where([&](const auth::Session& session) { return chosen.fits(session); },
                                     auth::EndReason::ended_by_admin, auth::Writing::later);
    return [this, ended = std::move(ended),
            why = text_of(arguments, "reason")](const std::string& actor) -> Result<json::object> {
        if (!ended) return ended.error();
        if (ended->empty()) return Error(Errc::not_found, "no session fits");
        return record_ends(*ended, why, actor);
    };
}

Result<json::object> Operations::record_ends(const auth::SessionService::Ended& ended, const std::string& why,
                                             const std::string& actor) {
    bool recorded = true;
    std::vector<std::string> people;
    for (const auto& session : ended)
        if (std::find(people.begin(), people.end(), session->user) == people.end())
            people.push_back(session->user);
    for (const auto& person : people) {
        telemetry::Record record;
        record.event = telemetry::Event::session_end;
        record.outcome = telemetry::Outcome::done;
        record.user = person;
        record.actor = actor;
        record.reason = to_text(auth::EndReason::ended_by_admin);
        record.count = static_cast<std::uint64_t>(std::count_if(
            ended.begin(), ended.end(), [&](const auto& session) { return session->user == person; }));
        if (!why.empty()) record.facts.push_back({"why", why});
        recorded &= services_.audit->append(std::move(record), telemetry::Durability::wait).has_value();
    }
    if (const auto written = services_.sessions.settle(); !written) return written.error();
    json::object result;
    result["sessions_ended"] = ended.size();
    result["people"] = people.size();
    result["recorded"] = recorded;
    return result;
}

}  // namespace sekisho::gateway
