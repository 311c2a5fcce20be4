#pragma once
// Diagnostics say what is wrong in a configuration, where, what was expected and what to do next, in
// Japanese and English. Every sentence stands in one table (config/diagnostics.cpp).
#include "base/ids.hpp"
#include "config/place.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::config {

enum class Severity : std::uint8_t { error, warning, advice /* of the lint only */ };

// Message is one row of the table. {0}, {1}... stand for a diagnostic's arguments.
struct Message {
    std::string_view id;  // stable: scripts and documents use it
    Severity severity;
    std::string_view en, ja;
    std::string_view remedy_en, remedy_ja;  // may be empty
};

std::span<const Message> messages() noexcept;
// find_message: a stable pointer into the table, or nullptr.
const Message* find_message(std::string_view id) noexcept;

// Argument is put into a sentence as it is, or in the reader's language where the two differ.
struct Argument {
    std::string en, ja;
    Argument(std::string both) : en(both), ja(std::move(both)) {}
    Argument(std::string_view both) : en(both), ja(both) {}
    Argument(const char* both) : en(both), ja(both) {}
    Argument(std::string_view english, std::string_view japanese) : en(english), ja(japanese) {}
};

struct Diagnostic {
    const Message* message = nullptr;
    std::string file;
    std::uint32_t line = 0;    // 0 = nowhere in particular
    std::uint32_t column = 0;  // from 1, in characters
    std::uint32_t width = 1;   // characters the caret underlines
    std::string source;        // the line; empty where it might hold a secret
    std::vector<Argument> arguments;
    std::string meant;  // did you mean; may be empty

    std::string_view id() const noexcept { return message->id; }
    Severity severity() const noexcept { return message->severity; }
};

// Source is one file as it was read.
struct Source {
    std::string name;  // as people should see it
    std::string text;
    bool ended = false;  // closed by YAML's document end line "..." (R14)
    // line gives line `number` (from 1) without its end.
    std::string_view line(std::uint32_t number) const noexcept;
};
using Sources = std::vector<Source>;

// Findings collects diagnostics and stops keeping them at a bound, so that a hostile file costs little.
class Findings {
public:
    static constexpr std::size_t findings_max = 200;
    explicit Findings(const Sources& sources) : sources_(&sources) {}
    // add: an unknown id is our own bug. The reference returned may be completed by the caller.
    Diagnostic& add(std::string_view id, Place place, std::vector<Argument> arguments = {});
    // add: `message` outlives every diagnostic; the lint's stand beside its rules.
    Diagnostic& add(const Message& message, Place place, std::vector<Argument> arguments = {});
    // full: further findings are only counted, so there is no use in searching for hints.
    bool full() const noexcept { return kept_.size() >= findings_max; }
    bool any_error() const noexcept { return errors_ > 0; }
    std::size_t errors() const noexcept { return errors_; }
    // take closes the list, in the order of files and lines; past the bound a last entry says so.
    std::vector<Diagnostic> take();

private:
    const Sources* sources_;
    std::vector<Diagnostic> kept_;
    std::vector<Place> places_;
    Diagnostic overflow_;
    std::size_t errors_ = 0, left_out_ = 0;
};

// sentence: "there is no key "requre"; did you mean "require"?"
std::string sentence(const Diagnostic& diagnostic, Language language);
// to_text: place, severity and sentence, then the source line with a caret and the remedy.
// The caret counts terminal cells: a full-width character is two.
std::string to_text(const Diagnostic& diagnostic, Language language);
std::string to_text(std::span<const Diagnostic> diagnostics, Language language);
std::string remedy(const Diagnostic& diagnostic, Language language);  // may be empty
std::string_view severity_name(Severity severity) noexcept;           // "error", as in JSON
// sum_text: "1 error, 2 warnings. Nothing was changed."
std::string sum_text(std::span<const Diagnostic> diagnostics, Language language);
// to_json: an array of objects; both languages are in each.
std::string to_json(std::span<const Diagnostic> diagnostics);

bool has_error(std::span<const Diagnostic> diagnostics) noexcept;
// cells: how many terminal cells a text takes; East Asian wide and full-width characters take two.
std::size_t cells(std::string_view text) noexcept;

}  // namespace sekisho::config
