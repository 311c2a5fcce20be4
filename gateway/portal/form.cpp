#include "gateway/portal/form.hpp"

#include "base/secret.hpp"

#include <optional>

namespace sekisho::gateway {
namespace {

int digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// The decoded text; nothing for a broken escape or a byte that a browser would have escaped.
std::optional<std::string> decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%') {
            if (text.size() - i < 3) return std::nullopt;
            const int high = digit(text[i + 1]), low = digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            c = static_cast<char>(high * 16 + low);
            i += 2;
        } else if (c <= ' ' || c > '~') {
            return std::nullopt;
        }
        if (c == '\0') return std::nullopt;
        out += c;
    }
    return out;
}

}  // namespace

Form::~Form() {
    for (auto& field : fields_) wipe_text(field.second);
}

Result<Form> Form::parse(std::string_view text) {
    Form form;
    while (!text.empty()) {
        const auto ampersand = text.find('&');
        const auto item = text.substr(0, ampersand);
        text.remove_prefix(ampersand == std::string_view::npos ? text.size() : ampersand + 1);
        if (item.empty()) continue;
        if (form.fields_.size() == fields_max) return Error(Errc::too_large, "too many form fields");
        const auto equals = item.find('=');
        auto name = decode(item.substr(0, equals));
        auto value = decode(equals == std::string_view::npos ? std::string_view{} : item.substr(equals + 1));
        if (!name || !value) return Error(Errc::malformed, "a form field that is not urlencoded");
        if (name->size() > name_bytes_max) return Error(Errc::too_large, "a form field with a long name");
        if (form.has(*name)) return Error(Errc::malformed, "a form field given twice");
        form.fields_.emplace_back(std::move(*name), std::move(*value));
    }
    return form;
}

std::string_view Form::get(std::string_view name) const noexcept {
    for (const auto& field : fields_)
        if (field.first == name) return field.second;
    return {};
}

bool Form::has(std::string_view name) const noexcept {
    for (const auto& field : fields_)
        if (field.first == name) return true;
    return false;
}

}  // namespace sekisho::gateway
