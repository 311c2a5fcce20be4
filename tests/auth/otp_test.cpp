// Goal: a token that runs ahead, behind or further along is followed as far as it may be and no further, and
// two codes in a row find it again.
// Method: codes made for every offset, judged one by one; the vectors of RFC 4226 appendix D as a counter.
#include "auth/otp.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sekisho::auth {
namespace {

const Secret secret(as_bytes("12345678901234567890"));
const WallTime now{Seconds{1'795'600'015}};
const std::int64_t present = totp_step_at(now);

OtpRow token(OtpKind kind, std::int64_t next = 0, std::int32_t drift = 0) {
    OtpRow row;
    row.user = "sato";
    row.id = "A";
    row.kind = kind;
    row.next = next;
    row.drift = drift;
    return row;
}
std::string code(std::int64_t value) { return hotp(secret, static_cast<std::uint64_t>(value)); }
std::optional<OtpMatch> one(const OtpRow& row, std::int64_t value) {
    return match_otp(row, secret, {code(value), {}}, now);
}
std::optional<OtpMatch> two(const OtpRow& row, std::int64_t value) {
    return match_otp(row, secret, {code(value), code(value + 1)}, now);
}

TEST(Otp, WhatIsTypedIsOneCodeOrTwo) {
    EXPECT_EQ(read_otp("123 456")->code, "123456");
    EXPECT_EQ(read_otp("123456")->next, "");
    EXPECT_EQ(read_otp("123456-654 321")->next, "654321");
    for (const char* typed : {"", "12345", "1234567", "12345678901", "1234567890123", "12345a",
                              "１２３４５６", "ABCD-EFGH-JKMN-PQRS"})
        EXPECT_FALSE(read_otp(typed)) << typed;
}

TEST(Otp, ACounterTakesTheVectorsInOrderAndNeverTwice) {
    const char* vectors[] = {"755224", "287082", "359152", "969429", "338314",
                             "254676", "287922", "162583", "399871", "520489"};
    auto row = token(OtpKind::hotp);
    for (std::int64_t counter = 0; counter < 10; ++counter) {
        const auto match = match_otp(row, secret, {vectors[counter], {}}, now);
        ASSERT_TRUE(match) << counter;
        EXPECT_EQ(match->value, counter);
        EXPECT_FALSE(match->used);
        row.next = match->value + 1;
        const auto again = match_otp(row, secret, {vectors[counter], {}}, now);
        EXPECT_TRUE(again && again->used) << counter;
    }
}

TEST(Otp, ACounterIsLookedForAFewCodesAheadAndFurtherByTwoInARow) {
    const auto row = token(OtpKind::hotp, 100);
    for (std::int64_t ahead = -3; ahead <= hotp_resync_ahead + 3; ++ahead) {
        const auto single = one(row, 100 + ahead), pair = two(row, 100 + ahead);
        const bool near = ahead >= 0 && ahead <= hotp_look_ahead;
        EXPECT_EQ(single && !single->used, near) << ahead;
        const bool found = ahead >= 0 && ahead <= hotp_resync_ahead;
        EXPECT_EQ(pair && !pair->used, found) << ahead;
        if (found) {
            EXPECT_EQ(pair->value, 101 + ahead) << "both are used up";
        }
    }
    EXPECT_FALSE(match_otp(row, secret, {code(120), code(122)}, now)) << "not in a row";
    EXPECT_FALSE(match_otp(row, secret, {code(121), code(120)}, now));
}

TEST(Otp, AClockIsTakenOneStepAsideOfWhereItWas) {
    for (const std::int32_t drift : {-40, -8, -1, 0, 1, 6, 40}) {
        const std::int64_t centre = drift < 0 ? (drift - 2) / 4 : (drift + 2) / 4;
        for (std::int64_t offset = -14; offset <= 14; ++offset)
            EXPECT_EQ(one(token(OtpKind::totp, 0, drift), present + offset).has_value(),
                      offset >= centre - 1 && offset <= centre + 1)
                << drift << " " << offset;
    }
}

TEST(Otp, AClockThatRunsAheadIsFollowedAStepAtATimeAndNoFurtherThanTheBound) {
    auto row = token(OtpKind::totp);
    std::int64_t offset = 0;
    for (int use = 0; use < 200; ++use) {
        // A clock that gains: always one step further than the last code that was taken.
        auto match = one(row, present + offset + 1);
        if (!match) match = one(row, present + offset);
        if (!match) break;
        offset = match->value - present;
        row.drift = match->drift;
    }
    EXPECT_EQ(row.drift, 4 * otp_drift_steps_max);
    EXPECT_LE(offset, otp_drift_steps_max + otp_steps_aside);
    auto late = token(OtpKind::totp);
    late.drift = one(late, present - 1)->drift;
    EXPECT_EQ(late.drift, -1) << "one late typing moves a quarter of a step";
    EXPECT_EQ(one(late, present)->drift, 0) << "and comes back";
}

TEST(Otp, TwoCodesInARowFindAClockWithinTheBound) {
    for (std::int64_t offset = -otp_drift_steps_max - 2; offset <= otp_drift_steps_max + 2; ++offset) {
        const auto match = two(token(OtpKind::totp), present + offset);
        EXPECT_EQ(match.has_value(), offset >= -otp_drift_steps_max && offset <= otp_drift_steps_max)
            << offset;
        if (!match) continue;
        EXPECT_EQ(match->drift, 4 * std::min<std::int64_t>(offset + 1, otp_drift_steps_max)) << offset;
    }
    const auto used = two(token(OtpKind::totp, present + 1), present);
    EXPECT_TRUE(used && used->used) << "the first of them was used";
}

TEST(Otp, ShortSecretsAndTimesBeforeTheFirstMatchNothing) {
    const Secret fifteen(as_bytes("123456789012345"));
    EXPECT_FALSE(match_otp(token(OtpKind::hotp), fifteen, {"755224", {}}, now));
    EXPECT_FALSE(match_otp(token(OtpKind::totp), fifteen, {"", {}}, now));
    EXPECT_TRUE(match_otp(token(OtpKind::totp), secret, {"755224", {}}, WallTime{Seconds{0}}));
}

TEST(Otp, ASealedSecretIsBoundToItsToken) {
    auto row = token(OtpKind::totp);
    const auto one_context = otp_context(row);
    row.id = "B";
    EXPECT_NE(otp_context(row), one_context);
    row.id = first_otp;
    EXPECT_EQ(otp_context(row), totp_context("sato")) << "what an activation sealed opens";
}

}  // namespace
}  // namespace sekisho::auth
