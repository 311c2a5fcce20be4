#include "auth/jwt.hpp"

#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/random.hpp"

namespace sekisho::auth {
namespace {

std::int64_t numeric_date(WallTime time) {
    return std::chrono::floor<Seconds>(time).time_since_epoch().count();
}

std::string header_json(std::string_view key_id) {
    std::string out;
    JsonWriter(out)
        .begin_object()
        .field("alg", "ES256")
        .field("typ", "sekisho-assertion+jwt")
        .field("kid", key_id)
        .end_object();
    return out;
}

// Methods of RFC 8176: what was proven, not how strong the deployment thinks it is. A passkey is a key, in
// hardware or not, and a person's proof to it.
// A service token proves that a secret was kept and nothing of its owner: a name of our own says so.
void write_amr(JsonWriter& json, const AssertionFacts& facts) {
    const auto strength = facts.strength;
    json.key("amr").begin_array();
    if (!facts.token.empty()) json.value("service_token");
    const bool passkey = strength == FactorStrength::passkey || strength == FactorStrength::passkey_device;
    if (strength != FactorStrength::none && !passkey) json.value("pwd");
    if (strength == FactorStrength::otp) json.value("otp");
    if (passkey) json.value(strength == FactorStrength::passkey_device ? "hwk" : "swk").value("user");
    json.end_array();
}

std::string claims_json(const AssertionFacts& facts, std::string_view issuer, WallTime now) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().field("iss", issuer).field("aud", facts.app).field("sub", facts.user);
    if (!facts.org.empty()) json.field("org", facts.org);
    if (facts.groups != nullptr) {
        json.key("groups").begin_array();
        for (const auto& group : *facts.groups) json.value(group);
        json.end_array();
    }
    json.field("sid", facts.session);
    if (!facts.token.empty()) json.field("azp", facts.token);
    write_amr(json, facts);
    if (facts.token.empty()) json.field("auth_time", numeric_date(facts.proven_at));
    json.field("iat", numeric_date(now))
        .field("exp", numeric_date(now + assertion_lifetime))
        .field("jti", base64url(random_bytes<16>()))
        .end_object();
    return out;
}

}  // namespace

AssertionMaker::AssertionMaker(Keyring& keys, const Clock& clock, std::string portal_url)
    : keys_(keys), clock_(clock), issuer_(std::move(portal_url) + "/.sekisho/assertion") {}

Result<std::string> AssertionMaker::make(const AssertionFacts& facts) const {
    const auto key = keys_.assertion_key(facts.app);
    if (!key) return key.error();
    std::string token = base64url(as_bytes(header_json(key->id)));
    token += '.';
    token += base64url(as_bytes(claims_json(facts, issuer_, clock_.wall())));
    const auto signature = key->key->sign(as_bytes(token));
    token += '.';
    token += base64url(signature);
    return token;
}

Result<> AssertionMaker::warm(std::string_view app) const {
    const auto key = keys_.assertion_key(app);
    if (!key) return key.error();
    return {};
}

std::string AssertionMaker::jwks(std::string_view app) const {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("keys").begin_array();
    for (const auto& named : keys_.assertion_keys(app)) {
        const auto point = named.key->public_bytes();
        json.begin_object()
            .field("kty", "EC")
            .field("crv", "P-256")
            .field("x", base64url(ByteView(point).first(32)))
            .field("y", base64url(ByteView(point).subspan(32)))
            .field("use", "sig")
            .field("alg", "ES256")
            .field("kid", named.id)
            .end_object();
    }
    json.end_array().end_object();
    return out;
}

}  // namespace sekisho::auth
