#include "auth/activation.hpp"

#include "auth/recovery.hpp"
#include "auth/totp.hpp"
#include "base/base64.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

constexpr Seconds enrolment_lifetime{600};
constexpr Seconds fresh_proof{15 * 60};
constexpr Seconds limited_after_recovery{24 * 3600};  // R16
constexpr std::size_t ticket_bytes_max = 512;

Error no_link() { return Error(Errc::not_found, "the link is unknown, used or expired"); }

struct EnrolmentTicket {
    WallTime expires{};
    Secret secret;
};

// The public id stays when a session gets a new id, so a ticket outlives that.
std::string enrolment_context(const Session& session) {
    return "enrolment v1\n" + session.user + "\n" + session.public_id;
}

std::string seal_ticket(const Keyring& keys, const Session& session, const Secret& secret, WallTime expires) {
    Bytes plain;
    const auto millis = static_cast<std::uint64_t>(expires.time_since_epoch().count());
    for (int shift = 56; shift >= 0; shift -= 8) plain.push_back(static_cast<std::uint8_t>(millis >> shift));
    plain.insert(plain.end(), secret.reveal().begin(), secret.reveal().end());
    const Secret wiped(plain);
    std::fill(plain.begin(), plain.end(), std::uint8_t{0});
    return base64url(keys.seal(KeyPurpose::browser_seal, wiped.reveal(), enrolment_context(session)));
}

std::optional<EnrolmentTicket> open_ticket(const Keyring& keys, const Session& session,
                                           std::string_view ticket) {
    if (ticket.size() > ticket_bytes_max) return std::nullopt;
    const auto sealed = from_base64url(ticket);
    if (!sealed) return std::nullopt;
    const auto plain = keys.open(KeyPurpose::browser_seal, *sealed, enrolment_context(session));
    if (!plain || plain->size_bytes() != 8 + totp_secret_bytes) return std::nullopt;
    std::uint64_t millis = 0;
    for (const auto byte : plain->reveal().first(8)) millis = (millis << 8) | byte;
    return EnrolmentTicket{WallTime{Millis{static_cast<std::int64_t>(millis)}},
                           Secret(plain->reveal().subspan(8))};
}

OtpRow first_token(const std::string& user, const Bytes& sealed, std::int64_t step, WallTime now) {
    OtpRow row;
    row.user = user;
    row.id = first_otp;
    row.wrapped_secret = sealed;
    row.next = step + 1;
    row.enrolled = now;
    return row;
}

}  // namespace

Activation::Activation(Store& store, const Clock& clock, const Keyring& keys, PasswordHasher& hasher,
                       SessionService& sessions, std::string issuer)
    : store_(store),
      clock_(clock),
      keys_(keys),
      hasher_(hasher),
      sessions_(sessions),
      issuer_(std::move(issuer)) {}

std::pair<ActivationRow, ActivationLink> Activation::prepare(std::string_view user, Seconds lifetime) const {
    auto token = make_token();
    ActivationRow row;
    row.token_hash = token.hash;
    row.user = user;
    row.expires = clock_.wall() + lifetime;
    ActivationLink link{std::move(token.text), row.expires};
    return {std::move(row), std::move(link)};
}

Result<ActivationLink> Activation::issue(std::string_view user, Seconds lifetime) {
    auto [row, link] = prepare(user, lifetime);
    if (auto done = store_.put_activation(row); !done) return done.error();
    return std::move(link);
}

// A disabled account's link is no link.
Result<ActivationRow> Activation::row_of(std::string_view token) {
    const auto hash = token_hash(token);
    if (!hash) return no_link();
    auto row = store_.activation(*hash, clock_.wall());
    if (!row) return row.error();
    const auto account = store_.account(row->user);
    if (!account) return account.error();
    if (account->status == AccountStatus::disabled) return no_link();
    return row;
}

Result<ActivationView> Activation::look(std::string_view token) {
    const auto row = row_of(token);
    if (!row) return row.error();
    return ActivationView{row->user, row->expires, !row->password_hash.empty()};
}

Result<std::optional<PasswordFault>> Activation::set_password(std::string_view token,
                                                              std::string_view password) {
    const auto row = row_of(token);
    if (!row) return row.error();
    const auto fault = hasher_.judge(password, row->user);
    if (!fault || *fault) return fault;
    const auto normal = normal_password(password);
    if (!normal) return std::optional(PasswordFault::not_text);
    const auto hashed = hasher_.hash(*normal);
    if (!hashed) return hashed.error();
    if (auto done = store_.stage_activation(row->token_hash, *hashed, {}); !done) return done.error();
    return std::optional<PasswordFault>{};
}

TotpOffer Activation::offer(std::string_view user, const Secret& secret) const {
    return {totp_uri(issuer_, user, secret), spaced_secret(secret), {}};
}

Result<TotpOffer> Activation::offer_totp(std::string_view token) {
    auto row = row_of(token);
    if (!row) return row.error();
    if (row->wrapped_secret.empty()) {
        const auto sealed =
            keys_.seal(KeyPurpose::totp_wrap, make_totp_secret().reveal(), totp_context(row->user));
        if (auto done = store_.stage_activation(row->token_hash, {}, sealed); !done) return done.error();
        // Another tab may have been first: what is kept is what is shown.
        row = row_of(token);
        if (!row) return row.error();
    }
    const auto secret = keys_.open(KeyPurpose::totp_wrap, row->wrapped_secret, totp_context(row->user));
    if (!secret) return secret.error();
    return offer(row->user, *secret);
}

Result<EnrolResult> Activation::confirm(std::string_view token, std::string_view code) {
    EnrolResult out;
    const auto row = row_of(token);
    if (!row) return row.error();
    out.user = row->user;
    if (row->password_hash.empty()) {
        out.outcome = EnrolOutcome::password_missing;
        return out;
    }
    out.outcome = EnrolOutcome::code_wrong;
    if (row->wrapped_secret.empty()) return out;
    const auto secret = keys_.open(KeyPurpose::totp_wrap, row->wrapped_secret, totp_context(row->user));
    if (!secret) return secret.error();
    const auto digits = looks_like_totp(code);
    const auto step = digits ? match_totp(*secret, *digits, clock_.wall()) : std::nullopt;
    if (!step) return out;
    auto codes = make_recovery_codes(keys_, row->user);
    const NewFactors factors{row->user, row->password_hash,
                             first_token(row->user, row->wrapped_secret, *step, clock_.wall()),
                             std::move(codes.kept)};
    // What is open ends before the store hears of it, and nothing begins until it has (R20).
    const SessionService::Held held(sessions_, row->user);
    (void)sessions_.end_all(row->user, EndReason::changed, std::nullopt, Writing::later);
    const auto done = store_.complete_activation(row->token_hash, factors, clock_.wall());
    if (!done) return done.error();
    if (!*done) return no_link();
    if (auto written = sessions_.settle(); !written) return written.error();
    out.outcome = EnrolOutcome::done;
    out.recovery_codes = std::move(codes.shown);
    return out;
}

Result<SessionPtr> Activation::proven(const Digest& sso) const {
    auto session = sessions_.find(sso);
    if (!session || session->kind != Session::Kind::sso) return Error(Errc::denied, "no such session");
    if (clock_.wall() - session->last_proof() > fresh_proof)
        return Error(Errc::timed_out, "the proof is too old to change factors");
    return session;
}

Result<TotpOffer> Activation::offer_enrolment(const Digest& sso) {
    const auto session = proven(sso);
    if (!session) return session.error();
    const auto secret = make_totp_secret();
    auto out = offer((*session)->user, secret);
    out.ticket = seal_ticket(keys_, **session, secret, clock_.wall() + enrolment_lifetime);
    return out;
}

Result<TotpOffer> Activation::offer_again(const Digest& sso, std::string_view ticket) {
    const auto session = proven(sso);
    if (!session) return session.error();
    const auto opened = open_ticket(keys_, **session, ticket);
    if (!opened || clock_.wall() >= opened->expires) return offer_enrolment(sso);
    auto out = offer((*session)->user, opened->secret);
    out.ticket = ticket;
    return out;
}

Result<EnrolResult> Activation::confirm_enrolment(const Digest& sso, std::string_view ticket,
                                                  std::string_view code) {
    EnrolResult out;
    const auto session = proven(sso);
    if (!session) return session.error();
    const auto& user = (*session)->user;
    out.user = user;
    const auto opened = open_ticket(keys_, **session, ticket);
    if (!opened || clock_.wall() >= opened->expires) return out;  // expired
    const auto digits = looks_like_totp(code);
    const auto step = digits ? match_totp(opened->secret, *digits, clock_.wall()) : std::nullopt;
    if (!step) {
        out.outcome = EnrolOutcome::code_wrong;
        return out;
    }
    const auto account = store_.account(user);
    if (!account) return account.error();
    // Whoever ends this session from here on raises the epoch after it was read.
    if (!sessions_.find(sso)) return Error(Errc::denied, "no such session");
    auto limited_until = (*session)->limited_until;
    if ((*session)->strength == FactorStrength::recovery)
        limited_until = clock_.wall() + limited_after_recovery;
    auto codes = make_recovery_codes(keys_, user);
    const auto sealed = keys_.seal(KeyPurpose::totp_wrap, opened->secret.reveal(), totp_context(user));
    NewFactors factors{user, {}, first_token(user, sealed, *step, clock_.wall()), std::move(codes.kept)};
    factors.otp.limited_until = limited_until;
    const SessionService::Held held(sessions_, user);
    (void)sessions_.end_all(user, EndReason::changed, sso, Writing::later);
    const auto done = store_.replace_factors(factors, account->epoch, clock_.wall());
    if (!done) return done.error();
    if (!*done) return Error(Errc::denied, "the account changed meanwhile");
    if (auto written = sessions_.settle(); !written) return written.error();
    auto issued = sessions_.rotate(sso, NewProof{FactorStrength::otp, clock_.wall(), limited_until});
    if (issued) out.session = std::move(*issued);
    out.outcome = EnrolOutcome::done;
    out.recovery_codes = std::move(codes.shown);
    return out;
}

Result<RecoveryRenewed> Activation::renew_recovery_codes(const Digest& sso) {
    const auto session = proven(sso);
    if (!session) return session.error();
    if ((*session)->strength == FactorStrength::recovery)
        return Error(Errc::denied, "a recovery code does not get new ones");
    const auto& user = (*session)->user;
    auto codes = make_recovery_codes(keys_, user);
    const SessionService::Held held(sessions_, user);
    (void)sessions_.end_all(user, EndReason::changed, sso, Writing::later);
    if (auto done = store_.replace_recovery_codes(user, codes.kept); !done) return done.error();
    if (auto written = sessions_.settle(); !written) return written.error();
    RecoveryRenewed out{std::move(codes.shown), {}};
    if (auto issued = sessions_.rotate(sso)) out.session = std::move(*issued);
    return out;
}

}  // namespace sekisho::auth
