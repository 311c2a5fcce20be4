// Any bytes give an answer: rows as wide as the header, fields within their bound, faults on lines that are
// there.
#include "base/bytes.hpp"
#include "base/csv.hpp"

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sekisho;
    const auto text = as_text(ByteView(data, size));
    const auto csv = parse_csv(text);
    const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
    for (const auto& row : csv.rows) {
        if (row.fields.size() != csv.header.size() || row.line > lines) std::abort();
        for (const auto& field : row.fields)
            if (field.size() > csv_field_bytes_max) std::abort();
    }
    for (const auto& problem : csv.problems)
        if (problem.line == 0 || problem.line > lines) std::abort();
    return 0;
}
