// Goal: what a spreadsheet writes is read, and everything else is named with its line, all of it at once.
// Method: tables of texts; every prefix; one damage per byte.
#include "base/csv.hpp"

#include <gtest/gtest.h>

namespace sekisho {
namespace {

std::string shown(const Csv& csv) {
    std::string out;
    const auto line = [&](const std::vector<std::string>& fields) {
        for (const auto& field : fields) out += "[" + field + "]";
    };
    line(csv.header);
    for (const auto& row : csv.rows) {
        out += " " + std::to_string(row.line);
        line(row.fields);
    }
    for (const auto& problem : csv.problems)
        out += " !" + std::to_string(problem.line) + ":" + std::string(to_text(problem.fault));
    return out;
}

TEST(Csv, ReadsWhatSpreadsheetsWrite) {
    const std::pair<const char*, const char*> cases[] = {
        {"a,b\n1,2\n", "[a][b] 2[1][2]"},
        {"a,b\r\n1,2\r\n", "[a][b] 2[1][2]"},
        {"a,b\n1,2", "[a][b] 2[1][2]"},
        {"\xEF\xBB\xBF"
         "a,b\n1,2",
         "[a][b] 2[1][2]"},
        {"a,b\n\n1,2\n\n\n3,4\n", "[a][b] 3[1][2] 6[3][4]"},
        {"a,b\n,\n", "[a][b] 2[][]"},
        {"a\n\"\"\n", "[a] 2[]"},
        {"a,b\n\"x,y\",\"say \"\"hi\"\"\"\n", "[a][b] 2[x,y][say \"hi\"]"},
        {"a,b\n\"two\nlines\",2\n3,4\n", "[a][b] 2[two\nlines][2] 4[3][4]"},
        {"a,b\n 1 ,佐藤\n", "[a][b] 2[ 1 ][佐藤]"},
        {"a", "[a]"}};
    for (const auto& [text, expected] : cases) EXPECT_EQ(shown(parse_csv(text)), expected) << text;
}

TEST(Csv, NamesEveryFaultWithItsLineAndReadsTheRest) {
    const std::pair<std::string, const char*> cases[] = {
        {"", " !1:empty"},
        {"\n\n", " !1:empty"},
        {"a,b\n1\n1,2,3\n4,5\n", "[a][b] 4[4][5] !2:field_count !3:field_count"},
        {"a\nx\"y\nz\n", "[a] 3[z] !2:stray_quote"},
        {"a\n\"x\"y\nz\n", "[a] 3[z] !2:stray_quote"},
        {"a\nz\n\"open\nfor ever", "[a] 2[z] !3:open_quote"},
        {"a\nx\ry\nz\n", "[a] 3[z] !2:bare_return"},
        {"a\nx\ty\nz\n", "[a] 3[z] !2:control"},
        {"a\n\"x\ty\"\nz\n", "[a] 3[z] !2:control"},
        {"a\n\xff\nz\n", "[a] 3[z] !2:not_utf8"},
        {"a\n" + std::string(csv_field_bytes_max + 1, 'x') + "\nz\n", "[a] 3[z] !2:field_too_long"},
        {"a\"b\n1\n", " !1:stray_quote"}};
    for (const auto& [text, expected] : cases)
        EXPECT_EQ(shown(parse_csv(text)), expected) << text.substr(0, 40);
    EXPECT_EQ(shown(parse_csv("a\n" + std::string(csv_field_bytes_max, 'x'))).find('!'), std::string::npos);
}

TEST(Csv, EveryPrefixAndDamageGivesAnAnswer) {
    const std::string good = "a,b\r\n\"x,\"\"y\"\"\",2\r\n佐藤,4\r\n";
    for (std::size_t i = 0; i < good.size(); ++i) {
        (void)parse_csv(good.substr(0, i));
        for (const char c : {'"', ',', '\r', '\n', '\0', '\xff'}) {
            auto damaged = good;
            damaged[i] = c;
            const auto csv = parse_csv(damaged);
            for (const auto& row : csv.rows) EXPECT_EQ(row.fields.size(), csv.header.size());
        }
    }
}

TEST(Csv, ThereIsAnEndToRows) {
    std::string text = "a\n";
    for (std::size_t i = 0; i < csv_rows_max + 5; ++i) text += "1\n";
    const auto csv = parse_csv(text);
    EXPECT_EQ(csv.rows.size(), csv_rows_max);
    ASSERT_EQ(csv.problems.size(), 1u);
    EXPECT_EQ(csv.problems[0].fault, CsvFault::too_many_rows);
}

}  // namespace
}  // namespace sekisho
