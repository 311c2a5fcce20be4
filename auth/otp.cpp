#include "auth/otp.hpp"

#include <algorithm>
#include <cstdlib>

namespace sekisho::auth {
namespace {

constexpr std::int32_t quarters = 4;  // drift is kept in quarters of a step

bool same(const Secret& secret, std::int64_t value, std::string_view code) {
    if (value < 0) return false;
    const auto right = hotp(secret, static_cast<std::uint64_t>(value));
    return !right.empty() && equal_constant_time(as_bytes(right), as_bytes(code));
}

std::int64_t rounded(std::int32_t drift) noexcept {
    return (drift + (drift < 0 ? -quarters / 2 : quarters / 2)) / quarters;
}

std::int32_t within_bound(std::int64_t drift) noexcept {
    constexpr std::int64_t most = otp_drift_steps_max * quarters;
    return static_cast<std::int32_t>(std::clamp(drift, -most, most));
}

// Of one code: a quarter of the way to what it shows, so that one late typing moves nothing for good. Of two
// in a row: all the way.
std::int32_t followed(std::int32_t before, std::int64_t offset, bool two) noexcept {
    const auto shown = offset * quarters;
    if (two) return within_bound(shown);
    const auto way = shown - before;
    const auto step = way / quarters;
    return within_bound(before + (step != 0 || way == 0 ? step : way > 0 ? 1 : -1));
}

struct Range {
    std::int64_t first, last;
};

// The steps or counters a typed code may stand for; of a counter also the one just used, to tell it apart.
Range candidates(const OtpRow& token, std::int64_t present, bool two) noexcept {
    if (token.kind == OtpKind::hotp)
        return {token.next - 1, token.next + (two ? hotp_resync_ahead : hotp_look_ahead)};
    if (two) return {present - otp_drift_steps_max, present + otp_drift_steps_max};
    const auto centre = present + rounded(token.drift);
    return {centre - otp_steps_aside, centre + otp_steps_aside};
}

}  // namespace

std::optional<OtpTyped> read_otp(std::string_view typed) {
    constexpr auto length = static_cast<std::size_t>(totp_digits);
    std::string digits;
    for (const char c : typed)
        if (c != ' ' && c != '-') digits.push_back(c);
    const bool all = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!all || (digits.size() != length && digits.size() != 2 * length)) return std::nullopt;
    return OtpTyped{digits.substr(0, length), digits.substr(length)};
}

std::optional<OtpMatch> match_otp(const OtpRow& token, const Secret& secret, const OtpTyped& typed,
                                  WallTime now) {
    const bool two = !typed.next.empty();
    const auto present = totp_step_at(now);
    const auto range = candidates(token, present, two);
    std::optional<OtpMatch> found;
    for (auto value = range.first; value <= range.last; ++value) {
        bool right = same(secret, value, typed.code);
        if (two) right = same(secret, value + 1, typed.next) && right;
        if (!right) continue;
        const OtpMatch match{
            two ? value + 1 : value,
            token.kind == OtpKind::totp ? followed(token.drift, (two ? value + 1 : value) - present, two) : 0,
            value < token.next};
        // A code that is still good wins over one that was used; of two good ones the nearer.
        const bool nearer = !found || std::abs(match.value - present) < std::abs(found->value - present);
        if (!found || (found->used && !match.used) ||
            (found->used == match.used && token.kind == OtpKind::totp && nearer))
            found = match;
    }
    return found;
}

std::string otp_context(const OtpRow& token) {
    return token.id == first_otp ? totp_context(token.user) : "otp\n" + token.user + "\n" + token.id;
}

}  // namespace sekisho::auth
