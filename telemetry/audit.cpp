#include "telemetry/audit.hpp"

#include "base/base64.hpp"
#include "base/civil_time.hpp"
#include "base/crypto.hpp"
#include "base/random.hpp"
#include "telemetry/line_reader.hpp"
#include "telemetry/line_text.hpp"

#include <algorithm>

namespace sekisho::telemetry {
namespace {

constexpr std::string_view outcome_texts[] = {"done", "allowed", "denied", "failed", "ended"};
constexpr std::size_t pseudonym_bytes = 12;

// The sealed values of one record belong to its number: moved to another record they do not open.
std::string associated_data(Seq seq) { return "sekisho audit " + std::to_string(seq); }

template <class Field>
void each_open_text(Field&& field) {
    field(R"(,"org":)", "org", &Record::org);
    field(R"(,"kind":)", "kind", &Record::kind);
    field(R"(,"app":)", "app", &Record::app);
    field(R"(,"host":)", "host", &Record::host);
    field(R"(,"method":)", "method", &Record::method);
    field(R"(,"rule":)", "rule", &Record::rule);
    field(R"(,"reason":)", "reason", &Record::reason);
    field(R"(,"request":)", "request", &Record::request_id);
    field(R"(,"session":)", "session", &Record::session);
    field(R"(,"trace":)", "trace", &Record::trace_id);
    field(R"(,"detail":)", "detail", &Record::detail);
}

template <class Field>
void each_number(Field&& field) {
    field(R"(,"generation":)", "generation", &Record::generation);
    field(R"(,"status":)", "status", &Record::status);
    field(R"(,"bytes_in":)", "bytes_in", &Record::bytes_in);
    field(R"(,"bytes_out":)", "bytes_out", &Record::bytes_out);
    field(R"(,"duration_ms":)", "duration_ms", &Record::duration_ms);
    field(R"(,"count":)", "count", &Record::count);
}

template <class Field>
void each_personal_text(Field&& field) {
    field(R"(,"user":)", "user", &Record::user);
    field(R"(,"actor":)", "actor", &Record::actor);
    field(R"(,"claimed":)", "claimed", &Record::claimed);
    field(R"(,"client":)", "client", &Record::client);
    field(R"(,"path":)", "path", &Record::path);
    field(R"(,"agent":)", "agent", &Record::agent);
}

// Writes the facts of one privacy as `,"facts":{...}`; nothing when there is none.
void append_facts(std::string& out, const Record& record, Privacy privacy) {
    bool any = false;
    for (const auto& fact : record.facts) {
        if (fact.privacy != privacy) continue;
        out.append(any ? "," : R"(,"facts":{)");
        append_json_string(out, fact.name);
        out.push_back(':');
        append_json_string(out, fact.value);
        any = true;
    }
    if (any) out.push_back('}');
}

std::string personal_object(const Record& record) {
    std::string text = R"({"v":1)";
    each_personal_text([&](std::string_view key, std::string_view, std::string Record::*member) {
        append_text_field(text, key, record.*member);
    });
    append_facts(text, record, Privacy::personal);
    text.push_back('}');
    return text;
}

void append_sealed(std::string& out, const Record& record, Seq seq, PersonKeys& keys) {
    auto personal = personal_object(record);
    if (personal.size() == std::string_view(R"({"v":1})").size()) return;
    const auto key = keys.key_for(record.user);
    if (key) {
        append_text_field(out, R"(,"who":)", pseudonym(*key));
        append_text_field(out, R"(,"sealed":)",
                          base64url(seal(*key, as_bytes(personal), as_bytes(associated_data(seq)))));
    } else {
        out.append(R"(,"unsealed":true)");
    }
    wipe_text(personal);
}

void read_facts(const LineFields& fields, Privacy privacy, std::vector<Fact>& out) {
    constexpr std::string_view prefix = "facts.";
    for (const auto& member : fields.all())
        if (member.name.starts_with(prefix))
            out.push_back({member.name.substr(prefix.size()), member.text, privacy});
}

Result<Record> read_open(const LineFields& fields) {
    const auto event = parse_event(fields.text("event"));
    const auto time = parse_rfc3339(fields.text("time"));
    const auto outcome =
        std::find(std::begin(outcome_texts), std::end(outcome_texts), fields.text("outcome"));
    if (!event || !time || outcome == std::end(outcome_texts))
        return Error(Errc::malformed, "record without a known event, time and outcome");
    Record record;
    record.event = *event;
    record.time = *time;
    record.outcome = static_cast<Outcome>(outcome - std::begin(outcome_texts));
    each_open_text([&](std::string_view, std::string_view name, std::string Record::*member) {
        record.*member = fields.text(name);
    });
    each_number([&](std::string_view, std::string_view name, std::uint64_t Record::*member) {
        record.*member = fields.number(name);
    });
    read_facts(fields, Privacy::open, record.facts);
    return record;
}

bool open_personal(ReadRecord& read, std::string_view sealed, const Secret& key) {
    const auto bytes = from_base64url(sealed);
    if (!bytes) return false;
    const auto plain = open_sealed(key, *bytes, as_bytes(associated_data(read.seq)));
    if (!plain) return false;
    const auto fields = read_line(plain->reveal_text());
    if (!fields) return false;
    each_personal_text([&](std::string_view, std::string_view name, std::string Record::*member) {
        read.record.*member = fields->text(name);
    });
    read_facts(*fields, Privacy::personal, read.record.facts);
    return true;
}

}  // namespace

std::optional<Event> parse_event(std::string_view name) noexcept {
    for (const auto& row : event_table)
        if (row.name == name) return row.event;
    return std::nullopt;
}

std::string_view to_text(Outcome outcome) noexcept {
    return outcome_texts[static_cast<std::size_t>(outcome)];
}

Result<Secret> MemoryPersonKeys::key_for(std::string_view person) {
    const std::scoped_lock lock(mutex_);
    auto at = keys_.find(person);
    if (at == keys_.end()) {
        Bytes fresh(32);
        fill_random(fresh);
        at = keys_.emplace(std::string(person), Secret(fresh)).first;
    }
    return at->second;
}

std::vector<std::string> MemoryPersonKeys::people() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> people;
    for (const auto& [person, key] : keys_) people.push_back(person);
    return people;
}

void MemoryPersonKeys::erase(std::string_view person) {
    const std::scoped_lock lock(mutex_);
    if (const auto at = keys_.find(person); at != keys_.end()) keys_.erase(at);
}

DerivedPersonKeys::DerivedPersonKeys(Secret root, std::vector<std::string> people)
    : root_(std::move(root)), people_(std::move(people)) {}

Result<Secret> DerivedPersonKeys::key_for(std::string_view person) {
    return derive_key(root_, "sekisho audit person " + std::string(person));
}

std::string pseudonym(const Secret& person_key) {
    const auto digest = hmac_sha256(person_key.reveal(), as_bytes("sekisho audit pseudonym"));
    return base64url(ByteView(digest).first(pseudonym_bytes));
}

void encode_fields(std::string& out, const Record& record, Seq seq, PersonKeys& keys) {
    out.append(R"("v":)");
    append_number(out, audit_format_version);
    out.append(R"(,"seq":)");
    append_number(out, seq);
    out.append(R"(,"time":")");
    append_time(out, record.time);
    out.append(R"(","event":")").append(to_text(record.event));
    out.append(R"(","outcome":")").append(to_text(record.outcome)).push_back('"');
    each_open_text([&](std::string_view key, std::string_view, std::string Record::*member) {
        append_text_field(out, key, record.*member);
    });
    each_number([&](std::string_view key, std::string_view, std::uint64_t Record::*member) {
        append_number_field(out, key, record.*member);
    });
    append_facts(out, record, Privacy::open);
    append_sealed(out, record, seq, keys);
}

RecordReader::RecordReader(PersonKeys* keys) {
    if (!keys) return;
    auto people = keys->people();
    people.emplace_back();  // strangers' key, last: a person of that name would win
    for (auto& person : people)
        if (auto key = keys->key_for(person)) {
            auto name = pseudonym(*key);
            by_pseudonym_.emplace(std::move(name), Person{std::move(person), std::move(*key)});
        }
}

Result<std::optional<ReadRecord>> RecordReader::read(std::string_view line) const {
    const auto fields = read_line(line);
    if (!fields) return fields.error();
    if (fields->number("v") != audit_format_version) return Error(Errc::malformed, "unknown format version");
    if (fields->find("segment")) return std::optional<ReadRecord>{};
    auto record = read_open(*fields);
    if (!record) return record.error();
    ReadRecord read{fields->number("seq"), std::move(*record), fields->text("who"), false};
    const auto person = by_pseudonym_.find(read.person);
    if (const auto* sealed = fields->find("sealed"))
        read.opened = person != by_pseudonym_.end() && open_personal(read, *sealed, person->second.key);
    else
        read.opened = !fields->find("unsealed");
    return std::optional<ReadRecord>(std::move(read));
}

std::optional<std::string> RecordReader::pseudonym_of(std::string_view person) const {
    for (const auto& [name, known] : by_pseudonym_)
        if (known.name == person) return name;
    return std::nullopt;
}

}  // namespace sekisho::telemetry
