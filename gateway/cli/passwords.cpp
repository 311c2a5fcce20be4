#include "auth/password.hpp"
#include "base/text.hpp"
#include "gateway/cli/cli.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

namespace sekisho::gateway::cli {
namespace {

constexpr std::size_t entries_max = 20'000'000;  // in memory at once, about 1 GiB

struct Options {
    std::vector<std::string> words;
    std::string to;
};

// The words of some files as the list wants them: each as it is, and in lower case, because what people type
// is looked up in both forms.
class Collected {
public:
    bool add(const std::string& line) {
        ++lines_;
        const auto word = auth::normal_password(line);
        if (!word) return true;
        const auto text = std::string(word->reveal_text());
        if (auth::characters_in(text) < auth::password_characters_min) return true;
        entries_.push_back(password_list_entry(text));
        if (const auto folded = lower(text); folded != text) entries_.push_back(password_list_entry(folded));
        return entries_.size() < entries_max;
    }
    void sort() {
        std::sort(entries_.begin(), entries_.end());
        entries_.erase(std::unique(entries_.begin(), entries_.end()), entries_.end());
    }
    const std::vector<std::string>& entries() const noexcept { return entries_; }
    std::size_t lines() const noexcept { return lines_; }

private:
    std::vector<std::string> entries_;
    std::size_t lines_ = 0;
};

void fail(Context& context, std::string_view sentence) {
    complain(sentence);
    context.exit_code = exit_could_not_run;
}

bool collect(Context& context, const std::string& path, Collected& out) {
    std::ifstream file(path, std::ios::binary);
    std::string line;
    while (std::getline(file, line)) {
        if (line.ends_with('\r')) line.pop_back();
        if (out.add(line)) continue;
        fail(context,
             context.ja()
                 ? fmt::format("{}: 一度に扱える {} 件を超えました。公開されているハッシュの一覧は"
                               "そのまま factors.refused_passwords に使えます。",
                               path, entries_max)
                 : fmt::format("{}: more than the {} entries that are taken at once. A published list "
                               "of hashes can be named in factors.refused_passwords as it is.",
                               path, entries_max));
        return false;
    }
    if (file.eof()) return true;
    fail(context,
         context.ja() ? fmt::format("{} を読めません。", path) : fmt::format("cannot read {}", path));
    return false;
}

// Written beside and renamed: a gateway that starts meanwhile meets the old list or the new one.
bool write(Context& context, const std::string& path, const std::vector<std::string>& entries) {
    const auto beside = path + ".part";
    std::ofstream file(beside, std::ios::binary | std::ios::trunc);
    for (const auto& entry : entries) file << entry << '\n';
    file.close();
    if (file && std::rename(beside.c_str(), path.c_str()) == 0) return true;
    fail(context,
         context.ja() ? fmt::format("{} に書けません。", path) : fmt::format("cannot write {}", path));
    return false;
}

void list(Context& context, const Options& options) {
    Collected collected;
    for (const auto& path : options.words)
        if (!collect(context, path, collected)) return;
    collected.sort();
    const auto kept = collected.entries().size();
    if (kept == 0)
        return fail(context, context.pick("8 文字以上の単語がありません。",
                                          "No word there has 8 characters or more."));
    if (!write(context, options.to, collected.entries())) return;
    say(context.ja() ? fmt::format("{}  {} 行から {} 件", options.to, collected.lines(), kept)
                     : fmt::format("{}  {} entries of {} lines", options.to, kept, collected.lines()));
    complain(context.pick("次に: 設定の factors.refused_passwords にこのファイルを書き、再起動してください。",
                          "Next: name the file in factors.refused_passwords and restart."));
}

}  // namespace

void add_passwords(const Verb& program, Context& context) {
    const auto passwords =
        program.group("passwords", {"パスワードの一覧を扱う", "Look after lists of passwords"},
                      "passwords list words.txt --to refused.txt");
    auto options = std::make_shared<Options>();
    const auto making = passwords.add("list",
                                      {"単語の一覧から、使えないパスワードの一覧を作る",
                                       "Make a list of refused passwords from plain words"},
                                      "passwords list /usr/share/dict/words --to refused.txt");
    making.option("file", options->words, {"1 行 1 語の UTF-8 のファイル", "files of UTF-8, a word a line"})
        .required();
    making.option("--to", options->to, {"書き出すファイル", "the file to write"}).required();
    making.runs([&context, options] { list(context, *options); });
}

}  // namespace sekisho::gateway::cli
