// Goal: names, dates and keys of a certificate are read as they stand; damage is refused.
// Method: certificates made on the spot; every line of one dropped in turn.
#include "base/x509.hpp"

#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>

namespace sekisho {
namespace {

using support::make_certificate;

const WallTime start{std::chrono::sys_days{std::chrono::year{2026} / 4 / 1}};
const WallTime end = start + std::chrono::hours{24 * 90};

TEST(X509, ReadsNamesDatesAndKey) {
    const auto made =
        make_certificate("DNS:Wiki.Example.org,DNS:*.corp.example,IP:127.0.0.1,IP:::1", start, end);
    const auto facts = read_chain(made.chain);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->dns_names, (std::vector<std::string>{"wiki.example.org", "*.corp.example"}));
    EXPECT_EQ(facts->not_before, start);
    EXPECT_EQ(facts->not_after, end);
    EXPECT_EQ(facts->chain_length, 1u);
    EXPECT_EQ(public_key_of_private(made.key).value(), facts->public_key);
    const auto other = make_certificate("", start, end);
    EXPECT_NE(public_key_of_private(other.key).value(), facts->public_key);
    EXPECT_EQ(read_chain(made.chain + other.chain)->chain_length, 2u);
}

TEST(X509, MatchesHostsByAlternativeNamesOnly) {
    const auto made =
        make_certificate("DNS:wiki.example.org,DNS:*.corp.example,DNS:*.example,IP:10.0.0.1", start, end);
    const auto facts = read_chain(made.chain).value();
    for (const auto* host : {"wiki.example.org", "a.corp.example", "10.0.0.1"})
        EXPECT_TRUE(facts.matches_host(host)) << host;
    for (const auto* host : {"common.example", "a.b.corp.example", "corp.example", ".corp.example",
                             "a.example", "10.0.0.2", "", "example.org"})
        EXPECT_FALSE(facts.matches_host(host)) << host;
}

TEST(X509, RefusesDamage) {
    const auto made = make_certificate("DNS:a.example", start, end);
    EXPECT_FALSE(read_chain(""));
    EXPECT_FALSE(read_chain(made.key));
    EXPECT_FALSE(read_chain("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
    for (std::size_t at = made.chain.find('\n') + 1; at + 30 < made.chain.size();
         at = made.chain.find('\n', at) + 1) {
        auto damaged = made.chain;
        damaged.erase(at, damaged.find('\n', at) - at + 1);
        EXPECT_FALSE(read_chain(damaged)) << "without the line at " << at;
        EXPECT_FALSE(read_chain(made.chain + damaged)) << "second certificate without the line at " << at;
    }
    EXPECT_FALSE(public_key_of_private(""));
    EXPECT_FALSE(public_key_of_private(made.chain));
}

}  // namespace
}  // namespace sekisho
