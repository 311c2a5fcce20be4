#include "config/files.hpp"
#include "gateway/cli/cli.hpp"
#include "gateway/cli/import_plan.hpp"
#include "gateway/control/operations.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace sekisho::gateway::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t file_bytes_max = 4u << 20;

struct Options {
    std::string path, file;
    bool dry_run = false, json = false;
};

void fail(Context& context, std::string_view sentence, int code) {
    complain(sentence);
    context.exit_code = code;
}

// The names of the plan, but for those that can be no account: they are faults already.
std::optional<json::object> ask_import(Context& context, const config::Model& model, const ImportPlan& plan,
                                       bool dry_run) {
    const auto names = plan.accounts();
    return ask(context, model, "users.import",
               {{"accounts", json::array(names.begin(), names.end())}, {"dry_run", dry_run}}, Alone::allowed);
}

void say_faults(Context& context, const Options& options, const ImportPlan& plan) {
    for (const auto& fault : plan.faults)
        complain(fmt::format("{}:{}: {}", options.file, fault.line, context.ja() ? fault.ja : fault.en));
    fail(context,
         context.ja() ? fmt::format("{} 件の誤りがあります。何も変更していません。", plan.faults.size())
                      : fmt::format("{} faults. Nothing was changed.", plan.faults.size()),
         exit_findings);
}

void say_dry_run(Context& context, const Options& options, const config::Model& model,
                 const ImportPlan& plan) {
    const auto yaml = people_yaml(plan, model);
    const auto count = plan.people.size();
    if (options.json) return say(json::serialize(json::object{{"accounts", count}, {"yaml", yaml}}));
    if (!yaml.empty()) say(yaml.substr(0, yaml.size() - 1));
    complain(context.ja() ? fmt::format("{} 人を追加できます。何も変更していません。", count)
                          : fmt::format("{} people can be added. Nothing was changed.", count));
    if (!yaml.empty())
        complain(
            context.pick("次に: 上の内容を設定に加えて読み込み直してから、--dry-run なしで実行してください。",
                         "Next: add the above to the configuration, reload, then run without --dry-run."));
}

void say_added(Context& context, const Options& options, const json::array& added) {
    if (options.json) return say(json::serialize(added));
    say("account,link,expires");
    for (const auto& one : added) {
        const auto& row = one.as_object();
        say(fmt::format("{},{},{}", row.at("user").as_string().c_str(), row.at("link").as_string().c_str(),
                        row.at("expires").as_string().c_str()));
    }
    complain(
        context.ja()
            ? fmt::format("{} 人を追加しました。次に: 登録案内をそれぞれ本人に安全な方法で渡してください。",
                          added.size())
            : fmt::format("{} people were added. Next: give each their link over a safe channel.",
                          added.size()));
}

void run_import(Context& context, const Options& options) {
    const auto loaded = load_config(context, options.path);
    if (!loaded) return;
    const auto text = config::DiskFiles().read(options.file, file_bytes_max);
    if (!text)
        return fail(context,
                    context.ja() ? fmt::format("{} を読めません（4 MiB まで）。", options.file)
                                 : fmt::format("cannot read {}, of at most 4 MiB", options.file),
                    exit_could_not_run);
    const auto& model = *loaded->model;
    auto plan = plan_import(*text, model);
    if (!plan.people.empty() && plan.people.size() <= users_import_max) {
        const auto there = ask_import(context, model, plan, true);
        if (!there) return;
        std::vector<std::string> existing;
        for (const auto& name : there->at("existing").as_array())
            existing.emplace_back(name.as_string().c_str());
        plan.add_existing(existing);
    }
    if (!plan.faults.empty()) return say_faults(context, options, plan);
    if (options.dry_run) return say_dry_run(context, options, model, plan);
    const auto yaml = people_yaml(plan, model);
    if (!yaml.empty())
        return fail(
            context,
            context.pick("設定にない人がいます。--dry-run の出力を設定に加えてから実行してください。"
                         "何も変更していません。",
                         "Some people are not in the configuration, and would have no access. Add what "
                         "--dry-run prints first. Nothing was changed."),
            exit_findings);
    const auto result = ask_import(context, model, plan, false);
    if (result) say_added(context, options, result->at("added").as_array());
}

}  // namespace

void add_users_import(const Verb& users, Context& context) {
    auto options = std::make_shared<Options>();
    const auto importing =
        users.add("import", {"CSV の全員を追加する", "Add everybody in a CSV file, or nobody"},
                  "users import people.csv --dry-run -c sekisho.yaml");
    importing
        .option("file", options->file,
                {"account, kind, groups, org, name, mail, language の列を持つ CSV",
                 "CSV with columns account, kind, groups, org, name, mail, language"})
        .required();
    importing.flag("--dry-run", options->dry_run,
                   {"調べるだけで、何も変更しない", "judge it and change nothing"});
    importing.config(options->path);
    importing.json(options->json);
    importing.runs([&context, options] { run_import(context, *options); });
}

}  // namespace sekisho::gateway::cli
