#include "auth/service_token_value.hpp"

#include "base/base64.hpp"
#include "base/random.hpp"

namespace sekisho::auth {
namespace {

constexpr std::size_t random_size = 32, check_size = 4;
constexpr std::size_t encoded(std::size_t bytes) { return (bytes * 8 + 5) / 6; }
constexpr std::size_t body_chars = service_token_prefix.size() + encoded(random_size);
constexpr std::size_t check_chars = encoded(check_size);

// The check is the front of the very hash that is kept: one hash a request, and 32 of its bits say nothing of
// the 256 behind it.
std::string check_of(const Digest& hash) { return base64url(ByteView(hash).first(check_size)); }

}  // namespace

Token make_service_token() {
    auto text = std::string(service_token_prefix) + base64url(random_bytes<random_size>());
    const auto hash = sha256(as_bytes(text));
    return {text + check_of(hash), hash};
}

std::optional<Digest> service_token_hash(std::string_view text) {
    if (text.size() != body_chars + check_chars || !text.starts_with(service_token_prefix))
        return std::nullopt;
    const auto body = text.substr(0, body_chars);
    if (!from_base64url(body.substr(service_token_prefix.size()))) return std::nullopt;
    const auto hash = sha256(as_bytes(body));
    if (text.substr(body_chars) != check_of(hash)) return std::nullopt;
    return hash;
}

}  // namespace sekisho::auth
