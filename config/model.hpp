#pragma once
// Model is what the operator asked for: one plain struct per section, every default
// filled in, every reference still a name. Only config/load makes one; config/check
// has found it consistent before anything else sees it.
#include "base/calendar.hpp"
#include "base/icalendar.hpp"
#include "base/ids.hpp"
#include "base/ip.hpp"
#include "base/secret.hpp"
#include "config/place.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sekisho::config {

// Text for people: always both languages; one given alone stands for both.
struct LocalText {
    std::string ja, en;
    const std::string& in(Language language) const noexcept { return language == Language::ja ? ja : en; }
};

struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;  // 0 = the kernel chooses (tests)
    Place place;
};

struct Listen {
    std::vector<Endpoint> https;          // at least one
    std::vector<Endpoint> http_redirect;  // port 80: answers 308/301 to https only
    std::vector<Prefix> balancers;  // must say in a PROXY header who the client is; others may not (R33)
};

struct Portal {
    std::string url;   // "https://portal.example:8443", no path
    std::string host;  // lower case, from url
    std::uint16_t port = 443;
    LocalText organisation;  // shown beside our name
    LocalText help;          // one line for the foot: whom to call
    bool hsts = true;
    Place place;
};

struct Certificate {
    std::string chain_path, key_path;
    std::string staple_path;  // OCSP response in DER; empty = none
    Place place;
};

// Hosts on which a client may, or must, prove itself with a certificate of its own.
struct ClientCertificates {
    enum class Demand : std::uint8_t { request, require };
    std::vector<std::string> hosts;  // lower case
    std::string ca_path, crl_path;   // PEM; without a CRL nothing is ever taken for revoked
    Demand demand = Demand::require;
    Place place;
};

struct Tls {
    std::vector<Certificate> certificates;
    std::vector<ClientCertificates> client_certificates;
    Seconds ticket_lifetime{12 * 3600};
    bool http2 = true;
    Place place;
};

struct Ops {
    Endpoint listen;                         // livez, readyz, metrics
    std::vector<std::string> allowed_hosts;  // Host names the listener answers to, beside its own address
    std::string admin_socket;                // default: <data>/admin.sock
};

struct Store {
    std::string data_directory;
    std::string master_key_path;  // either this
    std::string master_key_env;   // or the name of an environment variable
    bool demo = false;            // marked by the demo; such a store never serves off-loopback (R32)
};

// What people prove themselves with.
struct Factors {
    std::string refused_passwords_path;  // a list beside the built-in one (base/password_list); may be empty
    struct Passkeys {
        std::string roots_path;                 // PEM; empty: nobody's word on hardware counts
        std::vector<std::string> models;        // AAGUIDs; empty: whatever the roots vouch for
        std::vector<PersonKind> hardware_only;  // kinds of people who may register nothing else
        std::string abandoned_host;             // a former portal's host whose passkeys may be orphaned
    };
    Passkeys passkeys;
};

enum class OnAuditFailure : std::uint8_t { refuse, serve_and_count };

struct Audit {
    std::string directory;        // default: <data>/audit
    std::string checkpoint_path;  // second place for signed checkpoints
    std::uint64_t segment_bytes = 64ull << 20;
    std::uint64_t reserve_bytes = 1ull << 20;  // kept free for admin, revocation, break-glass records
    Seconds checkpoint_every{1};
};

// Every limit a peer can meet; docs/limits.md is generated from the schema rows of this section.
struct Limits {
    std::uint32_t workers = 0;  // 0 = one per core
    std::uint32_t connections = 20000;
    std::uint32_t connections_per_address = 1000;
    std::uint32_t handshakes_per_address = 256;  // TLS handshakes under way at once
    std::uint32_t handshake_rate = 500;          // begun per second and address; four seconds' worth at once
    std::uint32_t head_bytes = 32u << 10;
    std::uint32_t portal_head_bytes = 96u << 10;  // R10: at least 64 KiB of Cookie
    std::uint32_t head_fields = 128;
    std::uint32_t target_bytes = 8u << 10;
    std::uint64_t body_bytes = 0;          // 0 = unlimited; an app may set its own
    std::uint32_t form_bytes = 64u << 10;  // portal forms
    std::uint32_t upstream_head_bytes = 64u << 10;
    std::uint32_t pipelined = 64;
    std::uint32_t http2_streams = 128;  // of one connection at once
    Millis handshake_timeout{10'000};
    Millis head_timeout{15'000};  // from first byte to last of a request head
    Millis keep_alive_timeout{75'000};
    Millis body_min_rate_grace{10'000};  // before the minimum rate is judged
    std::uint32_t body_min_rate = 512;   // bytes per second, averaged since the body began
    Millis drain_timeout{30'000};
    Millis tunnel_idle_timeout{3'600'000};
    std::uint32_t upstream_idle_per_worker = 64;
    Millis upstream_idle_timeout{30'000};
    std::uint32_t hash_queue = 128;
    std::uint32_t page_queue = 1024;
    std::uint64_t reserved_descriptors = 64;
};

struct SessionLimits {
    Seconds absolute{12 * 3600};
    Seconds idle{30 * 60};
    std::uint32_t concurrent = 10;  // browsers one person may be signed in with
};

struct Sessions {
    SessionLimits staff{Seconds{12 * 3600}, Seconds{1800}, 10};
    SessionLimits contractor{Seconds{8 * 3600}, Seconds{900}, 3};
    SessionLimits ops{Seconds{4 * 3600}, Seconds{900}, 2};
};

// Where notices to people go. A channel is off while its first member is empty.
struct Notify {
    struct Mail {
        std::string host;
        std::uint16_t port = 587;
        bool implicit_tls = false;  // TLS from the first byte (port 465); else STARTTLS, and never without
        std::string from;           // address
        std::string ca_path;        // empty = the system's roots
        std::string user, password_path;
    } mail;
    struct Webhook {
        std::string host;
        std::uint16_t port = 443;
        std::string path{"/"};
        std::string ca_path;
        std::string secret_path;  // signs every call
    } webhook;
    std::string folder;  // one file for each notice
    std::optional<Language> language{Language::en};
    Seconds give_up_after{3 * 86400};
    std::uint32_t waiting_max = 10'000;
};

struct Network {
    std::string name;
    std::vector<Prefix> prefixes;
    Place place;
};

struct Group {
    std::string name;
    LocalText title;
    Place place;
};

struct Person {
    std::string name;  // account name, lower case
    PersonKind kind = PersonKind::none;
    std::vector<std::string> groups;
    std::string org;  // contractors only
    LocalText display;
    std::string mail;                  // where notices go; empty = nowhere by mail
    std::optional<Language> language;  // of notices; default: notify.language
    Place place;
};

struct Hours {
    std::uint8_t days = 0x7f;
    std::uint16_t from_minute = 0, to_minute = 1440;
    std::string timezone;  // IANA name
    Place place;
    std::string calendar{};      // name; empty = the week alone
    std::optional<DaysOf> on{};  // of that calendar; given wherever calendar is
};

// A calendar of business days; files it imports have been read.
struct Calendar {
    std::string name;
    CalendarBase base = CalendarBase::none;
    std::uint8_t weekend = 0x60;
    std::string timezone;  // of imported times that name none
    std::vector<Date> holidays, workdays, half_days;
    std::uint16_t half_day_until = 12 * 60;
    std::vector<std::string> imports;   // paths
    std::vector<CalendarEvent> events;  // of all imports: whole days are holidays, times are maintenance
    Place place;
};

struct Org {
    std::string name;
    LocalText title;
    std::string sponsor;                  // a person
    Date contract_from{}, contract_to{};  // both days included, in `timezone`
    std::string timezone;
    std::vector<Hours> hours;  // empty = always; several = any of them
    Place place;
};

struct Tier {
    std::string name;
    std::uint8_t rank = 1;                                              // 1 general ... 3 critical
    OnAuditFailure on_audit_failure = OnAuditFailure::serve_and_count;  // default for rank 3: refuse
};

// What is spoken to an upstream; never anything else than what is written.
enum class UpstreamProtocol : std::uint8_t { http1, http2 };

struct Upstream {
    std::string name;
    bool tls = false;
    UpstreamProtocol protocol = UpstreamProtocol::http1;  // http2: by ALPN over TLS, else by prior knowledge
    std::string host;                                     // name or address literal
    std::uint16_t port = 0;
    std::string ca_path;      // empty = the system's roots; TLS only
    std::string server_name;  // default: host
    std::string host_header;  // default: the host the client asked for
    Millis connect_timeout{5'000};
    Millis response_timeout{60'000};  // until the first byte of the response head
    Millis total_timeout{0};          // 0 = none
    std::uint32_t connections = 0;    // per worker; 0 = unlimited
    Place place;
};

enum class PathCase : std::uint8_t { sensitive, insensitive };

struct App {
    std::string name;
    LocalText title, about;
    std::string host;                     // lower case
    std::vector<std::string> paths{"/"};  // prefixes this app owns on its host
    std::vector<std::string> methods;     // empty = any
    std::string upstream;
    std::string tier;
    bool listed = false;
    PathCase path_case = PathCase::sensitive;
    std::uint64_t body_bytes = 0;  // 0 = limits.body_bytes
    bool websocket = false;
    std::vector<std::string> origins;  // exact origins allowed for WebSocket; default: the app's own
    std::vector<std::string> cross_site_callers;  // origins allowed past the Sec-Fetch-Site rule (R3)
    struct Preflight {
        bool answered = false;  // by us; else preflights are judged as any request
        std::vector<std::string> methods, headers;
        bool credentials = false;
        Seconds max_age{600};
    } preflight;                              // of cross_site_callers
    std::vector<std::string> cookie_domains;  // approved Domain= values (R10)
    bool assertion = true;
    bool service_tokens = false;  // scripts may come with one in place of a session
    Place place;
};

// One alternative of `who`: all its terms must hold.
struct WhoTerm {
    enum class Kind : std::uint8_t { any, user, group, org, kind } kind = Kind::any;
    std::string name;  // user, group or org
    PersonKind person = PersonKind::none;
};
using WhoClause = std::vector<WhoTerm>;  // joined with &

// One entry of `if:`; every entry must hold.
struct Condition {
    // level: a name that stands for others; none is left in a model that was loaded.
    enum class Kind : std::uint8_t { mfa, network, hours, level } kind = Kind::mfa;
    FactorStrength strength = FactorStrength::otp;  // mfa
    std::optional<Seconds> max_age;                 // mfa
    std::vector<std::string> networks;              // network: in any of these
    bool negated = false;                           // network: in none of these
    Hours hours;                                    // hours
    Place place;
    std::string level{};  // the level it was written through; empty where it stands in the rule itself
};

// A named list of conditions that rules and other levels use; rules hold its conditions themselves.
struct Level {
    std::string name;
    std::vector<Condition> conditions;
    Place place;
};

struct Rule {
    enum class Effect : std::uint8_t { allow, deny };
    std::string id;
    Effect effect = Effect::deny;
    std::vector<WhoClause> who;        // any clause
    std::vector<std::string> apps;     // names; empty = any
    std::vector<std::string> methods;  // empty = any
    std::vector<std::string> paths;    // prefixes on segment borders; empty = any
    std::vector<Condition> conditions;
    Place place;
    bool shadow = false;  // judged and counted, never enforced
    LocalText reason{};   // for people it turns away; may be empty
};

struct Model {
    std::vector<std::string> files;             // index 0 is the main file
    std::vector<std::string> include_patterns;  // as paths; for watching folders
    std::string timezone = "UTC";
    Listen listen;
    Portal portal;
    Tls tls;
    Ops ops;
    Store store;
    Audit audit;
    Limits limits;
    Sessions sessions;
    Factors factors;
    Notify notify;
    std::vector<Network> networks;
    std::vector<Calendar> calendars;
    std::vector<Group> groups;
    std::vector<Person> people;
    std::vector<Org> orgs;
    std::vector<Tier> tiers;
    std::vector<Upstream> upstreams;
    std::vector<Level> levels;
    std::vector<App> apps;    // AppId is the index
    std::vector<Rule> rules;  // RuleId is the index
    Bytes digest;             // SHA-256 over every file read, in order
    Places places;  // where each value stands, by its path: "apps.wiki.host", "rules.r1.allow.app[0]"
};

}  // namespace sekisho::config
