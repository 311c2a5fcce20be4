// What a browser sends as cookie value, link, code or password gives an answer, and a value that is read has
// one spelling only.
#include "auth/otp.hpp"
#include "auth/password.hpp"
#include "auth/token.hpp"
#include "base/base64.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sekisho;
    const auto text = as_text({data, size});
    if (const auto hash = auth::token_hash(text)) {
        const auto raw = from_base64url(text.substr(3));
        if (!raw || sha256(*raw) != *hash || "v1." + base64url(*raw) != text) __builtin_trap();
    }
    if (const auto digits = auth::looks_like_totp(text); digits && digits->size() != 6) __builtin_trap();
    if (const auto typed = auth::read_otp(text);
        typed && (typed->code.size() != 6 || (!typed->next.empty() && typed->next.size() != 6)))
        __builtin_trap();
    if (const auto normal = auth::normal_password(text)) {
        // Normalising again changes nothing.
        const auto again = auth::normal_password(normal->reveal_text());
        if (!again || !again->matches(normal->reveal())) __builtin_trap();
    }
    return 0;
}
