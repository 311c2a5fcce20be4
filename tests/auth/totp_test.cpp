// Goal: the published codes come out, and nothing but six digits of a real secret is ever compared.
// Method: RFC 4226 appendix D and RFC 6238 appendix B through our wrapper; then the inputs liboath accepts
// and we must not.
#include "auth/totp.hpp"

#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace sekisho::auth {
namespace {

const std::string ascii20 = "12345678901234567890";

Secret secret_of(std::string_view text) { return Secret(as_bytes(text)); }
WallTime at(std::int64_t seconds) { return WallTime{Seconds{seconds}}; }

TEST(Totp, HotpMatchesRfc4226AppendixD) {
    const char* codes[] = {"755224", "287082", "359152", "969429", "338314",
                           "254676", "287922", "162583", "399871", "520489"};
    for (std::uint64_t counter = 0; counter < 10; ++counter)
        EXPECT_EQ(hotp(secret_of(ascii20), counter), codes[counter]) << counter;
}

TEST(Totp, MatchesRfc6238AppendixB) {
    const std::string ascii32 = "12345678901234567890123456789012";
    const std::string ascii64 = "1234567890123456789012345678901234567890123456789012345678901234";
    const struct {
        std::int64_t seconds;
        const char *sha1, *sha256, *sha512;
    } rows[] = {
        {59, "94287082", "46119246", "90693936"},         {1111111109, "07081804", "68084774", "25091201"},
        {1111111111, "14050471", "67062674", "99943326"}, {1234567890, "89005924", "91819424", "93441116"},
        {2000000000, "69279037", "90698825", "38618901"}, {20000000000, "65353130", "77737706", "47863826"}};
    for (const auto& row : rows) {
        EXPECT_EQ(totp(secret_of(ascii20), at(row.seconds), 8, OtpHash::sha1), row.sha1);
        EXPECT_EQ(totp(secret_of(ascii32), at(row.seconds), 8, OtpHash::sha256), row.sha256);
        EXPECT_EQ(totp(secret_of(ascii64), at(row.seconds), 8, OtpHash::sha512), row.sha512);
    }
}

TEST(Totp, OneStepToEitherSideMatchesAndTwoDoNot) {
    const auto secret = secret_of(ascii20);
    const auto now = at(1'795'600'015);
    const auto step = totp_step_at(now);
    for (int offset = -3; offset <= 3; ++offset) {
        const auto code = totp(secret, now + offset * totp_step);
        const auto found = match_totp(secret, code, now);
        if (offset >= -1 && offset <= 1)
            EXPECT_EQ(found, step + offset) << offset;
        else
            EXPECT_EQ(found, std::nullopt) << offset;
    }
}

TEST(Totp, OnlySixAsciiDigitsAreEverCompared) {
    const auto secret = secret_of(ascii20);
    const auto now = at(59);
    ASSERT_TRUE(match_totp(secret, "287082", now));
    for (const std::string typed : {"", "28708", "2870820", "94287082", "4287082", " 287082", "287082 ",
                                    "28708a", "２８７０８２", "+87082"})
        EXPECT_FALSE(match_totp(secret, typed, now)) << typed;
    EXPECT_FALSE(match_totp(secret, std::string("28708\0", 6), now));
}

TEST(Totp, ShortSecretsGiveNoCode) {
    for (std::size_t size = 0; size <= 20; ++size) {
        const auto secret = secret_of(ascii20.substr(0, size));
        EXPECT_EQ(hotp(secret, 0).empty(), size < totp_secret_bytes_min) << size;
        EXPECT_EQ(totp(secret, at(59)).empty(), size < totp_secret_bytes_min) << size;
    }
    EXPECT_EQ(hotp(secret_of(ascii20), 0, 5), "");
    EXPECT_EQ(hotp(secret_of(ascii20), 0, 9), "");
}

TEST(Totp, TheFirstStepOfTimeHasNoStepBeforeIt) {
    const auto secret = secret_of(ascii20);
    EXPECT_EQ(match_totp(secret, "755224", at(0)), 0);
    EXPECT_EQ(match_totp(secret, "287082", at(0)), 1);
}

TEST(Totp, UriEscapesWhatHasMeaning) {
    const auto uri = totp_uri("見本 & Co:/?", "sato.k", secret_of(ascii20));
    EXPECT_EQ(uri,
              "otpauth://totp/%E8%A6%8B%E6%9C%AC%20%26%20Co%3A%2F%3F:sato.k"
              "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=%E8%A6%8B%E6%9C%AC%20%26%20Co%3A%2F%3F"
              "&algorithm=SHA1&digits=6&period=30");
    EXPECT_EQ(spaced_secret(secret_of(ascii20)), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
}

TEST(Totp, PeopleMayTypeBlanksAndHyphens) {
    EXPECT_EQ(looks_like_totp("123 456"), "123456");
    EXPECT_EQ(looks_like_totp("123-456"), "123456");
    EXPECT_FALSE(looks_like_totp("1234567"));
    EXPECT_FALSE(looks_like_totp("12345x"));
}

TEST(Totp, NewSecretsAreLongAndDiffer) {
    const auto a = make_totp_secret(), b = make_totp_secret();
    EXPECT_EQ(a.size_bytes(), totp_secret_bytes);
    EXPECT_FALSE(a.matches(b.reveal()));
}

}  // namespace
}  // namespace sekisho::auth
