#include "auth/store/schema.hpp"
#include "base/crypto.hpp"
#include "gateway/cli/cli.hpp"

#include <boost/json/serialize.hpp>

namespace sekisho::gateway::cli {

void add_version(const Verb& program, Context&) {
    auto json = std::make_shared<bool>(false);
    const auto verb = program.add("version", {"版を表示する", "Show the version"}, "version");
    verb.json(*json);
    verb.runs([json] {
        if (!*json) return say("sekisho " SEKISHO_VERSION);
        say(boost::json::serialize(boost::json::object{{"version", SEKISHO_VERSION},
                                                       {"store_schema", auth::schema_version()},
                                                       {"crypto", crypto_library()}}));
    });
}

}  // namespace sekisho::gateway::cli
