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

void add_choice(CLI::App& verb, const Context& context, const std::shared_ptr<Options>& options) {
    verb.add_option("--user", options->user, context.ja() ? "このアカウントの" : "of this account");
    verb.add_option("--org", options->org, context.ja() ? "この組織の方の" : "of this organisation's people");
    verb.add_option(
        "--device", options->device,
        context.ja() ? "この端末（一覧の番号）で開いたもの" : "opened on this device (see the list)");
    verb.add_option("--app", options->app, context.ja() ? "このアプリのもの" : "on this app's host");
    verb.add_option("--config,-c", options->path, context.ja() ? "設定ファイル" : "configuration file")
        ->required();
    verb.add_flag("--json", options->json, context.ja() ? "JSON で出す" : "print JSON");
}

}  // namespace

void add_sessions(CLI::App& program, Context& context) {
    auto* sessions = program.add_subcommand(
        "sessions", context.ja()
                        ? "セッションを見る、終了する\n例: sekisho sessions list -c sekisho.yaml"
                        : "Look at sessions and end them\nExample: sekisho sessions list -c sekisho.yaml");
    sessions->require_subcommand(1);
    auto wanted = std::make_shared<Options>();
    auto* listing = sessions->add_subcommand(
        "list", context.ja() ? "一覧を出す\n例: sekisho sessions list --user sato -c sekisho.yaml"
                             : "List sessions\nExample: sekisho sessions list --user sato -c sekisho.yaml");
    add_choice(*listing, context, wanted);
    listing->callback([&context, wanted] { list(context, *wanted); });
    auto doomed = std::make_shared<Options>();
    auto* ending = sessions->add_subcommand(
        "end", context.ja()
                   ? "終了する。開いているものも 1 秒以内に止まる\n例: sekisho sessions end --org aoba "
                     "--reason \"契約終了\" -c sekisho.yaml"
                   : "End sessions, and what they have open, within a second\nExample: sekisho sessions "
                     "end --org aoba --reason \"contract over\" -c sekisho.yaml");
    ending->add_option("id", doomed->id, context.ja() ? "セッション番号" : "a session's id");
    add_choice(*ending, context, doomed);
    ending->add_flag("--all", doomed->all, context.ja() ? "すべて" : "all of them");
    ending->add_option("--reason", doomed->reason, context.ja() ? "記録に残す理由" : "why, for the record");
    ending->callback([&context, doomed] { end(context, *doomed); });
}

}  // namespace sekisho::gateway::cli
