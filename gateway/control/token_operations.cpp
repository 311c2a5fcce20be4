#include "gateway/control/token_operations.hpp"

#include "base/civil_time.hpp"

#include <boost/json/array.hpp>

namespace sekisho::gateway {
namespace {

namespace json = boost::json;

std::optional<std::string> text_at(const json::object& arguments, json::string_view name) {
    const auto* found = arguments.if_contains(name);
    const auto* text = found ? found->if_string() : nullptr;
    return text ? std::optional(std::string(text->data(), text->size())) : std::nullopt;
}

Result<auth::NewServiceToken> wanted_of(const json::object& arguments) {
    auth::NewServiceToken wanted;
    wanted.name = text_at(arguments, "name").value_or("");
    wanted.owner = text_at(arguments, "owner").value_or("");
    const auto* apps = arguments.if_contains("apps");
    if (!apps || !apps->is_array()) return Error(Errc::malformed, "apps is a list of names");
    for (const auto& app : apps->get_array()) {
        if (!app.is_string()) return Error(Errc::malformed, "apps is a list of names");
        wanted.apps.emplace_back(app.get_string().c_str());
    }
    if (const auto* lifetime = arguments.if_contains("lifetime_seconds")) {
        const auto* seconds = lifetime->if_int64();
        if (!seconds) return Error(Errc::malformed, "lifetime_seconds is a whole number");
        wanted.lifetime = Seconds{*seconds};
    }
    return wanted;
}

std::string joined(const std::vector<std::string>& apps) {
    std::string text;
    for (const auto& app : apps) text += (text.empty() ? "" : " ") + app;
    return text;
}

json::object shown(const auth::ServiceTokenRow& row) {
    json::object out;
    out["id"] = row.id;
    out["name"] = row.name;
    out["owner"] = row.owner;
    out["apps"] = json::array(row.apps.begin(), row.apps.end());
    out["created"] = to_rfc3339_utc(row.created);
    out["expires"] = to_rfc3339_utc(row.expires);
    out["expired"] = row.over;
    if (row.last_used_day != 0)
        out["last_used"] =
            to_rfc3339_utc(WallTime{Seconds{std::int64_t{row.last_used_day} * 86400}}).substr(0, 10);
    return out;
}

json::object recorded(Services& services, std::string_view event, const auth::ServiceTokenRow& row,
                      const std::string& actor) {
    telemetry::Record record;
    record.event = telemetry::Event::privileged_act;
    record.outcome = telemetry::Outcome::done;
    record.user = row.owner;
    record.actor = actor;
    record.reason = event;
    record.session = row.id;
    record.facts = {
        {"service_token", row.name}, {"apps", joined(row.apps)}, {"expires", to_rfc3339_utc(row.expires)}};
    const auto written = services.audit->append(std::move(record), telemetry::Durability::wait);
    auto out = shown(row);
    out["event"] = std::string(event);
    out["recorded"] = written.has_value();
    return out;
}

}  // namespace

void add_token_verbs(Operations& operations, Services& services) {
    operations.add(
        "tokens.create",
        [&services](const json::object& arguments, const std::string& actor) -> Result<json::object> {
            const auto wanted = wanted_of(arguments);
            if (!wanted) return wanted.error();
            const auto made = services.service_tokens.create(*wanted);
            if (!made) return made.error();
            auto out = recorded(services, "token.created", made->row, actor);
            out["token"] = made->value;
            return out;
        });
    operations.add("tokens.list",
                   [&services](const json::object&, const std::string&) -> Result<json::object> {
                       json::array tokens;
                       for (const auto& row : services.service_tokens.list()) tokens.push_back(shown(row));
                       json::object out;
                       out["tokens"] = std::move(tokens);
                       return out;
                   });
    operations.add_ending("tokens.revoke", [&services](const json::object& arguments) -> Operations::Rest {
        auto ended = services.service_tokens.end(text_at(arguments, "token").value_or(""),
                                                 auth::EndReason::ended_by_admin, {}, auth::Writing::later);
        return [&services, ended = std::move(ended)](const std::string& actor) -> Result<json::object> {
            if (!ended) return ended.error();
            auto out = recorded(services, "token.revoked", *ended, actor);
            if (const auto written = services.service_tokens.settle(); !written) return written.error();
            return out;
        };
    });
}

}  // namespace sekisho::gateway
