#pragma once
// One-time codes as tokens are judged: a clock's (TOTP) with the drift that was remembered, a counter's
// (HOTP) with a look-ahead, and either found again by two codes in a row. Pure: matching is not accepting; a
// code is used up once, by Store::accept_otp.
// Source: RFC 4226 section 7 (counters, resynchronisation), RFC 6238 section 6 (drift).
#include "auth/store.hpp"
#include "auth/totp.hpp"

namespace sekisho::auth {

constexpr int otp_steps_aside = 1;       // totp, one code: of the remembered drift
constexpr int otp_drift_steps_max = 10;  // totp: no clock is followed further than this, two codes or not
constexpr int hotp_look_ahead = 5;       // hotp, one code
constexpr int hotp_resync_ahead = 50;    // hotp, two codes

// What was typed: one code of six digits, or two that a token showed one after the other.
struct OtpTyped {
    std::string code, next;  // `next` is empty for one
};
// read_otp drops blanks and hyphens; six or twelve digits are left, or it is nothing of ours.
std::optional<OtpTyped> read_otp(std::string_view typed);

struct OtpMatch {
    std::int64_t value = 0;  // step or counter of the last code typed
    std::int32_t drift = 0;  // totp: what to remember with it
    bool used = false;       // it was right once: its step or counter is behind
};

// match_otp: every code the token might mean is made and compared in constant time.
std::optional<OtpMatch> match_otp(const OtpRow& token, const Secret& secret, const OtpTyped& typed,
                                  WallTime now);

// otp_context is what a token's sealed secret is bound to: moved to another token it does not open.
std::string otp_context(const OtpRow& token);

}  // namespace sekisho::auth
