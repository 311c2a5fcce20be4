#include "auth/sign_in.hpp"

#include "auth/recovery.hpp"
#include "base/base64.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

constexpr std::string_view ticket_context = "sign-in ticket v1";
constexpr Millis busy_wait{5000};
constexpr Seconds known_browser_lifetime{400 * 24 * 3600};
constexpr Seconds recovery_session_lifetime{15 * 60};
constexpr std::size_t account_bytes_max = 64;
constexpr std::size_t ticket_bytes_max = 512;

// What a name that cannot be an account counts as: it is throttled like any other.
std::string throttled_name(std::string_view typed) {
    if (auto name = normal_account_name(typed)) return std::move(*name);
    // "-" is no account's name: nothing typed is somebody unknown, not a form that has expired.
    return typed.empty() ? std::string("-") : std::string(cut_utf8(typed, account_bytes_max));
}

bool too_busy(const Error& error) {
    return error.code() == Errc::unavailable || error.code() == Errc::timed_out;
}

std::optional<Ceremony> open_ticket(const Keyring& keys, std::string_view ticket) {
    if (ticket.size() > ticket_bytes_max) return std::nullopt;
    const auto sealed = from_base64url(ticket);
    if (!sealed) return std::nullopt;
    const auto plain = keys.open(KeyPurpose::browser_seal, *sealed, ticket_context);
    return plain ? Ceremony::decode(plain->reveal()) : std::nullopt;
}

// Sealed like a real one: unknown accounts cost an unsealing too.
OtpRow decoy_token(const Keyring& keys) {
    OtpRow token;
    token.user = "no account";
    token.id = first_otp;
    token.wrapped_secret = keys.seal(KeyPurpose::totp_wrap, make_totp_secret().reveal(), otp_context(token));
    return token;
}

}  // namespace

std::optional<std::string> normal_account_name(std::string_view typed) {
    auto name = lower(trim(typed));
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c); };
    const auto allowed = [&](char c) { return letter(c) || c == '.' || c == '_' || c == '-'; };
    if (name.empty() || name.size() > account_bytes_max || !letter(name.front()) ||
        !std::all_of(name.begin(), name.end(), allowed))
        return std::nullopt;
    return name;
}

SignIn::SignIn(Store& store, const Clock& clock, const Keyring& keys, PasswordHasher& hasher,
               Throttle& throttle, SessionService& sessions)
    : store_(store),
      clock_(clock),
      keys_(keys),
      hasher_(hasher),
      throttle_(throttle),
      sessions_(sessions),
      decoy_(decoy_token(keys)) {}

Result<std::optional<AccountRow>> SignIn::account(std::string_view name) {
    auto row = store_.account(name);
    if (row) return std::optional(std::move(*row));
    if (row.error().code() == Errc::not_found) return std::optional<AccountRow>{};
    return row.error();
}

// A store that fails makes the browser an unknown one: no budget of its own, nothing worse.
std::optional<Digest> SignIn::known_browser(std::string_view name, const Origin& origin) {
    const auto token = token_hash(origin.known_browser);
    if (!token) return std::nullopt;
    const auto user = store_.known_browser_user(*token, clock_.wall());
    if (!user || !*user || **user != name) return std::nullopt;
    return token;
}

Result<FirstStep> SignIn::begin(std::string_view typed, std::string_view password, const Origin& origin) {
    const auto name = throttled_name(typed);
    const auto row = account(name);
    if (!row) return row.error();
    FirstStep out;
    out.wait = throttle_.peek({name, row->has_value(), origin.source, known_browser(name, origin)});
    if (out.wait > Millis{0}) {
        out.outcome = SignInOutcome::slow_down;
        return out;
    }
    const auto verdict = hasher_.verify(password, *row ? (*row)->password_hash : std::string{});
    if (!verdict) {
        if (!too_busy(verdict.error())) return verdict.error();
        out.outcome = SignInOutcome::busy;
        out.wait = busy_wait;
        return out;
    }
    if (!verdict->better.empty())
        (void)store_.replace_password_hash(name, (*row)->password_hash, verdict->better);
    const auto ceremony =
        Ceremony::after_password(name, verdict->right, *row ? (*row)->epoch : 0, clock_.wall());
    out.outcome = SignInOutcome::ask_code;
    out.ticket = base64url(keys_.seal(KeyPurpose::browser_seal, ceremony.encode(), ticket_context));
    return out;
}

std::string SignIn::account_of(std::string_view ticket) const {
    const auto ceremony = open_ticket(keys_, ticket);
    return ceremony ? ceremony->account() : std::string{};
}

// Somebody without a token costs an unsealing and a comparison too.
Result<> SignIn::gather_otp(const std::string& name, const OtpTyped& typed, Gathered& out) {
    auto tokens = store_.otp_tokens(name);
    if (!tokens) return tokens.error();
    out.evidence.enrolled = !tokens->empty();
    out.two = !typed.next.empty();
    if (tokens->empty()) tokens->push_back(decoy_);
    for (const auto& token : *tokens) {
        const auto secret = keys_.open(KeyPurpose::totp_wrap, token.wrapped_secret, otp_context(token));
        if (!secret) return secret.error();
        const auto match = match_otp(token, *secret, typed, clock_.wall());
        if (!match || !out.evidence.enrolled || out.evidence.code == CodeFinding::otp) continue;
        out.evidence.code = match->used ? CodeFinding::otp_replayed : CodeFinding::otp;
        out.token = token.id;
        out.match = *match;
        out.limited_until = token.limited_until > clock_.wall() ? token.limited_until : WallTime{};
    }
    return {};
}

Result<> SignIn::gather_recovery(const std::string& name, std::string_view code, Gathered& out) {
    const auto left = store_.recovery_codes_left(name);
    if (!left) return left.error();
    out.evidence.enrolled = *left > 0;
    for (const auto& digest : recovery_digests(keys_, name, code)) {
        const auto there = store_.has_recovery_code(name, digest);
        if (!there) return there.error();
        if (!*there) continue;
        out.evidence.code = CodeFinding::recovery;
        out.recovery = digest;
    }
    return {};
}

Result<SignIn::Gathered> SignIn::gather(const std::string& name, std::string_view code) {
    Gathered out;
    const auto row = account(name);
    if (!row) return row.error();
    if (*row) {
        out.evidence.account_exists = true;
        out.evidence.status = (*row)->status;
        out.evidence.epoch = (*row)->epoch;
    }
    const auto typed = read_otp(code);
    const auto done = typed ? gather_otp(name, *typed, out) : gather_recovery(name, code, out);
    if (!done) return done.error();
    return out;
}

// The only place where a code is used up, and each use is atomic in the store.
Result<bool> SignIn::consume(const std::string& name, const Gathered& gathered) {
    return gathered.evidence.code == CodeFinding::recovery
               ? store_.consume_recovery_code(name, gathered.recovery)
               : store_.accept_otp(name, gathered.token, gathered.match.value, gathered.match.drift,
                                   clock_.wall());
}

Result<SignInResult> SignIn::finish(std::string_view ticket, std::string_view code, const Origin& origin,
                                    const config::SessionLimits& limits) {
    SignInResult out;
    const auto ceremony = open_ticket(keys_, ticket);
    if (!ceremony || ceremony->over(clock_.wall())) {
        out.outcome = SignInOutcome::expired;
        return out;
    }
    const auto& name = ceremony->account();
    const auto row = account(name);
    if (!row) return row.error();
    if (*row) out.account = name;
    const auto reserved =
        throttle_.reserve({name, row->has_value(), origin.source, known_browser(name, origin)});
    if (!reserved) return reserved.error();
    if (!reserved->granted) {
        out.outcome = SignInOutcome::slow_down;
        out.finding = Finding::throttled;
        out.wait = reserved->wait;
        return out;
    }
    const auto gathered = gather(name, code);
    if (!gathered) return gathered.error();
    const auto judgement = ceremony->judge(gathered->evidence, clock_.wall());
    out.outcome = judgement.outcome;
    out.finding = judgement.finding;
    if (judgement.outcome != SignInOutcome::signed_in) return out;
    if (auto done = open_session(name, *gathered, judgement.strength, origin, limits, out); !done)
        return done.error();
    if (out.outcome != SignInOutcome::signed_in) return out;
    (void)throttle_.succeeded(*reserved);
    out.token_found_again = gathered->two && gathered->evidence.code == CodeFinding::otp;
    return out;
}

Result<> SignIn::open_session(const std::string& name, const Gathered& gathered, FactorStrength strength,
                              const Origin& origin, const config::SessionLimits& limits, SignInResult& out) {
    const auto first = consume(name, gathered);
    if (!first) return first.error();
    if (!*first) {
        out.outcome = SignInOutcome::failed;
        out.finding = Finding::code_replayed;
        return {};
    }
    return issue(name, {gathered.evidence.epoch, strength, gathered.limited_until}, origin, limits, out);
}

Result<> SignIn::issue(const std::string& name, const Proven& proven, const Origin& origin,
                       const config::SessionLimits& limits, SignInResult& out) {
    // A browser becomes known by one full sign-in, and the session says which one it was opened on.
    const auto known = known_browser(name, origin);
    std::optional<Token> made;
    if (!known && proven.strength >= FactorStrength::otp) made = make_token();
    NewSession wanted;
    wanted.user = name;
    wanted.account_epoch = proven.epoch;
    wanted.strength = proven.strength;
    wanted.limits = limits;
    wanted.no_longer_than = origin.no_longer_than;
    wanted.device = known ? *known : made ? made->hash : Digest{};
    wanted.from = origin.source;
    wanted.agent = origin.agent;
    wanted.limited_until = proven.limited_until;
    if (proven.strength == FactorStrength::recovery)
        wanted.limits.absolute = std::min(wanted.limits.absolute, recovery_session_lifetime);
    auto issued = sessions_.issue_sso(wanted);
    if (!issued) {
        if (issued.error().code() != Errc::denied) return issued.error();
        out.outcome = SignInOutcome::failed;
        out.finding = Finding::changed_meanwhile;
        return {};
    }
    out.session = std::move(*issued);
    if (const auto left = store_.recovery_codes_left(name)) out.recovery_codes_left = *left;
    (void)store_.note_sign_in(name, clock_.wall());
    out.new_browser = !known;
    if (made && store_.put_known_browser({made->hash, name, clock_.wall() + known_browser_lifetime}))
        out.known_browser = std::move(made->text);
    return {};
}

Result<SignInResult> SignIn::with_passkey(const PasskeyProof& proof, const Origin& origin,
                                          const config::SessionLimits& limits) {
    SignInResult out;
    out.account = proof.user();
    if (proof.status() != AccountStatus::active) {
        const bool disabled = proof.status() == AccountStatus::disabled;
        out.outcome = disabled ? SignInOutcome::disabled : SignInOutcome::failed;
        out.finding = disabled ? Finding::account_disabled : Finding::not_enrolled;
        return out;
    }
    out.outcome = SignInOutcome::signed_in;
    const Proven proven{proof.epoch(), proof.strength(), proof.limited_until()};
    if (auto done = issue(proof.user(), proven, origin, limits, out); !done) return done.error();
    return out;
}

Result<SignInResult> SignIn::sign_in(const SignInAttempt& attempt) {
    const auto first = begin(attempt.account, attempt.password, attempt.origin);
    if (!first) return first.error();
    if (first->outcome == SignInOutcome::ask_code)
        return finish(first->ticket, attempt.code_or_recovery, attempt.origin, attempt.limits);
    SignInResult out;
    out.outcome = first->outcome;
    out.wait = first->wait;
    if (first->outcome == SignInOutcome::slow_down) out.finding = Finding::throttled;
    return out;
}

Result<StepUpResult> SignIn::step_up(const Digest& sso, std::string_view code, const Origin& origin) {
    StepUpResult out;
    const auto session = sessions_.find(sso);
    if (!session || session->kind != Session::Kind::sso) {
        out.outcome = StepUpOutcome::session_gone;
        return out;
    }
    // A session that proved itself once is a known browser of its own.
    const auto reserved = throttle_.reserve({session->user, true, origin.source, sso});
    if (!reserved) return reserved.error();
    if (!reserved->granted) {
        out.outcome = StepUpOutcome::slow_down;
        out.wait = reserved->wait;
        return out;
    }
    Gathered gathered;
    if (const auto typed = read_otp(code))
        if (auto done = gather_otp(session->user, *typed, gathered); !done) return done.error();
    const bool right = gathered.evidence.code == CodeFinding::otp;
    if (right) {
        const auto first = consume(session->user, gathered);
        if (!first) return first.error();
        if (!*first) gathered.evidence.code = CodeFinding::otp_replayed;
    }
    if (gathered.evidence.code != CodeFinding::otp) {
        out.outcome = gathered.evidence.code == CodeFinding::otp_replayed ? StepUpOutcome::code_used
                                                                          : StepUpOutcome::code_wrong;
        return out;
    }
    (void)throttle_.succeeded(*reserved);
    auto issued = sessions_.rotate(sso, NewProof{FactorStrength::otp, clock_.wall(), gathered.limited_until});
    out.outcome = issued ? StepUpOutcome::confirmed : StepUpOutcome::session_gone;
    if (issued) out.session = std::move(*issued);
    return out;
}

Result<ChangeResult> SignIn::change_password(const Digest& sso, std::string_view present,
                                             std::string_view wanted) {
    const auto outcome = [](ChangeOutcome what, Millis wait = Millis{0}) {
        ChangeResult out;
        out.outcome = what;
        out.wait = wait;
        return out;
    };
    const auto session = sessions_.find(sso);
    // A session opened by a recovery code reaches enrolment and nothing else.
    if (!session || session->kind != Session::Kind::sso || session->strength == FactorStrength::recovery)
        return outcome(ChangeOutcome::session_gone);
    const auto fault = hasher_.judge(wanted, session->user);
    if (!fault) return fault.error();
    if (*fault) {
        auto out = outcome(ChangeOutcome::refused);
        out.fault = *fault;
        return out;
    }
    const auto row = store_.account(session->user);
    if (!row) return row.error();
    const auto reserved = throttle_.reserve({session->user, true, session->from, sso});
    if (!reserved) return reserved.error();
    if (!reserved->granted) return outcome(ChangeOutcome::slow_down, reserved->wait);
    const auto verdict = hasher_.verify(present, row->password_hash);
    if (!verdict && too_busy(verdict.error())) return outcome(ChangeOutcome::busy, busy_wait);
    if (!verdict) return verdict.error();
    if (!verdict->right) return outcome(ChangeOutcome::wrong_password);
    (void)throttle_.succeeded(*reserved);
    return put_password(sso, session->user, wanted);
}

Result<ChangeResult> SignIn::put_password(const Digest& sso, const std::string& user,
                                          std::string_view wanted) {
    ChangeResult out;
    const auto normal = normal_password(wanted);
    if (!normal) return Error(Errc::internal, "a password without fault normalises");
    const auto hashed = hasher_.hash(*normal);
    if (!hashed) {
        if (!too_busy(hashed.error())) return hashed.error();
        out.outcome = ChangeOutcome::busy;
        out.wait = busy_wait;
        return out;
    }
    // What others have open ends before the store hears of it, and nothing begins until it has (R20).
    const SessionService::Held held(sessions_, user);
    (void)sessions_.end_all(user, EndReason::changed, sso, Writing::later);
    if (auto done = store_.set_password(user, *hashed); !done) return done.error();
    if (auto done = sessions_.settle(); !done) return done.error();
    auto issued = sessions_.begin_anew(sso);
    out.outcome = issued ? ChangeOutcome::changed : ChangeOutcome::session_gone;
    if (issued) out.session = std::move(*issued);
    return out;
}

}  // namespace sekisho::auth
