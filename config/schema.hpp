#pragma once
// The table of configuration keys: what may be written, what it means, what it is when left out, and what a
// change of it costs. Decoder, defaults, diagnostics, differences and the reference page all read it.
#include "config/diagnostics.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace sekisho::config {

enum class Type : std::uint8_t {
    record,              // more keys inside
    boolean,             // true or false
    count,               // whole number
    bytes,               // size with a unit: 64KiB
    duration,            // time with a unit: 30s
    text,                // one line for people or programs
    local_text,          // text, or {ja: ..., en: ...}
    name,                // a-z 0-9 . _ -
    account,             // as name, for people
    host,                // host name or address literal
    authority,           // host, with a port where needed
    path,                // file path, relative to the main file's folder
    url,                 // https://host:port
    origin,              // https://host:port of a page
    url_path,            // /prefix
    method,              // GET
    endpoint,            // 127.0.0.1:8443
    network,             // 10.0.0.0/8
    date,                // 2026-04-01
    minute,              // "08:00"
    days,                // mon-fri
    timezone,            // Asia/Tokyo
    person_kind,         // staff, contractor, ops
    factor,              // otp, recovery, password
    path_case,           // sensitive, insensitive
    upstream_protocol,   // http1, http2
    language,            // ja, en
    client_certificate,  // request, require
    audit_failure,       // refuse, serve_and_count
    calendar_base,       // none, japan, japan_bank
    rule_mode,           // enforce, shadow
    calendar_days,       // business_days, holidays...
    who,                 // kind:staff & group:finance
    secret,              // {file: path} or {env: NAME}
    network_term,        // name of a network, or !name
    pattern,             // conf.d/*.yaml
};

enum class Shape : std::uint8_t { one, list, one_or_list, map };
enum class Need : std::uint8_t { required, optional, given /* has a default */ };
enum class Reload : std::uint8_t { live, restart };
// What a change may do to access; see config/diff.
enum class Loosens : std::uint8_t {
    never,
    any,    // every change
    more,   // larger, or true
    less,   // smaller, or false
    added,  // an element or value that was not there
    open,   // as added, and an empty list means "any"
};

struct Key {
    std::string_view path;  // "people.*.kind", "orgs.*.hours[].days"
    Type type;
    Shape shape;
    Need need;
    std::string_view fallback;  // what holds when left out: a value, or for optional keys a note
    std::uint64_t min, max;     // count: itself; bytes: bytes; duration: milliseconds; text: characters
    Reload reload;
    Loosens loosens;
    std::string_view since;
    std::string_view en, ja;                // meaning
    std::string_view danger_en, danger_ja;  // may be empty
};

std::span<const Key> keys() noexcept;
const Key* find_key(std::string_view path) noexcept;
// child_keys: the keys directly inside a record, by the record's pattern; "" is the root.
std::vector<const Key*> child_keys(std::string_view path);

// expected: what a value of this key looks like, "a duration such as 30s, from 1s to 10m".
Argument expected(const Key& key);
Argument type_words(Type type);

}  // namespace sekisho::config
