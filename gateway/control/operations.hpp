#pragma once
// Operations are what an operator may ask of the store: one table of verbs behind the admin socket, and
// behind the command line while no gateway runs. Each act is audited with its actor before it is answered.
#include "gateway/services.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::gateway {

// The most accounts one import adds: each is on record before the answer.
constexpr std::size_t users_import_max = 1000;

class Operations {
public:
    // portal_url: links are made under it.
    Operations(Services& services, std::string portal_url);

    using Handler = std::function<Result<boost::json::object>(const boost::json::object& arguments,
                                                              const std::string& actor)>;
    // Rest is what is left of an act that has taken effect where it ends access: it may wait for the store
    // and the audit. Begin does what waits for nothing.
    using Rest = std::function<Result<boost::json::object>(const std::string& actor)>;
    using Begin = std::function<Rest(const boost::json::object& arguments)>;
    // add_ending: verbs that end access. `verb` outlives this.
    void add_ending(std::string_view verb, Begin begin) { endings_.emplace_back(verb, std::move(begin)); }
    // add gives a running gateway's own verbs (reload, status ...) a place in the same table.
    void add(std::string verb, Handler handler) { extra_.emplace_back(std::move(verb), std::move(handler)); }

    // take does of one request line what waits for nothing, so that what ends access takes effect whatever a
    // disk does (R8, R20), and gives the rest: it may wait, and gives the answer.
    using Answer = std::function<std::string(const std::string& actor)>;
    Answer take(const std::string& request);
    // run answers one request line: {"verb":"users.add","args":{...}} with {"ok":true,"result":{...}} or
    // {"ok":false,"code":"not_found","error":"..."}.
    std::string run(const std::string& request, const std::string& actor) { return take(request)(actor); }

private:
    Rest begin(const std::string& verb, const boost::json::object& arguments);
    using Method = Result<boost::json::object> (Operations::*)(const boost::json::object&,
                                                               const std::string&);
    struct Verb {
        const char* name;
        Method method;
    };
    static const Verb verbs[];
    Result<boost::json::object> users_add(const boost::json::object& arguments, const std::string& actor);
    // {"accounts": [...], "dry_run": true}: adds all or none; a dry run says which are there already.
    Result<boost::json::object> users_import(const boost::json::object& arguments, const std::string& actor);
    Result<boost::json::object> users_list(const boost::json::object& arguments, const std::string& actor);
    Result<boost::json::object> users_enable(const boost::json::object& arguments, const std::string& actor);
    Result<boost::json::object> users_activate(const boost::json::object& arguments,
                                               const std::string& actor);
    // Which sessions: {"id"}, {"users": [...]}, {"device"}, {"host"}, or {"all": true}; those given together
    // must all fit.
    Result<boost::json::object> sessions_list(const boost::json::object& arguments, const std::string& actor);
    Rest sessions_end(const boost::json::object& arguments);
    Result<boost::json::object> record_ends(const auth::SessionService::Ended& ended, const std::string& why,
                                            const std::string& actor);
    Result<boost::json::object> audit_checkpoint(const boost::json::object& arguments,
                                                 const std::string& actor);
    Result<boost::json::object> done(const Result<auth::AccountAct>& act, const std::string& actor);

    Services& services_;
    std::string portal_url_;
    std::vector<std::pair<std::string, Handler>> extra_;
    std::vector<std::pair<std::string_view, Begin>> endings_;
};

}  // namespace sekisho::gateway
