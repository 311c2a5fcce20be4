// Goal: a certificate made here is for the names asked for, now, and its key is its own. Method: read back
// with x509.
#include "base/x509_make.hpp"

#include "base/x509.hpp"

#include <gtest/gtest.h>

namespace sekisho {
namespace {

TEST(SelfSignedCertificate, IsForItsNamesAndItsKey) {
    const auto now = system_clock_face().wall();
    const auto made = make_self_signed({"portal.example", "wiki.example"}, now, 30);
    ASSERT_TRUE(made) << made.error().detail();
    const auto facts = read_chain(made->certificate_pem);
    ASSERT_TRUE(facts) << facts.error().detail();
    EXPECT_TRUE(facts->matches_host("portal.example"));
    EXPECT_TRUE(facts->matches_host("wiki.example"));
    EXPECT_FALSE(facts->matches_host("other.example"));
    EXPECT_FALSE(facts->is_authority);
    EXPECT_LT(facts->not_before, now);
    EXPECT_GT(facts->not_after, now + std::chrono::hours{29 * 24});
    EXPECT_LT(facts->not_after, now + std::chrono::hours{30 * 24});
    EXPECT_EQ(public_key_of_private(made->key_pem.reveal_text()).value(), facts->public_key);
}

TEST(SelfSignedCertificate, RefusesWhatIsNoName) {
    const auto now = system_clock_face().wall();
    for (const char* name : {"", "a b", "a,DNS:b", "a\n", "Ä"})
        EXPECT_FALSE(make_self_signed({name}, now, 1)) << name;
    EXPECT_FALSE(make_self_signed({}, now, 1));
}

}  // namespace
}  // namespace sekisho
