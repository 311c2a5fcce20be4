#pragma once
// Form is what a browser sent with application/x-www-form-urlencoded: in a body or as a query.
// Source: the URL standard, section 5.1; stricter: a name may stand once, and "%" needs two digits.
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sekisho::gateway {

class Form {
public:
    static constexpr std::size_t fields_max = 32;
    static constexpr std::size_t name_bytes_max = 64;

    // Errors: Errc::malformed, Errc::too_large past fields_max or name_bytes_max.
    static Result<Form> parse(std::string_view text);

    Form() = default;
    Form(Form&&) noexcept = default;
    Form& operator=(Form&&) noexcept = default;
    Form(const Form&) = delete;
    Form& operator=(const Form&) = delete;
    ~Form();  // wipes the values: one may be a password

    std::string_view get(std::string_view name) const noexcept;  // empty when it is not there
    bool has(std::string_view name) const noexcept;
    std::size_t size() const noexcept { return fields_.size(); }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace sekisho::gateway
