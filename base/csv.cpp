#include "base/csv.hpp"

#include "base/text.hpp"

#include <optional>

namespace sekisho {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// Reader takes one line after the other; a fault spoils its line and no other.
class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    bool done() const noexcept { return rest_.empty(); }
    std::uint32_t line() const noexcept { return line_; }

    // row reads one line of fields; a line without anything gives none.
    std::optional<CsvRow> row(std::vector<CsvProblem>& problems) {
        CsvRow out{line_, {}};
        fault_.reset();
        bool more = true;
        while (more) more = field(out.fields);
        if (fault_) {
            problems.push_back({out.line, *fault_});
            return std::nullopt;
        }
        if (out.fields.size() == 1 && out.fields[0].empty() && !quoted_) return std::nullopt;
        return out;
    }

private:
    void spoil(CsvFault fault) {
        if (!fault_) fault_ = fault;
    }
    char take() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        if (c == '\n') ++line_;
        return c;
    }
    void keep(std::string& into, char c) {
        if (into.size() >= csv_field_bytes_max) return spoil(CsvFault::field_too_long);
        into.push_back(c);
    }

    // field reads up to a comma (true: another follows) or a line end.
    bool field(std::vector<std::string>& fields) {
        std::string value;
        quoted_ = !rest_.empty() && rest_.front() == '"';
        if (quoted_) inside_quotes(value);
        const bool more = outside_quotes(value);
        if (!is_utf8(value)) spoil(CsvFault::not_utf8);
        fields.push_back(std::move(value));
        return more;
    }

    void inside_quotes(std::string& value) {
        take();
        while (!rest_.empty()) {
            const char c = take();
            const bool line_end = c == '\n' || c == '\r';
            if ((static_cast<unsigned char>(c) < ' ' && !line_end) || c == '\x7f') spoil(CsvFault::control);
            if (c != '"') {
                keep(value, c);
            } else if (!rest_.empty() && rest_.front() == '"') {
                keep(value, take());
            } else {
                return;
            }
        }
        spoil(CsvFault::open_quote);
    }

    bool outside_quotes(std::string& value) {
        while (!rest_.empty()) {
            const char c = take();
            if (c == ',') return true;
            if (c == '\n') return false;
            if (c == '\r') {
                if (!rest_.empty() && rest_.front() == '\n') continue;
                spoil(CsvFault::bare_return);
            } else if (c == '"' || quoted_) {
                spoil(CsvFault::stray_quote);
            } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
                spoil(CsvFault::control);
            } else {
                keep(value, c);
            }
        }
        return false;
    }

    std::string_view rest_;
    std::uint32_t line_ = 1;
    bool quoted_ = false;  // the field read last was
    std::optional<CsvFault> fault_;
};

}  // namespace

std::string_view to_text(CsvFault fault) noexcept {
    switch (fault) {
        case CsvFault::empty:
            return "empty";
        case CsvFault::not_utf8:
            return "not_utf8";
        case CsvFault::control:
            return "control";
        case CsvFault::stray_quote:
            return "stray_quote";
        case CsvFault::open_quote:
            return "open_quote";
        case CsvFault::bare_return:
            return "bare_return";
        case CsvFault::field_count:
            return "field_count";
        case CsvFault::field_too_long:
            return "field_too_long";
        case CsvFault::too_many_rows:
            return "too_many_rows";
    }
    return "unknown";
}

Csv parse_csv(std::string_view text) {
    Csv out;
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    Reader reader(text);
    bool has_header = false;
    while (!reader.done()) {
        if (out.rows.size() + out.problems.size() >= csv_rows_max) {
            out.problems.push_back({reader.line(), CsvFault::too_many_rows});
            break;
        }
        const auto problems_before = out.problems.size();
        auto row = reader.row(out.problems);
        if (!has_header) {
            // Without a header nothing else can be judged.
            if (out.problems.size() != problems_before) return out;
            if (!row) continue;
            out.header = std::move(row->fields);
            has_header = true;
        } else if (row && row->fields.size() != out.header.size()) {
            out.problems.push_back({row->line, CsvFault::field_count});
        } else if (row) {
            out.rows.push_back(std::move(*row));
        }
    }
    if (!has_header && out.problems.empty()) out.problems.push_back({1, CsvFault::empty});
    return out;
}

}  // namespace sekisho
