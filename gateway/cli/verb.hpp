#pragma once
// Verb is one command of the command line: help in both languages, an example, options, and what it runs.
// The library that reads command lines stays behind verb.cpp: it costs each file that includes it 12 s.
#include "base/ids.hpp"
#include "gateway/cli/command_table.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace sekisho::gateway::cli {

// Bilingual is a sentence for whoever sits at the terminal.
struct Bilingual {
    std::string_view ja, en;
    constexpr Bilingual(std::string_view japanese, std::string_view english) : ja(japanese), en(english) {}
    constexpr Bilingual(const char* both) : ja(both), en(both) {}
    Bilingual(const std::string& both) : ja(both), en(both) {}
    std::string_view in(Language language) const noexcept { return language == Language::ja ? ja : en; }
};

class Option {
public:
    explicit Option(CLI::Option& option) noexcept : option_(&option) {}
    Option& required();
    Option& one_of(const std::vector<std::string>& values);
    Option& by_commas();  // several values in one word

private:
    CLI::Option* option_;
};

// What an option fills outlives the program's parse. `names` is "--long,-s", or a bare word for an operand.
class Verb {
public:
    Verb(CLI::App& app, Language language) noexcept : app_(&app), language_(language) {}

    // add makes a verb below this one; `example` is what follows "sekisho". group: one that only holds
    // others.
    Verb add(const std::string& name, Bilingual help, Bilingual example) const;
    Verb group(const std::string& name, Bilingual help, Bilingual example) const;

    Option option(const std::string& names, std::string& into, Bilingual meaning) const;
    Option option(const std::string& names, std::vector<std::string>& into, Bilingual meaning) const;
    Option option(const std::string& names, int& into, Bilingual meaning) const;
    Option option(const std::string& names, std::uint64_t& into, Bilingual meaning) const;
    void flag(const std::string& names, bool& into, Bilingual meaning) const;
    // Those that most verbs have: --config FILE, and --json.
    void config(std::string& path) const;
    void json(bool& wanted) const;

    void runs(std::function<void()> act) const;

    // describe: this verb and all below it, as they are now, in the language of the help.
    Command describe() const;

private:
    CLI::App* app_;
    Language language_;
};

// Program is the whole command line.
class Program {
public:
    Program(Bilingual about, Language language);
    ~Program();

    Verb root() const;
    std::vector<std::string> verbs() const;
    // config_when_left_out: what every verb's --config is then. For when all verbs were added.
    void config_when_left_out(const std::string& path) const;

    // parse runs the verb that was asked for.
    struct Outcome {
        enum class Kind : std::uint8_t { ran, helped, refused } kind = Kind::ran;
        std::string complaint;  // refused
    };
    Outcome parse(int argc, char** argv) const;

private:
    std::unique_ptr<CLI::App> app_;
    Language language_;
    std::string wanted_language_;
};

}  // namespace sekisho::gateway::cli
