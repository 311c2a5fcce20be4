// Goal: people have several code tokens, each works by itself, changes need a fresh proof, end other sessions
// and never leave anybody without a factor.
// Method: the whole auth floor; tokens that are early, late, lost and replaced.
#include "auth/code_tokens.hpp"

#include "tests/auth/auth_house.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

class CodeTokensTest : public test::AuthTest {
protected:
    Digest sso() {
        const auto issued = house->signed_in(sato);
        return issued.session->id_hash;
    }
    struct Held {
        std::string id;
        Secret secret;
    };
    Held add(const Digest& session, OtpKind kind, std::string_view name = "spare",
             std::string_view replaces = "") {
        const auto offer = house->code_tokens->offer(session, kind, replaces).value();
        auto secret = test::AuthHouse::secret_of(offer);
        const auto shown = kind == OtpKind::hotp ? hotp(secret, 0) : totp(secret, clock.wall());
        auto added = house->code_tokens->confirm(session, offer.ticket, shown, name).value();
        EXPECT_EQ(added.outcome, CodeTokenOutcome::done);
        if (added.session) last = added.session->session->id_hash;
        return {added.row.id, std::move(secret)};
    }
    SignInOutcome outcome(std::string typed) { return house->try_code(sato, std::move(typed)).outcome; }

    test::Person sato = house->activated("sato");
    Digest last{};
};

TEST_F(CodeTokensTest, EachTokenSignsInByItselfAndTheirCodesAreApart) {
    const auto session = sso();
    const auto phone = add(session, OtpKind::totp, "  spare phone ");
    const auto key = add(session, OtpKind::hotp, "key ring");
    clock.advance(Seconds{60});
    EXPECT_EQ(outcome(totp(phone.secret, clock.wall())), SignInOutcome::signed_in);
    EXPECT_EQ(outcome(house->code(sato)), SignInOutcome::signed_in) << "the same step, another token";
    EXPECT_EQ(outcome(hotp(key.secret, 0)), SignInOutcome::failed) << "used up by its confirmation";
    EXPECT_EQ(outcome(hotp(key.secret, 3)), SignInOutcome::signed_in);
    EXPECT_EQ(outcome(hotp(key.secret, 2)), SignInOutcome::failed);
    const auto rows = house->code_tokens->list("sato").value();
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].name, "");
    const auto named = [&](std::string_view name) {
        return std::count_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
    };
    EXPECT_EQ(named("spare phone"), 1);
    EXPECT_EQ(named("key ring"), 1);
}

TEST_F(CodeTokensTest, TwoCodesInARowFindATokenThatRanAway) {
    const auto key = add(sso(), OtpKind::hotp);
    EXPECT_EQ(outcome(hotp(key.secret, 40)), SignInOutcome::failed);
    const auto found = house->try_code(sato, hotp(key.secret, 40) + " " + hotp(key.secret, 41));
    EXPECT_EQ(found.outcome, SignInOutcome::signed_in);
    EXPECT_TRUE(found.token_found_again);
    EXPECT_EQ(outcome(hotp(key.secret, 42)), SignInOutcome::signed_in);
    const auto slow = [&](int steps) { return totp(sato.totp_secret, clock.wall() - steps * totp_step); };
    clock.advance(Seconds{600});
    EXPECT_EQ(outcome(slow(7)), SignInOutcome::failed);
    EXPECT_EQ(outcome(slow(7) + slow(6)), SignInOutcome::signed_in);
    clock.advance(Seconds{60});
    const auto usual = house->try_code(sato, slow(6));
    EXPECT_EQ(usual.outcome, SignInOutcome::signed_in) << "its drift was remembered";
    EXPECT_FALSE(usual.token_found_again);
}

TEST_F(CodeTokensTest, ReplacingEndsOtherSessionsAndTheOldToken) {
    const auto other = sso(), session = sso();
    const auto fresh = add(session, OtpKind::totp, "new phone", first_otp);
    EXPECT_FALSE(house->sessions->find(other));
    EXPECT_TRUE(house->sessions->find(last));
    clock.advance(Seconds{60});
    EXPECT_EQ(outcome(house->code(sato)), SignInOutcome::failed);
    EXPECT_EQ(outcome(totp(fresh.secret, clock.wall())), SignInOutcome::signed_in);
    EXPECT_EQ(house->store->recovery_codes_left("sato").value(), 10u) << "they stay";
}

TEST_F(CodeTokensTest, TheLastFactorStays) {
    auto session = sso();
    EXPECT_EQ(house->code_tokens->remove(session, first_otp).value().outcome, CodeTokenRemoval::last_one);
    EXPECT_EQ(house->code_tokens->remove(session, "none").value().outcome, CodeTokenRemoval::not_found);
    const auto other = sso();
    const auto spare = add(session, OtpKind::totp);
    const auto removed = house->code_tokens->remove(session, first_otp).value();
    ASSERT_EQ(removed.outcome, CodeTokenRemoval::removed);
    EXPECT_FALSE(house->sessions->find(other));
    EXPECT_EQ(house->code_tokens->remove(removed.session->session->id_hash, spare.id).value().outcome,
              CodeTokenRemoval::last_one);
}

TEST_F(CodeTokensTest, ThereAreNoMoreThanFour) {
    const auto session = sso();
    for (std::size_t i = 1; i < code_tokens_per_person_max; ++i) add(session, OtpKind::totp);
    EXPECT_EQ(house->code_tokens->offer(session, OtpKind::totp, "").error().code(), Errc::too_large);
    EXPECT_TRUE(house->code_tokens->offer(session, OtpKind::totp, first_otp)) << "in the place of another";
    EXPECT_EQ(house->code_tokens->offer(session, OtpKind::totp, "none").error().code(), Errc::not_found);
}

TEST_F(CodeTokensTest, ATicketIsForItsSessionForTenMinutesAndARightCode) {
    const auto session = sso();
    const auto offer = house->code_tokens->offer(session, OtpKind::totp, "").value();
    const auto secret = test::AuthHouse::secret_of(offer);
    const auto confirm = [&](const Digest& by, std::string_view ticket, std::string_view code) {
        return house->code_tokens->confirm(by, ticket, code, "x").value().outcome;
    };
    EXPECT_EQ(confirm(session, offer.ticket, "000000"), CodeTokenOutcome::code_wrong);
    EXPECT_EQ(confirm(session, offer.ticket, ""), CodeTokenOutcome::code_wrong);
    EXPECT_EQ(confirm(session, offer.ticket.substr(1), totp(secret, clock.wall())),
              CodeTokenOutcome::expired);
    EXPECT_EQ(confirm(session, "", totp(secret, clock.wall())), CodeTokenOutcome::expired);
    const auto other = sso();
    EXPECT_EQ(confirm(other, offer.ticket, totp(secret, clock.wall())), CodeTokenOutcome::expired);
    clock.advance(Seconds{600});
    EXPECT_EQ(confirm(session, offer.ticket, totp(secret, clock.wall())), CodeTokenOutcome::expired);
    clock.advance(Seconds{600});
    EXPECT_EQ(house->code_tokens->offer(session, OtpKind::totp, "").error().code(), Errc::timed_out);
    EXPECT_EQ(house->code_tokens->remove(session, first_otp).error().code(), Errc::timed_out);
    EXPECT_EQ(house->code_tokens->offer(Digest{}, OtpKind::totp, "").error().code(), Errc::denied);
}

TEST_F(CodeTokensTest, NamesAreOneLineOfText) {
    const auto session = sso();
    EXPECT_TRUE(house->code_tokens->rename(session, first_otp, " 会社の電話 "));
    EXPECT_EQ(house->code_tokens->list("sato").value().at(0).name, "会社の電話");
    for (const char* name : {"", "  ", "two\nlines", "bad \xff"})
        EXPECT_EQ(house->code_tokens->rename(session, first_otp, name).error().code(), Errc::malformed)
            << name;
    EXPECT_EQ(house->code_tokens->rename(session, "none", "x").error().code(), Errc::not_found);
}

TEST_F(CodeTokensTest, ARecoveryOpensNothingHereAndItsNewFactorTakesNoOlderOneAway) {
    const auto older = add(sso(), OtpKind::totp);
    const auto recovered = house->try_code(sato, sato.recovery_codes[0]).session->session->id_hash;
    EXPECT_EQ(house->code_tokens->offer(recovered, OtpKind::totp, "").error().code(), Errc::denied);
    EXPECT_EQ(house->code_tokens->remove(recovered, older.id).error().code(), Errc::denied);
    // A session whose proof is limited: whatever it adds is limited too, and nothing older goes.
    auto limited = house->store->otp_tokens("sato").value().at(0);
    limited.id = "LIMITED";
    limited.limited_until = clock.wall() + Seconds{24 * 3600};
    limited.next = 0;
    const auto secret = make_totp_secret();
    limited.wrapped_secret = house->keys->seal(KeyPurpose::totp_wrap, secret.reveal(), otp_context(limited));
    ASSERT_TRUE(house->store->add_otp(limited, house->store->account("sato").value().epoch, 4, "").value());
    const auto issued = house->try_code(sato, totp(secret, clock.wall()));
    ASSERT_EQ(issued.outcome, SignInOutcome::signed_in);
    const auto session = issued.session->session->id_hash;
    EXPECT_EQ(house->code_tokens->remove(session, older.id).error().code(), Errc::denied);
    EXPECT_EQ(house->code_tokens->offer(session, OtpKind::totp, older.id).error().code(), Errc::denied);
    const auto more = add(session, OtpKind::hotp);
    for (const auto& row : house->code_tokens->list("sato").value())
        EXPECT_EQ(row.limited_until > clock.wall(), row.id == "LIMITED" || row.id == more.id) << row.id;
}

}  // namespace
}  // namespace sekisho::auth
