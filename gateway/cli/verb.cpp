#include "gateway/cli/verb.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace sekisho::gateway::cli {
namespace {

template <class Value>
Option add_option(CLI::App& app, const std::string& names, Value& into, std::string_view meaning) {
    return Option(*app.add_option(names, into, std::string(meaning)));
}

// A closed set stands in the type's name as "TEXT:{ja,en}".
std::vector<std::string> choices_of(const std::string& type) {
    std::vector<std::string> found;
    const auto open = type.find('{'), close = type.rfind('}');
    if (open == std::string::npos || close == std::string::npos || close < open) return found;
    std::string one;
    for (const char c : type.substr(open + 1, close - open - 1) + ",") {
        if (c != ',') {
            one += c;
        } else if (!one.empty()) {
            found.push_back(std::move(one));
            one.clear();
        }
    }
    return found;
}

CommandOption describe_option(const CLI::Option& option) {
    CommandOption out;
    for (const auto& name : option.get_lnames()) out.names.push_back("--" + name);
    for (const auto& name : option.get_snames()) out.names.push_back("-" + name);
    out.about = option.get_description();
    out.choices = choices_of(option.get_type_name());
    out.takes_value = option.get_items_expected_max() != 0;
    out.required = option.get_required();
    if (out.names.empty()) out.label = option.get_single_name();
    return out;
}

// "What it does\nExample: how": the two parts of every verb's description.
void split_about(const std::string& text, Command& command) {
    const auto line = text.find('\n');
    command.about = text.substr(0, line);
    if (line == std::string::npos) return;
    const auto mark = text.find(": ", line);
    if (mark != std::string::npos) command.example = text.substr(mark + 2);
}

Command describe_under(const CLI::App& app, const std::string& path) {
    Command out;
    out.path = path;
    split_about(app.get_description(), out);
    for (const auto* option : app.get_options({})) {
        auto described = describe_option(*option);
        (described.names.empty() ? out.positionals : out.options).push_back(std::move(described));
    }
    for (const auto* verb : app.get_subcommands(std::function<bool(const CLI::App*)>{}))
        out.verbs.push_back(
            describe_under(*verb, path.empty() ? verb->get_name() : path + " " + verb->get_name()));
    return out;
}

void let_config_be_left_out(CLI::App& app, const std::string& path) {
    for (auto* verb : app.get_subcommands(std::function<bool(CLI::App*)>{})) {
        if (auto* option = verb->get_option_no_throw("--config")) option->required(false)->default_val(path);
        let_config_be_left_out(*verb, path);
    }
}

}  // namespace

Option& Option::required() {
    option_->required();
    return *this;
}

Option& Option::one_of(const std::vector<std::string>& values) {
    option_->check(CLI::IsMember(values));
    return *this;
}

Option& Option::by_commas() {
    option_->delimiter(',');
    return *this;
}

Verb Verb::add(const std::string& name, Bilingual help, Bilingual example) const {
    const auto* label = language_ == Language::ja ? "例" : "Example";
    return {*app_->add_subcommand(
                name, fmt::format("{}\n{}: sekisho {}", help.in(language_), label, example.in(language_))),
            language_};
}

Verb Verb::group(const std::string& name, Bilingual help, Bilingual example) const {
    const auto made = add(name, help, example);
    made.app_->require_subcommand(1);
    return made;
}

Option Verb::option(const std::string& names, std::string& into, Bilingual meaning) const {
    return add_option(*app_, names, into, meaning.in(language_));
}

Option Verb::option(const std::string& names, std::vector<std::string>& into, Bilingual meaning) const {
    return add_option(*app_, names, into, meaning.in(language_));
}

Option Verb::option(const std::string& names, int& into, Bilingual meaning) const {
    return add_option(*app_, names, into, meaning.in(language_));
}

Option Verb::option(const std::string& names, std::uint64_t& into, Bilingual meaning) const {
    return add_option(*app_, names, into, meaning.in(language_));
}

void Verb::flag(const std::string& names, bool& into, Bilingual meaning) const {
    app_->add_flag(names, into, std::string(meaning.in(language_)));
}

void Verb::config(std::string& path) const {
    option("--config,-c", path, {"設定ファイル", "configuration file"}).required();
}

void Verb::json(bool& wanted) const { flag("--json", wanted, {"JSON で出す", "print JSON"}); }

void Verb::runs(std::function<void()> act) const { app_->callback(std::move(act)); }

Command Verb::describe() const { return describe_under(*app_, ""); }

Program::Program(Bilingual about, Language language)
    : app_(std::make_unique<CLI::App>(std::string(about.in(language)), "sekisho")), language_(language) {
    root()
        .option("--lang", wanted_language_, {"言葉: ja または en", "language: ja or en"})
        .one_of({"ja", "en"});
    app_->require_subcommand(1);
    app_->fallthrough();
}

Program::~Program() = default;

Verb Program::root() const { return {*app_, language_}; }

std::vector<std::string> Program::verbs() const {
    std::vector<std::string> names;
    for (const auto* known : app_->get_subcommands({})) names.push_back(known->get_name());
    return names;
}

void Program::config_when_left_out(const std::string& path) const { let_config_be_left_out(*app_, path); }

Program::Outcome Program::parse(int argc, char** argv) const {
    using Kind = Outcome::Kind;
    try {
        app_->parse(argc, argv);
        return {};
    } catch (const CLI::CallForHelp& help) {
        app_->exit(help);
        return {Kind::helped, {}};
    } catch (const CLI::CallForAllHelp& help) {
        app_->exit(help);
        return {Kind::helped, {}};
    } catch (const CLI::ParseError& error) {
        return {Kind::refused, error.what()};
    }
}

}  // namespace sekisho::gateway::cli
