#pragma once
// Words: every text a person reads, in Japanese and English, by a stable key.
//
// The table is compiled in (base/words.inc). Asking for a key that is not in it is a bug of ours and stops
// the process; tests walk the whole table, so placeholders and languages are always in step.
#include "base/ids.hpp"

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace sekisho {

// Answer texts say what happened (title) and what to do next (text); small words have a text only.
struct Word {
    enum class Audience : std::uint8_t {
        person,  // somebody who is signed in hears their own reason
        anyone,  // strangers too: the same words, time and size whatever the cause
    };
    std::string_view key;
    std::uint16_t status = 0;  // HTTP status of an answer, 0 for small words
    Audience audience = Audience::person;
    std::string_view title_en, text_en, title_ja, text_ja;

    std::string_view title(Language language) const noexcept {
        return language == Language::ja ? title_ja : title_en;
    }
    std::string_view text(Language language) const noexcept {
        return language == Language::ja ? text_ja : text_en;
    }
};

// Fill gives the value of one {placeholder}.
struct Fill {
    std::string_view name;
    std::string_view value;
};
using Fills = std::initializer_list<Fill>;

std::span<const Word> all_words() noexcept;  // in the order of the table
const Word* find_word(std::string_view key) noexcept;
const Word& word(std::string_view key) noexcept;  // a missing key is a bug

// title and text of a key with its placeholders filled; one without a value stays as it is written.
std::string title(std::string_view key, Language language, Fills fills = {});
std::string text(std::string_view key, Language language, Fills fills = {});

// fill_in replaces {name} by its value; values are not looked at again.
std::string fill_in(std::string_view pattern, std::span<const Fill> fills);

std::string_view to_text(Language language) noexcept;  // "en", "ja"

// pick_language weighs an Accept-Language field (RFC 9110 section 12.5.4); English when neither is asked for.
Language pick_language(std::string_view accept_language) noexcept;

}  // namespace sekisho
