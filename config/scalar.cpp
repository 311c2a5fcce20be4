// Strict readers of one scalar each.
#include "config/scalar.hpp"

#include "base/edit_distance.hpp"
#include "base/text.hpp"
#include "config/choices.hpp"
#include "config/files.hpp"
#include "config/syntax.hpp"

#include <algorithm>

namespace sekisho::config {
namespace {

Argument kind_words(const Node& node) {
    switch (node.kind) {
        case Node::Kind::null:
            return {"nothing", "空の値"};
        case Node::Kind::plain:
        case Node::Kind::quoted:
            return {"text", "文字列"};
        case Node::Kind::list:
            return {"a list", "リスト"};
        case Node::Kind::map:
            return {"keys with values", "キーと値の組"};
    }
    return {"something else", "別のもの"};
}

bool bad_form(Decoder& decoder, const Key& key, const Node& node) {
    auto words = type_words(key.type);
    decoder.fault("value.form", node, {std::move(words), node.text});
    return false;
}

bool need_scalar(Decoder& decoder, const Key& key, const Node& node) {
    if (node.is_scalar()) return true;
    decoder.wrong_type(key, node);
    return false;
}

bool in_range(Decoder& decoder, const Key& key, const Node& node, std::uint64_t value) {
    if (value >= key.min && value <= key.max) return true;
    decoder.fault("value.range", node, {expected(key), node.text});
    return false;
}

// The forms two YAML versions disagree on: 017, 0x1f, 0o17, 1_000, 1:30.
bool odd_number(Decoder& decoder, const Node& node) {
    const auto& text = node.text;
    const bool digits_first = !text.empty() && is_digit(text[0]);
    if (!digits_first || !is_ambiguous(text) || parse_unsigned(text)) return false;
    Argument what{"a number", "数"};
    if (text.find(':') != std::string::npos)
        what = {"a number to the base 60", "60 進数"};
    else if (text.size() > 1 && (text[1] == 'x' || text[1] == 'X'))
        what = {"hexadecimal", "16 進数"};
    else if (text[0] == '0' && text.find('.') == std::string::npos)
        what = {"octal", "8 進数"};
    decoder.fault("value.number_form", node, {text, std::move(what)});
    return true;
}

bool read_count(Decoder& decoder, const Key& key, const Node& node, std::uint64_t& out) {
    if (!need_scalar(decoder, key, node)) return false;
    if (node.kind == Node::Kind::quoted) {
        decoder.fault("value.type", node,
                      {expected(key), Argument("text in quotes", "引用符で囲んだ文字列")});
        return false;
    }
    const auto value = parse_unsigned(node.text);
    if (!value) return odd_number(decoder, node) ? false : bad_form(decoder, key, node);
    out = *value;
    return in_range(decoder, key, node, out);
}

bool read_bytes(Decoder& decoder, const Key& key, const Node& node, std::uint64_t& out) {
    if (!need_scalar(decoder, key, node)) return false;
    const auto value =
        node.text == "0" && key.min == 0 ? std::optional<std::uint64_t>(0) : parse_size(node.text);
    if (!value && parse_unsigned(node.text)) {
        decoder.fault("value.unit", node, {node.text, node.text + "KiB"});
        return false;
    }
    if (!value) return odd_number(decoder, node) ? false : bad_form(decoder, key, node);
    out = *value;
    return in_range(decoder, key, node, out);
}

bool read_duration(Decoder& decoder, const Key& key, const Node& node, Millis& out) {
    if (!need_scalar(decoder, key, node)) return false;
    const auto value =
        node.text == "0" && key.min == 0 ? std::optional<Millis>(0) : parse_duration(node.text);
    if (!value && parse_unsigned(node.text)) {
        decoder.fault("value.unit", node, {node.text, node.text + "s"});
        return false;
    }
    if (!value) return odd_number(decoder, node) ? false : bad_form(decoder, key, node);
    out = *value;
    return in_range(decoder, key, node, static_cast<std::uint64_t>(out.count()));
}

template <class N>
bool read_number(Decoder& decoder, const Key& key, const Node& node, N& out) {
    std::uint64_t wide = 0;
    const bool good =
        key.type == Type::bytes ? read_bytes(decoder, key, node, wide) : read_count(decoder, key, node, wide);
    // The table's maximum keeps within the member's type; a test compares the two.
    if (good) out = static_cast<N>(wide);
    return good;
}

template <class Choice>
bool read_choice(Decoder& decoder, const Key& key, const Node& node, std::span<const Word<Choice>> choices,
                 Choice& out) {
    if (!need_scalar(decoder, key, node)) return false;
    std::vector<std::string_view> known;
    for (const auto& word : choices) {
        if (word.text == node.text) {
            out = word.choice;
            return true;
        }
        known.push_back(word.text);
    }
    auto& finding = decoder.fault("value.choice", node, {type_words(key.type), node.text});
    if (const auto meant = nearest(node.text, known)) finding.meant = *meant;
    return false;
}

bool plain_text(Decoder& decoder, const Key& key, const Node& node) {
    if (!need_scalar(decoder, key, node)) return false;
    if (node.kind == Node::Kind::plain && is_ambiguous(node.text)) {
        decoder.fault("value.ambiguous", node, {node.text, plain_looks_like(node.text)});
        return false;
    }
    if (printable(node.text) != node.text) {
        decoder.fault("value.control", node);
        return false;
    }
    const auto length = characters(node.text);
    if (key.max != 0 && (length < key.min || length > key.max)) {
        Argument want("1 to " + std::to_string(key.max),
                      "1 文字から " + std::to_string(key.max) + " 文字まで");
        decoder.fault("value.length", node, {std::move(want), std::to_string(length)});
        return false;
    }
    return true;
}

bool read_timezone(Decoder& decoder, const Node& node, std::string& out) {
    if (Zone::find(node.text)) {
        out = node.text;
        return true;
    }
    decoder.fault("value.timezone", node, {node.text});
    return false;
}

// A string of the key's type in its one spelling; nothing when it is not of that form.
std::optional<std::string> spelled(const Decoder& decoder, const Key& key, const std::string& text) {
    switch (key.type) {
        case Type::name:
        case Type::account:
            return is_name(text, key.type) ? std::optional(text) : std::nullopt;
        case Type::host:
            return is_host(lower(text)) ? std::optional(lower(text)) : std::nullopt;
        case Type::authority:
            return is_authority(lower(text)) ? std::optional(lower(text)) : std::nullopt;
        case Type::path:
            return text.empty() ? std::nullopt : std::optional(resolve_path(decoder.folder, text));
        case Type::url:
            return parse_url(text) ? std::optional(lower(text)) : std::nullopt;
        case Type::origin:
            return parse_origin(text);
        case Type::url_path:
            return is_url_path(text) ? std::optional(text) : std::nullopt;
        case Type::method:
            return is_method(text) ? std::optional(text) : std::nullopt;
        case Type::network_term: {
            const bool no = !text.empty() && text[0] == '!';
            return is_name(no ? text.substr(1) : text, Type::name) ? std::optional(text) : std::nullopt;
        }
        default:
            return text.empty() ? std::nullopt : std::optional(text);
    }
}

std::optional<WhoTerm> parse_term(std::string_view text) {
    if (text == "any") return WhoTerm{};
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto prefix = text.substr(0, colon), name = text.substr(colon + 1);
    WhoTerm term;
    term.name = name;
    if (prefix == "kind") {
        term.kind = WhoTerm::Kind::kind;
        const auto* word = std::find_if(std::begin(person_kinds), std::end(person_kinds),
                                        [&](const auto& w) { return w.text == name; });
        if (word == std::end(person_kinds)) return std::nullopt;
        term.person = word->choice;
        term.name.clear();
        return term;
    }
    term.kind = prefix == "user"    ? WhoTerm::Kind::user
                : prefix == "group" ? WhoTerm::Kind::group
                                    : WhoTerm::Kind::org;
    const bool known = prefix == "user" || prefix == "group" || prefix == "org";
    if (!known || !is_name(name, prefix == "user" ? Type::account : Type::name)) return std::nullopt;
    return term;
}

// "grup:finance" was probably "group:finance"; "kind:staf" "kind:staff".
std::string meant_term(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return {};
    constexpr std::string_view prefixes[] = {"user", "group", "org", "kind"};
    constexpr std::string_view kinds[] = {"staff", "contractor", "ops"};
    const auto prefix = nearest(text.substr(0, colon), prefixes);
    if (!prefix) return {};
    auto name = text.substr(colon + 1);
    if (*prefix == "kind") name = nearest(name, kinds).value_or("staff");
    return std::string(*prefix) + ":" + std::string(name);
}

}  // namespace

Diagnostic& Decoder::fault(std::string_view id, const Node& node, std::vector<Argument> arguments) {
    auto& made = findings.add(id, node.place, std::move(arguments));
    if (node.is_scalar() && node.text.find('\n') == std::string::npos)
        made.width = static_cast<std::uint32_t>(
            std::max<std::size_t>(1, characters(node.text) + (node.kind == Node::Kind::quoted ? 2 : 0)));
    return made;
}

void Decoder::wrong_type(const Key& key, const Node& node) {
    fault("value.type", node, {expected(key), kind_words(node)});
}

bool read_one(Decoder& decoder, const Key& key, const Node& node, bool& out) {
    if (!need_scalar(decoder, key, node)) return false;
    const bool plain = node.kind == Node::Kind::plain;
    if (plain && (node.text == "true" || node.text == "false")) {
        out = node.text == "true";
        return true;
    }
    if (plain && is_boolean_word(node.text)) {
        decoder.fault("value.boolean_word", node, {node.text});
        return false;
    }
    return bad_form(decoder, key, node);
}

bool read_one(Decoder& decoder, const Key& key, const Node& node, std::uint8_t& out) {
    if (key.type != Type::days) return read_number(decoder, key, node, out);
    if (!need_scalar(decoder, key, node)) return false;
    const auto days = parse_days(node.text);
    if (!days) return bad_form(decoder, key, node);
    out = *days;
    return true;
}
bool read_one(Decoder& d, const Key& k, const Node& n, std::uint32_t& out) {
    return read_number(d, k, n, out);
}
bool read_one(Decoder& d, const Key& k, const Node& n, std::uint64_t& out) {
    return read_number(d, k, n, out);
}

bool read_one(Decoder& decoder, const Key& key, const Node& node, std::uint16_t& out) {
    if (!need_scalar(decoder, key, node)) return false;
    if (node.kind == Node::Kind::plain && node.place.line != 0) {
        decoder.fault("value.minute_quotes", node, {node.text});
        return false;
    }
    const auto minute = parse_minute_of_day(node.text);
    if (!minute) return bad_form(decoder, key, node);
    out = *minute;
    return true;
}

bool read_one(Decoder& d, const Key& k, const Node& n, Millis& out) { return read_duration(d, k, n, out); }

bool read_one(Decoder& decoder, const Key& key, const Node& node, Seconds& out) {
    Millis fine{};
    if (!read_duration(decoder, key, node, fine)) return false;
    if (fine.count() % 1000 != 0) return bad_form(decoder, key, node);
    out = std::chrono::duration_cast<Seconds>(fine);
    return true;
}

bool read_one(Decoder& decoder, const Key& key, const Node& node, std::optional<Seconds>& out) {
    Seconds value{};
    if (!read_one(decoder, key, node, value)) return false;
    out = value;
    return true;
}

bool read_one(Decoder& decoder, const Key& key, const Node& node, std::string& out) {
    if (!plain_text(decoder, key, node)) return false;
    if (key.type == Type::timezone) return read_timezone(decoder, node, out);
    auto text = spelled(decoder, key, node.text);
    if (!text) return bad_form(decoder, key, node);
    out = std::move(*text);
    return true;
}

bool read_one(Decoder& decoder, const Key& key, const Node& node, LocalText& out) {
    if (node.is_scalar()) {
        if (!plain_text(decoder, key, node)) return false;
        out.ja = out.en = node.text;
        return true;
    }
    if (node.kind != Node::Kind::map || node.items.empty()) {
        decoder.wrong_type(key, node);
        return false;
    }
    bool good = true;
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        const auto& language = node.keys[i];
        if (language.text != "ja" && language.text != "en") {
            decoder.fault("key.unknown", language, {language.text});
            good = false;
        } else if (plain_text(decoder, key, node.items[i])) {
            (language.text == "ja" ? out.ja : out.en) = node.items[i].text;
        } else {
            good = false;
        }
    }
    if (out.ja.empty()) out.ja = out.en;
    if (out.en.empty()) out.en = out.ja;
    return good;
}

bool read_one(Decoder& decoder, const Key& key, const Node& node, Endpoint& out) {
    if (!need_scalar(decoder, key, node)) return false;
    const auto parsed = parse_endpoint(node.text);
    if (!parsed) return bad_form(decoder, key, node);
    out.address = parsed->first;
    out.port = parsed->second;
    out.place = node.place;
    return true;
}

bool read_one(Decoder& decoder, const Key& key, const Node& node, Prefix& out) {
    if (!need_scalar(decoder, key, node)) return false;
    const auto parsed = parse_prefix(node.text);
    if (!parsed) return bad_form(decoder, key, node);
    out = *parsed;
    return true;
}

bool read_one(Decoder& decoder, const Key& key, const Node& node, Date& out) {
    if (!need_scalar(decoder, key, node)) return false;
    const auto parsed = parse_date(node.text);
    if (!parsed) return bad_form(decoder, key, node);
    out = *parsed;
    return true;
}

bool read_one(Decoder& d, const Key& k, const Node& n, PersonKind& out) {
    return read_choice<PersonKind>(d, k, n, person_kinds, out);
}
bool read_one(Decoder& d, const Key& k, const Node& n, FactorStrength& out) {
    return read_choice<FactorStrength>(d, k, n, strengths, out);
}
bool read_one(Decoder& d, const Key& k, const Node& n, PathCase& out) {
    return read_choice<PathCase>(d, k, n, path_cases, out);
}
bool read_one(Decoder& d, const Key& k, const Node& n, UpstreamProtocol& out) {
    return read_choice<UpstreamProtocol>(d, k, n, upstream_protocols, out);
}
bool read_one(Decoder& d, const Key& k, const Node& n, ClientCertificates::Demand& out) {
    return read_choice<ClientCertificates::Demand>(d, k, n, certificate_demands, out);
}
bool read_one(Decoder& d, const Key& k, const Node& n, OnAuditFailure& out) {
    return read_choice<OnAuditFailure>(d, k, n, audit_failures, out);
}

bool read_one(Decoder& d, const Key& k, const Node& n, std::optional<Language>& out) {
    Language language{};
    if (!read_choice<Language>(d, k, n, languages, language)) return false;
    out = language;
    return true;
}
bool read_one(Decoder& d, const Key& k, const Node& n, CalendarBase& out) {
    return read_choice<CalendarBase>(d, k, n, calendar_bases, out);
}
bool read_one(Decoder& d, const Key& k, const Node& n, std::optional<DaysOf>& out) {
    DaysOf value{};
    if (!read_choice<DaysOf>(d, k, n, days_of, value)) return false;
    out = value;
    return true;
}

bool read_one(Decoder& decoder, const Key& key, const Node& node, WhoClause& out) {
    if (!need_scalar(decoder, key, node)) return false;
    out.clear();
    for (const auto part : split(node.text, '&')) {
        auto term = parse_term(trim(part));
        if (!term) {
            auto& finding = decoder.fault("value.who", node, {std::string(trim(part)), type_words(key.type)});
            finding.meant = meant_term(trim(part));
            return false;
        }
        out.push_back(std::move(*term));
    }
    return true;
}

}  // namespace sekisho::config
