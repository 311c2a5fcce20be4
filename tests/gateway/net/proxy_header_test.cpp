// Goal: every prefix of a good header asks for more, every other spelling is refused, and nothing is believed
// beyond the address. Method: known-good headers of both versions, cut and damaged in each position.
#include "gateway/net/proxy_header.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sekisho::gateway {
namespace {

ByteView bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string binary(char command, char family, const std::string& body) {
    std::string header("\r\n\r\n\0\r\nQUIT\n", 12);
    header += command;
    header += family;
    header += static_cast<char>(body.size() >> 8);
    header += static_cast<char>(body.size() & 0xff);
    return header + body;
}

const std::string tcp4_body("\xC0\x00\x02\x01\xC6\x33\x64\x01\xDC\x04\x01\xBB", 12);
const std::string tcp6_body = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x07" +
                              std::string(15, '\0') + "\x01" + std::string("\x00\x50\x01\xBB", 4);

struct Good {
    std::string header, source;
    std::uint16_t port;
};

std::vector<Good> good_headers() {
    return {
        {"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", "192.0.2.1", 56324},
        {"PROXY TCP6 2001:db8::7 ::1 80 443\r\n", "2001:db8::7", 80},
        {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255", 65535},
        {binary(0x21, 0x11, tcp4_body), "192.0.2.1", 56324},
        {binary(0x21, 0x21, tcp6_body), "2001:db8::7", 80},
        {binary(0x21, 0x11, tcp4_body + std::string("\x02\x00\x04root", 7)), "192.0.2.1", 56324},
    };
}

TEST(ProxyHeader, GivesAddressPortAndLength) {
    for (const auto& good : good_headers()) {
        const auto header = read_proxy_header(bytes(good.header + "GET / HTTP/1.1\r\n"));
        ASSERT_TRUE(header && *header) << good.header;
        EXPECT_EQ((*header)->source, parse_ip(good.source)) << good.header;
        EXPECT_EQ((*header)->source_port, good.port);
        EXPECT_EQ((*header)->size_bytes, good.header.size());
    }
}

TEST(ProxyHeader, EveryProperPrefixAsksForMore) {
    for (const auto& good : good_headers())
        for (std::size_t n = 0; n < good.header.size(); ++n) {
            const auto header = read_proxy_header(bytes(std::string_view(good.header).substr(0, n)));
            ASSERT_TRUE(header) << "prefix of " << n << " bytes";
            EXPECT_FALSE(*header) << "prefix of " << n << " bytes";
        }
}

TEST(ProxyHeader, ADamagedByteIsRefusedOrNeverClaimsMoreThanItsLength) {
    for (const auto& good : good_headers())
        for (std::size_t n = 0; n < good.header.size(); ++n)
            for (const int flip : {1, 0x20, 0x80}) {
                auto damaged = good.header;
                damaged[n] = static_cast<char>(damaged[n] ^ flip);
                const auto header = read_proxy_header(bytes(damaged));
                if (header && *header) {
                    EXPECT_LE((*header)->size_bytes, damaged.size());
                }
            }
}

TEST(ProxyHeader, TheBalancerItselfHasNoSource) {
    for (const char family : {'\0', '\x11'}) {
        const auto header = read_proxy_header(bytes(binary(0x20, family, "")));
        ASSERT_TRUE(header && *header);
        EXPECT_FALSE((*header)->source);
        EXPECT_EQ((*header)->size_bytes, 16u);
    }
}

TEST(ProxyHeader, RefusesEveryOtherSpelling) {
    const std::string cases[] = {
        "GET / HTTP/1.1\r\n",
        "\x16\x03\x01",
        "proxy TCP4 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY UNKNOWN\r\n",
        "PROXY UNKNOWN ::1 ::1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n",
        "PROXY TCP4  192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 \r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n",
        "PROXY TCP4 192.0.2.01 198.51.100.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 01 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 65536 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 -1 2\r\n",
        "PROXY TCP4 2001:db8::7 ::1 1 2\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY TCP4 " + std::string(100, '1') + "\r\n",
        binary(0x11, 0x11, tcp4_body),                           // version 1 in binary
        binary(0x22, 0x11, tcp4_body),                           // unknown command
        binary(0x21, 0x12, tcp4_body),                           // UDP
        binary(0x21, 0x31, std::string(216, 'x')),               // Unix socket
        binary(0x21, 0x00, tcp4_body),                           // nobody said what
        binary(0x21, 0x11, tcp4_body.substr(1)),                 // too short
        binary(0x21, 0x21, tcp6_body.substr(1)),                 // too short
        binary(0x21, 0x11, tcp4_body + std::string(509, '\0')),  // one byte above the bound
    };
    for (const auto& text : cases)
        EXPECT_EQ(read_proxy_header(bytes(text)).error().code(), Errc::malformed) << text;
    EXPECT_TRUE(read_proxy_header(bytes(binary(0x21, 0x11, tcp4_body + std::string(508, '\0')))));
}

}  // namespace
}  // namespace sekisho::gateway
