// Goal: an app that checks key, audience, type and time can rely on the assertion.
// Method: tokens taken apart and compared byte by byte, then verified with the published key alone.
#include "base/text.hpp"
#include "tests/auth/auth_house.hpp"

namespace sekisho::auth {
namespace {

struct Jwt : test::AuthTest {
    AssertionMaker maker{*house->keys, clock, "https://portal.example:8443"};
    AssertionFacts facts{.app = "wiki",
                         .user = "sato",
                         .org = {},
                         .groups = nullptr,
                         .session = "0123456789",
                         .strength = FactorStrength::otp,
                         .proven_at = clock.wall() - Seconds{30}};

    static std::string part(const std::string& token, std::size_t number) {
        return std::string(as_text(from_base64url(split(token, '.')[number]).value()));
    }
    bool good(const std::string& token, std::string_view app) {
        const auto end = token.rfind('.');
        const auto signature = from_base64url(std::string_view(token).substr(end + 1)).value();
        for (const auto& key : house->keys->assertion_keys(app))
            if (verify(SigningKey::Kind::es256, key.key->public_bytes(),
                       as_bytes(std::string_view(token).substr(0, end)), signature))
                return true;
        return false;
    }
};

TEST_F(Jwt, HeaderAndClaimsAreExactlyThese) {
    const auto token = maker.make(facts).value();
    const auto kid = house->keys->assertion_key("wiki").value().id;
    EXPECT_EQ(part(token, 0), R"({"alg":"ES256","typ":"sekisho-assertion+jwt","kid":")" + kid + R"("})");
    auto claims = part(token, 1);
    const auto jti = claims.find(R"(,"jti":")");
    ASSERT_NE(jti, std::string::npos);
    EXPECT_EQ(claims.size() - jti, std::string_view(R"(,"jti":"0123456789012345678901"})").size());
    claims.resize(jti);
    EXPECT_EQ(claims, R"({"iss":"https://portal.example:8443/.sekisho/assertion","aud":"wiki","sub":"sato",)"
                      R"("sid":"0123456789","amr":["pwd","otp"],"auth_time":1795599970,"iat":1795600000,)"
                      R"("exp":1795600060)");
    EXPECT_TRUE(good(token, "wiki"));
    EXPECT_NE(maker.make(facts).value(), token) << "each has a jti of its own";
}

// Who comes is the owner; that nobody signed in for it is said too.
TEST_F(Jwt, AServiceTokenIsNamedAndProvesNoFactor) {
    facts.token = "nightly";
    facts.session = "token-ABC";
    facts.strength = FactorStrength::none;
    const auto claims = part(maker.make(facts).value(), 1);
    EXPECT_NE(claims.find(R"("sub":"sato","sid":"token-ABC","azp":"nightly","amr":["service_token"],"iat":)"),
              std::string::npos)
        << claims;
    EXPECT_EQ(claims.find("auth_time"), std::string::npos);
}

TEST_F(Jwt, GroupsAndOrgComeOnlyWhenGivenAndAreEscaped) {
    const std::vector<std::string> groups{"a\"b", "財務"};
    facts.groups = &groups;
    facts.org = "aoba";
    const auto claims = part(maker.make(facts).value(), 1);
    EXPECT_NE(claims.find(R"("sub":"sato","org":"aoba","groups":["a\"b","財務"],"sid")"), std::string::npos)
        << claims;
    const std::vector<std::string> none;
    facts.groups = &none;
    EXPECT_NE(part(maker.make(facts).value(), 1).find(R"("groups":[])"), std::string::npos);
}

TEST_F(Jwt, EachAppHasAKeyOfItsOwnAndDamageShows) {
    const auto token = maker.make(facts).value();
    ASSERT_TRUE(maker.warm("files"));
    EXPECT_FALSE(good(token, "files"));
    for (const std::size_t at : {std::size_t{5}, token.find('.') + 5, token.size() - 5}) {
        auto damaged = token;
        damaged[at] = damaged[at] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(good(damaged, "wiki")) << at;
    }
}

TEST_F(Jwt, JwksShowsTheNewKeyFirstAndTheOldOneStill) {
    const auto token = maker.make(facts).value();
    const auto old_key = house->keys->assertion_key("wiki").value();
    clock.advance(Seconds{1});
    const auto new_key = house->keys->rotate_assertion_key("wiki").value();
    const auto jwk = [](const NamedSigningKey& key) {
        const auto point = key.key->public_bytes();
        return R"({"kty":"EC","crv":"P-256","x":")" + base64url(ByteView(point).first(32)) + R"(","y":")" +
               base64url(ByteView(point).subspan(32)) + R"(","use":"sig","alg":"ES256","kid":")" + key.id +
               R"("})";
    };
    EXPECT_EQ(maker.jwks("wiki"), R"({"keys":[)" + jwk(new_key) + "," + jwk(old_key) + "]}");
    EXPECT_EQ(maker.jwks("nothing"), R"({"keys":[]})");
    EXPECT_TRUE(good(token, "wiki"));
    EXPECT_NE(part(maker.make(facts).value(), 0).find(new_key.id), std::string::npos);
}

}  // namespace
}  // namespace sekisho::auth
