// Printing values as they could stand in the file.
#include "base/text.hpp"
#include "config/choices.hpp"
#include "config/scalar.hpp"

#include <span>

namespace sekisho::config {
namespace {

template <class Choice>
std::string print_choice(std::span<const Word<Choice>> choices, Choice value) {
    for (const auto& word : choices)
        if (word.choice == value) return std::string(word.text);
    return "none";
}

}  // namespace

std::string print_one(const Key&, bool value) { return value ? "true" : "false"; }
std::string print_one(const Key& key, std::uint8_t value) {
    return key.type == Type::days ? days_text(value) : std::to_string(value);
}
std::string print_one(const Key&, std::uint16_t value) { return minute_text(value); }
std::string print_one(const Key& key, std::uint32_t value) { return print_one(key, std::uint64_t{value}); }
std::string print_one(const Key& key, std::uint64_t value) {
    return key.type == Type::bytes ? size_text(value) : std::to_string(value);
}
std::string print_one(const Key&, Millis value) { return duration_text(value); }
std::string print_one(const Key&, Seconds value) { return duration_text(value); }
std::string print_one(const Key&, const std::optional<Seconds>& value) {
    return value ? duration_text(*value) : std::string();
}
std::string print_one(const Key&, const std::string& value) { return value; }
std::string print_one(const Key&, const LocalText& value) {
    return value.ja == value.en ? value.en : "{ja: " + value.ja + ", en: " + value.en + "}";
}
std::string print_one(const Key&, const Endpoint& value) {
    const auto address = to_text(value.address);
    const bool v6 = address.find(':') != std::string::npos;
    return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(value.port);
}
std::string print_one(const Key&, const Prefix& value) { return to_text(value); }
std::string print_one(const Key&, const Date& value) { return sekisho::to_text(value); }
std::string print_one(const Key&, PersonKind value) { return print_choice<PersonKind>(person_kinds, value); }
std::string print_one(const Key&, FactorStrength value) {
    return print_choice<FactorStrength>(strengths, value);
}
std::string print_one(const Key&, const std::optional<Language>& value) {
    return value ? print_choice<Language>(languages, *value) : std::string();
}
std::string print_one(const Key&, PathCase value) { return print_choice<PathCase>(path_cases, value); }
std::string print_one(const Key&, UpstreamProtocol value) {
    return print_choice<UpstreamProtocol>(upstream_protocols, value);
}
std::string print_one(const Key&, ClientCertificates::Demand value) {
    return print_choice<ClientCertificates::Demand>(certificate_demands, value);
}
std::string print_one(const Key&, OnAuditFailure value) {
    return print_choice<OnAuditFailure>(audit_failures, value);
}
std::string print_one(const Key&, CalendarBase value) {
    return print_choice<CalendarBase>(calendar_bases, value);
}
std::string print_one(const Key&, const std::optional<DaysOf>& value) {
    return value ? std::string(print_choice<DaysOf>(days_of, *value)) : std::string();
}
std::string print_one(const Key& key, const WhoClause& value) {
    constexpr std::string_view prefixes[] = {"any", "user:", "group:", "org:", "kind:"};
    std::string out;
    for (const auto& term : value) {
        if (!out.empty()) out += " & ";
        out += prefixes[static_cast<std::size_t>(term.kind)];
        out += term.kind == WhoTerm::Kind::kind ? print_one(key, term.person) : term.name;
    }
    return out;
}

}  // namespace sekisho::config
