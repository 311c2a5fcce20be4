#include "base/calendar.hpp"

#include "base/json.hpp"
#include "config/choices.hpp"
#include "gateway/cli/cli.hpp"
#include "policy/compile.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::gateway::cli {
namespace {

struct Options {
    std::string config, name;
    int year = 0;
    bool json = false;
};

std::string_view kind_text(DaysOf kind) {
    for (const auto& word : config::days_of)
        if (word.choice == kind) return word.text;
    return {};
}

void print_json(const Options& options, const std::vector<Calendar::Entry>& entries) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().field("calendar", options.name).key("days").begin_array();
    for (const auto& entry : entries)
        json.begin_object()
            .field("date", to_text(entry.date))
            .field("kind", kind_text(entry.kind))
            .field("ja", entry.ja)
            .field("en", entry.en)
            .field("provisional", entry.provisional)
            .end_object();
    json.end_array().end_object();
    say(out);
}

void show(Context& context, const Options& options) {
    const auto could_not = [&](std::string_view sentence) {
        complain(sentence);
        context.exit_code = exit_could_not_run;
    };
    if (options.year < 2020 || options.year > 2099)
        return could_not(context.pick("--year は 2020 から 2099 まで。", "--year is between 2020 and 2099."));
    const auto loaded = load_config(context, options.config, CheckFiles::no);
    if (!loaded) return;
    const auto& calendars = loaded->model->calendars;
    const auto found = std::find_if(calendars.begin(), calendars.end(),
                                    [&](const auto& calendar) { return calendar.name == options.name; });
    if (found == calendars.end())
        return could_not(context.ja() ? fmt::format("「{}」という暦はありません。", options.name)
                                      : fmt::format("There is no calendar \"{}\".", options.name));
    const Calendar calendar(policy::spec_of(*found));
    const auto entries = calendar.entries(options.year);
    if (options.json) return print_json(options, entries);
    for (const auto& entry : entries)
        say(fmt::format("{}  {}{}", to_text(entry.date), context.pick(entry.ja, entry.en),
                        entry.provisional ? context.pick("（見込み）", "  (provisional)") : ""));
}

}  // namespace

void add_calendar(const Verb& program, Context& context) {
    auto options = std::make_shared<Options>();
    const auto verb = program.add("calendar", {"暦の休業日を示す", "Show the days a calendar sets apart"},
                                  "calendar --name bank --year 2027 -c sekisho.yaml");
    verb.config(options->config);
    verb.option("--name", options->name, {"calendars の名前", "a name of calendars"}).required();
    verb.option("--year", options->year, {"年（2020 から 2099）", "year, 2020 to 2099"}).required();
    verb.json(options->json);
    verb.runs([&context, options] { show(context, *options); });
}

}  // namespace sekisho::gateway::cli
