#include "gateway/cli/cli.hpp"

#include "base/edit_distance.hpp"
#include "config/check.hpp"
#include "gateway/control/admin_socket_io.hpp"
#include "gateway/control/operations.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <grp.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace sekisho::gateway::cli {
namespace {

// --lang is looked for by hand: messages about a bad command line need it before parsing succeeds.
Language language_of(int argc, char** argv) {
    std::string wanted;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--lang" && i + 1 < argc) wanted = argv[i + 1];
        if (argument.starts_with("--lang=")) wanted = argument.substr(7);
    }
    for (const char* name : {"SEKISHO_LANG", "LC_ALL", "LC_MESSAGES", "LANG"})
        if (const char* value = std::getenv(name); wanted.empty() && value && *value) wanted = value;
    return wanted.starts_with("ja") ? Language::ja : Language::en;
}

std::string no_gateway(const Context& context, const std::string& socket) {
    return context.ja()
               ? "ゲートウェイに接続できません（" + socket + "）。起動していますか: systemctl status sekisho"
               : "Cannot reach the gateway (" + socket + "). Is it running? systemctl status sekisho";
}

// An end of access takes effect before its record and without it (R20): whoever did it keeps the record then.
void say_if_unrecorded(Context& context, const boost::json::object& result) {
    const auto* recorded = result.if_contains("recorded");
    if (!recorded || !recorded->is_bool() || recorded->get_bool()) return;
    complain(context.pick(
        "警告: "
        "実行しましたが、監査記録を書き込めませんでした。保存先が直るまで、ゲートウェイが記録を保持します"
        "（その前に止めると失われます）。実行した内容と時刻を控え、保存先を確認してください: sekisho status",
        "WARNING: this was done, but its audit record could not be written. The gateway keeps it until the "
        "disk "
        "works again, and loses it if stopped before. Write down what you did and when, and look after the "
        "disk: "
        "sekisho status"));
    context.exit_code = exit_unrecorded;
}

std::optional<boost::json::object> take(Context& context, const std::string& answer) {
    boost::system::error_code failed;
    const auto parsed = boost::json::parse(answer, failed);
    const auto* object = failed ? nullptr : parsed.if_object();
    const auto* ok = object ? object->if_contains("ok") : nullptr;
    if (ok && ok->is_bool() && ok->get_bool()) {
        const auto& result = object->at("result").as_object();
        say_if_unrecorded(context, result);
        return result;
    }
    const auto* error = object ? object->if_contains("error") : nullptr;
    const auto* code = object ? object->if_contains("code") : nullptr;
    complain(error && error->is_string() ? std::string(error->get_string().c_str()) : answer);
    context.exit_code =
        code && (*code == "malformed" || *code == "denied") ? exit_findings : exit_could_not_run;
    return std::nullopt;
}

std::string did_you_mean(const Context& context, const std::string& verb,
                         const std::vector<std::string>& verbs) {
    const auto near = nearest(verb, verbs);
    auto sentence = context.ja() ? "「" + verb + "」というコマンドはありません。"
                                 : "There is no command \"" + verb + "\".";
    if (near)
        sentence += context.ja() ? "「" + std::string(*near) + "」ではありませんか。"
                                 : " Did you mean \"" + std::string(*near) + "\"?";
    return sentence;
}

bool is_unknown_verb(const std::string& verb, const std::vector<std::string>& verbs) {
    return !verb.empty() && verb.front() != '-' && std::find(verbs.begin(), verbs.end(), verb) == verbs.end();
}

}  // namespace

void say(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    if (text.empty() || text.back() != '\n') std::fputc('\n', stdout);
}

void complain(std::string_view text) {
    std::fflush(stdout);
    std::fwrite(text.data(), 1, text.size(), stderr);
    if (text.empty() || text.back() != '\n') std::fputc('\n', stderr);
}

void become_owner_of(const std::string& directory) {
    struct stat facts {};
    if (::geteuid() != 0 || ::stat(directory.c_str(), &facts) != 0 || facts.st_uid == 0) return;
    if (::setgroups(0, nullptr) == 0 && ::setgid(facts.st_gid) == 0 && ::setuid(facts.st_uid) == 0) return;
    complain("root cannot become the owner of " + directory);
    std::_Exit(exit_could_not_run);
}

std::optional<config::Loaded> load_config(Context& context, const std::string& path, CheckFiles files,
                                          config::Lint lint) {
    auto loaded =
        config::load_checked(path, {system_clock_face().wall(), files == CheckFiles::yes, nullptr, lint});
    if (loaded.model) return loaded;
    complain(config::to_text(loaded.diagnostics, context.language));
    complain(config::sum_text(loaded.diagnostics, context.language));
    context.exit_code = exit_could_not_run;
    return std::nullopt;
}

std::optional<boost::json::object> ask(Context& context, const config::Model& model, const std::string& verb,
                                       boost::json::object arguments, Alone alone) {
    const boost::json::object request{{"verb", verb}, {"args", std::move(arguments)}};
    const auto answer = admin_call(model.ops.admin_socket, boost::json::serialize(request));
    if (answer) return take(context, *answer);
    if (answer.error().code() != Errc::unavailable || alone == Alone::refused) {
        complain(answer.error().code() == Errc::unavailable ? no_gateway(context, model.ops.admin_socket)
                                                            : std::string(answer.error().detail()));
        context.exit_code = exit_could_not_run;
        return std::nullopt;
    }
    become_owner_of(model.store.data_directory);
    auto services = Services::open(model, context.environment, system_clock_face(),
                                   [](std::string_view) { return true; });
    if (!services) {
        complain(services.error().detail());
        context.exit_code = exit_could_not_run;
        return std::nullopt;
    }
    Operations operations(**services, model.portal.url);
    return take(context, operations.run(boost::json::serialize(request), "command line"));
}

int run(int argc, char** argv) {
    Context context;
    context.language = language_of(argc, argv);
    context.environment = config::Environment::capture();
    const Program program({"Sekisho: 社外と社内の間のただ一つの関所",
                           "Sekisho: the one gate between remote people and internal systems"},
                          context.language);
    for (const auto add : {add_init,        add_serve,    add_check,      add_doctor,    add_users,
                           add_passwords,   add_sessions, add_tokens,     add_explain,   add_policy,
                           add_calendar,    add_reload,   add_status,     add_audit,     add_backup,
                           add_healthcheck, add_manpage,  add_completion, add_reference, add_version})
        add(program.root(), context);
    const auto* named = context.environment.find("SEKISHO_CONFIG");
    program.config_when_left_out(named ? std::string(named->reveal_text()) : config_by_default);
    const auto outcome = program.parse(argc, argv);
    if (outcome.kind == Program::Outcome::Kind::helped) return exit_good;
    if (outcome.kind == Program::Outcome::Kind::refused) {
        const std::string first = argc > 1 ? argv[1] : "";
        const auto verbs = program.verbs();
        complain(is_unknown_verb(first, verbs) ? did_you_mean(context, first, verbs) : outcome.complaint);
        complain(context.pick("使い方: sekisho --help", "Usage: sekisho --help"));
        return exit_could_not_run;
    }
    return context.exit_code;
}

}  // namespace sekisho::gateway::cli
