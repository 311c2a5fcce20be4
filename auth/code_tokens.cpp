#include "auth/code_tokens.hpp"

#include "base/base64.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

constexpr Seconds ticket_lifetime{600};
constexpr Seconds fresh_proof{15 * 60};
constexpr std::size_t ticket_bytes_max = 512;
constexpr std::size_t head_bytes = 8 + 1 + totp_secret_bytes;

// The public id stays when a session gets a new id, so a ticket outlives that.
std::string ticket_context(const Session& session) {
    return "code token v1\n" + session.user + "\n" + session.public_id;
}

std::string new_id() {
    std::uint64_t value = 0;
    for (const auto byte : random_bytes<7>()) value = value << 8 | byte;
    return crockford(value >> 6, 10);
}

}  // namespace

struct CodeTokens::Ticket {
    WallTime expires{};
    OtpKind kind = OtpKind::totp;
    Secret secret;
    std::string replaces;
};

std::optional<std::string> normal_factor_name(std::string_view typed, std::size_t bytes_max) {
    const auto name = cut_utf8(trim(typed), bytes_max);
    if (name.empty() || !is_utf8(name) || printable(name) != name) return std::nullopt;
    return std::string(name);
}

CodeTokens::CodeTokens(Store& store, const Clock& clock, const Keyring& keys, SessionService& sessions,
                       std::string issuer)
    : store_(store), clock_(clock), keys_(keys), sessions_(sessions), issuer_(std::move(issuer)) {}

std::string CodeTokens::seal(const Session& session, const Ticket& ticket) const {
    Bytes plain;
    const auto millis = static_cast<std::uint64_t>(ticket.expires.time_since_epoch().count());
    for (int shift = 56; shift >= 0; shift -= 8) plain.push_back(static_cast<std::uint8_t>(millis >> shift));
    plain.push_back(static_cast<std::uint8_t>(ticket.kind));
    plain.insert(plain.end(), ticket.secret.reveal().begin(), ticket.secret.reveal().end());
    plain.insert(plain.end(), ticket.replaces.begin(), ticket.replaces.end());
    const Secret wiped(plain);
    std::fill(plain.begin(), plain.end(), std::uint8_t{0});
    return base64url(keys_.seal(KeyPurpose::browser_seal, wiped.reveal(), ticket_context(session)));
}

std::optional<CodeTokens::Ticket> CodeTokens::open(const Session& session, std::string_view sealed) const {
    if (sealed.size() > ticket_bytes_max) return std::nullopt;
    const auto bytes = from_base64url(sealed);
    if (!bytes) return std::nullopt;
    const auto plain = keys_.open(KeyPurpose::browser_seal, *bytes, ticket_context(session));
    if (!plain || plain->size_bytes() < head_bytes) return std::nullopt;
    const auto all = plain->reveal();
    std::uint64_t millis = 0;
    for (const auto byte : all.first(8)) millis = millis << 8 | byte;
    return Ticket{WallTime{Millis{static_cast<std::int64_t>(millis)}},
                  all[8] == 0 ? OtpKind::totp : OtpKind::hotp, Secret(all.subspan(9, totp_secret_bytes)),
                  std::string(as_text(all.subspan(head_bytes)))};
}

Result<SessionPtr> CodeTokens::session_of(const Digest& sso) const {
    auto session = sessions_.find(sso);
    if (!session || session->kind != Session::Kind::sso || session->strength == FactorStrength::recovery)
        return Error(Errc::denied, "no such session");
    return session;
}

Result<SessionPtr> CodeTokens::fresh_session_of(const Digest& sso) const {
    auto session = session_of(sso);
    if (session && clock_.wall() - (*session)->last_proof() > fresh_proof)
        return Error(Errc::timed_out, "the proof is too old to change factors");
    return session;
}

Result<OtpRow> CodeTokens::own(std::string_view user, std::string_view id) const {
    auto rows = store_.otp_tokens(user);
    if (!rows) return rows.error();
    for (auto& row : *rows)
        if (row.id == id) return std::move(row);
    return Error(Errc::not_found, "no such token");
}

// What came after a recovery takes nothing away that was there before it (R16).
Result<> CodeTokens::may_take_away(const Session& session, std::string_view id) const {
    const auto row = own(session.user, id);
    if (!row) return row.error();
    if (session.limited_until > clock_.wall() && row->limited_until <= clock_.wall())
        return Error(Errc::denied, "a limited proof takes no older token away");
    return {};
}

Result<TotpOffer> CodeTokens::offer(const Digest& sso, OtpKind kind, std::string_view replaces) const {
    const auto session = fresh_session_of(sso);
    if (!session) return session.error();
    if (!replaces.empty()) {
        if (auto may = may_take_away(**session, replaces); !may) return may.error();
    } else {
        const auto rows = store_.otp_tokens((*session)->user);
        if (!rows) return rows.error();
        if (rows->size() >= code_tokens_per_person_max) return Error(Errc::too_large, "enough tokens");
    }
    const Ticket ticket{clock_.wall() + ticket_lifetime, kind, make_totp_secret(), std::string(replaces)};
    return TotpOffer{totp_uri(issuer_, (*session)->user, ticket.secret, kind), spaced_secret(ticket.secret),
                     seal(**session, ticket)};
}

Result<CodeTokenAdded> CodeTokens::confirm(const Digest& sso, std::string_view ticket, std::string_view code,
                                           std::string_view name) {
    CodeTokenAdded out;
    const auto session = fresh_session_of(sso);
    if (!session) return session.error();
    const auto opened = open(**session, ticket);
    if (!opened || clock_.wall() >= opened->expires) return out;
    out.row.user = (*session)->user;
    out.row.id = new_id();
    out.row.kind = opened->kind;
    const auto typed = read_otp(code);
    const auto match = typed ? match_otp(out.row, opened->secret, *typed, clock_.wall()) : std::nullopt;
    out.outcome = CodeTokenOutcome::code_wrong;
    if (!match || match->used) return out;
    const auto account = store_.account(out.row.user);
    if (!account) return account.error();
    // Whoever ends this session from here on raises the epoch after it was read.
    if (!sessions_.find(sso)) return Error(Errc::denied, "no such session");
    if (!opened->replaces.empty())
        if (auto may = may_take_away(**session, opened->replaces); !may) return may.error();
    out.row.name = normal_factor_name(name, code_token_name_bytes_max).value_or(std::string{});
    out.row.wrapped_secret = keys_.seal(KeyPurpose::totp_wrap, opened->secret.reveal(), otp_context(out.row));
    out.row.next = match->value + 1;
    out.row.drift = match->drift;
    out.row.enrolled = clock_.wall();
    if ((*session)->limited_until > clock_.wall()) out.row.limited_until = (*session)->limited_until;
    // Where one is replaced, what others have open ends before the store hears of it (R20).
    std::optional<SessionService::Held> held;
    if (!opened->replaces.empty()) {
        held.emplace(sessions_, out.row.user);
        (void)sessions_.end_all(out.row.user, EndReason::changed, sso, Writing::later);
    }
    const auto done = store_.add_otp(out.row, account->epoch, code_tokens_per_person_max, opened->replaces);
    if (!done) return done.error();
    if (!*done) return Error(Errc::denied, "the account changed meanwhile");
    out.outcome = CodeTokenOutcome::done;
    out.replaced = !opened->replaces.empty();
    if (!out.replaced) return out;
    auto issued = end_others(**session);
    if (!issued) return issued.error();
    out.session = std::move(*issued);
    return out;
}

Result<Issued> CodeTokens::end_others(const Session& session) {
    if (auto ended = sessions_.end_all(session.user, EndReason::changed, session.id_hash); !ended)
        return ended.error();
    return sessions_.rotate(session.id_hash);
}

Result<> CodeTokens::rename(const Digest& sso, std::string_view id, std::string_view name) {
    const auto session = session_of(sso);
    if (!session) return session.error();
    const auto wanted = normal_factor_name(name, code_token_name_bytes_max);
    if (!wanted) return Error(Errc::malformed, "no name for a token");
    return store_.rename_otp((*session)->user, id, *wanted);
}

Result<CodeTokenRemoved> CodeTokens::remove(const Digest& sso, std::string_view id) {
    CodeTokenRemoved out;
    const auto session = fresh_session_of(sso);
    if (!session) return session.error();
    const auto may = may_take_away(**session, id);
    if (!may && may.error().code() == Errc::not_found) return out;
    if (!may) return may.error();
    const auto& user = (*session)->user;
    const auto all = store_.otp_tokens(user);
    if (!all) return all.error();
    // Only the store can say whether somebody's only token is their last factor; one of several may go, and
    // then what others have open ends before the store hears of it (R20).
    const SessionService::Held held(sessions_, user);
    if (all->size() > 1) (void)sessions_.end_all(user, EndReason::changed, sso, Writing::later);
    const auto removed = store_.remove_otp(user, id);
    if (!removed) return removed.error();
    out.outcome = CodeTokenRemoval::last_one;
    if (!*removed) return out;
    auto issued = end_others(**session);
    if (!issued) return issued.error();
    out.outcome = CodeTokenRemoval::removed;
    out.session = std::move(*issued);
    return out;
}

}  // namespace sekisho::auth
