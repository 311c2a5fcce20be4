#include "auth/webauthn.hpp"

#include "auth/client_data.hpp"
#include "auth/webauthn_key.hpp"
#include "base/base64.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

constexpr std::size_t signature_bytes_max = 1024;

// The checks of the client data, which both ceremonies share (7.1 and 7.2, "C" steps).
std::optional<WebauthnFault> fault_of_client(const WebauthnQuestion& question, ByteView json,
                                             std::string_view type) {
    const auto client = parse_client_data(json);
    if (!client) return WebauthnFault::client_data;
    if (client->type != type) return WebauthnFault::type;
    const auto challenge = from_base64url(client->challenge);
    if (!challenge || question.challenge.empty() || !equal_constant_time(*challenge, question.challenge))
        return WebauthnFault::challenge;
    const auto& origins = question.party.origins;
    if (std::find(origins.begin(), origins.end(), client->origin) == origins.end())
        return WebauthnFault::origin;
    if (client->cross_origin || client->top_origin) return WebauthnFault::cross_origin;
    return std::nullopt;
}

std::optional<WebauthnFault> fault_of_data(const WebauthnQuestion& question, const AuthenticatorData& data) {
    const auto& ids = question.party.ids;
    const bool ours = std::any_of(ids.begin(), ids.end(),
                                  [&](const auto& id) { return sha256(as_bytes(id)) == data.rp_id_hash; });
    if (!ours) return WebauthnFault::rp_id;
    if (!data.user_present) return WebauthnFault::not_present;
    if (question.verify_user && !data.user_verified) return WebauthnFault::not_verified;
    return std::nullopt;
}

// What every signature of an authenticator is over.
Bytes signed_bytes(ByteView authenticator_data, ByteView client_data_json) {
    Bytes out(authenticator_data.begin(), authenticator_data.end());
    const auto hash = sha256(client_data_json);
    out.insert(out.end(), hash.begin(), hash.end());
    return out;
}

struct AttestationObject {
    std::string_view format;
    const CborItem* statement = nullptr;
    ByteView data;
};

std::optional<AttestationObject> read_attestation(const CborItem& item) {
    const auto* format = item.at("fmt");
    const auto* statement = item.at("attStmt");
    const auto* data = item.at("authData");
    const bool good = item.keys.size() == 3 && format != nullptr && format->kind == CborItem::Kind::text &&
                      statement != nullptr && data != nullptr && data->kind == CborItem::Kind::bytes;
    if (!good) return std::nullopt;
    return AttestationObject{format->text(), statement, data->bytes};
}

NewPasskey passkey_of(const AuthenticatorData& data, CoseAlgorithm algorithm, Attestation attestation) {
    NewPasskey out;
    const auto& credential = *data.credential;
    out.id.assign(credential.id.begin(), credential.id.end());
    out.public_key.assign(credential.public_key.begin(), credential.public_key.end());
    out.algorithm = algorithm;
    out.sign_count = data.sign_count;
    out.user_verified = data.user_verified;
    out.backup_eligible = data.backup_eligible;
    out.backed_up = data.backed_up;
    out.aaguid = credential.aaguid;
    out.attestation = attestation;
    return out;
}

std::optional<WebauthnFault> fault_of_statement(StatementVerdict verdict) {
    switch (verdict) {
        case StatementVerdict::good:
            return std::nullopt;
        case StatementVerdict::malformed:
            return WebauthnFault::attestation;
        case StatementVerdict::unknown_format:
            return WebauthnFault::format;
        case StatementVerdict::wrong_signature:
            return WebauthnFault::signature;
    }
    return WebauthnFault::attestation;
}

}  // namespace

std::string_view to_text(WebauthnFault fault) noexcept {
    switch (fault) {
        case WebauthnFault::client_data:
            return "client_data";
        case WebauthnFault::type:
            return "type";
        case WebauthnFault::challenge:
            return "challenge";
        case WebauthnFault::origin:
            return "origin";
        case WebauthnFault::cross_origin:
            return "cross_origin";
        case WebauthnFault::attestation:
            return "attestation";
        case WebauthnFault::data:
            return "data";
        case WebauthnFault::rp_id:
            return "rp_id";
        case WebauthnFault::not_present:
            return "not_present";
        case WebauthnFault::not_verified:
            return "not_verified";
        case WebauthnFault::key:
            return "key";
        case WebauthnFault::format:
            return "format";
        case WebauthnFault::signature:
            return "signature";
        case WebauthnFault::untrusted:
            return "untrusted";
        case WebauthnFault::model:
            return "model";
        case WebauthnFault::backup_change:
            return "backup_change";
    }
    return "unknown";
}

WebauthnResult<NewPasskey> verify_registration(const WebauthnQuestion& question, ByteView client_data_json,
                                               ByteView attestation_object, const AttestationPolicy& policy,
                                               WallTime now) {
    if (const auto fault = fault_of_client(question, client_data_json, "webauthn.create")) return *fault;
    const auto item = parse_cbor(attestation_object);
    const auto object = item ? read_attestation(*item) : std::nullopt;
    if (!object) return WebauthnFault::attestation;
    const auto data = parse_authenticator_data(object->data);
    if (!data || !data->credential) return WebauthnFault::data;
    if (const auto fault = fault_of_data(question, *data)) return *fault;
    const auto key = PasskeyKey::from_cose(data->credential->public_key);
    if (!key) return WebauthnFault::key;
    auto statement = judge_statement(object->format, *object->statement, *data,
                                     signed_bytes(object->data, client_data_json), policy.roots, now);
    if (const auto fault = fault_of_statement(statement.verdict)) return *fault;
    const bool listed = policy.models.empty() || std::find(policy.models.begin(), policy.models.end(),
                                                           data->credential->aaguid) != policy.models.end();
    if (policy.demanded && statement.attestation != Attestation::trusted) return WebauthnFault::untrusted;
    if (policy.demanded && !listed) return WebauthnFault::model;
    // A chain that vouches for a model nobody asked for proves nothing here.
    if (statement.attestation == Attestation::trusted && !listed)
        statement.attestation = Attestation::unknown;
    return passkey_of(*data, key->algorithm(), statement.attestation);
}

WebauthnResult<Assertion> verify_assertion(const WebauthnQuestion& question, const AssertionAnswer& answer,
                                           const KnownPasskey& known) {
    if (const auto fault = fault_of_client(question, answer.client_data_json, "webauthn.get")) return *fault;
    const auto data = parse_authenticator_data(answer.authenticator_data);
    // An assertion brings no new key (section 6.1).
    if (!data || data->credential) return WebauthnFault::data;
    if (const auto fault = fault_of_data(question, *data)) return *fault;
    if (data->backup_eligible != known.backup_eligible) return WebauthnFault::backup_change;
    const auto key = PasskeyKey::from_cose(known.public_key);
    if (!key) return WebauthnFault::key;
    if (answer.signature.size() > signature_bytes_max ||
        !key->verifies(signed_bytes(answer.authenticator_data, answer.client_data_json), answer.signature))
        return WebauthnFault::signature;
    Assertion out;
    out.sign_count = data->sign_count;
    out.user_verified = data->user_verified;
    out.backed_up = data->backed_up;
    const bool counts = data->sign_count != 0 || known.sign_count != 0;
    out.counter_alarm = counts && data->sign_count <= known.sign_count;
    return out;
}

}  // namespace sekisho::auth
