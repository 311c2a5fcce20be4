// Any body is read or refused; what is read holds no more than the limits, and encodes back to a form that
// reads the same.
#include "base/bytes.hpp"
#include "gateway/portal/form.hpp"
#include "gateway/portal/url.hpp"

#include <array>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sekisho;
    using gateway::Form;
    const auto form = Form::parse(as_text({data, size}));
    if (!form) return 0;
    if (form->size() > Form::fields_max) __builtin_trap();
    for (const std::string_view name : std::array<std::string_view, 4>{"token", "account", "password", "a"}) {
        if (!form->has(name)) continue;
        const std::string value(form->get(name));
        if (value.find('\0') != std::string::npos) __builtin_trap();
        const auto again = Form::parse(std::string(name) + "=" + gateway::percent_encode(value));
        if (!again || again->get(name) != value) __builtin_trap();
    }
    return 0;
}
