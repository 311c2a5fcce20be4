#include "auth/passkeys.hpp"

#include "auth/code_tokens.hpp"
#include "auth/keyring.hpp"
#include "base/base64.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

constexpr Seconds fresh_proof{15 * 60};
constexpr std::size_t challenge_bytes = 32;
constexpr std::size_t ticket_bytes_max = 256;
constexpr std::size_t transports_bytes_max = 64;

Bytes with_end(WallTime expires, ByteView challenge) {
    Bytes out;
    const auto millis = static_cast<std::uint64_t>(expires.time_since_epoch().count());
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(millis >> shift));
    out.insert(out.end(), challenge.begin(), challenge.end());
    return out;
}

Digest random_digest() { return random_bytes<sizeof(Digest)>(); }

// "internal,hybrid": kept to be given back to browsers, so only what the standard's tokens look like.
std::string normal_transports(std::string_view said) {
    if (said.size() > transports_bytes_max) return {};
    const bool plain = std::all_of(said.begin(), said.end(),
                                   [](char c) { return (c >= 'a' && c <= 'z') || c == '-' || c == ','; });
    return plain ? std::string(said) : std::string{};
}

// A person has one handle for all their passkeys; the first one's comes from the question, which nobody can
// choose, and says nothing of the account (WebAuthn section 14.6.1).
Bytes handle_of(const std::vector<PasskeyRow>& known, const Bytes& challenge) {
    if (!known.empty()) return known.front().user_handle;
    const auto handle = sha256({as_bytes("passkey handle"), challenge});
    return {handle.begin(), handle.end()};
}

PasskeyRow row_of(const NewPasskey& made, std::string_view user, Bytes handle) {
    PasskeyRow row;
    row.id = made.id;
    row.user = user;
    row.user_handle = std::move(handle);
    row.public_key = made.public_key;
    row.sign_count = made.sign_count;
    row.backup_eligible = made.backup_eligible;
    row.backed_up = made.backed_up;
    row.attested = made.attestation == Attestation::trusted;
    row.aaguid.assign(made.aaguid.begin(), made.aaguid.end());
    return row;
}

}  // namespace

std::string passkey_id(ByteView id) {
    const auto hash = sha256(id);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 7; ++i) value = value << 8 | hash[i];
    return crockford(value >> 6, 10);
}

bool vouched_for(const PasskeyRow& row, const AttestationPolicy& policy) noexcept {
    return !policy.roots.empty() && row.attested && !row.backup_eligible;
}

FactorStrength strength_of(const PasskeyRow& row, const AttestationPolicy& policy) noexcept {
    const bool bound = policy.roots.empty() ? !row.backup_eligible : vouched_for(row, policy);
    return bound ? FactorStrength::passkey_device : FactorStrength::passkey;
}

Passkeys::Passkeys(Store& store, const Clock& clock, const Keyring& keys, SessionService& sessions,
                   PasskeyRules rules)
    : store_(store),
      clock_(clock),
      keys_(keys),
      sessions_(sessions),
      rules_(std::move(rules)),
      boot_(random_digest()) {}

std::string Passkeys::context(Purpose purpose, const Digest& whom) const {
    const auto number = static_cast<char>('0' + static_cast<int>(purpose));
    return std::string("passkey question v1 ") + number + " " + hex(whom) + " " + hex(boot_);
}

PasskeyQuestion Passkeys::ask(Purpose purpose, const Digest& whom) const {
    PasskeyQuestion out;
    const auto challenge = random_bytes<challenge_bytes>();
    out.challenge.assign(challenge.begin(), challenge.end());
    const auto plain = with_end(clock_.wall() + passkey_question_lifetime, out.challenge);
    out.ticket = base64url(keys_.seal(KeyPurpose::browser_seal, plain, context(purpose, whom)));
    return out;
}

std::optional<Bytes> Passkeys::open(Purpose purpose, const Digest& whom, std::string_view ticket) const {
    if (ticket.size() > ticket_bytes_max) return std::nullopt;
    const auto sealed = from_base64url(ticket);
    if (!sealed) return std::nullopt;
    const auto plain = keys_.open(KeyPurpose::browser_seal, *sealed, context(purpose, whom));
    if (!plain || plain->size_bytes() != 8 + challenge_bytes) return std::nullopt;
    std::uint64_t millis = 0;
    for (const auto byte : plain->reveal().first(8)) millis = millis << 8 | byte;
    const WallTime expires{Millis{static_cast<std::int64_t>(millis)}};
    const auto left = expires - clock_.wall();
    // More than a whole lifetime left: the clock stepped back.
    if (left <= Millis{0} || left > passkey_question_lifetime) return std::nullopt;
    const auto challenge = plain->reveal().subspan(8);
    return Bytes(challenge.begin(), challenge.end());
}

bool Passkeys::take_answered(const Bytes& challenge) {
    const std::lock_guard lock(mutex_);
    const auto now = clock_.wall();
    if (answered_.size() >= answered_questions_max)
        std::erase_if(answered_, [&](const auto& entry) { return entry.second < now; });
    // Still full: what cannot be remembered must not be answered.
    if (answered_.size() >= answered_questions_max) return false;
    return answered_.emplace(sha256(challenge), now + passkey_question_lifetime).second;
}

Result<SessionPtr> Passkeys::session_of(const Digest& sso) const {
    auto session = sessions_.find(sso);
    if (!session || session->kind != Session::Kind::sso || session->strength == FactorStrength::recovery)
        return Error(Errc::denied, "no such session");
    return session;
}

Result<SessionPtr> Passkeys::fresh_session_of(const Digest& sso) const {
    auto session = session_of(sso);
    if (session && clock_.wall() - (*session)->last_proof() > fresh_proof)
        return Error(Errc::timed_out, "the proof is too old to change factors");
    return session;
}

PasskeyQuestion Passkeys::ask_sign_in(const Digest& browser) const { return ask(Purpose::sign_in, browser); }

Result<PasskeyQuestion> Passkeys::ask_step_up(const Digest& sso) const {
    const auto session = session_of(sso);
    if (!session) return session.error();
    auto known = store_.passkeys((*session)->user);
    if (!known) return known.error();
    if (known->empty()) return Error(Errc::not_found, "no passkey");
    auto out = ask(Purpose::step_up, sso);
    out.known = std::move(*known);
    return out;
}

Result<PasskeyQuestion> Passkeys::ask_new(const Digest& sso) const {
    const auto session = fresh_session_of(sso);
    if (!session) return session.error();
    auto known = store_.passkeys((*session)->user);
    if (!known) return known.error();
    if (known->size() >= passkeys_per_person_max) return Error(Errc::too_large, "enough passkeys");
    auto out = ask(Purpose::registration, sso);
    out.user = (*session)->user;
    out.user_handle = handle_of(*known, out.challenge);
    out.known = std::move(*known);
    return out;
}

// The account is read before the passkey is used: whoever removes a passkey raises the epoch with it, so that
// a session can no longer begin on what was proven by one that is gone.
Result<PasskeyResult> Passkeys::judge(Purpose purpose, const Digest& whom, std::string_view ticket,
                                      const PasskeyAnswer& answer, std::string_view only_user) {
    PasskeyResult out;
    const auto challenge = open(purpose, whom, ticket);
    if (!challenge) return out;
    out.outcome = PasskeyOutcome::unknown;
    const auto row = store_.passkey(answer.id);
    if (!row && row.error().code() == Errc::not_found) return out;
    if (!row) return row.error();
    out.passkey = passkey_id(row->id);
    out.user = row->user;
    if (!only_user.empty() && row->user != only_user) return out;
    const auto account = store_.account(row->user);
    if (!account) return account.error();
    out.outcome = PasskeyOutcome::refused;
    // A passkey that was found without naming an account must say whose it is (section 7.2, step 6).
    const bool handle_fits = answer.user_handle.empty()
                                 ? purpose == Purpose::step_up
                                 : equal_constant_time(answer.user_handle, row->user_handle);
    out.reason = "user_handle";
    if (!handle_fits) return out;
    const auto verdict = verify_assertion({*challenge, rules_.party}, answer.assertion,
                                          {row->public_key, row->sign_count, row->backup_eligible});
    if (!verdict) {
        out.reason = to_text(verdict.error());
        return out;
    }
    out.outcome = PasskeyOutcome::expired;
    out.reason = "replayed";
    if (!take_answered(*challenge)) return out;
    const auto used = store_.use_passkey(row->id, verdict->sign_count, verdict->backed_up, clock_.wall());
    if (!used) return used.error();
    out.outcome = PasskeyOutcome::unknown;
    out.reason = "removed";
    if (!*used) return out;
    out.outcome = PasskeyOutcome::proven;
    out.reason = "none";
    out.counter_alarm = verdict->counter_alarm;
    PasskeyProof proof;
    proof.user_ = row->user;
    proof.epoch_ = account->epoch;
    proof.status_ = account->status;
    proof.strength_ = strength(*row);
    if (row->limited_until > clock_.wall()) proof.limited_until_ = row->limited_until;
    out.proof = std::move(proof);
    return out;
}

Result<PasskeyResult> Passkeys::prove(const Digest& browser, std::string_view ticket,
                                      const PasskeyAnswer& answer) {
    return judge(Purpose::sign_in, browser, ticket, answer, {});
}

Result<PasskeyResult> Passkeys::step_up(const Digest& sso, std::string_view ticket,
                                        const PasskeyAnswer& answer) {
    const auto session = session_of(sso);
    if (!session) return session.error();
    auto out = judge(Purpose::step_up, sso, ticket, answer, (*session)->user);
    if (!out || !out->proof) return out;
    auto issued =
        sessions_.rotate(sso, NewProof{out->proof->strength(), clock_.wall(), out->proof->limited_until()});
    if (!issued) return issued.error();
    out->session = std::move(*issued);
    return out;
}

Result<PasskeyAdded> Passkeys::add(const Digest& sso, std::string_view ticket, ByteView client_data_json,
                                   ByteView attestation_object, std::string_view name,
                                   std::string_view transports, Hardware hardware) {
    PasskeyAdded out;
    const auto session = fresh_session_of(sso);
    if (!session) return session.error();
    const auto challenge = open(Purpose::registration, sso, ticket);
    if (!challenge) return out;
    const auto& user = (*session)->user;
    const auto account = store_.account(user);
    if (!account) return account.error();
    // Whoever ends this session from here on raises the epoch after it was read.
    if (!sessions_.find(sso)) return Error(Errc::denied, "no such session");
    const auto known = store_.passkeys(user);
    if (!known) return known.error();
    out.outcome = PasskeyOutcome::refused;
    const auto made = verify_registration({*challenge, rules_.party}, client_data_json, attestation_object,
                                          rules_.attestation, clock_.wall());
    if (!made) {
        out.reason = to_text(made.error());
        return out;
    }
    out.row = row_of(*made, user, handle_of(*known, *challenge));
    out.reason = to_text(WebauthnFault::untrusted);
    if (hardware == Hardware::vouched_for && !vouched_for(out.row, rules_.attestation)) return out;
    out.outcome = PasskeyOutcome::expired;
    out.reason = "replayed";
    if (!take_answered(*challenge)) return out;
    out.row.host = rules_.party.ids.front();
    out.row.name = normal_factor_name(name, passkey_name_bytes_max).value_or(passkey_id(made->id));
    out.row.transports = normal_transports(transports);
    out.row.created = clock_.wall();
    if ((*session)->limited_until > clock_.wall()) out.row.limited_until = (*session)->limited_until;
    out.outcome = PasskeyOutcome::refused;
    out.reason = "registered_before";
    const auto same = [&](const PasskeyRow& row) { return row.id == made->id; };
    if (std::any_of(known->begin(), known->end(), same)) return out;
    // What others have open ends before the store hears of it (R20).
    const SessionService::Held held(sessions_, user);
    (void)sessions_.end_all(user, EndReason::changed, sso, Writing::later);
    const auto done = store_.add_passkey(out.row, account->epoch, passkeys_per_person_max);
    if (!done && done.error().code() == Errc::exists) return out;
    if (!done) return done.error();
    if (!*done) return Error(Errc::denied, "the account changed meanwhile");
    if (auto written = sessions_.settle(); !written) return written.error();
    if (auto issued = sessions_.rotate(sso)) out.session = std::move(*issued);
    out.outcome = PasskeyOutcome::proven;
    out.reason = "none";
    return out;
}

Result<PasskeyRow> Passkeys::own(std::string_view user, std::string_view id) const {
    auto rows = store_.passkeys(user);
    if (!rows) return rows.error();
    for (auto& row : *rows)
        if (passkey_id(row.id) == id) return std::move(row);
    return Error(Errc::not_found, "no such passkey");
}

Result<> Passkeys::rename(const Digest& sso, std::string_view id, std::string_view name) {
    const auto session = session_of(sso);
    if (!session) return session.error();
    const auto wanted = normal_factor_name(name, passkey_name_bytes_max);
    if (!wanted) return Error(Errc::malformed, "no name for a passkey");
    const auto row = own((*session)->user, id);
    if (!row) return row.error();
    return store_.rename_passkey((*session)->user, row->id, *wanted);
}

Result<PasskeyRemoved> Passkeys::remove(const Digest& sso, std::string_view id) {
    PasskeyRemoved out;
    const auto session = fresh_session_of(sso);
    if (!session) return session.error();
    const auto& user = (*session)->user;
    const auto row = own(user, id);
    if (!row && row.error().code() == Errc::not_found) return out;
    if (!row) return row.error();
    // What came after a recovery takes nothing away that was there before it (R16).
    if ((*session)->limited_until > clock_.wall() && row->limited_until <= clock_.wall())
        return Error(Errc::denied, "a limited proof removes no older passkey");
    const auto all = store_.passkeys(user);
    if (!all) return all.error();
    const SessionService::Held held(sessions_, user);
    // Only the store can say whether somebody's only passkey is their last factor; one of several may go, and
    // then what others have open ends before the store hears of it (R20).
    if (all->size() > 1) (void)sessions_.end_all(user, EndReason::changed, sso, Writing::later);
    const auto removed = store_.remove_passkey(user, row->id);
    if (!removed) return removed.error();
    if (!*removed) {
        out.outcome = PasskeyRemoval::last_one;
        return out;
    }
    if (auto ended = sessions_.end_all(user, EndReason::changed, sso); !ended) return ended.error();
    auto issued = sessions_.rotate(sso);
    if (!issued) return issued.error();
    out.outcome = PasskeyRemoval::removed;
    out.session = std::move(*issued);
    return out;
}

}  // namespace sekisho::auth
