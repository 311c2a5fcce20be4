#include "gateway/cli/verb.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace sekisho::gateway::cli {
namespace {

template <class Value>
Option add_option(CLI::App& app, const std::string& names, Value& into, std::string_view meaning) {
    return Option(*app.add_option(names, into, std::string(meaning)));
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
