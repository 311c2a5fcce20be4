#pragma once
// One-time codes from a phone: the only doorway to liboath, with the checks that library leaves out.
// Source: RFC 4226 (HOTP), RFC 6238 (TOTP).
#include "base/clock.hpp"
#include "base/secret.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sekisho::auth {

constexpr std::size_t totp_secret_bytes = 20;
constexpr std::size_t totp_secret_bytes_min = 16;
constexpr int totp_digits = 6;
constexpr Seconds totp_step{30};

// A code of the clock, or of a counter that goes on with each code.
enum class OtpKind : std::uint8_t { totp, hotp };

enum class OtpHash : std::uint8_t { sha1, sha256, sha512 };

Secret make_totp_secret();

// totp_step_at is the number of the step a moment falls in.
std::int64_t totp_step_at(WallTime now) noexcept;

// match_totp: the step whose code this is, of the present one and one to either side, for a token that was
// never used before. Nothing unless `code` is exactly six ASCII digits and the secret has at least 16 bytes.
// Every candidate is compared, in constant time. A token in use is judged by match_otp.
std::optional<std::int64_t> match_totp(const Secret& secret, std::string_view code, WallTime now);

// hotp and totp give the code itself. digits is 6, 7 or 8; empty when the secret or
// the digits will not do.
std::string hotp(const Secret& secret, std::uint64_t counter, int digits = totp_digits);
std::string totp(const Secret& secret, WallTime at, int digits = totp_digits, OtpHash hash = OtpHash::sha1);

// totp_uri is what a QR code carries: otpauth://totp/ISSUER:ACCOUNT?secret=...&issuer=ISSUER..., or the same
// of a counter that begins at 0.
std::string totp_uri(std::string_view issuer, std::string_view account, const Secret& secret,
                     OtpKind kind = OtpKind::totp);
// spaced_secret is the same secret for typing: base32 in groups of four.
std::string spaced_secret(const Secret& secret);

// totp_context is what a sealed TOTP secret is bound to: moved to another account it does not open.
std::string totp_context(std::string_view user);

// looks_like_totp: six digits once blanks and hyphens between them are dropped; gives the digits.
std::optional<std::string> looks_like_totp(std::string_view typed);

}  // namespace sekisho::auth
