// Goal: text is cut, folded and read exactly as the header says, and in no other way.
// Method: tables; UTF-8 against every two-byte front of table 3-7.
#include "base/text.hpp"

#include "base/edit_distance.hpp"
#include "base/json.hpp"

#include <gtest/gtest.h>

namespace sekisho {
namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using Parts = std::vector<std::string_view>;

TEST(Text, CutsAndFolds) {
    EXPECT_EQ(split("a,,b", ','), (Parts{"a", "", "b"}));
    EXPECT_EQ(split("", ','), (Parts{""}));
    EXPECT_EQ(split("a,", ','), (Parts{"a", ""}));
    EXPECT_EQ(trim(" \t a b\t "), "a b");
    EXPECT_EQ(trim("\va\n"), "\va\n");
    EXPECT_EQ(trim(" \t "), "");
    EXPECT_EQ(lower("AbZ[\xc3\x84"), "abz[\xc3\x84");
    EXPECT_TRUE(equals_ignoring_case("Content-LENGTH", "content-length"));
    EXPECT_FALSE(equals_ignoring_case("a", "ab"));
    EXPECT_FALSE(equals_ignoring_case("[", "{"));  // 0x20 apart, but no letters
    EXPECT_TRUE(starts_with_ignoring_case("Bearer x", "bearer "));
    EXPECT_FALSE(starts_with_ignoring_case("Bear", "bearer "));
}

TEST(Text, Utf8IsWellFormedOnly) {
    for (const auto text : {""sv, "a\0b"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv,
                            "\xee\x80\x80"sv, "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv, "関所"sv})
        EXPECT_TRUE(is_utf8(text)) << text;
    for (const auto text : {"\x80"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xc2"sv, "\xc2 "sv, "\xe0\x9f\xbf"sv,
                            "\xed\xa0\x80"sv, "\xe3\x81"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv,
                            "\xf5\x80\x80\x80"sv, "\xff"sv, "ok\xf0\x9f\x98"sv})
        EXPECT_FALSE(is_utf8(text));
    EXPECT_EQ(cut_utf8("関所", 6), "関所");
    EXPECT_EQ(cut_utf8("関所", 5), "関");
    EXPECT_EQ(cut_utf8("関所", 2), "");
    EXPECT_EQ(cut_utf8("\x80\x80\x80\x80\x80", 4).size(), 4u);
}

TEST(Text, PrintableMovesNoCursor) {
    EXPECT_EQ(printable("関所 ok"), "関所 ok");
    EXPECT_EQ(printable("a\x1b[2J\x7f"), "a\\x1b[2J\\x7f");
    EXPECT_EQ(printable("\xc2\x9b\xff"), "\\xc2\\x9b\\xff");
    EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // right-to-left override
    EXPECT_EQ(printable("\xe2\x81\xa6"), "\\xe2\\x81\\xa6");  // isolate
    EXPECT_EQ(printable("\xe2\x80\x94"), "\xe2\x80\x94");     // a dash is only a dash
}

TEST(Text, NumbersAreDigitsOnly) {
    EXPECT_EQ(parse_unsigned("0"), 0u);
    EXPECT_EQ(parse_unsigned("18446744073709551615"), 18446744073709551615u);
    EXPECT_EQ(parse_unsigned("255", 255), 255u);
    EXPECT_EQ(parse_unsigned("3", 3), 3u);
    for (const auto* text : {"", "-1", "+1", "00", "017", " 1", "1 ", "1e3", "0x1", "18446744073709551616",
                             "99999999999999999999"})
        EXPECT_FALSE(parse_unsigned(text)) << text;
    EXPECT_FALSE(parse_unsigned("256", 255));
    EXPECT_FALSE(parse_unsigned("4", 3));
    EXPECT_FALSE(parse_unsigned("10", 9));
    EXPECT_EQ(parse_unsigned("0", 0), 0u);
    EXPECT_FALSE(parse_unsigned("1", 0));
}

TEST(Text, DurationsAndSizesNameTheirUnit) {
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("15m"), 15min);
    EXPECT_EQ(parse_duration("12h"), 12h);
    EXPECT_EQ(parse_duration("30d"), 720h);
    EXPECT_EQ(parse_duration("0s"), 0ms);
    for (const auto* text :
         {"", "15", "m", "1.5h", "15 m", "-1s", "1h30m", "1M", "015m", "36601d", "9999999999999999d"})
        EXPECT_FALSE(parse_duration(text)) << text;
    EXPECT_EQ(parse_size("512B"), 512u);
    EXPECT_EQ(parse_size("64KiB"), 65536u);
    EXPECT_EQ(parse_size("1TiB"), 1ull << 40);
    for (const auto* text : {"", "64", "64K", "64KB", "64kib", "16777216TiB", "-1B", "1.5MiB"})
        EXPECT_FALSE(parse_size(text)) << text;
    for (const auto* text : {"15m", "90s", "12h", "30d", "250ms", "0s"})
        EXPECT_EQ(duration_text(*parse_duration(text)), text);
    for (const auto* text : {"64KiB", "1000B", "1GiB", "0B"}) EXPECT_EQ(size_text(*parse_size(text)), text);
}

TEST(EditDistance, CountsEditsAndSwaps) {
    EXPECT_EQ(edit_distance("", ""), 0u);
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
    EXPECT_EQ(edit_distance("sesions", "sessions"), 1u);
    EXPECT_EQ(edit_distance("ab", "ba"), 1u);
    EXPECT_EQ(edit_distance("WIKI", "wiki"), 0u);
    EXPECT_GT(edit_distance(std::string(65, 'a'), std::string(65, 'a')), 60u);
}

TEST(EditDistance, NamesWhatWasMeant) {
    const std::string names[] = {"require", "rules", "apps", "app"};
    EXPECT_EQ(nearest("requre", names), "require");
    EXPECT_EQ(nearest("aps", names), "apps");  // the earlier of two as near
    EXPECT_EQ(nearest("zebra", names), std::nullopt);
    EXPECT_EQ(nearest("", names), std::nullopt);
    const std::string_view one_letter[] = {"x"};
    EXPECT_EQ(nearest("y", one_letter), std::nullopt);
}

std::string json_of(std::string_view text) {
    std::string out;
    JsonWriter(out).value(text);
    return out;
}

TEST(Json, EscapesWhatMustBe) {
    EXPECT_EQ(json_of("a\"b\\c\n\r\t\x01\x7f"), "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u007f\"");
    EXPECT_EQ(json_of("</script>&"), "\"\\u003c/script\\u003e\\u0026\"");
    EXPECT_EQ(json_of("関所"), "\"関所\"");
    EXPECT_EQ(json_of("\xff\xe3\x81"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
    EXPECT_EQ(json_of("\xe2\x80\xa8\xe2\x80\xa9"), "\"\\u2028\\u2029\"");
    EXPECT_EQ(json_of("a\0b"sv), "\"a\\u0000b\"");
}

TEST(Json, NestsAndSeparates) {
    std::string out = "x";
    JsonWriter json(out);
    json.begin_object().field("a", 1).field("b", "t").field("c", true).key("d").begin_array();
    json.value(std::uint64_t{18446744073709551615u}).value(-1).value(1.5).value(nullptr).value(0.1);
    json.begin_object().end_object().begin_array().end_array().end_array();
    json.field("e", std::optional<std::string>())
        .field("f", std::string("s"))
        .key("g")
        .raw("{}")
        .end_object();
    EXPECT_EQ(out,
              "x{\"a\":1,\"b\":\"t\",\"c\":true,\"d\":[18446744073709551615,-1,1.5,null,0.1,{},[]],"
              "\"e\":null,\"f\":\"s\",\"g\":{}}");
}

}  // namespace
}  // namespace sekisho
