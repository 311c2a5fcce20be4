#pragma once
// Strict readers of one scalar each: from the text as it stands in the file to a typed value, or a
// diagnostic. And the way back, for defaults shown in documents and for differences.
#include "config/accepted.hpp"
#include "config/model.hpp"
#include "config/schema.hpp"
#include "config/tree.hpp"

#include <string>
#include <vector>

namespace sekisho::config {

// Decoder is what every reader needs: where to complain, where to note places, which path it is at.
struct Decoder {
    Findings& findings;
    Places& places;
    std::string folder;  // relative file paths begin here
    const Sources& sources;
    std::string path{};  // of the value being read
    std::string timezone = "UTC";
    std::vector<Acceptance> accepted{};  // beside the model: only the lint asks for them

    Diagnostic& fault(std::string_view id, const Node& node, std::vector<Argument> arguments = {});
    // wrong_type: "expected ..., found a list".
    void wrong_type(const Key& key, const Node& node);
};

// Step appends to the decoder's path for as long as it lives.
class Step {
public:
    Step(Decoder& decoder, std::string_view part) : decoder_(decoder), length_(decoder.path.size()) {
        if (!decoder.path.empty() && part.substr(0, 1) != "[") decoder.path += '.';
        decoder.path += part;
    }
    ~Step() { decoder_.path.resize(length_); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

private:
    Decoder& decoder_;
    std::size_t length_;
};

// plain_looks_like names what a YAML 1.1 or 1.2 reader would take a plain scalar for: "true or false",
// "null", "a number". Empty for plain text.
Argument plain_looks_like(std::string_view text);
bool is_ambiguous(std::string_view text) noexcept;
// is_name: what a key of people, apps... may be.
bool is_name(std::string_view text, Type type) noexcept;
std::size_t characters(std::string_view text) noexcept;

// Each reader returns false after it complained.
bool read_one(Decoder&, const Key&, const Node&, bool& out);
bool read_one(Decoder&, const Key&, const Node&, std::uint8_t& out);
bool read_one(Decoder&, const Key&, const Node&, std::uint16_t& out);
bool read_one(Decoder&, const Key&, const Node&, std::uint32_t& out);
bool read_one(Decoder&, const Key&, const Node&, std::uint64_t& out);
bool read_one(Decoder&, const Key&, const Node&, Millis& out);
bool read_one(Decoder&, const Key&, const Node&, Seconds& out);
bool read_one(Decoder&, const Key&, const Node&, std::optional<Seconds>& out);
bool read_one(Decoder&, const Key&, const Node&, std::string& out);
bool read_one(Decoder&, const Key&, const Node&, LocalText& out);
bool read_one(Decoder&, const Key&, const Node&, Endpoint& out);
bool read_one(Decoder&, const Key&, const Node&, Prefix& out);
bool read_one(Decoder&, const Key&, const Node&, Date& out);
bool read_one(Decoder&, const Key&, const Node&, PersonKind& out);
bool read_one(Decoder&, const Key&, const Node&, FactorStrength& out);
bool read_one(Decoder&, const Key&, const Node&, PathCase& out);
bool read_one(Decoder&, const Key&, const Node&, UpstreamProtocol& out);
bool read_one(Decoder&, const Key&, const Node&, ClientCertificates::Demand& out);
bool read_one(Decoder&, const Key&, const Node&, OnAuditFailure& out);
bool read_one(Decoder&, const Key&, const Node&, std::optional<Language>& out);
bool read_one(Decoder&, const Key&, const Node&, CalendarBase& out);
bool read_one(Decoder&, const Key&, const Node&, std::optional<DaysOf>& out);
bool read_one(Decoder&, const Key&, const Node&, WhoClause& out);

// Url is what Type::url takes apart.
struct Url {
    bool tls = false;
    std::string host;
    std::uint16_t port = 0;
    bool port_given = false;
};
std::optional<Url> parse_url(std::string_view text);

// print_one writes a value as it could stand in the file.
std::string print_one(const Key&, bool value);
std::string print_one(const Key&, std::uint8_t value);
std::string print_one(const Key&, std::uint16_t value);
std::string print_one(const Key&, std::uint32_t value);
std::string print_one(const Key&, std::uint64_t value);
std::string print_one(const Key&, Millis value);
std::string print_one(const Key&, Seconds value);
std::string print_one(const Key&, const std::optional<Seconds>& value);
std::string print_one(const Key&, const std::string& value);
std::string print_one(const Key&, const LocalText& value);
std::string print_one(const Key&, const Endpoint& value);
std::string print_one(const Key&, const Prefix& value);
std::string print_one(const Key&, const Date& value);
std::string print_one(const Key&, PersonKind value);
std::string print_one(const Key&, FactorStrength value);
std::string print_one(const Key&, PathCase value);
std::string print_one(const Key&, UpstreamProtocol value);
std::string print_one(const Key&, ClientCertificates::Demand value);
std::string print_one(const Key&, OnAuditFailure value);
std::string print_one(const Key&, const std::optional<Language>& value);
std::string print_one(const Key&, CalendarBase value);
std::string print_one(const Key&, const std::optional<DaysOf>& value);
std::string print_one(const Key&, const WhoClause& value);
std::string days_text(std::uint8_t days);
std::string minute_text(std::uint16_t minute);

}  // namespace sekisho::config
