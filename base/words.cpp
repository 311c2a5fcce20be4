#include "base/words.hpp"

#include "base/check.hpp"

#include <algorithm>
#include <array>

namespace sekisho {
namespace {

constexpr auto person = Word::Audience::person;
constexpr auto anyone = Word::Audience::anyone;

constexpr Word table[] = {
#define ANSWER(key, status, audience, title_en, text_en, title_ja, text_ja) \
    Word{key, status, audience, title_en, text_en, title_ja, text_ja},
#define WORD(key, en, ja) Word{key, 0, person, {}, en, {}, ja},
#include "base/words.inc"
#undef WORD
#undef ANSWER
};
static_assert(anyone != person);

// The table stands in the order people read it; look-ups go through an index sorted while compiling.
constexpr auto sorted_index() {
    std::array<std::uint16_t, std::size(table)> index{};
    for (std::size_t i = 0; i < index.size(); ++i) index[i] = static_cast<std::uint16_t>(i);
    std::sort(index.begin(), index.end(),
              [](std::uint16_t a, std::uint16_t b) { return table[a].key < table[b].key; });
    return index;
}
constexpr auto by_key = sorted_index();

// A quality value as thousandths; what is not one counts as 0.
int quality(std::string_view text) noexcept {
    if (text.empty() || (text[0] != '0' && text[0] != '1')) return 0;
    int value = (text[0] - '0') * 1000;
    if (text.size() == 1) return value;
    if (text[1] != '.' || text.size() > 5) return 0;
    int scale = 100;
    for (const char c : text.substr(2)) {
        if (c < '0' || c > '9') return 0;
        value += (c - '0') * scale;
        scale /= 10;
    }
    return std::min(value, 1000);
}

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// The language a range names: "ja", "ja-JP", "EN-gb"; nothing for others.
bool names(std::string_view range, char first, char second) noexcept {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return range.size() >= 2 && lower(range[0]) == first && lower(range[1]) == second &&
           (range.size() == 2 || range[2] == '-');
}

}  // namespace

std::span<const Word> all_words() noexcept { return table; }

const Word* find_word(std::string_view key) noexcept {
    const auto at = std::lower_bound(by_key.begin(), by_key.end(), key,
                                     [](std::uint16_t i, std::string_view k) { return table[i].key < k; });
    return at != by_key.end() && table[*at].key == key ? &table[*at] : nullptr;
}

const Word& word(std::string_view key) noexcept {
    const Word* found = find_word(key);
    check(found != nullptr, "a text with this key");
    return *found;
}

std::string fill_in(std::string_view pattern, std::span<const Fill> fills) {
    std::string out;
    out.reserve(pattern.size() + 32);
    while (!pattern.empty()) {
        const auto open = pattern.find('{');
        out += pattern.substr(0, open);
        if (open == std::string_view::npos) break;
        const auto close = pattern.find('}', open);
        if (close == std::string_view::npos) {
            out += pattern.substr(open);
            break;
        }
        const auto name = pattern.substr(open + 1, close - open - 1);
        const auto fill =
            std::find_if(fills.begin(), fills.end(), [&](const Fill& f) { return f.name == name; });
        out += fill != fills.end() ? fill->value : pattern.substr(open, close - open + 1);
        pattern.remove_prefix(close + 1);
    }
    return out;
}

std::string title(std::string_view key, Language language, Fills fills) {
    return fill_in(word(key).title(language), {fills.begin(), fills.size()});
}

std::string text(std::string_view key, Language language, Fills fills) {
    return fill_in(word(key).text(language), {fills.begin(), fills.size()});
}

std::string_view to_text(Language language) noexcept { return language == Language::ja ? "ja" : "en"; }

Language pick_language(std::string_view accept_language) noexcept {
    int japanese = 0, english = 0, position = 0;
    while (!accept_language.empty() && ++position <= 32) {
        const auto comma = accept_language.find(',');
        const auto item = trimmed(accept_language.substr(0, comma));
        accept_language.remove_prefix(comma == std::string_view::npos ? accept_language.size() : comma + 1);
        const auto semicolon = item.find(';');
        const auto range = trimmed(item.substr(0, semicolon));
        int weight = 1000;
        if (semicolon != std::string_view::npos) {
            const auto parameter = trimmed(item.substr(semicolon + 1));
            weight = parameter.substr(0, 2) == "q=" ? quality(parameter.substr(2)) : 0;
        }
        // Among equal weights the one named first wins: 33 - position breaks the tie.
        const int rank = weight == 0 ? 0 : weight * 64 + 33 - position;
        if (names(range, 'j', 'a')) japanese = std::max(japanese, rank);
        if (names(range, 'e', 'n')) english = std::max(english, rank);
    }
    return japanese > english ? Language::ja : Language::en;
}

}  // namespace sekisho
