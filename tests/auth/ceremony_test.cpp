// Goal: one way in, every other way looks the same, and the sealed form is read strictly.
// Method: every combination of evidence against the one that opens; all prefixes of the encoded form.
#include "auth/ceremony.hpp"

#include <gtest/gtest.h>

namespace sekisho::auth {
namespace {

const WallTime start{Seconds{1'795'600'000}};

TEST(Ceremony, OnlyTheWholeTruthOpens) {
    const CodeFinding codes[] = {CodeFinding::wrong, CodeFinding::otp, CodeFinding::otp_replayed,
                                 CodeFinding::recovery};
    const AccountStatus statuses[] = {AccountStatus::invited, AccountStatus::active, AccountStatus::disabled};
    for (const bool password : {false, true})
        for (const bool exists : {false, true})
            for (const bool enrolled : {false, true})
                for (const std::uint64_t epoch : {3u, 4u})
                    for (const auto status : statuses)
                        for (const auto code : codes) {
                            const auto ceremony = Ceremony::after_password("sato", password, 3, start);
                            const auto judged =
                                ceremony.judge({exists, enrolled, status, epoch, code}, start);
                            const bool proven = password && exists && enrolled && epoch == 3 &&
                                                (code == CodeFinding::otp || code == CodeFinding::recovery);
                            auto wanted = SignInOutcome::failed;
                            if (proven && status == AccountStatus::active) wanted = SignInOutcome::signed_in;
                            if (proven && status == AccountStatus::disabled) wanted = SignInOutcome::disabled;
                            EXPECT_EQ(judged.outcome, wanted);
                            EXPECT_EQ(judged.strength == FactorStrength::none,
                                      wanted != SignInOutcome::signed_in);
                            EXPECT_EQ(judged.finding == Finding::none, wanted == SignInOutcome::signed_in);
                        }
}

TEST(Ceremony, ARecoveryCodeIsAWeakerProof) {
    const auto ceremony = Ceremony::after_password("sato", true, 3, start);
    const auto judge = [&](CodeFinding code) {
        return ceremony.judge({true, true, AccountStatus::active, 3, code}, start).strength;
    };
    EXPECT_EQ(judge(CodeFinding::otp), FactorStrength::otp);
    EXPECT_EQ(judge(CodeFinding::recovery), FactorStrength::recovery);
}

TEST(Ceremony, EndsAfterTenMinutesAndWhenTheClockStepsBack) {
    const auto ceremony = Ceremony::after_password("sato", true, 3, start);
    const Evidence evidence{true, true, AccountStatus::active, 3, CodeFinding::otp};
    EXPECT_EQ(ceremony.judge(evidence, start + Seconds{600}).outcome, SignInOutcome::signed_in);
    EXPECT_EQ(ceremony.judge(evidence, start + Seconds{600} + Millis{1}).outcome, SignInOutcome::expired);
    EXPECT_EQ(ceremony.judge(evidence, start - Millis{1}).outcome, SignInOutcome::expired);
}

TEST(Ceremony, TheEncodedFormIsReadStrictly) {
    const auto bytes = Ceremony::after_password("sato", true, 3, start).encode();
    const auto again = Ceremony::decode(bytes);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->account(), "sato");
    EXPECT_EQ(again->encode(), bytes);
    for (std::size_t n = 0; n <= 18; ++n) EXPECT_FALSE(Ceremony::decode(ByteView(bytes).first(n))) << n;
    auto other = bytes;
    other[0] = 2;
    EXPECT_FALSE(Ceremony::decode(other));
    other = bytes;
    other[1] = 2;
    EXPECT_FALSE(Ceremony::decode(other));
}

}  // namespace
}  // namespace sekisho::auth
