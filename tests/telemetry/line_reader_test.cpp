// Goal: the reader takes exactly the lines our writer makes.
// Method: a table of lines that are almost ours; every prefix of a good one.
#include "telemetry/line_reader.hpp"

#include <gtest/gtest.h>

namespace sekisho::telemetry {
namespace {

constexpr std::string_view good =
    R"({"v":1,"a":"x\"\\\n\u00e9\u3042","t":true,"facts":{"mfa":"otp","n":0},"z":""})";

TEST(LineReader, ReadsOurTypes) {
    const auto fields = read_line(good);
    ASSERT_TRUE(fields);
    EXPECT_EQ(fields->text("a"), "x\"\\\n\xc3\xa9\xe3\x81\x82");
    EXPECT_EQ(fields->number("v"), 1u);
    EXPECT_EQ(fields->text("t"), "true");
    EXPECT_EQ(fields->text("facts.mfa"), "otp");
    EXPECT_NE(fields->find("z"), nullptr);
    EXPECT_EQ(fields->find("y"), nullptr);
    EXPECT_EQ(fields->number("a"), 0u);
    EXPECT_EQ(fields->all().size(), 6u);
}

TEST(LineReader, RefusesEveryPrefix) {
    for (std::size_t n = 0; n < good.size(); ++n) EXPECT_FALSE(read_line(good.substr(0, n))) << n;
}

TEST(LineReader, RefusesWhatWeNeverWrite) {
    for (const std::string_view bad :
         {R"({"a":1,"a":2})", R"({ "a":1})", R"({"a":01})", R"({"a":-1})", R"({"a":1.5})", R"({"a":null})",
          R"({"a":[1]})", R"({"a":{"b":{"c":1}}})", R"({"a":1}x)", R"({"a":1,})", R"({a:1})",
          R"({"a":"\ud800"})", R"({"a":"\x"})", R"({"a":99999999999999999999})", "{\"a\":\"\n\"}", "[]", "1"})
        EXPECT_FALSE(read_line(bad)) << bad;
}

TEST(LineReader, RefusesTooManyMembers) {
    const auto line = [](int members) {
        std::string text = "{";
        for (int i = 0; i < members; ++i) text += (i ? ",\"" : "\"") + std::to_string(i) + "\":1";
        return text + "}";
    };
    EXPECT_TRUE(read_line(line(256)));
    EXPECT_FALSE(read_line(line(257)));
}

}  // namespace
}  // namespace sekisho::telemetry
