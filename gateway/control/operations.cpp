#include "gateway/control/operations.hpp"

#include "base/civil_time.hpp"
#include "gateway/control/token_operations.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>

namespace sekisho::gateway {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& arguments, std::string_view name) {
    const auto* found = arguments.if_contains(json::string_view(name.data(), name.size()));
    const auto* text = found ? found->if_string() : nullptr;
    return text ? std::string(text->data(), text->size()) : std::string();
}

std::string failure(const Error& error) {
    json::object answer;
    answer["ok"] = false;
    answer["code"] = std::string(to_text(error.code()));
    answer["error"] = std::string(error.detail());
    return json::serialize(answer);
}

telemetry::Event event_of(const std::string& act) noexcept {
    if (act == "account.factors_reset") return telemetry::Event::factor_change;
    if (act == "account.link_issued") return telemetry::Event::activation;
    return telemetry::Event::account_change;
}

}  // namespace

const Operations::Verb Operations::verbs[] = {{"users.add", &Operations::users_add},
                                              {"users.import", &Operations::users_import},
                                              {"users.list", &Operations::users_list},
                                              {"users.enable", &Operations::users_enable},
                                              {"users.activate", &Operations::users_activate},
                                              {"sessions.list", &Operations::sessions_list},
                                              {"audit.checkpoint", &Operations::audit_checkpoint}};

Operations::Operations(Services& services, std::string portal_url)
    : services_(services), portal_url_(std::move(portal_url)) {
    add_token_verbs(*this, services);
    add_ending("sessions.end", [this](const json::object& arguments) { return sessions_end(arguments); });
    add_ending("users.disable", [this](const json::object& arguments) -> Rest {
        return [this, cut = services_.accounts.cut(text_of(arguments, "name"), auth::EndReason::account)](
                   const std::string& actor) { return done(services_.accounts.disable(cut), actor); };
    });
    add_ending("users.reset-factors", [this](const json::object& arguments) -> Rest {
        return [this, cut = services_.accounts.cut(text_of(arguments, "name"), auth::EndReason::changed)](
                   const std::string& actor) { return done(services_.accounts.reset_factors(cut), actor); };
    });
}

Operations::Rest Operations::begin(const std::string& verb, const json::object& arguments) {
    for (const auto& [name, begins] : endings_)
        if (name == verb) return begins(arguments);
    return [this, verb, arguments](const std::string& actor) -> Result<json::object> {
        for (const auto& [name, handler] : extra_)
            if (name == verb) return handler(arguments, actor);
        for (const auto& known : verbs)
            if (verb == known.name) return (this->*known.method)(arguments, actor);
        return Error(Errc::not_found, verb + ": this gateway knows no such verb");
    };
}

Operations::Answer Operations::take(const std::string& request) {
    boost::system::error_code failed;
    const auto parsed = json::parse(request, failed);
    const auto* object = failed ? nullptr : parsed.if_object();
    const auto* verb = object ? object->if_contains("verb") : nullptr;
    if (!verb || !verb->is_string())
        return [](const std::string&) {
            return failure(Error(Errc::malformed, "a request is an object with a verb"));
        };
    const auto* arguments = object->if_contains("args");
    auto rest = begin(std::string(verb->get_string().c_str()),
                      arguments && arguments->is_object() ? arguments->get_object() : json::object{});
    return [rest = std::move(rest)](const std::string& actor) {
        const auto result = rest(actor);
        if (!result) return failure(result.error());
        json::object answer;
        answer["ok"] = true;
        answer["result"] = *result;
        return json::serialize(answer);
    };
}

// What was done is recorded, on disk, before anybody hears of it.
Result<json::object> Operations::done(const Result<auth::AccountAct>& act, const std::string& actor) {
    if (!act) return act.error();
    telemetry::Record record;
    record.event = event_of(act->record.event);
    record.outcome = telemetry::Outcome::done;
    record.user = act->record.user;
    record.actor = actor;
    record.reason = act->record.event;
    record.count = act->sessions_ended;
    for (const auto& [name, value] : act->record.detail) record.facts.push_back({name, value});
    const auto recorded = services_.audit->append(std::move(record), telemetry::Durability::wait);
    NoticeFacts told;
    told.event = act->record.event;
    told.user = act->record.user;
    services_.notices.tell(told, *services_.audit);
    json::object result;
    result["user"] = act->record.user;
    result["event"] = act->record.event;
    result["sessions_ended"] = act->sessions_ended;
    result["tokens_ended"] = act->tokens_ended;
    result["recorded"] = recorded.has_value();
    if (act->link) {
        result["link"] = portal_url_ + "/.sekisho/activate?link=" + act->link->token;
        result["expires"] = to_rfc3339_utc(act->link->expires);
    }
    return result;
}

Result<json::object> Operations::users_add(const json::object& arguments, const std::string& actor) {
    return done(services_.accounts.add(text_of(arguments, "name")), actor);
}
Result<json::object> Operations::users_import(const json::object& arguments, const std::string& actor) {
    const auto* list = arguments.if_contains("accounts");
    if (list == nullptr || !list->is_array() || list->get_array().size() > users_import_max)
        return Error(Errc::malformed, "accounts is a list of at most " + std::to_string(users_import_max));
    std::vector<std::string> names;
    for (const auto& name : list->get_array()) {
        if (!name.is_string()) return Error(Errc::malformed, "accounts is a list of names");
        names.emplace_back(name.get_string().c_str());
    }
    json::object result;
    const auto* dry = arguments.if_contains("dry_run");
    if (dry != nullptr && dry->is_bool() && dry->get_bool()) {
        const auto there = services_.accounts.taken(names);
        if (!there) return there.error();
        result["existing"] = json::array(there->begin(), there->end());
        return result;
    }
    const auto acts = services_.accounts.add_all(names);
    if (!acts) return acts.error();
    json::array added;
    for (const auto& act : *acts) {
        auto one = done(act, actor);
        if (!one) return one.error();
        added.push_back(std::move(*one));
    }
    result["added"] = std::move(added);
    return result;
}
Result<json::object> Operations::users_enable(const json::object& arguments, const std::string& actor) {
    return done(services_.accounts.enable(text_of(arguments, "name")), actor);
}
Result<json::object> Operations::users_activate(const json::object& arguments, const std::string& actor) {
    return done(services_.accounts.activate(text_of(arguments, "name")), actor);
}

Result<json::object> Operations::users_list(const json::object&, const std::string&) {
    const auto accounts = services_.accounts.list();
    if (!accounts) return accounts.error();
    json::array users;
    for (const auto& account : *accounts) {
        json::object user;
        user["name"] = account.name;
        user["status"] = std::string(to_text(account.status));
        user["created"] = to_rfc3339_utc(account.created);
        if (account.activated) user["activated"] = to_rfc3339_utc(*account.activated);
        if (account.last_sign_in) user["last_sign_in"] = to_rfc3339_utc(*account.last_sign_in);
        user["totp"] = account.code_tokens > 0;
        user["code_tokens"] = account.code_tokens;
        user["recovery_codes_left"] = account.recovery_codes_left;
        user["sessions"] = account.sessions;
        users.push_back(std::move(user));
    }
    json::object result;
    result["users"] = std::move(users);
    return result;
}

Result<json::object> Operations::audit_checkpoint(const json::object&, const std::string&) {
    if (const auto made = services_.audit->checkpoint_now(); !made) return made.error();
    json::object result;
    result["protected_to"] = services_.audit->protected_to();
    return result;
}

}  // namespace sekisho::gateway
