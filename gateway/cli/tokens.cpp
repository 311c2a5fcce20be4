#include "base/edit_distance.hpp"
#include "base/text.hpp"
#include "gateway/cli/cli.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace sekisho::gateway::cli {
namespace {

namespace json = boost::json;

struct Options {
    std::string path, name, owner, expires = "90d";
    std::vector<std::string> apps;
    bool json = false;
};

std::string text(const json::object& object, const char* name) {
    const auto* found = object.if_contains(name);
    return found && found->is_string() ? std::string(found->get_string().c_str()) : std::string("-");
}

void unknown(Context& context, std::string_view japanese, std::string_view english, const std::string& name,
             const std::vector<std::string>& names) {
    const auto near = nearest(name, names);
    auto sentence = context.ja() ? fmt::format("{}「{}」は設定にありません。", japanese, name)
                                 : fmt::format("The configuration has no {} \"{}\".", english, name);
    if (near)
        sentence += context.ja() ? fmt::format("「{}」ではありませんか。", *near)
                                 : fmt::format(" Did you mean \"{}\"?", *near);
    complain(sentence);
    context.exit_code = exit_findings;
}

// A token that could never open anything is refused here, where somebody can still see why: to its holder all
// faults look alike.
bool makes_sense(Context& context, const config::Model& model, const Options& options) {
    std::vector<std::string> people, apps;
    for (const auto& person : model.people) people.push_back(person.name);
    for (const auto& app : model.apps) apps.push_back(app.name);
    if (std::find(people.begin(), people.end(), options.owner) == people.end()) {
        unknown(context, "利用者", "person", options.owner, people);
        return false;
    }
    for (const auto& name : options.apps) {
        const auto app = std::find_if(model.apps.begin(), model.apps.end(),
                                      [&](const auto& one) { return one.name == name; });
        if (app == model.apps.end()) {
            unknown(context, "アプリ", "app", name, apps);
            return false;
        }
        if (app->service_tokens) continue;
        complain(
            context.ja()
                ? fmt::format("{} はサービストークンを受け付けません。apps.{}.service_tokens: true と"
                              "設定してください。",
                              name, name)
                : fmt::format("{} accepts no service tokens. Set apps.{}.service_tokens: true.", name, name));
        context.exit_code = exit_findings;
        return false;
    }
    return true;
}

void create(Context& context, const Options& options) {
    const auto lifetime = parse_duration(options.expires);
    if (!lifetime) {
        complain(context.ja()
                     ? fmt::format("--expires: 「{}」は期間ではありません。例: 90d", options.expires)
                     : fmt::format("--expires: \"{}\" is no length of time. Example: 90d", options.expires));
        context.exit_code = exit_could_not_run;
        return;
    }
    const auto loaded = load_config(context, options.path);
    if (!loaded || !makes_sense(context, *loaded->model, options)) return;
    const auto seconds = std::chrono::duration_cast<Seconds>(*lifetime).count();
    const auto result = ask(context, *loaded->model, "tokens.create",
                            {{"name", options.name},
                             {"owner", options.owner},
                             {"apps", json::array(options.apps.begin(), options.apps.end())},
                             {"lifetime_seconds", seconds}},
                            Alone::allowed);
    if (!result) return;
    if (options.json) return say(json::serialize(*result));
    say(text(*result, "token"));
    complain(context.ja()
                 ? fmt::format("次に: この値は二度と表示されません。安全な場所に保管し、Sekisho-Token "
                               "フィールドで送ってください。ID {}、期限 {}",
                               text(*result, "id"), text(*result, "expires"))
                 : fmt::format("Next: this value is not shown again. Keep it safe and send it as "
                               "Sekisho-Token. Id {}, until {}",
                               text(*result, "id"), text(*result, "expires")));
}

void list(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.path);
    if (!loaded) return;
    const auto result = ask(context, *loaded->model, "tokens.list", {}, Alone::allowed);
    if (!result) return;
    const auto& tokens = result->at("tokens").as_array();
    if (options.json) return say(json::serialize(tokens));
    if (tokens.empty()) return say(context.pick("該当するものはありません。", "Nothing matches."));
    for (const auto& token : tokens) {
        const auto& row = token.as_object();
        std::vector<std::string> apps;
        for (const auto& app : row.at("apps").as_array()) apps.emplace_back(app.get_string().c_str());
        const auto joined = fmt::format("{}", fmt::join(apps, ","));
        const bool expired = row.at("expired").as_bool();
        say(fmt::format(
            "{:<20} {}  {:<16} {:<24} {} {}  {}{}", text(row, "name"), text(row, "id"), text(row, "owner"),
            joined, expired ? context.pick("期限切れ", "expired") : context.pick("期限", "until"),
            text(row, "expires"), context.pick("最終利用 ", "last used "), text(row, "last_used")));
    }
}

void revoke(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.path);
    if (!loaded) return;
    const auto result =
        ask(context, *loaded->model, "tokens.revoke", {{"token", options.name}}, Alone::allowed);
    if (!result) return;
    if (options.json) return say(json::serialize(*result));
    say(context.ja() ? fmt::format("{} ({}) を失効させました。", text(*result, "name"), text(*result, "id"))
                     : fmt::format("{} ({}) is revoked.", text(*result, "name"), text(*result, "id")));
}

Verb add_verb(const Verb& tokens, const std::string& name, Bilingual help, const std::string& example,
              const std::shared_ptr<Options>& options) {
    const auto verb = tokens.add(name, help, "tokens " + example + " -c sekisho.yaml");
    verb.config(options->path);
    verb.json(options->json);
    return verb;
}

}  // namespace

void add_tokens(const Verb& program, Context& context) {
    const auto tokens = program.group(
        "tokens", {"スクリプト用のサービストークンを扱う", "Look after service tokens for scripts"},
        "tokens list -c sekisho.yaml");
    auto options = std::make_shared<Options>();
    const auto creating =
        add_verb(tokens, "create", {"トークンを作り、一度だけ表示する", "Make a token and show it once"},
                 "create nightly --owner sato --apps wiki,files", options);
    creating.option("name", options->name, {"トークンの名前", "name of the token"}).required();
    creating.option("--owner", options->owner, {"所有者のアカウント", "account that owns it"}).required();
    creating
        .option("--apps", options->apps,
                {"使えるアプリ（カンマ区切り）", "apps it is for, with commas between"})
        .by_commas()
        .required();
    creating.option(
        "--expires", options->expires,
        {"有効期間（既定 90d、最長 366d）", "how long it is good for (90d unless given, at most 366d)"});
    creating.runs([&context, options] { create(context, *options); });
    options = std::make_shared<Options>();
    add_verb(tokens, "list", {"一覧を出す", "List tokens"}, "list", options).runs([&context, options] {
        list(context, *options);
    });
    options = std::make_shared<Options>();
    const auto revoking = add_verb(
        tokens, "revoke", {"失効させ、開いているものを終わらせる", "Revoke a token and end what it has open"},
        "revoke nightly", options);
    revoking.option("token", options->name, {"トークンの ID または名前", "its id or name"}).required();
    revoking.runs([&context, options] { revoke(context, *options); });
}

}  // namespace sekisho::gateway::cli
