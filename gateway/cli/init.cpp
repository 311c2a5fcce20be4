#include "auth/keyring.hpp"
#include "gateway/cli/cli.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <sys/stat.h>

namespace sekisho::gateway::cli {
namespace {

void init(Context& context, const std::string& folder) {
    std::error_code failed;
    const std::filesystem::path at(folder);
    std::filesystem::create_directories(at / "data", failed);
    std::filesystem::create_directories(at / "run", failed);
    if (failed) {
        complain(fmt::format("{}: {}", folder, failed.message()));
        context.exit_code = exit_could_not_run;
        return;
    }
    ::chmod((at / "data").c_str(), 0700);
    ::chmod((at / "run").c_str(), 0700);
    const auto key = (at / "master.key").string();
    const auto made = auth::create_master_key(key);
    if (!made && made.error().code() != Errc::exists) {
        complain(made.error().detail());
        context.exit_code = exit_could_not_run;
        return;
    }
    if (context.ja()) {
        say(made ? fmt::format("作りました  {} (0600)。控えを金庫に。失うと保存した秘密は戻りません", key)
                 : fmt::format("あります    {}。触っていません", key));
        say(fmt::format("用意しました {}/data (0700)", folder));
        say("次に: sekisho check --config FILE");
    } else {
        say(made ? fmt::format(
                       "made   {} (0600). Keep a copy in a safe: without it what is stored stays sealed", key)
                 : fmt::format("kept   {}, it was there", key));
        say(fmt::format("ready  {}/data (0700)", folder));
        say("Next: sekisho check --config FILE");
    }
}

}  // namespace

void add_init(const Verb& program, Context& context) {
    auto folder = std::make_shared<std::string>();
    const auto verb =
        program.add("init", {"マスター鍵とデータの場所を作る", "Make the master key and the data directory"},
                    "init --dir /etc/sekisho");
    verb.option("--dir", *folder, {"場所", "where"}).required();
    verb.runs([&context, folder] { init(context, *folder); });
}

}  // namespace sekisho::gateway::cli
