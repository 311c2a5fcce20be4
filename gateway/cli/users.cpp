#include "base/text.hpp"
#include "gateway/cli/cli.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace sekisho::gateway::cli {
namespace {

namespace json = boost::json;

struct Options {
    std::string path, name, status;
    bool json = false;
};

std::string text(const json::object& object, const char* name) {
    const auto* found = object.if_contains(name);
    return found && found->is_string() ? std::string(found->get_string().c_str()) : std::string("-");
}

void say_users(const json::array& users) {
    for (const auto& user : users) {
        const auto& row = user.as_object();
        say(fmt::format("{:<24} {:<9} {}  {}", text(row, "name"), text(row, "status"),
                        text(row, "last_sign_in"), row.at("sessions").to_number<std::int64_t>()));
    }
}

void act(Context& context, const Options& options, const std::string& verb) {
    const auto loaded = load_config(context, options.path);
    if (!loaded) return;
    const auto result =
        ask(context, *loaded->model, "users." + verb, {{"name", options.name}}, Alone::allowed);
    if (!result) return;
    if (options.json) return say(json::serialize(*result));
    if (result->if_contains("link")) {
        say(text(*result, "link"));
        return complain(
            context.ja()
                ? fmt::format(
                      "次に: この登録案内を {} 本人に安全な方法で渡してください（{} まで、1 回だけ）。",
                      options.name, text(*result, "expires"))
                : fmt::format("Next: give this link to {} over a safe channel (until {}, once).",
                              options.name, text(*result, "expires")));
    }
    const auto ended = result->at("sessions_ended").to_number<std::int64_t>();
    say(context.ja()
            ? fmt::format("{}  {}、終了したセッション {}", options.name, text(*result, "event"), ended)
            : fmt::format("{}  {}, {} sessions ended", options.name, text(*result, "event"), ended));
    // What does not come back by itself is said: enabling the account makes no token good again.
    const auto tokens = result->at("tokens_ended").to_number<std::int64_t>();
    if (tokens > 0)
        complain(context.ja()
                     ? fmt::format("サービストークン {} 件も失効しました。再開しても戻りません。", tokens)
                     : fmt::format("{} service tokens are revoked too, for good.", tokens));
}

void list(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.path);
    if (!loaded) return;
    const auto result = ask(context, *loaded->model, "users.list", {}, Alone::allowed);
    if (!result) return;
    const auto& users = result->at("users").as_array();
    if (options.json) return say(json::serialize(users));
    if (users.empty()) return say(context.pick("該当するものはありません。", "Nothing matches."));
    say_users(users);
}

// search looks for a part of the account's name; with what nobody has, it finds nothing and says so.
void search(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.path);
    if (!loaded) return;
    const auto result = ask(context, *loaded->model, "users.list", {}, Alone::allowed);
    if (!result) return;
    json::array found;
    const auto part = lower(options.name);
    for (const auto& user : result->at("users").as_array()) {
        const auto& row = user.as_object();
        const bool fits = text(row, "name").find(part) != std::string::npos &&
                          (options.status.empty() || text(row, "status") == options.status);
        if (fits) found.push_back(user);
    }
    if (found.empty()) context.exit_code = exit_findings;
    if (options.json) return say(json::serialize(found));
    if (found.empty()) return say(context.pick("該当するものはありません。", "Nothing matches."));
    say_users(found);
}

void add_act(const Verb& users, Context& context, const char* verb, Bilingual help) {
    auto options = std::make_shared<Options>();
    const auto command = users.add(verb, help, fmt::format("users {} sato -c sekisho.yaml", verb));
    command.option("name", options->name, {"アカウント名", "account name"}).required();
    command.config(options->path);
    command.json(options->json);
    command.runs([&context, options, verb] { act(context, *options, verb); });
}

}  // namespace

void add_users(const Verb& program, Context& context) {
    const auto users =
        program.group("users", {"アカウントを扱う", "Look after accounts"}, "users add sato -c sekisho.yaml");
    add_act(users, context, "add",
            {"アカウントを作り、登録案内を出す", "Add an account and print its activation link"});
    add_act(users, context, "activate", {"登録案内を出し直す", "Print a new activation link"});
    add_act(users, context, "disable",
            {"利用を止め、開いているものを終わらせる", "Stop an account and end what it has open"});
    add_act(users, context, "enable", {"利用を再開する", "Let an account in again"});
    add_act(users, context, "reset-factors",
            {"パスワードと確認方法を消し、登録案内を出す",
             "Remove password and factors and print an activation link"});
    auto options = std::make_shared<Options>();
    const auto listing = users.add("list", {"一覧を出す", "List accounts"}, "users list -c sekisho.yaml");
    listing.config(options->path);
    listing.json(options->json);
    listing.runs([&context, options] { list(context, *options); });
    auto wanted = std::make_shared<Options>();
    const auto searching =
        users.add("search", {"名前の一部から探す", "Look for accounts by a part of the name"},
                  "users search sat -c sekisho.yaml");
    searching.option("text", wanted->name, {"名前の一部", "a part of the name"}).required();
    searching.option("--status", wanted->status, {"この状態のものだけ", "only those in this state"})
        .one_of({"invited", "active", "disabled"});
    searching.config(wanted->path);
    searching.json(wanted->json);
    searching.runs([&context, wanted] { search(context, *wanted); });
    add_users_import(users, context);
}

}  // namespace sekisho::gateway::cli
