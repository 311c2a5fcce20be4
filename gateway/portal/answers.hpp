#pragma once
// Answers are what the gateway itself says in place of an app or a page of ours: a page for a person who
// opened one, a problem document (RFC 9457) for a script.
#include "gateway/portal/pages.hpp"
#include "gateway/portal/standings.hpp"

namespace sekisho::gateway {

// frame_of: the frame for a page about this request. On an app host the links lead to the portal.
Frame frame_of(const PortalRequest& request, Section section = Section::none);

// answer_error says a word of the table: `key` with its status. Strangers' words look the same for everybody,
// signed in or not (R26).
PortalResponse answer_error(const PortalRequest& request, std::string_view key, const FillPairs& fills = {});

// answer_refusal says why a decision was no. access.unknown goes through answer_error.
// Scripts get RFC 9470's challenge where a proof would help.
PortalResponse answer_refusal(const PortalRequest& request, AppId app, const policy::Decision& decision);

// answer_cookies: 431, with how to clear them (R10). `request` may hold nothing but host, model, now and id.
PortalResponse answer_cookies(const PortalRequest& request);

// problem_response: application/problem+json with the title in both languages.
PortalResponse problem_response(const PortalRequest& request, std::string_view key,
                                const FillPairs& fills = {});

// wanted_strength is the factor that the rule which came nearest asks for.
FactorStrength wanted_strength(const config::Model& model, const policy::Decision& decision) noexcept;
// proof_would_help: this person was refused for want of a factor that they may go and prove now.
bool proof_would_help(const PortalRequest& request, const policy::Decision& decision) noexcept;
// proven: when a factor of at least this strength was last proven; the epoch when none was.
WallTime proven(const auth::Session& session, FactorStrength wanted) noexcept;

}  // namespace sekisho::gateway
