#include "gateway/cli/cli.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace sekisho::gateway::cli {
namespace {

namespace json = boost::json;

struct Options {
    std::string path, id, user, org, device, app, reason;
    bool all = false, json = false;
};

std::string text(const json::object& object, const char* name) {
    const auto* found = object.if_contains(name);
    return found && found->is_string() ? std::string(found->get_string().c_str()) : std::string("-");
}

// The configuration knows who belongs to an organisation and on which host an app is.
std::optional<json::object> arguments_of(Context& context, const config::Model& model,
                                         const Options& options) {
    json::object arguments;
    if (!options.id.empty()) arguments["id"] = options.id;
    if (!options.device.empty()) arguments["device"] = options.device;
    if (options.all) arguments["all"] = true;
    if (!options.reason.empty()) arguments["reason"] = options.reason;
    json::array users;
    if (!options.user.empty()) users.emplace_back(options.user);
    if (!options.org.empty())
        for (const auto& person : model.people)
            if (person.org == options.org) users.emplace_back(person.name);
    const auto unknown = [&](const std::string& what, const std::string& name) {
        complain(context.ja() ? fmt::format("{}「{}」は設定にありません。", what, name)
                              : fmt::format("The configuration knows no {} \"{}\".", what, name));
        context.exit_code = exit_could_not_run;
        return std::nullopt;
    };
    if (!options.org.empty() && users.size() == (options.user.empty() ? 0u : 1u))
        return unknown(std::string(context.pick("組織", "organisation")), options.org);
    if (!users.empty()) arguments["users"] = std::move(users);
    if (!options.app.empty()) {
        const auto app = std::find_if(model.apps.begin(), model.apps.end(),
                                      [&](const auto& one) { return one.name == options.app; });
        if (app == model.apps.end()) return unknown(std::string(context.pick("アプリ", "app")), options.app);
        arguments["host"] = app->host;
    }
    return arguments;
}

void list(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.path);
    if (!loaded) return;
    auto arguments = arguments_of(context, *loaded->model, options);
    if (!arguments) return;
    const auto result = ask(context, *loaded->model, "sessions.list", std::move(*arguments), Alone::allowed);
    if (!result) return;
    const auto& sessions = result->at("sessions").as_array();
    if (options.json) return say(json::serialize(sessions));
    if (sessions.empty()) return say(context.pick("該当するものはありません。", "Nothing matches."));
    for (const auto& session : sessions) {
        const auto& row = session.as_object();
        say(fmt::format("{}  {:<16} {:<6} {:<24} {:<10} {:<18} {}", text(row, "id"), text(row, "user"),
                        text(row, "kind"), text(row, "host"), text(row, "device"), text(row, "from"),
                        text(row, "last_seen")));
    }
}

void end(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.path);
    if (!loaded) return;
    auto arguments = arguments_of(context, *loaded->model, options);
    if (!arguments) return;
    const auto result = ask(context, *loaded->model, "sessions.end", std::move(*arguments), Alone::allowed);
    if (!result) return;
    if (options.json) return say(json::serialize(*result));
    const auto count = result->at("sessions_ended").to_number<std::int64_t>(),
               people = result->at("people").to_number<std::int64_t>();
    say(context.ja() ? fmt::format("終了したセッション {}（{} 人）", count, people)
                     : fmt::format("{} sessions ended, of {} people", count, people));
}

void add_choice(const Verb& verb, const std::shared_ptr<Options>& options) {
    verb.option("--user", options->user, {"このアカウントの", "of this account"});
    verb.option("--org", options->org, {"この組織の方の", "of this organisation's people"});
    verb.option("--device", options->device,
                {"この端末（一覧の番号）で開いたもの", "opened on this device (see the list)"});
    verb.option("--app", options->app, {"このアプリのもの", "on this app's host"});
    verb.config(options->path);
    verb.json(options->json);
}

}  // namespace

void add_sessions(const Verb& program, Context& context) {
    const auto sessions =
        program.group("sessions", {"セッションを見る、終了する", "Look at sessions and end them"},
                      "sessions list -c sekisho.yaml");
    auto wanted = std::make_shared<Options>();
    const auto listing =
        sessions.add("list", {"一覧を出す", "List sessions"}, "sessions list --user sato -c sekisho.yaml");
    add_choice(listing, wanted);
    listing.runs([&context, wanted] { list(context, *wanted); });
    auto doomed = std::make_shared<Options>();
    const auto ending = sessions.add("end",
                                     {"終了する。開いているものも 1 秒以内に止まる",
                                      "End sessions, and what they have open, within a second"},
                                     {"sessions end --org aoba --reason \"契約終了\" -c sekisho.yaml",
                                      "sessions end --org aoba --reason \"contract over\" -c sekisho.yaml"});
    ending.option("id", doomed->id, {"セッション番号", "a session's id"});
    add_choice(ending, doomed);
    ending.flag("--all", doomed->all, {"すべて", "all of them"});
    ending.option("--reason", doomed->reason, {"記録に残す理由", "why, for the record"});
    ending.runs([&context, doomed] { end(context, *doomed); });
}

}  // namespace sekisho::gateway::cli
