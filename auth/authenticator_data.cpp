#include "auth/authenticator_data.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

constexpr std::size_t head_bytes = 32 + 1 + 4;
constexpr std::size_t credential_head_bytes = 16 + 2;
constexpr std::size_t credential_id_bytes_min = 16;

enum Flag : std::uint8_t {
    present = 0x01,
    verified = 0x04,
    eligible = 0x08,
    backed_up = 0x10,
    attested = 0x40,
    extended = 0x80,
};

std::optional<AttestedCredential> take_credential(ByteView& rest) {
    if (rest.size() < credential_head_bytes) return std::nullopt;
    AttestedCredential out;
    std::copy_n(rest.begin(), out.aaguid.size(), out.aaguid.begin());
    const std::size_t size = static_cast<std::size_t>(rest[16]) << 8 | rest[17];
    rest = rest.subspan(credential_head_bytes);
    if (size < credential_id_bytes_min || size > credential_id_bytes_max || rest.size() < size)
        return std::nullopt;
    out.id = rest.first(size);
    rest = rest.subspan(size);
    const ByteView from_key = rest;
    const auto key = parse_cbor_front(rest);
    if (!key || key->kind != CborItem::Kind::map) return std::nullopt;
    out.public_key = from_key.first(from_key.size() - rest.size());
    return out;
}

}  // namespace

std::optional<AuthenticatorData> parse_authenticator_data(ByteView bytes) {
    if (bytes.size() < head_bytes || bytes.size() > authenticator_data_bytes_max) return std::nullopt;
    AuthenticatorData out;
    std::copy_n(bytes.begin(), out.rp_id_hash.size(), out.rp_id_hash.begin());
    const auto flags = bytes[32];
    out.user_present = (flags & present) != 0;
    out.user_verified = (flags & verified) != 0;
    out.backup_eligible = (flags & eligible) != 0;
    out.backed_up = (flags & Flag::backed_up) != 0;
    if (out.backed_up && !out.backup_eligible) return std::nullopt;
    for (const auto byte : bytes.subspan(33, 4)) out.sign_count = out.sign_count << 8 | byte;
    auto rest = bytes.subspan(head_bytes);
    if ((flags & attested) != 0) {
        out.credential = take_credential(rest);
        if (!out.credential) return std::nullopt;
    }
    if ((flags & extended) != 0) {
        const auto extensions = parse_cbor_front(rest);
        if (!extensions || extensions->kind != CborItem::Kind::map) return std::nullopt;
    }
    if (!rest.empty()) return std::nullopt;
    return out;
}

}  // namespace sekisho::auth
