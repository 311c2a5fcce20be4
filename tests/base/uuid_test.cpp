// Goal: one written form gives sixteen bytes, and nothing near it does. Method: one good text, damaged in
// each place.
#include "base/uuid.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sekisho {
namespace {

TEST(Uuid, IsReadInEitherCase) {
    const auto lower = parse_uuid("ee882879-721c-4913-9775-3dfcce97072a");
    ASSERT_TRUE(lower);
    EXPECT_EQ(lower->front(), 0xee);
    EXPECT_EQ(lower->back(), 0x2a);
    EXPECT_EQ(parse_uuid("EE882879-721C-4913-9775-3DFCCE97072A"), lower);
}

TEST(Uuid, NothingNearItIsOne) {
    const std::string good = "ee882879-721c-4913-9775-3dfcce97072a";
    for (std::size_t i = 0; i < good.size(); ++i) {
        auto damaged = good;
        damaged[i] = good[i] == '-' ? '0' : '-';
        EXPECT_FALSE(parse_uuid(damaged)) << i;
        damaged[i] = 'g';
        EXPECT_FALSE(parse_uuid(damaged)) << i;
        EXPECT_FALSE(parse_uuid(good.substr(0, i))) << i;
    }
    EXPECT_FALSE(parse_uuid(good + "0"));
    EXPECT_FALSE(parse_uuid("{" + good + "}"));
    EXPECT_FALSE(parse_uuid("ee882879721c491397753dfcce97072a"));
}

}  // namespace
}  // namespace sekisho
