#include "gateway/http/service_token_field.hpp"

namespace sekisho::gateway {

std::string_view bearer_service_token(std::string_view authorization) noexcept {
    constexpr std::string_view kScheme = "bearer", kPrefix = "skt_";
    if (authorization.size() <= kScheme.size() ||
        !equal_ignoring_case(authorization.substr(0, kScheme.size()), kScheme))
        return {};
    const char next = authorization[kScheme.size()];
    if (next != ' ' && next != '\t') return {};
    const std::string_view value = trim_blanks(authorization.substr(kScheme.size()));
    return value.starts_with(kPrefix) ? value : std::string_view{};
}

PresentedToken find_service_token(const RequestHead& head) noexcept {
    PresentedToken found;
    if (!head.present.has(FieldId::sekisho_token) && !head.present.has(FieldId::authorization)) return found;
    for (const Field& field : head.fields) {
        const bool ours = field.id == FieldId::sekisho_token;
        const std::string_view value = ours ? field.value
                                       : field.id == FieldId::authorization
                                           ? bearer_service_token(field.value)
                                           : std::string_view{};
        if (!ours && value.empty()) continue;
        if (found.kind != PresentedToken::Kind::none) return {PresentedToken::Kind::several, {}};
        found = {PresentedToken::Kind::one, value};
    }
    return found;
}

}  // namespace sekisho::gateway
