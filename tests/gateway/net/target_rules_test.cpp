// Goal: no spelling of a forbidden address passes, and ordinary inner addresses do.
// Method: a table.
#include "gateway/net/target_rules.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

TEST(TargetRules, ForbidsMetadataLinkLocalMulticastAndTheirDisguises) {
    for (const auto* address :
         {"0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "224.0.0.1", "239.1.2.3", "240.0.0.1",
          "255.255.255.255", "100.100.100.200", "192.0.0.192", "::", "ff02::1", "fe80::1", "febf::1",
          "fd00:ec2::254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"})
        EXPECT_TRUE(forbidden_target(parse_ip(address).value())) << address;
}

TEST(TargetRules, AllowsWhereUpstreamsLive) {
    for (const auto* address : {"127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "8.8.8.8",
                                "169.253.1.1", "169.255.1.1", "223.255.255.255", "::1", "fd00::1",
                                "2001:db8::1", "64:ff9b::a00:1", "::ffff:10.0.0.1"})
        EXPECT_FALSE(forbidden_target(parse_ip(address).value())) << address;
}

}  // namespace
}  // namespace sekisho::gateway
