#include "gateway/http/field_filter.hpp"

#include "gateway/http/byte_class.hpp"

#include <algorithm>
#include <array>

namespace sekisho::gateway {
namespace {

struct ClaimRow {
    std::string_view name;  // letters and digits only, lower case
    NameClaim claim;
    bool prefix = false;  // every name that begins so
};

// Sorted by name (a test of the build), so that a look-up stops early. Sources of the names: the identity
// headers that well-known proxies, identity products and frameworks set or trust.
constexpr std::array kClaims = {
    ClaimRow{"authuser", NameClaim::identity},
    ClaimRow{"cfaccess", NameClaim::identity, true},
    ClaimRow{"cfconnectingip", NameClaim::identity, true},
    ClaimRow{"clientcert", NameClaim::identity, true},
    ClaimRow{"clientip", NameClaim::identity},
    ClaimRow{"connection", NameClaim::framing},
    ClaimRow{"contentlength", NameClaim::framing},
    ClaimRow{"fastlyclientip", NameClaim::identity},
    ClaimRow{"forwarded", NameClaim::identity, true},
    ClaimRow{"host", NameClaim::framing},
    ClaimRow{"oidc", NameClaim::identity, true},
    ClaimRow{"proxy", NameClaim::identity},
    ClaimRow{"proxyuser", NameClaim::identity, true},
    ClaimRow{"remote", NameClaim::identity, true},
    ClaimRow{"secsession", NameClaim::session, true},
    ClaimRow{"securesession", NameClaim::session, true},
    ClaimRow{"sekisho", NameClaim::gateway, true},
    ClaimRow{"shib", NameClaim::identity, true},
    ClaimRow{"sslclient", NameClaim::identity, true},
    ClaimRow{"tailscale", NameClaim::identity, true},
    ClaimRow{"teleport", NameClaim::identity, true},
    ClaimRow{"transferencoding", NameClaim::framing},
    ClaimRow{"trueclientip", NameClaim::identity},
    ClaimRow{"upgrade", NameClaim::framing},
    ClaimRow{"webauthuser", NameClaim::identity},
    ClaimRow{"xamznoidc", NameClaim::identity, true},
    ClaimRow{"xarrclientcert", NameClaim::identity},
    ClaimRow{"xauthenticated", NameClaim::identity, true},
    ClaimRow{"xauthentik", NameClaim::identity, true},
    ClaimRow{"xauthrequest", NameClaim::identity, true},
    ClaimRow{"xauthuser", NameClaim::identity, true},
    ClaimRow{"xazureclientip", NameClaim::identity},
    ClaimRow{"xclientcert", NameClaim::identity, true},
    ClaimRow{"xclientdn", NameClaim::identity},
    ClaimRow{"xclientip", NameClaim::identity},
    ClaimRow{"xclientverify", NameClaim::identity},
    ClaimRow{"xclusterclientip", NameClaim::identity},
    ClaimRow{"xconsumer", NameClaim::identity, true},
    ClaimRow{"xcredentialidentifier", NameClaim::identity},
    ClaimRow{"xemail", NameClaim::identity},
    ClaimRow{"xendpointapiuserinfo", NameClaim::identity},
    ClaimRow{"xenvoyexternaladdress", NameClaim::identity},
    ClaimRow{"xenvoyoriginalpath", NameClaim::override_},
    ClaimRow{"xforwarded", NameClaim::identity, true},
    ClaimRow{"xgoogauthenticated", NameClaim::identity, true},
    ClaimRow{"xgoogiap", NameClaim::identity, true},
    ClaimRow{"xgroups", NameClaim::identity},
    ClaimRow{"xhost", NameClaim::override_},
    ClaimRow{"xhttphostoverride", NameClaim::override_},
    ClaimRow{"xhttpmethod", NameClaim::override_, true},
    ClaimRow{"xjwtassertion", NameClaim::identity},
    ClaimRow{"xldap", NameClaim::identity, true},
    ClaimRow{"xmethodoverride", NameClaim::override_},
    ClaimRow{"xmsclientprincipal", NameClaim::identity, true},
    ClaimRow{"xmstoken", NameClaim::identity, true},
    ClaimRow{"xoriginalforwardedfor", NameClaim::identity},
    ClaimRow{"xoriginalhost", NameClaim::override_},
    ClaimRow{"xoriginalmethod", NameClaim::override_},
    ClaimRow{"xoriginalpath", NameClaim::override_},
    ClaimRow{"xoriginaluri", NameClaim::override_},
    ClaimRow{"xoriginalurl", NameClaim::override_},
    ClaimRow{"xoriginatingip", NameClaim::identity},
    ClaimRow{"xoverrideurl", NameClaim::override_},
    ClaimRow{"xpomerium", NameClaim::identity, true},
    ClaimRow{"xproxyuser", NameClaim::identity, true},
    ClaimRow{"xrealip", NameClaim::identity},
    ClaimRow{"xremote", NameClaim::identity, true},
    ClaimRow{"xrewrite", NameClaim::override_, true},
    ClaimRow{"xroles", NameClaim::identity},
    ClaimRow{"xsekisho", NameClaim::gateway, true},
    ClaimRow{"xsslcert", NameClaim::identity, true},
    ClaimRow{"xsslclient", NameClaim::identity, true},
    ClaimRow{"xtlsclient", NameClaim::identity, true},
    ClaimRow{"xuser", NameClaim::identity},
    ClaimRow{"xuseremail", NameClaim::identity},
    ClaimRow{"xusergroups", NameClaim::identity},
    ClaimRow{"xuserid", NameClaim::identity},
    ClaimRow{"xuserinfo", NameClaim::identity},
    ClaimRow{"xusername", NameClaim::identity},
    ClaimRow{"xuserroles", NameClaim::identity},
    ClaimRow{"xvouch", NameClaim::identity, true},
    ClaimRow{"xwebauth", NameClaim::identity, true},
};

constexpr std::size_t kLongest = 32;
// Prefix rows must not shadow one another's order: with the table sorted, the last row whose name is not
// greater than the sent name is the exact match or the only prefix that can match it, as no row begins with a
// prefix row.
constexpr bool table_is_sound() noexcept {
    for (std::size_t i = 0; i < kClaims.size(); ++i) {
        if (kClaims[i].name.size() > kLongest) return false;
        if (i == 0) continue;
        if (!(kClaims[i - 1].name < kClaims[i].name)) return false;
        if (kClaims[i - 1].prefix && kClaims[i].name.starts_with(kClaims[i - 1].name)) return false;
    }
    return true;
}
static_assert(table_is_sound());

// first_letters has a bit for each letter some row begins with: most names are done after one byte.
constexpr std::uint32_t first_letters() noexcept {
    std::uint32_t letters = 0;
    for (const ClaimRow& row : kClaims) letters |= 1U << static_cast<unsigned>(row.name.front() - 'a');
    return letters;
}

char folded(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

NameClaim claim_of(std::string_view name) noexcept {
    std::array<char, kLongest + 1> text{};
    std::size_t size = 0;
    for (const char c : name) {
        if (!has_class(c, byte_class::kAlnum)) continue;
        const char letter = folded(c);
        if (size == 0 && (letter < 'a' || (first_letters() >> static_cast<unsigned>(letter - 'a') & 1U) == 0))
            return NameClaim::none;
        if (size == text.size()) break;
        text[size++] = letter;
    }
    const std::string_view squashed(text.data(), size);
    const auto above =
        std::upper_bound(kClaims.begin(), kClaims.end(), squashed,
                         [](std::string_view sent, const ClaimRow& row) { return sent < row.name; });
    if (above == kClaims.begin()) return NameClaim::none;
    const ClaimRow& row = *std::prev(above);
    const bool hit = row.prefix ? squashed.starts_with(row.name) : squashed == row.name;
    return hit ? row.claim : NameClaim::none;
}

bool refuses_message(const Field& trailer) noexcept {
    if (trailer.id != FieldId::other) return (field_flags(trailer.id) & kBadTrailer) != 0;
    return claim_of(trailer.name) != NameClaim::none;
}

}  // namespace sekisho::gateway
