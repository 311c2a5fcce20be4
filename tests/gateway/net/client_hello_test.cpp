// Goal: one name or none. Method: a good extension, cut and damaged, and lists that two readers differ about.
#include "gateway/net/client_hello.hpp"

#include <gtest/gtest.h>

namespace sekisho::gateway {
namespace {

std::string entry(char type, const std::string& name) {
    return std::string{type, static_cast<char>(name.size() >> 8), static_cast<char>(name.size() & 0xff)} +
           name;
}

std::string list(const std::string& entries) {
    return std::string{static_cast<char>(entries.size() >> 8), static_cast<char>(entries.size() & 0xff)} +
           entries;
}

std::string read(const std::string& extension) { return host_name_of(as_bytes(extension)); }

TEST(ClientHello, GivesOneNameInLowerCase) {
    EXPECT_EQ(read(list(entry(0, "wiki.corp.example"))), "wiki.corp.example");
    EXPECT_EQ(read(list(entry(0, "WIKI.Corp.Example"))), "wiki.corp.example");
    EXPECT_EQ(read(list(entry(0, std::string(255, 'a')))), std::string(255, 'a'));
}

TEST(ClientHello, AnythingElseIsNoName) {
    const std::string good = list(entry(0, "wiki.test"));
    for (std::size_t n = 0; n < good.size(); ++n) EXPECT_EQ(read(good.substr(0, n)), "") << n;
    for (const auto& odd :
         {good + "x", list(entry(0, "a") + entry(0, "b")), list(entry(1, "a")), list(entry(0, "")), list(""),
          list(entry(0, std::string(256, 'a'))), list(entry(0, std::string("a\0b", 3))),
          list(entry(0, "a b")), list(entry(0, "a\r\nb")), list(entry(0, "\xe3\x81\x82")),
          list(entry(0, "a/b")), list(entry(0, "a:443"))})
        EXPECT_EQ(read(odd), "");
}

}  // namespace
}  // namespace sekisho::gateway
