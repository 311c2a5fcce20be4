#include "auth/ceremony.hpp"

namespace sekisho::auth {
namespace {

constexpr std::uint8_t format = 1;
constexpr std::size_t head_bytes = 1 + 1 + 8 + 8;

void put(Bytes& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

std::uint64_t take(ByteView bytes) {
    std::uint64_t value = 0;
    for (const auto byte : bytes.first(8)) value = (value << 8) | byte;
    return value;
}

}  // namespace

std::string_view to_text(SignInOutcome outcome) noexcept {
    switch (outcome) {
        case SignInOutcome::ask_code:
            return "ask_code";
        case SignInOutcome::signed_in:
            return "signed_in";
        case SignInOutcome::failed:
            return "failed";
        case SignInOutcome::slow_down:
            return "slow_down";
        case SignInOutcome::busy:
            return "busy";
        case SignInOutcome::expired:
            return "expired";
        case SignInOutcome::disabled:
            return "disabled";
    }
    return "failed";
}

std::string_view to_text(Finding finding) noexcept {
    switch (finding) {
        case Finding::none:
            return "none";
        case Finding::unknown_account:
            return "unknown_account";
        case Finding::not_enrolled:
            return "not_enrolled";
        case Finding::wrong_password:
            return "wrong_password";
        case Finding::wrong_code:
            return "wrong_code";
        case Finding::code_replayed:
            return "code_replayed";
        case Finding::account_disabled:
            return "account_disabled";
        case Finding::changed_meanwhile:
            return "changed_meanwhile";
        case Finding::throttled:
            return "throttled";
    }
    return "none";
}

Ceremony Ceremony::after_password(std::string account, bool password_right, std::uint64_t epoch,
                                  WallTime now) {
    Ceremony out;
    out.account_ = std::move(account);
    out.password_right_ = password_right;
    out.epoch_ = epoch;
    out.started_ = now;
    return out;
}

bool Ceremony::over(WallTime now) const noexcept { return now < started_ || now - started_ > lifetime; }

Judgement Ceremony::judge(const Evidence& evidence, WallTime now) const {
    if (over(now)) return {SignInOutcome::expired, Finding::none, {}};
    const auto failed = [](Finding finding) { return Judgement{SignInOutcome::failed, finding, {}}; };
    if (!evidence.account_exists) return failed(Finding::unknown_account);
    if (evidence.epoch != epoch_) return failed(Finding::changed_meanwhile);
    if (!evidence.enrolled) return failed(Finding::not_enrolled);
    if (!password_right_) return failed(Finding::wrong_password);
    if (evidence.code == CodeFinding::wrong) return failed(Finding::wrong_code);
    if (evidence.code == CodeFinding::otp_replayed) return failed(Finding::code_replayed);
    if (evidence.status == AccountStatus::disabled)
        return {SignInOutcome::disabled, Finding::account_disabled, {}};
    if (evidence.status != AccountStatus::active) return failed(Finding::not_enrolled);
    return {SignInOutcome::signed_in, Finding::none,
            evidence.code == CodeFinding::recovery ? FactorStrength::recovery : FactorStrength::otp};
}

Bytes Ceremony::encode() const {
    Bytes out{format, static_cast<std::uint8_t>(password_right_)};
    put(out, epoch_);
    put(out, static_cast<std::uint64_t>(started_.time_since_epoch().count()));
    out.insert(out.end(), account_.begin(), account_.end());
    return out;
}

std::optional<Ceremony> Ceremony::decode(ByteView bytes) {
    if (bytes.size() <= head_bytes || bytes[0] != format || bytes[1] > 1) return std::nullopt;
    const auto started = static_cast<std::int64_t>(take(bytes.subspan(10)));
    return after_password(std::string(as_text(bytes.subspan(head_bytes))), bytes[1] == 1,
                          take(bytes.subspan(2)), WallTime{Millis{started}});
}

}  // namespace sekisho::auth
