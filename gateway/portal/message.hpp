#pragma once
// PortalRequest and PortalResponse are what the data path hands to our own pages and gets back. Whoever calls
// has parsed, bounded and canonicalised the request, and has looked the session up; nothing here knows a
// socket.
#include "auth/session.hpp"
#include "base/ip.hpp"
#include "base/words.hpp"
#include "config/model.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sekisho::gateway {

class Standings;

struct PageField {
    std::string name;  // lower case
    std::string value;
};

struct PageCookie {
    std::string name;
    std::string value;
};

struct PortalRequest {
    std::string method;
    std::string path;   // canonical, without the query
    std::string query;  // as sent, without "?"
    std::string host;   // the host asked for, lower case, without the port
    std::vector<PageField> fields;
    std::vector<PageCookie> cookies;  // in order, duplicates kept (R29: a name that stands twice is nobody's)
    std::string body;
    IpAddress client;
    WallTime now{};
    std::string request_id;                // "8F3K-20QX-71MD"
    auth::SessionPtr session;              // the live session of this host's cookie; null: nobody
    std::optional<auth::EndReason> ended;  // nobody, because that session ended
    std::shared_ptr<const config::Model> model;
    std::shared_ptr<const Standings> standings;  // the same snapshot's policy

    std::string_view field(std::string_view name) const noexcept;   // empty when absent or given twice
    std::string_view cookie(std::string_view name) const noexcept;  // empty when absent or given twice
    Language language() const noexcept;   // the person's choice, else Accept-Language
    bool is_navigation() const noexcept;  // a browser opening a page, not a script's fetch
};

// PageEvent is one thing for the audit record.
struct PageEvent {
    std::string event;    // "signin.succeeded"
    std::string user;     // empty for somebody unknown
    std::string session;  // public id
    bool allowed = true;
    std::string reason;  // what was really the matter; never shown
    std::vector<std::pair<std::string, std::string>> detail;
};

struct PortalResponse {
    int status = 200;
    std::vector<PageField> fields;
    std::string body;
    std::string_view static_body;  // an asset's bytes, in place of `body`
    std::vector<PageEvent> events;

    std::string_view content() const noexcept { return static_body.empty() ? body : static_body; }
    std::string_view field(std::string_view name) const noexcept;
};

namespace cookie_names {
inline constexpr std::string_view sso = "__Host-Http-sekisho-sso";
inline constexpr std::string_view app = "__Host-Http-sekisho";
inline constexpr std::string_view browser = "__Host-Http-sekisho-tx";
inline constexpr std::string_view known = "__Host-Http-sekisho-known";
inline constexpr std::string_view language = "__Host-Http-sekisho-lang";
}  // namespace cookie_names

// set_cookie and drop_cookie add a Set-Cookie field with every attribute the name's prefix asks for.
// max_age 0: until the browser closes.
void set_cookie(PortalResponse& response, std::string_view name, std::string_view value,
                Seconds max_age = {});
void drop_cookie(PortalResponse& response, std::string_view name);

}  // namespace sekisho::gateway
