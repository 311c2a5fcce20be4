#include "gateway/portal/agent.hpp"

namespace sekisho::gateway {
namespace {

struct Mark {
    std::string_view token, name, icon;
};
// Order matters: each later one is also named by those before it.
constexpr Mark browsers[] = {{"Edg/", "Edge", ""},      {"OPR/", "Opera", ""},    {"Firefox/", "Firefox", ""},
                             {"FxiOS/", "Firefox", ""}, {"CriOS/", "Chrome", ""}, {"Chrome/", "Chrome", ""},
                             {"Safari/", "Safari", ""}, {"curl/", "curl", ""}};
constexpr Mark systems[] = {{"Windows", "Windows", "laptop"}, {"iPhone", "iPhone", "phone"},
                            {"iPad", "iPad", "phone"},        {"Android", "Android", "phone"},
                            {"CrOS", "ChromeOS", "laptop"},   {"Mac OS X", "macOS", "laptop"},
                            {"Linux", "Linux", "screen"}};

}  // namespace

Agent read_agent(std::string_view user_agent) noexcept {
    Agent agent;
    for (const Mark& mark : browsers) {
        if (user_agent.find(mark.token) == std::string_view::npos) continue;
        agent.browser = mark.name;
        break;
    }
    for (const Mark& mark : systems) {
        if (user_agent.find(mark.token) == std::string_view::npos) continue;
        agent.system = mark.name;
        agent.icon = mark.icon;
        break;
    }
    return agent;
}

}  // namespace sekisho::gateway
