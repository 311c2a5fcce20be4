#pragma once
// Agent names a browser as its owner would: "Chrome on Windows". Only for people to recognise; never for a
// decision.
#include <string_view>

namespace sekisho::gateway {

struct Agent {
    std::string_view browser;  // empty: unknown
    std::string_view system;
    std::string_view icon = "screen";
};
Agent read_agent(std::string_view user_agent) noexcept;

}  // namespace sekisho::gateway
