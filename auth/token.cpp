#include "auth/token.hpp"

#include "base/base64.hpp"
#include "base/random.hpp"

#include <cstring>

namespace sekisho::auth {
namespace {
constexpr std::string_view version = "v1.";
constexpr std::size_t token_bytes = 32;
}  // namespace

Token make_token() {
    const auto raw = random_bytes<token_bytes>();
    return {std::string(version) + base64url(raw), sha256(raw)};
}

std::optional<Digest> token_hash(std::string_view text) {
    if (!text.starts_with(version)) return std::nullopt;
    text.remove_prefix(version.size());
    if (text.size() != (token_bytes * 8 + 5) / 6) return std::nullopt;
    const auto raw = from_base64url(text);
    if (!raw || raw->size() != token_bytes) return std::nullopt;
    return sha256(*raw);
}

std::string make_public_id() {
    const auto raw = random_bytes<8>();
    std::uint64_t value = 0;
    std::memcpy(&value, raw.data(), sizeof value);
    return crockford(value, 10);
}

std::size_t DigestHash::operator()(const Digest& digest) const noexcept {
    std::size_t out = 0;
    std::memcpy(&out, digest.data(), sizeof out);
    return out;
}

}  // namespace sekisho::auth
