#include "gateway/http/message.hpp"

#include "gateway/http/byte_class.hpp"

namespace sekisho::gateway {
namespace {

constexpr unsigned char lower(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 'A' && byte <= 'Z' ? static_cast<unsigned char>(byte + 32) : byte;
}

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

Method to_method(std::string_view text) noexcept {
    switch (text.size()) {
        case 3:
            if (text == "GET") return Method::get;
            if (text == "PUT") return Method::put;
            break;
        case 4:
            if (text == "POST") return Method::post;
            if (text == "HEAD") return Method::head;
            break;
        case 5:
            if (text == "PATCH") return Method::patch;
            if (text == "TRACE") return Method::trace;
            break;
        case 6:
            if (text == "DELETE") return Method::delete_;
            break;
        case 7:
            if (text == "OPTIONS") return Method::options;
            if (text == "CONNECT") return Method::connect;
            break;
        default:
            break;
    }
    return Method::other;
}

bool is_safe(Method method) noexcept {
    return method == Method::get || method == Method::head || method == Method::options ||
           method == Method::trace;
}

bool may_repeat(Method method) noexcept {
    return is_safe(method) || method == Method::put || method == Method::delete_;
}

const Field* Head::find(FieldId id) const noexcept {
    if (!present.has(id)) return nullptr;
    for (const Field& field : fields)
        if (field.id == id) return &field;
    return nullptr;
}

std::string_view Head::value(FieldId id) const noexcept {
    const Field* field = find(id);
    return field != nullptr ? field->value : std::string_view{};
}

bool Head::names_in_connection(std::string_view name) const noexcept {
    for (const Field& field : fields) {
        if (field.id != FieldId::connection) continue;
        std::string_view list = field.value;
        while (!list.empty())
            if (equal_ignoring_case(next_list_item(list), name)) return true;
    }
    return false;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

std::string_view trim_blanks(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

std::string_view next_list_item(std::string_view& list) noexcept {
    const std::size_t comma = list.find(',');
    const std::string_view item = trim_blanks(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    return item;
}

bool is_token(std::string_view text) noexcept {
    for (const char c : text)
        if (!is_token_byte(c)) return false;
    return !text.empty();
}

}  // namespace sekisho::gateway
