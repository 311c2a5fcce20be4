// The man page, from the table of commands.
#include "gateway/cli/cli.hpp"
#include "gateway/cli/command_table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::gateway::cli {
namespace {

// Japanese has no blanks to break lines at: `\\:` says where one may end, but never before what must not
// begin one.
bool may_break_before(std::string_view rest) {
    static constexpr std::string_view closers[] = {"、", "。", "）", "」", "ー"};
    return static_cast<unsigned char>(rest.empty() ? 0 : rest.front()) >= 0xe3 &&
           std::none_of(std::begin(closers), std::end(closers),
                        [&](auto one) { return rest.starts_with(one); });
}

// What roff would read as its own: a backslash, a hyphen that must stay one, a dot or quote at a line's
// begin.
std::string roff(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (!out.empty() && may_break_before(text.substr(i))) out += "\\:";
        if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
    }
    return out;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }

struct Part {
    std::string_view ja, en;
};

class Page {
public:
    explicit Page(const Context& context) : context_(context) {}

    void head(const Part& title) { out_ += fmt::format(".SH {}\n", context_.pick(title.ja, title.en)); }
    void text(const Part& words) { out_ += roff(context_.pick(words.ja, words.en)) + "\n"; }
    void item(std::string_view tag, const Part& words) {
        out_ += fmt::format(".TP\n{}\n{}\n", bold(tag), roff(context_.pick(words.ja, words.en)));
    }
    void command(const Command& command);
    void raw(std::string_view lines) { out_ += lines; }
    std::string take() { return std::move(out_); }

private:
    void option(const CommandOption& option);
    const Context& context_;
    std::string out_;
};

void Page::option(const CommandOption& option) {
    std::string tag;
    for (const auto& name : option.names) tag += (tag.empty() ? "" : ", ") + bold(name);
    if (option.names.empty()) tag = "\\fI" + roff(option.label) + "\\fR";
    if (!option.names.empty() && option.takes_value)
        tag += std::string(" \\fI") +
               std::string(option.file() ? context_.pick("ファイル", "FILE") : context_.pick("値", "VALUE")) +
               "\\fR";
    std::string about = roff(option.about);
    if (option.required) about += context_.pick("（必須）", " (required)");
    if (!option.choices.empty()) about += roff(fmt::format(" [{}]", fmt::join(option.choices, ", ")));
    out_ += fmt::format(".TP\n{}\n{}\n", tag, about.empty() ? "\\&" : about);
}

void Page::command(const Command& command) {
    out_ += fmt::format(".SS sekisho {}\n{}\n", roff(command.path), roff(command.about));
    for (const auto& positional : command.positionals) option(positional);
    for (const auto& one : command.options)
        if (one.names.empty() || one.names.back() != "-h") option(one);
    if (!command.example.empty())
        out_ += fmt::format(".PP\n{}\n.PP\n.RS\n.nf\n{}\n.fi\n.RE\n", context_.pick("例:", "Example:"),
                            roff(command.example));
}

void closing(Page& page) {
    page.head({"終了コード", "EXIT STATUS"});
    page.item("0", {"問題なし", "nothing is wrong"});
    page.item("1", {"見つかったものがある、または拒まれた", "something was found, or refused"});
    page.item("2", {"実行できなかった", "could not run"});
    page.item("3",
              {"実行したが、監査記録を書き込めなかった", "done, but its audit record could not be written"});
    page.head({"シグナル", "SIGNALS"});
    page.item("SIGTERM, SIGINT",
              {"静かに止まる。2 回目で直ちに止まる", "drain and stop; the second stops at once"});
    page.item("SIGHUP", {"設定を読み直す。利用を広げる変更は受け入れない",
                         "read the configuration again; what loosens access is refused"});
    page.head({"環境変数", "ENVIRONMENT"});
    page.item("SEKISHO_LANG, LC_ALL, LC_MESSAGES, LANG",
              {"言葉。ja で始まれば日本語", "the language; Japanese when it begins with ja"});
    page.item("SEKISHO_CONFIG",
              {"--config を書かないときの設定ファイル", "the configuration when --config is left out"});
    page.item("LISTEN_FDS, NOTIFY_SOCKET, WATCHDOG_USEC", {"systemd との取り決め（socket、notify、watchdog）",
                                                           "systemd's sockets, notification and watchdog"});
    page.head({"ファイル", "FILES"});
    page.item("/etc/sekisho/sekisho.yaml", {"設定", "the configuration"});
    page.item("/etc/sekisho/master.key",
              {"マスター鍵。データとは別に控える", "the master key; keep its copy apart from the data's"});
    page.item("/var/lib/sekisho",
              {"アカウント、セッション、監査記録", "accounts, sessions and the audit record"});
    page.head({"関連項目", "SEE ALSO"});
    page.raw(".BR systemctl (1),\n.BR systemd.socket (5)\n");
}

std::string manpage(const Context& context, const Command& root) {
    Page page(context);
    page.raw(".TH SEKISHO 1 \"\" \"Sekisho " SEKISHO_VERSION "\"\n.ad l\n");
    page.head({"名前", "NAME"});
    page.text({"sekisho - 社外と社内の間のただ一つの関所",
               "sekisho - the one gate between remote people and internal systems"});
    page.head({"書式", "SYNOPSIS"});
    page.raw(
        fmt::format(".B sekisho\n[\\fB\\-\\-lang\\fR \\fIja\\fR|\\fIen\\fR]\n\\fI{}\\fR\n[\\fI{}\\fR...]\n",
                    context.pick("コマンド", "COMMAND"), context.pick("オプション", "OPTION")));
    page.head({"説明", "DESCRIPTION"});
    page.text(
        {"職員と委託先の方が社内のアプリを使うときに必ず通る、ゼロトラストのゲートウェイです。判断なしに通る"
         "ものはなく、"
         "判断は必ず記録に残ります。--config を書かなければ /etc/sekisho/sekisho.yaml を読みます。",
         "A zero-trust gateway between remote people and internal apps. Nothing passes without a decision, "
         "and every decision leaves a record. Without --config, /etc/sekisho/sekisho.yaml is read."});
    page.head({"コマンド", "COMMANDS"});
    for (const auto* command : all_commands(root))
        if (!command->path.empty()) page.command(*command);
    closing(page);
    return page.take();
}

}  // namespace

void add_manpage(const Verb& program, Context& context) {
    const auto verb =
        program.add("manpage", {"man ページを出す", "Print the man page"}, "manpage > sekisho.1");
    verb.runs([program, &context] { say(manpage(context, program.describe())); });
}

}  // namespace sekisho::gateway::cli
