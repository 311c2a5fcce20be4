#include "gateway/http/preflight.hpp"

#include <algorithm>
#include <optional>

namespace sekisho::gateway {
namespace {

// The value of a field that stands at most once; nothing when it stands twice.
std::optional<std::string_view> only(const RequestHead& head, std::string_view name, bool& present) noexcept {
    std::string_view value;
    present = false;
    for (const Field& field : head.fields) {
        if (!equal_ignoring_case(field.name, name)) continue;
        if (present) return std::nullopt;
        present = true;
        value = field.value;
    }
    return value;
}

bool lists(std::span<const std::string> values, std::string_view wanted) noexcept {
    return std::find(values.begin(), values.end(), wanted) != values.end();
}

bool lists_ignoring_case(std::span<const std::string> values, std::string_view wanted) noexcept {
    return std::any_of(values.begin(), values.end(),
                       [&](const auto& value) { return equal_ignoring_case(value, wanted); });
}

std::string joined(std::span<const std::string> values) {
    std::string out;
    for (const auto& value : values) out += (out.empty() ? "" : ", ") + value;
    return out;
}

}  // namespace

bool is_allowed_preflight(const RequestHead& head, const PreflightRules& rules) noexcept {
    if (head.method_id != Method::options || head.has_body() || head.upgrade != Upgrade::none) return false;
    bool has_origin = false, has_method = false, has_headers = false;
    const auto origin = only(head, "origin", has_origin);
    const auto method = only(head, "access-control-request-method", has_method);
    const auto headers = only(head, "access-control-request-headers", has_headers);
    if (!origin || !method || !headers || !has_origin || !has_method) return false;
    if (!lists(rules.origins, *origin) || !lists(rules.methods, *method)) return false;
    auto rest = *headers;
    while (!rest.empty()) {
        const auto name = next_list_item(rest);
        if (!name.empty() && !lists_ignoring_case(rules.headers, name)) return false;
    }
    return true;
}

LocalReply preflight_reply(const RequestHead& head, const PreflightRules& rules) {
    LocalReply reply;
    reply.status = 204;
    reply.with("access-control-allow-origin", head.value(FieldId::origin))
        .with("access-control-allow-methods", joined(rules.methods));
    if (!rules.headers.empty()) reply.with("access-control-allow-headers", joined(rules.headers));
    if (rules.credentials) reply.with("access-control-allow-credentials", "true");
    reply.with("access-control-max-age", std::to_string(rules.max_age.count()))
        .with("vary", "origin, access-control-request-method, access-control-request-headers")
        .with("cache-control", "no-store");
    return reply;
}

}  // namespace sekisho::gateway
