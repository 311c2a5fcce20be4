// Completions for shells, from the table of commands.
#include "gateway/cli/cli.hpp"
#include "gateway/cli/command_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sekisho::gateway::cli {
namespace {

// What may follow a command, with its meaning; descriptions are one line each.
struct Word {
    std::string word, about;
};

std::string last_word(const std::string& path) { return path.substr(path.rfind(' ') + 1); }

std::vector<Word> words_after(const Command& command) {
    std::vector<Word> words;
    for (const auto& verb : command.verbs) words.push_back({last_word(verb.path), verb.about});
    for (const auto& option : command.options)
        for (const auto& name : option.names) words.push_back({name, option.about});
    for (const auto& positional : command.positionals)
        for (const auto& choice : positional.choices) words.push_back({choice, positional.about});
    return words;
}

// In single quotes every character stands for itself, but the quote.
std::string in_quotes(std::string_view text, std::string_view quote = "'\\''") {
    std::string out = "'";
    for (const char c : text)
        if (c == '\'')
            out += quote;
        else
            out += c;
    return out + "'";
}

std::vector<std::string> file_options(const Command& root) {
    std::vector<std::string> names;
    for (const auto* command : all_commands(root))
        for (const auto& option : command->options)
            if (option.file())
                for (const auto& name : option.names)
                    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    return names;
}

// Paths of all verbs as patterns of a `case`, so that an option's value is never taken for a verb.
std::string path_patterns(const Command& root) {
    std::string out;
    for (const auto* command : all_commands(root))
        if (!command->path.empty()) out += (out.empty() ? "" : "|") + in_quotes(" " + command->path);
    return out;
}

std::string bash(const Command& root) {
    std::string out = fmt::format(R"(# bash completion for sekisho
_sekisho() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} at='' words='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at ${{COMP_WORDS[i]}}" in {}) at="$at ${{COMP_WORDS[i]}}" ;; esac
  done
  case $prev in
    {}) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
  esac
  case $at in
)",
                                  path_patterns(root), fmt::join(file_options(root), "|"));
    for (const auto* command : all_commands(root)) {
        std::string words;
        for (const auto& word : words_after(*command)) words += (words.empty() ? "" : " ") + word.word;
        out += fmt::format("    {}) words={} ;;\n",
                           in_quotes(command->path.empty() ? "" : " " + command->path), in_quotes(words));
    }
    return out + R"(  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -F _sekisho sekisho
)";
}

// In _describe a colon parts word and meaning.
std::string without_colon(std::string text) {
    for (std::size_t at = text.find(':'); at != std::string::npos; at = text.find(':', at + 2))
        text.insert(at, "\\");
    return text;
}

std::string zsh(const Command& root) {
    std::string out = fmt::format(R"(#compdef sekisho
# zsh completion for sekisho
_sekisho() {{
  local at='' i
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    case "$at $words[i]" in ({}) at="$at $words[i]" ;; esac
  done
  case $words[CURRENT-1] in ({}) _files; return ;; esac
  case $at in
)",
                                  path_patterns(root), fmt::join(file_options(root), "|"));
    for (const auto* command : all_commands(root)) {
        out += fmt::format("    ({})\n      found=(\n",
                           in_quotes(command->path.empty() ? "" : " " + command->path));
        for (const auto& word : words_after(*command))
            out += "        " + in_quotes(word.word + ":" + without_colon(word.about)) + "\n";
        out += "      ) ;;\n";
    }
    return out + R"(  esac
  _describe -o sekisho found
}
if [ "$funcstack[1]" = _sekisho ]; then _sekisho "$@"; else compdef _sekisho sekisho; fi
)";
}

std::string fish(const Command& root) {
    std::string paths;
    for (const auto* command : all_commands(root))
        if (!command->path.empty()) paths += " " + in_quotes(" " + command->path, "\\'");
    std::string out = fmt::format(R"(# fish completion for sekisho
function __sekisho_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        if contains -- "$at $word"{}
            set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c sekisho -f
)",
                                  paths);
    for (const auto* command : all_commands(root)) {
        const auto here = in_quotes(
            "__sekisho_at " + in_quotes(command->path.empty() ? "" : " " + command->path, "\\'"), "\\'");
        for (const auto& verb : command->verbs)
            out += fmt::format("complete -c sekisho -n {} -a {} -d {}\n", here, last_word(verb.path),
                               in_quotes(verb.about, "\\'"));
        for (const auto& option : command->options) {
            std::string names;
            for (const auto& name : option.names)
                names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            out += fmt::format("complete -c sekisho -n {}{}{}{} -d {}\n", here, names,
                               option.takes_value ? " -r" : "", option.file() ? " -F" : "",
                               in_quotes(option.about, "\\'"));
        }
        for (const auto& positional : command->positionals)
            if (!positional.choices.empty())
                out += fmt::format("complete -c sekisho -n {} -a {}\n", here,
                                   in_quotes(fmt::format("{}", fmt::join(positional.choices, " ")), "\\'"));
    }
    return out;
}

struct Shell {
    const char* name;
    std::string (*make)(const Command&);
};
constexpr std::array<Shell, 3> shells{{{"bash", bash}, {"zsh", zsh}, {"fish", fish}}};

}  // namespace

void add_completion(const Verb& program, Context&) {
    auto wanted = std::make_shared<std::string>();
    const auto verb = program.add("completion", {"シェルの補完を出す", "Print completions for a shell"},
                                  "completion bash > /etc/bash_completion.d/sekisho");
    std::vector<std::string> names;
    for (const auto& shell : shells) names.emplace_back(shell.name);
    verb.option("shell", *wanted, {"シェル", "which shell"}).required().one_of(names);
    verb.runs([program, wanted] {
        for (const auto& shell : shells)
            if (*wanted == shell.name) say(shell.make(program.describe()));
    });
}

}  // namespace sekisho::gateway::cli
