// Goal: the primitives give the published answers and refuse everything else.
// Method: vectors of FIPS 180-4, RFC 4231, RFC 5869 and RFC 8032; then round trips with one damage each.
#include "base/crypto.hpp"

#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace sekisho {
namespace {

Bytes bytes(std::string_view hex_text) { return from_hex(hex_text).value(); }

TEST(Crypto, Sha256MatchesFips180) {
    EXPECT_EQ(hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256({as_bytes("a"), as_bytes("bc")}), sha256(as_bytes("abc")));
}

TEST(Crypto, HmacMatchesRfc4231) {
    EXPECT_EQ(hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hex(hmac_sha256({}, {})), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Crypto, HkdfMatchesRfc5869WithoutSaltAndInfo) {
    const Secret input(bytes("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"));
    EXPECT_EQ(hex(derive_key(input, "", 42).reveal()),
              "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Crypto, SealedBytesOpenOnlyUntouchedUnderTheSameKeyAndData) {
    const Secret key(bytes(std::string(64, '1'))), other(bytes(std::string(64, '2')));
    const auto sealed = seal(key, as_bytes("hello"), as_bytes("user 1"));
    EXPECT_EQ(open_sealed(key, sealed, as_bytes("user 1")).value().reveal_text(), "hello");
    EXPECT_FALSE(open_sealed(other, sealed, as_bytes("user 1")));
    EXPECT_FALSE(open_sealed(key, sealed, as_bytes("user 2")));
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto damaged = sealed;
        damaged[i] ^= 1;
        EXPECT_FALSE(open_sealed(key, damaged, as_bytes("user 1"))) << "byte " << i;
        EXPECT_FALSE(open_sealed(key, ByteView(sealed).first(i), as_bytes("user 1"))) << "prefix " << i;
    }
}

TEST(Crypto, Ed25519MatchesRfc8032) {
    const auto key = bytes("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    const auto signature = bytes(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25b"
        "f5f0595bbe24655141438e7a100b");
    EXPECT_TRUE(verify(SigningKey::Kind::ed25519, key, {}, signature));
    EXPECT_FALSE(verify(SigningKey::Kind::ed25519, key, as_bytes("x"), signature));
}

TEST(Crypto, BothKindsOfKeySignSurviveStorageAndRefuseDamage) {
    for (const auto kind : {SigningKey::Kind::ed25519, SigningKey::Kind::es256}) {
        const auto key = SigningKey::generate(kind);
        const auto again = SigningKey::from_private_der(kind, key.private_der().reveal());
        ASSERT_TRUE(again);
        auto signature = again->sign(as_bytes("message"));
        ASSERT_EQ(signature.size(), 64u);
        EXPECT_TRUE(verify(kind, key.public_bytes(), as_bytes("message"), signature));
        EXPECT_FALSE(verify(kind, key.public_bytes(), as_bytes("massage"), signature));
        signature[10] ^= 1;
        EXPECT_FALSE(verify(kind, key.public_bytes(), as_bytes("message"), signature));
    }
}

}  // namespace
}  // namespace sekisho
