// How an Explanation reads: for people in Japanese or English, for programs as JSON.
#include "base/text.hpp"
#include "policy/explain.hpp"

#include <fmt/format.h>

#include <array>

namespace sekisho::policy {
namespace {

struct Words {
    std::string_view en, ja;
    std::string_view in(Language language) const noexcept { return language == Language::ja ? ja : en; }
};

constexpr Words allow_word{"allow", "許可"}, deny_word{"deny", "拒否"}, reason_word{"reason", "理由"},
    until_word{"valid until", "有効期限"}, rule_word{"rule", "ルール"}, opens_word{"opens", "次に開く時刻"},
    is_word{"is", "値"}, person_word{"on every allow", "すべての許可に掛かる条件"},
    rules_word{"rules", "ルール"}, other_app_word{"another app", "別のアプリ"},
    other_who_word{"does not name this person", "この人を指していません"},
    shadow_word{"in shadow: not enforced", "試行中: 効力なし"}, nothing_word{"no condition", "条件なし"},
    time_word{"at", "時刻"}, address_word{"from", "接続元"};

constexpr std::array<Words, 12> labels{{{"method is one of", "メソッド"},
                                        {"path is below", "パス"},
                                        {"second factor at least", "二要素の強さ"},
                                        {"second factor younger than", "二要素の古さ"},
                                        {"network is", "ネットワーク"},
                                        {"network is not", "除くネットワーク"},
                                        {"hours", "時間帯"},
                                        {"app takes method", "アプリのメソッド"},
                                        {"person is", "人の種別"},
                                        {"contract begins", "契約の初日"},
                                        {"contract's last day", "契約の最終日"},
                                        {"contract's hours", "契約の時間帯"}}};

constexpr std::array<Words, 3> marks{{{"x ", "✗ "}, {"? ", "? "}, {"ok", "✓ "}}};  // by Truth

// Cells on a terminal: full-width signs take two. Enough for the words above, which hold no combining marks.
std::size_t cells(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const auto length = std::max<std::size_t>(utf8_sequence(text), 1);
        width += length == 3 && text.substr(0, 3) != "✓" && text.substr(0, 3) != "✗" ? 2 : 1;
        text.remove_prefix(length);
    }
    return width;
}

std::string padded(std::string_view text, std::size_t width) {
    const auto used = cells(text);
    return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

std::string time_or_dash(WallTime time, bool holds, Zone zone) {
    return holds && time != WallTime::max() ? to_rfc3339(time, zone) : "-";
}

void append_condition(std::string& out, const ConditionTrace& condition, Language language,
                      std::string_view indent) {
    out += fmt::format("{}{} {} {}   {} {}\n", indent,
                       marks[static_cast<std::size_t>(condition.verdict)].in(language),
                       padded(labels[static_cast<std::size_t>(condition.kind)].in(language), 26),
                       printable(condition.wanted), is_word.in(language), printable(condition.actual));
}

std::string_view mark_of(const RuleTrace& rule, Language language) {
    switch (rule.verdict) {
        case RuleTrace::Verdict::not_concerned:
            return "- ";
        case RuleTrace::Verdict::no:
            return marks[0].in(language);
        case RuleTrace::Verdict::unknown:
            return marks[1].in(language);
        case RuleTrace::Verdict::yes:
            return marks[2].in(language);
    }
    return "- ";
}

void append_rule(std::string& out, const RuleTrace& rule, Language language) {
    const auto effect = (rule.allow ? allow_word : deny_word).in(language);
    out += fmt::format("  {} {}  {}", mark_of(rule, language), padded(effect, 5), printable(rule.id));
    if (rule.shadow) out += fmt::format("  ({})", shadow_word.in(language));
    if (rule.verdict == RuleTrace::Verdict::not_concerned)
        out += fmt::format("  ({})", (rule.app_matched ? other_who_word : other_app_word).in(language));
    else if (rule.conditions.empty())
        out += fmt::format("  ({})", nothing_word.in(language));
    out += '\n';
    for (const auto& condition : rule.conditions) append_condition(out, condition, language, "       ");
}

void append_verdict(std::string& out, const Explanation& e, Language language) {
    const auto arrow = language == Language::ja ? "→" : "->";
    out += fmt::format(
        "{}  {} {} {}  {} {}  {} {}\n", (e.decision.allow ? allow_word : deny_word).in(language),
        printable(e.user), arrow, printable(e.app), reason_word.in(language), to_text(e.decision.reason),
        until_word.in(language), time_or_dash(e.decision.valid_until, e.decision.allow, e.zone));
    out += fmt::format("  {} {}  {} {}  {} {}\n", printable(e.method), printable(e.path),
                       address_word.in(language), e.client, time_word.in(language), e.at);
    if (!e.rule.empty()) out += fmt::format("  {} {}\n", rule_word.in(language), printable(e.rule));
    if (e.decision.next_open)
        out += fmt::format("  {} {}\n", opens_word.in(language), to_rfc3339(*e.decision.next_open, e.zone));
}

std::string_view json_truth(Truth truth) {
    static constexpr std::array<std::string_view, 3> names{"no", "unknown", "yes"};
    return names[static_cast<std::size_t>(truth)];
}

void conditions_json(const std::vector<ConditionTrace>& conditions, JsonWriter& json) {
    json.begin_array();
    for (const auto& condition : conditions)
        json.begin_object()
            .field("kind", to_text(condition.kind))
            .field("verdict", json_truth(condition.verdict))
            .field("wanted", condition.wanted)
            .field("actual", condition.actual)
            .end_object();
    json.end_array();
}

void decision_json(const Explanation& e, JsonWriter& json) {
    const auto& decision = e.decision;
    json.field("allow", decision.allow).field("reason", to_text(decision.reason));
    json.field("rule", e.rule.empty() ? std::optional<std::string>() : std::optional(e.rule));
    const bool ends = decision.allow && decision.valid_until != WallTime::max();
    json.field("valid_until", ends ? std::optional(to_rfc3339_utc(decision.valid_until)) : std::nullopt);
    json.field("next_open",
               decision.next_open ? std::optional(to_rfc3339_utc(*decision.next_open)) : std::nullopt);
    json.field("who_matched", decision.who_matched);
}

}  // namespace

std::string explain_text(const Explanation& explanation, Language language) {
    std::string out;
    append_verdict(out, explanation, language);
    out += fmt::format("{}\n", person_word.in(language));
    for (const auto& condition : explanation.person) append_condition(out, condition, language, "  ");
    out += fmt::format("{}\n", rules_word.in(language));
    for (const auto& rule : explanation.rules) append_rule(out, rule, language);
    return out;
}

void explain_json(const Explanation& explanation, JsonWriter& json) {
    json.begin_object();
    decision_json(explanation, json);
    json.field("user", explanation.user).field("kind", explanation.kind).field("org", explanation.org);
    json.field("app", explanation.app).field("method", explanation.method).field("path", explanation.path);
    json.field("client", explanation.client).field("at", explanation.at);
    json.key("person");
    conditions_json(explanation.person, json);
    json.key("rules").begin_array();
    for (const auto& rule : explanation.rules) {
        json.begin_object().field("id", rule.id).field("effect", rule.allow ? "allow" : "deny");
        json.field("shadow", rule.shadow);
        json.field("app_matched", rule.app_matched).field("who_matched", rule.who_matched);
        json.field("verdict", to_text(rule.verdict)).key("conditions");
        conditions_json(rule.conditions, json);
        json.end_object();
    }
    json.end_array().end_object();
}

}  // namespace sekisho::policy
