#pragma once
// The command line: one table of verbs, each with help, an example and its own file.
// Exit codes: 0 nothing wrong, 1 findings, 2 could not run, 3 done and not recorded.
#include "base/ids.hpp"
#include "config/check.hpp"
#include "config/secrets.hpp"
#include "gateway/cli/verb.hpp"

#include <boost/json/object.hpp>

#include <memory>
#include <string>

namespace sekisho::gateway::cli {

// Where a packaged gateway's configuration is; read when --config and SEKISHO_CONFIG are left out.
inline constexpr const char* config_by_default = "/etc/sekisho/sekisho.yaml";
inline constexpr int exit_good = 0, exit_findings = 1, exit_could_not_run = 2, exit_unrecorded = 3;

// What every verb may use.
struct Context {
    Language language = Language::en;
    config::Environment environment;
    int exit_code = exit_good;

    bool ja() const noexcept { return language == Language::ja; }
    // pick is for the few sentences that stand in one verb only.
    std::string_view pick(std::string_view japanese, std::string_view english) const noexcept {
        return ja() ? japanese : english;
    }
};

// say writes a fact to stdout; complain a sentence to stderr.
void say(std::string_view text);
void complain(std::string_view text);

// load_config loads and checks; says what is wrong, and gives nothing, when it must not be used.
enum class CheckFiles : std::uint8_t { yes, no };
std::optional<config::Loaded> load_config(Context& context, const std::string& path,
                                          CheckFiles files = CheckFiles::yes,
                                          config::Lint lint = config::Lint::none);

// ask runs one operation: through the socket of the running gateway, or, with none running, in this process
// under the data directory's lock, when `alone` allows it. Nothing when it failed and was complained about.
// What was done though its record could not be made durable (R20) is said, and ends the command with 3.
enum class Alone : std::uint8_t { allowed, refused };
std::optional<boost::json::object> ask(Context& context, const config::Model& model, const std::string& verb,
                                       boost::json::object arguments, Alone alone);

// become_owner_of: root, before it works in a gateway's data directory itself, becomes the person that owns
// it, so that no file there ends up closed to the gateway. For everybody else, and where there is no
// directory yet, nothing. Exits when root cannot: it must not go on as root.
void become_owner_of(const std::string& directory);

// Each adds its verb to the program.
void add_init(const Verb& program, Context& context);
void add_serve(const Verb& program, Context& context);
void add_check(const Verb& program, Context& context);
void add_doctor(const Verb& program, Context& context);
void add_users(const Verb& program, Context& context);
// add_users_import adds its verb below `users`.
void add_users_import(const Verb& users, Context& context);
void add_passwords(const Verb& program, Context& context);
void add_sessions(const Verb& program, Context& context);
void add_tokens(const Verb& program, Context& context);
void add_policy(const Verb& program, Context& context);
void add_calendar(const Verb& program, Context& context);
void add_explain(const Verb& program, Context& context);
void add_reload(const Verb& program, Context& context);
void add_status(const Verb& program, Context& context);
void add_audit(const Verb& program, Context& context);
void add_backup(const Verb& program, Context& context);
void add_healthcheck(const Verb& program, Context& context);
void add_manpage(const Verb& program, Context& context);
void add_completion(const Verb& program, Context& context);
void add_reference(const Verb& program, Context& context);
void add_version(const Verb& program, Context& context);

// run is the program.
int run(int argc, char** argv);

}  // namespace sekisho::gateway::cli
