#pragma once
// The command line as plain values, read from the parser itself, so that man page, completions and tests can
// never know other verbs or options than the program does.
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::gateway::cli {

struct CommandOption {
    std::vector<std::string> names;  // "--config", "-c"; a positional has none
    std::string label;               // of a positional
    std::string about;
    std::vector<std::string> choices;  // what it may be, when that is a closed set
    bool takes_value = false;
    bool required = false;
    bool file() const;  // whether its value is a file or folder
};

struct Command {
    std::string path;     // "audit verify"; "" is the program
    std::string about;    // one line
    std::string example;  // without "Example:"
    std::vector<CommandOption> options, positionals;
    std::vector<Command> verbs;
};

// all_commands: the tree in the order of the help, parents first.
std::vector<const Command*> all_commands(const Command& root);

}  // namespace sekisho::gateway::cli
