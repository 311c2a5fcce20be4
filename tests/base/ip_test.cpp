// Goal: addresses are read strictly, printed canonically, and sets of networks agree with each of their
// prefixes. Method: tables of good and bad text (RFC 4291, RFC 5952); random sets compared with a plain scan.
#include "base/ip.hpp"

#include <gtest/gtest.h>

#include <random>

namespace sekisho {
namespace {

TEST(Ip, ReadsAndPrintsTheCanonicalForm) {
    const std::pair<const char*, const char*> table[] = {
        {"0.0.0.0", "0.0.0.0"},
        {"192.0.2.1", "192.0.2.1"},
        {"255.255.255.255", "255.255.255.255"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"::ffff:c000:201", "192.0.2.1"},
        {"64:ff9b::192.0.2.1", "64:ff9b::c000:201"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
    };
    for (const auto& [text, canonical] : table) {
        const auto address = parse_ip(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(to_text(*address), canonical) << text;
        EXPECT_EQ(parse_ip(to_text(*address)), address) << text;
    }
}

TEST(Ip, RefusesEverythingElse) {
    for (const auto* text : {"",
                             "1",
                             "1.2.3",
                             "1.2.3.4.",
                             ".1.2.3.4",
                             "1.2.3.4.5",
                             "01.2.3.4",
                             "1.2.3.256",
                             "1.2.3.-4",
                             "1.2.3.4 ",
                             " 1.2.3.4",
                             "0x1.2.3.4",
                             "1..2.3",
                             ":",
                             ":::",
                             "1:",
                             ":1",
                             "1::2::3",
                             "12345::",
                             "g::",
                             "1:2:3:4:5:6:7",
                             "1:2:3:4:5:6:7:8:9",
                             "1:2:3:4:5:6:7:8::",
                             "::1%eth0",
                             "[::1]",
                             "::1.2.3",
                             "1.2.3.4::",
                             "::1.2.3.4:5",
                             "1:2:3:4:5:6:7:1.2.3.4",
                             "::00001",
                             "fe80::1/64"})
        EXPECT_FALSE(parse_ip(text)) << text;
}

TEST(Ip, KnowsLoopbackAndSource) {
    EXPECT_TRUE(parse_ip("127.9.9.9")->is_loopback());
    EXPECT_TRUE(parse_ip("::1")->is_loopback());
    EXPECT_FALSE(parse_ip("128.0.0.1")->is_loopback());
    EXPECT_FALSE(parse_ip("::2")->is_loopback());
    EXPECT_EQ(to_text(parse_ip("2001:db8:1:2:3:4:5:6")->source_key()), "2001:db8:1:2::");
    EXPECT_EQ(to_text(parse_ip("192.0.2.77")->source_key()), "192.0.2.77");
}

TEST(Ip, PrefixesAreExact) {
    EXPECT_EQ(to_text(*parse_prefix("10.0.0.0/8")), "10.0.0.0/8");
    EXPECT_EQ(to_text(*parse_prefix("0.0.0.0/0")), "0.0.0.0/0");
    EXPECT_EQ(to_text(*parse_prefix("2001:db8::/32")), "2001:db8::/32");
    EXPECT_EQ(to_text(*parse_prefix("::/0")), "::/0");
    EXPECT_EQ(to_text(*parse_prefix("192.0.2.1")), "192.0.2.1/32");
    for (const auto* text : {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "/8",
                             "2001:db8::1/32", "::/129", "10.0.0.0/8/8", "10.0.0.0/9x"})
        EXPECT_FALSE(parse_prefix(text)) << text;
    EXPECT_TRUE(parse_prefix("10.0.0.0/9")->contains(*parse_ip("10.127.255.255")));
    EXPECT_FALSE(parse_prefix("10.0.0.0/9")->contains(*parse_ip("10.128.0.0")));
    EXPECT_TRUE(parse_prefix("10.0.0.0/8")->contains(*parse_ip("::ffff:10.1.2.3")));
    EXPECT_FALSE(parse_prefix("0.0.0.0/0")->contains(*parse_ip("::1")));
}

TEST(Ip, NetworkSetAgreesWithEachPrefix) {
    std::mt19937 random(1);
    for (int round = 0; round < 300; ++round) {
        std::vector<Prefix> prefixes;
        for (unsigned i = 0; i < random() % 12; ++i) {
            const auto draw = [&] { return static_cast<unsigned>(random()); };
            const unsigned bits = 20 + draw() % 13, host = 32 - bits;
            const unsigned value = (0x0a000000u | (draw() & 0xffffu)) >> host << host;
            IpAddress address = *parse_ip("0.0.0.0");
            for (unsigned k = 0; k < 4; ++k)
                address.octets[12 + k] = static_cast<std::uint8_t>(value >> (24 - 8 * k));
            prefixes.push_back({address, static_cast<std::uint8_t>(96 + bits)});
        }
        const NetworkSet set(prefixes);
        EXPECT_EQ(set.empty(), prefixes.empty());
        for (int probe = 0; probe < 200; ++probe) {
            IpAddress address = *parse_ip("10.0.0.0");
            address.octets[14] = static_cast<std::uint8_t>(random());
            address.octets[15] = static_cast<std::uint8_t>(random());
            bool any = false;
            for (const auto& prefix : prefixes) any = any || prefix.contains(address);
            ASSERT_EQ(set.contains(address), any) << to_text(address);
        }
    }
}

TEST(Ip, NetworkSetReachesTheLastAddress) {
    const NetworkSet set({*parse_prefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), *parse_prefix("::/128"),
                          *parse_prefix("::/127")});
    EXPECT_TRUE(set.contains(*parse_ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
    EXPECT_TRUE(set.contains(*parse_ip("::1")));
    EXPECT_FALSE(set.contains(*parse_ip("::2")));
}

}  // namespace
}  // namespace sekisho
