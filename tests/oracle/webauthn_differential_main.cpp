// webauthn_differential COUNT SEED: answers of a software authenticator, most of them damaged, each with our
// verdict and libfido2's, one line of JSON each. tests/browser/differential.mjs adds SimpleWebAuthn's verdict
// and compares. Half of the damaged ones are signed again afterwards, so that what differs is how they are
// read.
#include "auth/webauthn_key.hpp"
#include "base/base64.hpp"
#include "base/json.hpp"
#include "tests/support/authenticator.hpp"

#include <cstdio>
#include <cstdlib>
#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/es384.h>
#include <fido/rs256.h>
#include <random>

namespace {

using namespace sekisho;
using namespace sekisho::auth;
using test::Authenticator;
using test::Touch;

using Chance = std::mt19937_64;
std::size_t below(Chance& chance, std::size_t end) { return end == 0 ? 0 : chance() % end; }

const RelyingParty party{{"portal.test"}, {"https://portal.test"}};
const Bytes challenge(32, 0x5a);
constexpr WallTime now{Seconds{1'800'000'000}};

// One damage to some bytes: a bit, a byte, some inserted, removed, said twice, or cut off.
void damage(Chance& chance, Bytes& bytes) {
    const auto at = below(chance, bytes.size());
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const auto length = static_cast<std::ptrdiff_t>(std::min(bytes.size() - at, 1 + below(chance, 8)));
    switch (below(chance, 6)) {
        case 0:
            if (!bytes.empty()) *place ^= static_cast<std::uint8_t>(1U << below(chance, 8));
            return;
        case 1:
            if (!bytes.empty()) *place = static_cast<std::uint8_t>(chance());
            return;
        case 2:
            bytes.insert(place, static_cast<std::uint8_t>(chance()));
            return;
        case 3:
            if (!bytes.empty()) bytes.erase(place, place + length);
            return;
        case 4: {
            const Bytes again(place, place + length);
            bytes.insert(place, again.begin(), again.end());
            return;
        }
        default:
            bytes.resize(at);
    }
}

// What a browser would never write, but a reader might take.
void damage_text(Chance& chance, std::string& json) {
    static const std::pair<const char*, const char*> changes[] = {
        {"{", "{ "},
        {"{", "\xef\xbb\xbf{"},
        {"}", ",\"other\":[1,{\"a\":null}]}"},
        {"}", ",\"origin\":\"https://portal.test\"}"},
        {"}", ",\"origin\":\"https://evil.test\"}"},
        {"}", ",\"\\u006frigin\":\"https://evil.test\"}"},
        {"}", ",\"type\":\"webauthn.get\"}"},
        {"}", "}}"},
        {"}", "} "},
        {"}", ",}"},
        {"}", ",\"topOrigin\":\"https://other.test\"}"},
        {"false", "true"},
        {"false", "null"},
        {"false", "0"},
        {",\"crossOrigin\":false", ""},
        {"\"webauthn", "\"web\\u0061uthn"},
        {"webauthn.", "WebAuthn."},
        {"https://", "http://"},
        {"https://", "HTTPS://"},
        {"portal.test", "portal.test/"},
        {"portal.test", "portal.test:443"},
        {"portal.test", "evil.portal.test"},
        {"portal.test", "portal.test.evil"},
        {"Wlpa", "WlpaWlpa"},
        {"Wlo\"", "Wlo=\""},
        {"Wlo\"", "Wlp\""},
        {"WlpaWlpa", "Wlpa Wlpa"},
        {":", " : "},
        {"\"challenge\"", "\"Challenge\""},
        {"\"", "'"},
    };
    const auto& [from, to] = changes[below(chance, std::size(changes))];
    if (const auto at = json.find(from); at != std::string::npos)
        json.replace(at, std::string(from).size(), to);
}

Touch some_touch(Chance& chance) {
    Touch touch;
    if (below(chance, 3) != 0) return touch;
    touch.present = below(chance, 4) != 0;
    touch.verified = below(chance, 4) != 0;
    touch.eligible = below(chance, 2) != 0;
    touch.backed_up = below(chance, 2) != 0;
    touch.cross_origin = below(chance, 6) == 0;
    touch.count = static_cast<std::uint32_t>(below(chance, 3));
    if (below(chance, 6) == 0) touch.rp_id = "evil.test";
    if (below(chance, 6) == 0) touch.origin = "https://evil.test";
    return touch;
}

enum class Damage : std::uint8_t { none, client, text, data, proof };

std::string_view verdict(int code) { return code == FIDO_OK ? "ok" : "no"; }

// libfido2's keys, from ours.
struct FidoKey {
    int kind = 0;
    es256_pk_t* es256 = es256_pk_new();
    es384_pk_t* es384 = es384_pk_new();
    eddsa_pk_t* eddsa = eddsa_pk_new();
    rs256_pk_t* rs256 = rs256_pk_new();

    explicit FidoKey(const Bytes& cose) {
        const auto item = parse_cbor(cose);
        const auto key = read_cose_key(*item);
        const auto raw = test::joined({key->x, key->y, key->n, key->e});
        kind = static_cast<int>(key->algorithm);
        es256_pk_from_ptr(es256, raw.data(), raw.size());
        es384_pk_from_ptr(es384, raw.data(), raw.size());
        eddsa_pk_from_ptr(eddsa, raw.data(), raw.size());
        rs256_pk_from_ptr(rs256, raw.data(), raw.size());
    }
    ~FidoKey() {
        es256_pk_free(&es256);
        es384_pk_free(&es384);
        eddsa_pk_free(&eddsa);
        rs256_pk_free(&rs256);
    }
    FidoKey(const FidoKey&) = delete;
    FidoKey& operator=(const FidoKey&) = delete;
    const void* get() const {
        return kind == COSE_ES256   ? static_cast<const void*>(es256)
               : kind == COSE_ES384 ? static_cast<const void*>(es384)
               : kind == COSE_EDDSA ? static_cast<const void*>(eddsa)
                                    : static_cast<const void*>(rs256);
    }
};

std::string_view fido_assertion(const Bytes& cose, ByteView client, ByteView data, ByteView signature) {
    const FidoKey key(cose);
    const auto hash = sha256(client);
    auto* assertion = fido_assert_new();
    int code = fido_assert_set_clientdata_hash(assertion, hash.data(), hash.size());
    if (code == FIDO_OK) code = fido_assert_set_rp(assertion, "portal.test");
    if (code == FIDO_OK) code = fido_assert_set_count(assertion, 1);
    if (code == FIDO_OK) code = fido_assert_set_authdata_raw(assertion, 0, data.data(), data.size());
    if (code == FIDO_OK) code = fido_assert_set_sig(assertion, 0, signature.data(), signature.size());
    if (code == FIDO_OK) code = fido_assert_set_up(assertion, FIDO_OPT_TRUE);
    if (code == FIDO_OK) code = fido_assert_set_uv(assertion, FIDO_OPT_TRUE);
    if (code == FIDO_OK) code = fido_assert_verify(assertion, 0, key.kind, key.get());
    fido_assert_free(&assertion);
    return verdict(code);
}

// Self attestation only: "none" has nothing to verify, and the layout is all libfido2 can judge.
std::string_view fido_registration(int kind, ByteView client, ByteView data, ByteView signature) {
    const auto hash = sha256(client);
    auto* made = fido_cred_new();
    int code = fido_cred_set_type(made, kind);
    if (code == FIDO_OK) code = fido_cred_set_clientdata_hash(made, hash.data(), hash.size());
    if (code == FIDO_OK) code = fido_cred_set_rp(made, "portal.test", nullptr);
    if (code == FIDO_OK) code = fido_cred_set_authdata_raw(made, data.data(), data.size());
    if (code == FIDO_OK && !signature.empty()) {
        code = fido_cred_set_fmt(made, "packed");
        if (code == FIDO_OK) code = fido_cred_set_sig(made, signature.data(), signature.size());
        if (code == FIDO_OK) code = fido_cred_set_uv(made, FIDO_OPT_TRUE);
        if (code == FIDO_OK) code = fido_cred_verify_self(made);
    }
    fido_cred_free(&made);
    return verdict(code);
}

void print(JsonWriter& json, std::string& line) {
    json.end_object();
    line.push_back('\n');
    std::fwrite(line.data(), 1, line.size(), stdout);
}

void assertion(Chance& chance, const Authenticator& key, Damage what, bool sign_again) {
    const auto touch = some_touch(chance);
    auto parts = key.get(challenge, touch);
    if (what == Damage::text) damage_text(chance, parts.client_data);
    if (what == Damage::client) {
        Bytes bytes(parts.client_data.begin(), parts.client_data.end());
        damage(chance, bytes);
        parts.client_data.assign(bytes.begin(), bytes.end());
    }
    if (what == Damage::data) damage(chance, parts.data);
    if (sign_again) parts.signature = key.signed_over(parts.data, parts.client_data);
    if (what == Damage::proof) damage(chance, parts.signature);
    // Whether a passkey may be copied is the record's word, and no oracle asks: it is taken from the answer.
    const auto said = parse_authenticator_data(parts.data);
    const auto ours =
        verify_assertion({challenge, party}, parts.answer(), {key.cose(), 0, said && said->backup_eligible});
    std::string line;
    JsonWriter json(line);
    json.begin_object().field("kind", "get").field("id", base64url(key.id()));
    json.field("key", base64url(key.cose())).field("client", base64url(as_bytes(parts.client_data)));
    json.field("data", base64url(parts.data)).field("proof", base64url(parts.signature));
    json.field("ours", ours ? std::string_view("ok") : to_text(ours.error()));
    json.field("fido2", fido_assertion(key.cose(), as_bytes(parts.client_data), parts.data, parts.signature));
    print(json, line);
}

void registration(Chance& chance, const Authenticator& key, Damage what, bool sign_again) {
    const auto touch = some_touch(chance);
    const bool self = below(chance, 2) == 0;
    auto client = test::client_data_json("webauthn.create", challenge, touch.origin, touch.cross_origin);
    auto data = key.data(touch, true);
    auto signature = key.signed_over(data, client);
    if (what == Damage::text) damage_text(chance, client);
    if (what == Damage::data) damage(chance, data);
    if (sign_again) signature = key.signed_over(data, client);
    const auto statement = self ? test::joined({test::cbor_head(5, 2), test::cbor_text("alg"),
                                                test::cbor_number(static_cast<std::int64_t>(key.algorithm())),
                                                test::cbor_text("sig"), test::cbor_bytes(signature)})
                                : test::cbor_head(5, 0);
    auto object = test::attestation_object(self ? "packed" : "none", statement, data);
    if (what == Damage::proof || what == Damage::client) damage(chance, object);
    const auto ours = verify_registration({challenge, party}, as_bytes(client), object, {}, now);
    // What is damaged from outside, libfido2 of Debian 12 cannot read: it takes no attestation object.
    const bool readable = what != Damage::proof && what != Damage::client;
    std::string line;
    JsonWriter json(line);
    json.begin_object().field("kind", "create").field("id", base64url(ours ? ByteView(ours->id) : key.id()));
    json.field("client", base64url(as_bytes(client))).field("data", base64url(object));
    json.field("ours", ours ? std::string_view("ok") : to_text(ours.error()));
    json.field("fido2", readable ? fido_registration(static_cast<int>(key.algorithm()), as_bytes(client),
                                                     data, self ? ByteView(signature) : ByteView{})
                                 : std::string_view("n/a"));
    print(json, line);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("webauthn_differential COUNT SEED\n", stderr);
        return 2;
    }
    const auto count = std::strtoull(argv[1], nullptr, 10);
    Chance chance(std::strtoull(argv[2], nullptr, 10));
    std::vector<Authenticator> keys;
    for (const auto algorithm :
         {CoseAlgorithm::es256, CoseAlgorithm::es384, CoseAlgorithm::eddsa, CoseAlgorithm::rs256})
        keys.emplace_back(algorithm);
    fido_init(0);
    for (unsigned long long i = 0; i < count; ++i) {
        // One key in eight signs with RSA, which is slow to make and the same to read.
        const auto& key = keys[std::min<std::size_t>(below(chance, 8) / 2, 3)];
        const auto what = static_cast<Damage>(below(chance, 5));
        const bool again = below(chance, 2) == 0;
        if (below(chance, 2) == 0)
            assertion(chance, key, what, again);
        else
            registration(chance, key, what, again);
    }
    return 0;
}
