#pragma once
// decide answers one request from a residual: the rules of one app that concern one session, with nothing
// left to test but what differs between requests.
#include "policy/facts.hpp"

#include <memory>

namespace sekisho::policy {

class Program;
class Residual;

// Reason is what stands in the way, in words a person can act on; it names no rule.
enum class Reason : std::uint8_t {
    none,                  // allowed
    factor_too_old,        // sign in again
    factor_missing,        // a stronger factor is wanted
    network,               // not from this network
    outside_hours,         // not now
    view_only,             // not with this method
    part,                  // not this part of the app
    denied,                // a rule forbids it
    contract_not_started,  // the organisation's contract begins later
    contract_ended,        // the organisation's contract is over
    unknown,               // no allow's `who` matches: the app does not exist for this person (404)
    no_kind,               // a person of no kind, or a contractor of no organisation, has no access anywhere
};

// to_text names a reason as it stands in logs and metrics: "outside_hours".
std::string_view to_text(Reason reason) noexcept;

// Decision. While `allow`, it holds on [now, valid_until) as long as session, policy and request stay the
// same. Where nothing is allowed, valid_until is the request's `now`: nothing may rest on it.
struct Decision {
    bool allow = false;
    std::optional<RuleId> rule;  // the first allow that let in, the deny, or the allow that came nearest
    Reason reason = Reason::unknown;
    WallTime valid_until{};             // WallTime::max(): no time ends it
    std::optional<WallTime> next_open;  // where time is the obstacle: when it may be tried again
    bool who_matched = false;           // some allow's `who` matches; false means: say 404
};

// specialise keeps what still matters for one session and app. Ask again when the session's factor or the
// program changes. Cost: a test of `who` per rule that names the app. Thread: a residual is immutable and may
// be shared.
std::shared_ptr<const Residual> specialise(const Program& program, const SubjectFacts& subject, AppId app);

// decide allocates nothing and reads no clock. Deny beats allow, and nothing matched means no.
Decision decide(const Residual& residual, const RequestFacts& request) noexcept;

// lists: some allow of the app names this person, whatever its conditions say now (R26).
bool lists(const Program& program, const SubjectFacts& subject, AppId app);

}  // namespace sekisho::policy
