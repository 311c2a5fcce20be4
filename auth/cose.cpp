#include "auth/cose.hpp"

namespace sekisho::auth {
namespace {

constexpr std::int64_t key_type = 1, algorithm_label = 3;
constexpr std::int64_t okp = 1, ec2 = 2, rsa = 3;

ByteView bytes_at(const CborItem& map, std::int64_t label) {
    const auto* value = map.at(label);
    return value != nullptr && value->kind == CborItem::Kind::bytes ? value->bytes : ByteView{};
}

bool is(const CborItem& map, std::int64_t label, std::int64_t value) {
    const auto* there = map.at(label);
    return there != nullptr && there->is_number(value);
}

std::optional<CoseKey> elliptic(const CborItem& map, CoseAlgorithm algorithm, std::int64_t curve,
                                std::size_t size) {
    CoseKey out;
    out.algorithm = algorithm;
    out.x = bytes_at(map, -2);
    out.y = bytes_at(map, -3);
    const bool good = map.keys.size() == 5 && is(map, key_type, ec2) && is(map, -1, curve) &&
                      out.x.size() == size && out.y.size() == size;
    if (!good) return std::nullopt;
    return out;
}

std::optional<CoseKey> edwards(const CborItem& map) {
    CoseKey out;
    out.algorithm = CoseAlgorithm::eddsa;
    out.x = bytes_at(map, -2);
    const bool good = map.keys.size() == 4 && is(map, key_type, okp) && is(map, -1, 6) && out.x.size() == 32;
    if (!good) return std::nullopt;
    return out;
}

std::optional<CoseKey> rsa_key(const CborItem& map) {
    CoseKey out;
    out.algorithm = CoseAlgorithm::rs256;
    out.n = bytes_at(map, -1);
    out.e = bytes_at(map, -2);
    if (map.keys.size() != 4 || !is(map, key_type, rsa) || out.e.empty() || out.e.size() > 8)
        return std::nullopt;
    if (out.n.size() < rsa_bytes_min || out.n.size() > rsa_bytes_max) return std::nullopt;
    // Of exactly 256 bytes the first bit is the 2048th.
    const bool long_enough = out.n.size() > rsa_bytes_min || (out.n[0] & 0x80) != 0;
    const bool odd = (out.e.back() & 1) != 0 && (out.n.back() & 1) != 0;
    const bool more_than_one = out.e.size() > 1 || out.e[0] >= 3;
    if (out.n[0] == 0 || out.e[0] == 0 || !long_enough || !odd || !more_than_one) return std::nullopt;
    return out;
}

}  // namespace

std::string_view to_text(CoseAlgorithm algorithm) noexcept {
    switch (algorithm) {
        case CoseAlgorithm::es256:
            return "ES256";
        case CoseAlgorithm::eddsa:
            return "EdDSA";
        case CoseAlgorithm::es384:
            return "ES384";
        case CoseAlgorithm::rs256:
            return "RS256";
    }
    return "unknown";
}

std::optional<CoseAlgorithm> cose_algorithm(const CborItem& number) noexcept {
    for (const auto algorithm :
         {CoseAlgorithm::es256, CoseAlgorithm::eddsa, CoseAlgorithm::es384, CoseAlgorithm::rs256})
        if (number.is_number(static_cast<std::int64_t>(algorithm))) return algorithm;
    return std::nullopt;
}

std::optional<CoseKey> read_cose_key(const CborItem& item) {
    const auto* number = item.at(algorithm_label);
    const auto algorithm = number != nullptr ? cose_algorithm(*number) : std::nullopt;
    if (!algorithm) return std::nullopt;
    switch (*algorithm) {
        case CoseAlgorithm::es256:
            return elliptic(item, *algorithm, 1, 32);
        case CoseAlgorithm::es384:
            return elliptic(item, *algorithm, 2, 48);
        case CoseAlgorithm::eddsa:
            return edwards(item);
        case CoseAlgorithm::rs256:
            return rsa_key(item);
    }
    return std::nullopt;
}

}  // namespace sekisho::auth
