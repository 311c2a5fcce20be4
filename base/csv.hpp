#pragma once
// CSV, read strictly (RFC 4180): a header line, then lines of as many fields; fields in quotes may hold
// commas, line ends and doubled quotes. Every fault is found in one pass, each with its line.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho {

constexpr std::size_t csv_field_bytes_max = 4096;
constexpr std::size_t csv_rows_max = 100'000;

enum class CsvFault : std::uint8_t {
    empty,           // no header line
    not_utf8,        //
    control,         // a control character outside a line end
    stray_quote,     // a quote inside a field that did not begin with one, or text after a closing one
    open_quote,      // the file ends inside quotes
    bare_return,     // a carriage return without its line feed
    field_count,     // not as many fields as the header has
    field_too_long,  // more than csv_field_bytes_max
    too_many_rows,   // more than csv_rows_max; the rest is not read
};
std::string_view to_text(CsvFault fault) noexcept;

struct CsvRow {
    std::uint32_t line = 0;  // where it begins, counted from 1
    std::vector<std::string> fields;
};
struct CsvProblem {
    std::uint32_t line = 0;
    CsvFault fault = CsvFault::empty;
    friend bool operator==(const CsvProblem&, const CsvProblem&) = default;
};

struct Csv {
    std::vector<std::string> header;
    std::vector<CsvRow> rows;  // those without a fault
    std::vector<CsvProblem> problems;
};

// parse_csv reads a whole file. A byte-order mark at the front and blank lines are passed over; line ends are
// LF or CRLF.
Csv parse_csv(std::string_view text);

}  // namespace sekisho
