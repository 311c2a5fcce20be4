// Writing findings as a SARIF log.
#include "config/sarif.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/lint.hpp"

#include <algorithm>
#include <vector>

namespace sekisho::config {
namespace {

std::string_view level(Severity severity) noexcept {
    return severity == Severity::error ? "error" : severity == Severity::warning ? "warning" : "note";
}

// Rules of this log: the lint's, then the messages of check and load that occur.
std::vector<const Message*> rules_of(std::span<const Diagnostic> diagnostics) {
    std::vector<const Message*> rules;
    for (const auto* rule : lint_rules()) rules.push_back(&rule->message);
    for (const auto& diagnostic : diagnostics)
        if (std::find(rules.begin(), rules.end(), diagnostic.message) == rules.end())
            rules.push_back(diagnostic.message);
    return rules;
}

void write_text(JsonWriter& json, std::string_view name, std::string_view text) {
    json.key(name).begin_object().field("text", text).end_object();
}

void write_rule(JsonWriter& json, const Message& message, Language language) {
    const bool ja = language == Language::ja;
    json.begin_object().field("id", message.id);
    write_text(json, "shortDescription", ja ? message.ja : message.en);
    if (const auto* rule = find_lint_rule(message.id)) {
        write_text(json, "fullDescription", rule->why);
        // An absolute URI is asked for; packages put the pages there.
        json.field("helpUri", "file:///usr/share/doc/sekisho/lint/" + std::string(message.id) + ".md");
        write_text(json, "help",
                   std::string(ja ? message.remedy_ja : message.remedy_en) + " (docs/lint/" +
                       std::string(message.id) + ".md)");
    }
    json.key("defaultConfiguration").begin_object().field("level", level(message.severity)).end_object();
    json.end_object();
}

// A path becomes a URI reference: what is not unreserved is escaped (RFC 3986 section 2.1).
std::string uri_of(std::string_view path) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out = path.substr(0, 1) == "/" ? "file://" : "";
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           std::string_view("-._~/").find(c) != std::string_view::npos;
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 15];
        }
    }
    return out;
}

void write_location(JsonWriter& json, const Diagnostic& diagnostic) {
    json.key("locations").begin_array();
    if (!diagnostic.file.empty()) {
        json.begin_object().key("physicalLocation").begin_object();
        json.key("artifactLocation").begin_object().field("uri", uri_of(diagnostic.file)).end_object();
        if (diagnostic.line != 0) {
            json.key("region").begin_object();
            json.field("startLine", diagnostic.line).field("startColumn", std::max(1u, diagnostic.column));
            json.field("endColumn", std::max(1u, diagnostic.column) + diagnostic.width).end_object();
        }
        json.end_object().end_object();
    }
    json.end_array();
}

}  // namespace

std::string to_sarif(std::span<const Diagnostic> diagnostics, std::string_view version, Language language) {
    const auto rules = rules_of(diagnostics);
    std::string out;
    JsonWriter json(out);
    json.begin_object().field("version", "2.1.0");
    json.field("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json.key("runs").begin_array().begin_object();
    json.key("tool").begin_object().key("driver").begin_object();
    json.field("name", "sekisho check").field("version", version);
    json.key("rules").begin_array();
    for (const auto* rule : rules) write_rule(json, *rule, language);
    json.end_array().end_object().end_object();
    json.field("columnKind", "unicodeCodePoints");
    json.key("results").begin_array();
    for (const auto& diagnostic : diagnostics) {
        const auto at = std::find(rules.begin(), rules.end(), diagnostic.message) - rules.begin();
        json.begin_object().field("ruleId", diagnostic.id()).field("ruleIndex", at);
        json.field("level", level(diagnostic.severity()));
        const auto what = remedy(diagnostic, language);
        write_text(json, "message", sentence(diagnostic, language) + (what.empty() ? "" : ". " + what));
        write_location(json, diagnostic);
        json.end_object();
    }
    json.end_array().end_object().end_array().end_object();
    return out;
}

}  // namespace sekisho::config
