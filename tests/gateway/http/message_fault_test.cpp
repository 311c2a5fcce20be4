// Goal: a fault has one name, wherever it was found. Method: every value of each enum against the table.
#include "gateway/http/message_fault.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

TEST(MessageFault, HasTheNameOfWhatFoundIt) {
    for (unsigned i = 1; i <= static_cast<unsigned>(HeadFault::length_forbidden); ++i) {
        const auto fault = static_cast<HeadFault>(i);
        EXPECT_EQ(MessageFault(fault).text(), to_text(fault));
    }
    for (unsigned i = 1; i <= static_cast<unsigned>(BodyFault::truncated); ++i) {
        const auto fault = static_cast<BodyFault>(i);
        EXPECT_EQ(MessageFault(fault).text(), to_text(fault));
    }
    EXPECT_EQ(MessageFault(MessageFault::Late::head_timeout).text(), "head_timeout");
    EXPECT_EQ(MessageFault(MessageFault::Late::interim_storm).text(), "interim_storm");
    EXPECT_EQ(MessageFault(MessageFault::Late::other).text(), "other");
}

TEST(MessageFault, NothingIsNoFault) {
    EXPECT_FALSE(MessageFault());
    EXPECT_FALSE(MessageFault(HeadFault::none));
    EXPECT_FALSE(MessageFault(BodyFault::none));
}

}  // namespace
}  // namespace sekisho::gateway
