#pragma once
// The audit record: who asked for what, what was decided, why, and how it ended.
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::telemetry {

inline constexpr int audit_format_version = 1;
using Seq = std::uint64_t;  // 1 is the first record; 0 is none

enum class Event : std::uint8_t {
    start,
    stop,
    gap,
    decision_deny,
    decision_allow,
    step_up,
    sign_in_step,
    sign_in,
    sign_out,
    session_end,
    connection_end,
    exchange_cut,
    activation,
    factor_change,
    password_change,
    account_change,
    privileged_act,
    reload,
    reload_refused,
    continuity,
    coalesced,
    notice_undelivered,
    store_rollback,
};

// ordinary records wait when the disk is full; privileged ones may use the reserved space (R20).
enum class EventClass : std::uint8_t { ordinary, privileged };

struct EventDefinition {
    Event event;
    std::string_view name;
    EventClass event_class;
    std::string_view meaning;
};

// In the order of the enum.
inline constexpr EventDefinition event_table[] = {
    {Event::start, "start", EventClass::privileged,
     "the log was opened; names the durable head it goes on from"},
    {Event::stop, "stop", EventClass::privileged, "the log was closed in order"},
    {Event::gap, "gap", EventClass::privileged, "records were lost; `count` says how many"},
    {Event::decision_deny, "decision.deny", EventClass::ordinary, "access was refused"},
    {Event::decision_allow, "decision.allow", EventClass::ordinary,
     "first allow of a session, app, rule and generation; every allow of apps of tier critical"},
    {Event::step_up, "step_up", EventClass::ordinary, "more proof was asked for, or given"},
    {Event::sign_in_step, "sign_in.step", EventClass::ordinary,
     "one step of a sign-in: a factor accepted or not"},
    {Event::sign_in, "sign_in", EventClass::ordinary, "a session began"},
    {Event::sign_out, "sign_out", EventClass::ordinary, "a person ended a session of their own"},
    {Event::session_end, "session.end", EventClass::privileged,
     "a session was ended by somebody else or by time"},
    {Event::connection_end, "connection.end", EventClass::ordinary,
     "a connection that carried allowed traffic ended"},
    {Event::exchange_cut, "exchange.cut", EventClass::ordinary,
     "an open response or tunnel was ended with its access"},
    {Event::activation, "activation", EventClass::ordinary, "an activation link was made or used"},
    {Event::factor_change, "factor.change", EventClass::privileged,
     "a factor was enrolled, reset or removed"},
    {Event::password_change, "password.change", EventClass::ordinary, "a password was set or changed"},
    {Event::account_change, "account.change", EventClass::privileged,
     "an account was added, disabled or enabled"},
    {Event::privileged_act, "privileged", EventClass::privileged,
     "an operator did something; `reason` names the act"},
    {Event::reload, "config.reload", EventClass::privileged, "a new configuration is in force"},
    {Event::reload_refused, "config.refused", EventClass::privileged, "a configuration was refused"},
    {Event::continuity, "continuity", EventClass::privileged,
     "a continuity plan was armed, activated or ended"},
    {Event::coalesced, "coalesced", EventClass::ordinary,
     "anonymous refusals like an earlier record; `count` says how many"},
    {Event::notice_undelivered, "notice.undelivered", EventClass::ordinary,
     "a notice to a person was given up or found no room; `reason` names its kind"},
    {Event::store_rollback, "store.rollback", EventClass::privileged,
     "the store is older than its witness: every session, service token, link and recovery code was ended"},
};
constexpr const EventDefinition& definition(Event event) {
    return event_table[static_cast<std::size_t>(event)];
}
constexpr std::string_view to_text(Event event) { return definition(event).name; }
std::optional<Event> parse_event(std::string_view name) noexcept;

enum class Outcome : std::uint8_t { done, allowed, denied, failed, ended };
std::string_view to_text(Outcome outcome) noexcept;

// A fact the decision was made on. Facts that say something about a person beyond the decision are stored
// sealed.
enum class Privacy : std::uint8_t { open, personal };
struct Fact {
    std::string name, value;
    Privacy privacy = Privacy::open;
};

// Empty texts and zeros are left out of the record. `user`, `actor`, `client`, `path`, `agent`, `claimed` and
// personal facts are sealed under the key of `user`, the account the record is about (R21); anonymous ones
// under the key of "".
struct Record {
    Event event = Event::decision_deny;
    Outcome outcome = Outcome::done;
    WallTime time{};      // 0: the writer fills in its own
    std::string user;     // an account that exists; else empty
    std::string actor;    // who acted, when it was not `user`: "ops:tanaka", "uid:0"
    std::string claimed;  // the name a stranger typed
    std::string client, path, agent;
    std::string org, kind, app, host, method, rule, reason, request_id, session, trace_id, detail;
    std::uint64_t generation = 0, status = 0, bytes_in = 0, bytes_out = 0, duration_ms = 0, count = 0;
    std::vector<Fact> facts;
};

// PersonKeys holds the 32-byte key of each person. Without its key a person's sealed values are gone for
// good. Thread: any; key_for is called once for each record, so an implementation keeps its keys at hand.
class PersonKeys {
public:
    virtual ~PersonKeys() = default;
    virtual Result<Secret> key_for(std::string_view person) = 0;  // makes one when there is none
    virtual std::vector<std::string> people() const = 0;          // whose keys exist
};

// MemoryPersonKeys forgets with the process: for tests.
class MemoryPersonKeys final : public PersonKeys {
public:
    Result<Secret> key_for(std::string_view person) override;
    std::vector<std::string> people() const override;
    void erase(std::string_view person);

private:
    mutable std::mutex mutex_;
    std::map<std::string, Secret, std::less<>> keys_;
};

// DerivedPersonKeys derives each key from one secret and remembers a given list of people. It cannot erase a
// single person: for tools that read a log with the secret at hand.
class DerivedPersonKeys final : public PersonKeys {
public:
    DerivedPersonKeys(Secret root, std::vector<std::string> people);
    Result<Secret> key_for(std::string_view person) override;
    std::vector<std::string> people() const override { return people_; }

private:
    Secret root_;
    std::vector<std::string> people_;
};

// pseudonym is what a record shows of its person: it can be computed only with the person's key and is erased
// with it.
std::string pseudonym(const Secret& person_key);

// encode_fields appends the record's members, from "v" on, sealed values included, as canonical JSON without
// the outer braces: fixed order, no blanks. When the key cannot be had the sealed values are left out and
// "unsealed" says so.
void encode_fields(std::string& out, const Record& record, Seq seq, PersonKeys& keys);

// ReadRecord is a record read back from a line.
struct ReadRecord {
    Seq seq = 0;
    Record record;       // sealed members only when `opened`
    std::string person;  // pseudonym
    bool opened = false;
};

// RecordReader reads lines of the log and opens what the keys at hand can open.
class RecordReader {
public:
    explicit RecordReader(PersonKeys* keys);
    // Errors: Errc::malformed when the line is no record of a format we know. Segment headers give nothing.
    Result<std::optional<ReadRecord>> read(std::string_view line) const;
    // The pseudonym of a person whose key is at hand.
    std::optional<std::string> pseudonym_of(std::string_view person) const;

private:
    struct Person {
        std::string name;
        Secret key;
    };
    std::map<std::string, Person, std::less<>> by_pseudonym_;
};

// audit_reference is docs/reference/audit.md.
std::string audit_reference();

}  // namespace sekisho::telemetry
