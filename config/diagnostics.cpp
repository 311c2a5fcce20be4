// Collecting diagnostics, and printing them for people and for programs.
#include "config/diagnostics.hpp"

#include "base/check.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <numeric>

namespace sekisho::config {
namespace {

constexpr std::size_t window_characters = 160;  // of a very long line only this much is shown

// Byte offset of character `index` (from 0), or the end.
std::size_t offset_of(std::string_view text, std::size_t index) noexcept {
    std::size_t at = 0;
    for (; index > 0 && at < text.size(); --index)
        at += std::max<std::size_t>(1, utf8_sequence(text.substr(at)));
    return at;
}

std::uint32_t code_point(std::string_view sequence) noexcept {
    const auto lead = static_cast<unsigned char>(sequence[0]);
    if (sequence.size() == 1) return lead;
    std::uint32_t value = lead & (0x7Fu >> sequence.size());
    for (std::size_t i = 1; i < sequence.size(); ++i)
        value = value << 6 | (static_cast<unsigned char>(sequence[i]) & 0x3Fu);
    return value;
}

struct Span {
    std::uint32_t first, last;
};
// Unicode 15 East Asian Width W and F, in coarse blocks; and the combining marks that take no cell.
constexpr Span wide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},  {0x3400, 0x4DBF},
                         {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xA960, 0xA97F},  {0xAC00, 0xD7A3},
                         {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6},
                         {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
constexpr Span narrow_zero[] = {{0x0300, 0x036F}, {0x200B, 0x200F}, {0x3099, 0x309A}, {0xFE00, 0xFE0F}};

bool in(std::span<const Span> spans, std::uint32_t point) noexcept {
    return std::any_of(spans.begin(), spans.end(),
                       [&](Span span) { return point >= span.first && point <= span.last; });
}

std::string fill(std::string_view form, const std::vector<Argument>& arguments, Language language) {
    std::string out;
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool slot =
            form[i] == '{' && i + 2 < form.size() && is_digit(form[i + 1]) && form[i + 2] == '}';
        if (!slot) {
            out.push_back(form[i]);
            continue;
        }
        const auto index = static_cast<std::size_t>(form[i + 1] - '0');
        if (index < arguments.size())
            out += printable(language == Language::ja ? arguments[index].ja : arguments[index].en);
        i += 2;
    }
    return out;
}

std::string place_text(const Diagnostic& diagnostic) {
    auto text = printable(diagnostic.file);
    if (diagnostic.line == 0) return text;
    return text + ":" + std::to_string(diagnostic.line) + ":" + std::to_string(diagnostic.column);
}

// The source line with its caret: tabs become one blank so that the caret stands right.
std::string quote(const Diagnostic& diagnostic) {
    std::string_view line = diagnostic.source;
    std::size_t column = diagnostic.column == 0 ? 0 : diagnostic.column - 1;
    const bool fits = offset_of(line, window_characters) == line.size();
    const std::size_t cut = !fits && column > window_characters / 2 ? column - window_characters / 2 : 0;
    line.remove_prefix(offset_of(line, cut));
    line = line.substr(0, offset_of(line, window_characters));
    column -= cut;
    const auto before = printable(line.substr(0, offset_of(line, column)));
    const auto rest = line.substr(offset_of(line, column));
    const auto marked = printable(rest.substr(0, offset_of(rest, diagnostic.width)));
    const auto number = std::to_string(diagnostic.line);
    std::string shown = printable(line);
    std::replace(shown.begin(), shown.end(), '\t', ' ');
    return "  " + number + " | " + shown + "\n  " + std::string(number.size(), ' ') + " | " +
           std::string(cells(before), ' ') + std::string(std::max<std::size_t>(1, cells(marked)), '^') + "\n";
}

std::string_view severity_word(Severity severity, Language language) noexcept {
    if (language != Language::ja) return severity_name(severity);
    return severity == Severity::error ? "エラー" : severity == Severity::warning ? "注意" : "助言";
}

std::string counted(std::size_t n, std::string_view noun) {
    return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

}  // namespace

std::string_view Source::line(std::uint32_t number) const noexcept {
    std::size_t at = 0;
    for (std::uint32_t i = 1; i < number; ++i) {
        at = text.find('\n', at);
        if (at == std::string::npos) return {};
        ++at;
    }
    auto found = std::string_view(text).substr(at, text.find('\n', at) - at);
    if (!found.empty() && found.back() == '\r') found.remove_suffix(1);
    return found;
}

Diagnostic& Findings::add(std::string_view id, Place place, std::vector<Argument> arguments) {
    const auto* message = find_message(id);
    check(message != nullptr, "a diagnostic's id stands in the table");
    return add(*message, place, std::move(arguments));
}

Diagnostic& Findings::add(const Message& message, Place place, std::vector<Argument> arguments) {
    if (message.severity == Severity::error) ++errors_;
    if (kept_.size() >= findings_max) {
        ++left_out_;
        overflow_ = {};
        overflow_.message = &message;
        return overflow_;
    }
    Diagnostic made;
    made.message = &message;
    made.arguments = std::move(arguments);
    if (place.file < sources_->size()) {
        const auto& source = (*sources_)[place.file];
        made.file = source.name;
        made.line = place.line;
        made.column = place.column;
        if (place.line != 0) made.source = source.line(place.line);
    }
    kept_.push_back(std::move(made));
    places_.push_back(place);
    return kept_.back();
}

std::vector<Diagnostic> Findings::take() {
    std::vector<std::size_t> order(kept_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const auto &x = places_[a], &y = places_[b];
        return std::tie(x.file, x.line, x.column) < std::tie(y.file, y.line, y.column);
    });
    std::vector<Diagnostic> sorted;
    sorted.reserve(kept_.size() + 1);
    for (const auto i : order) sorted.push_back(std::move(kept_[i]));
    if (left_out_ > 0) {
        Diagnostic more;
        more.message = find_message("findings.more");
        more.arguments.emplace_back(std::to_string(left_out_));
        if (!sources_->empty()) more.file = sources_->front().name;
        sorted.push_back(std::move(more));
    }
    kept_.clear();
    places_.clear();
    left_out_ = 0;
    return sorted;
}

std::string sentence(const Diagnostic& diagnostic, Language language) {
    const auto& message = *diagnostic.message;
    auto text = fill(language == Language::ja ? message.ja : message.en, diagnostic.arguments, language);
    if (diagnostic.meant.empty()) return text;
    const auto meant = printable(diagnostic.meant);
    if (language == Language::ja) return text + "。「" + meant + "」ではありませんか";
    return text + "; did you mean \"" + meant + "\"?";
}

std::string remedy(const Diagnostic& diagnostic, Language language) {
    const auto& message = *diagnostic.message;
    return fill(language == Language::ja ? message.remedy_ja : message.remedy_en, diagnostic.arguments,
                language);
}

std::string_view severity_name(Severity severity) noexcept {
    return severity == Severity::error ? "error" : severity == Severity::warning ? "warning" : "advice";
}

std::string to_text(const Diagnostic& diagnostic, Language language) {
    const bool japanese = language == Language::ja;
    std::string out = place_text(diagnostic);
    if (!out.empty()) out += ": ";
    out += std::string(severity_word(diagnostic.severity(), language)) + ": ";
    out += sentence(diagnostic, language) + " [" + std::string(diagnostic.id()) + "]\n";
    if (!diagnostic.source.empty()) out += quote(diagnostic);
    const auto what = remedy(diagnostic, language);
    if (!what.empty()) out += (japanese ? "  対処: " : "  remedy: ") + what + "\n";
    return out;
}

std::string to_text(std::span<const Diagnostic> diagnostics, Language language) {
    std::string out;
    for (const auto& diagnostic : diagnostics) out += to_text(diagnostic, language);
    return out;
}

std::string sum_text(std::span<const Diagnostic> diagnostics, Language language) {
    const auto count = [&](Severity severity) {
        return static_cast<std::size_t>(std::count_if(
            diagnostics.begin(), diagnostics.end(), [&](const auto& d) { return d.severity() == severity; }));
    };
    const auto errors = count(Severity::error), warnings = count(Severity::warning);
    const auto advice = count(Severity::advice);
    if (language == Language::ja)
        return "エラー " + std::to_string(errors) + " 件、注意 " + std::to_string(warnings) + " 件" +
               (advice > 0 ? "、助言 " + std::to_string(advice) + " 件" : "") + "。" +
               (errors > 0 ? "何も変更していません。" : "");
    return counted(errors, "error") + ", " + counted(warnings, "warning") +
           (advice > 0 ? ", " + counted(advice, "hint") : "") + "." +
           (errors > 0 ? " Nothing was changed." : "");
}

std::string to_json(std::span<const Diagnostic> diagnostics) {
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const auto& diagnostic : diagnostics) {
        json.begin_object().field("id", diagnostic.id());
        json.field("severity", severity_name(diagnostic.severity()));
        json.field("file", diagnostic.file).field("line", diagnostic.line).field("column", diagnostic.column);
        json.field("en", sentence(diagnostic, Language::en)).field("ja", sentence(diagnostic, Language::ja));
        json.field("remedy_en", remedy(diagnostic, Language::en));
        json.field("remedy_ja", remedy(diagnostic, Language::ja));
        json.field("meant", diagnostic.meant).field("source", diagnostic.source);
        json.end_object();
    }
    json.end_array();
    return out;
}

bool has_error(std::span<const Diagnostic> diagnostics) noexcept {
    return std::any_of(diagnostics.begin(), diagnostics.end(),
                       [](const auto& d) { return d.severity() == Severity::error; });
}

std::size_t cells(std::string_view text) noexcept {
    std::size_t sum = 0;
    while (!text.empty()) {
        const auto length = utf8_sequence(text);
        const auto point = length == 0 ? 0 : code_point(text.substr(0, length));
        sum += in(narrow_zero, point) ? 0 : in(wide, point) ? 2 : 1;
        text.remove_prefix(std::max<std::size_t>(1, length));
    }
    return sum;
}

}  // namespace sekisho::config
