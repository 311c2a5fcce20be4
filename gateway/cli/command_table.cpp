#include "gateway/cli/command_table.hpp"

#include <algorithm>

namespace sekisho::gateway::cli {
namespace {

void append(const Command& command, std::vector<const Command*>& out) {
    out.push_back(&command);
    for (const auto& verb : command.verbs) append(verb, out);
}

}  // namespace

bool CommandOption::file() const {
    static constexpr std::string_view files[] = {"--config",     "--dir",         "--data",
                                                 "--checkpoint", "--certificate", "--key"};
    if (names.empty()) return label == "file";
    return std::any_of(std::begin(files), std::end(files),
                       [this](std::string_view one) { return names.front() == one; });
}

std::vector<const Command*> all_commands(const Command& root) {
    std::vector<const Command*> out;
    append(root, out);
    return out;
}

}  // namespace sekisho::gateway::cli
