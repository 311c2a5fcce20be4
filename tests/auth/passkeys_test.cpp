// Goal: a passkey signs in whom it belongs to and nobody else, once for each question; it is the way past a
// capped account; what was registered after a recovery stays limited; nobody loses their last factor.
// Method: whole stories over a real store with a software authenticator.
#include "auth/passkeys.hpp"

#include "auth/store/sqlite_io.hpp"
#include "tests/auth/auth_house.hpp"
#include "tests/support/authenticator.hpp"
#include "tests/support/certificates.hpp"

namespace sekisho::auth::test {
namespace {

using sekisho::test::Authenticator;
using sekisho::test::Touch;

const Digest browser = sha256(as_bytes("browser"));

class PasskeysTest : public AuthTest {
protected:
    Passkeys& passkeys() { return *house->passkeys; }

    PasskeyAdded add(const Digest& sso, const Authenticator& key, const Touch& touch = {}) {
        const auto question = passkeys().ask_new(sso).value();
        handle = question.user_handle;
        const auto made = key.make(question.challenge, touch);
        return passkeys()
            .add(sso, question.ticket, as_bytes(made.client_data), made.attestation_object, "Phone",
                 "internal")
            .value();
    }

    PasskeyResult prove(const Authenticator& key, const Touch& touch = {}) {
        const auto question = passkeys().ask_sign_in(browser);
        const auto parts = key.get(question.challenge, touch);
        return passkeys().prove(browser, question.ticket, {key.id(), handle, parts.answer()}).value();
    }

    SignInResult sign_in(const PasskeyProof& proof, std::uint32_t from = 0x0a000001) {
        return house->sign_in->with_passkey(proof, {address(from), "Test browser", {}}, {}).value();
    }

    Bytes handle;
};

TEST_F(PasskeysTest, RegistersSignsInAndRemembersTheUse) {
    auto person = house->activated("sato");
    const auto session = house->signed_in(person);
    const Authenticator key;
    const auto added = add(session.session->id_hash, key);
    ASSERT_EQ(added.outcome, PasskeyOutcome::proven) << added.reason;
    EXPECT_EQ(added.row.name, "Phone");
    EXPECT_EQ(added.row.transports, "internal");
    const auto result = prove(key);
    ASSERT_TRUE(result.proof) << result.reason;
    EXPECT_EQ(result.proof->user(), "sato");
    EXPECT_EQ(result.proof->strength(), FactorStrength::passkey_device);
    const auto opened = sign_in(*result.proof);
    ASSERT_EQ(opened.outcome, SignInOutcome::signed_in);
    EXPECT_EQ(opened.session->session->strength, FactorStrength::passkey_device);
    EXPECT_FALSE(opened.known_browser.empty());
    restart();
    const auto rows = passkeys().list("sato").value();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].last_used, clock.wall());
    EXPECT_EQ(rows[0].public_key, key.cose());
}

TEST_F(PasskeysTest, WhoMayUseHardwareAloneRegistersNothingNobodyVouchesFor) {
    auto person = house->activated("sato");
    const auto sso = house->signed_in(person).session->id_hash;
    const Authenticator key;
    const auto question = passkeys().ask_new(sso).value();
    const auto made = key.make(question.challenge);
    const auto try_as = [&](Hardware hardware) {
        return passkeys()
            .add(sso, question.ticket, as_bytes(made.client_data), made.attestation_object, "Key", "usb",
                 hardware)
            .value();
    };
    const auto refused = try_as(Hardware::vouched_for);
    EXPECT_EQ(refused.outcome, PasskeyOutcome::refused);
    EXPECT_EQ(refused.reason, "untrusted");
    EXPECT_TRUE(passkeys().list("sato").value().empty());
    const auto added = try_as(Hardware::any);
    EXPECT_EQ(added.outcome, PasskeyOutcome::proven) << "the question was not used up";
    EXPECT_EQ(added.row.host, "portal.test");
}

TEST(Passkeys, OnlyWhatTheRootsVouchForAndCannotBeCopiedIsHardware) {
    AttestationPolicy without, with;
    with.roots =
        AttestationRoots::from_pem(support::make_certificate("DNS:maker.test", {}, {}).chain).value();
    PasskeyRow row;
    EXPECT_FALSE(vouched_for(row, with));
    EXPECT_EQ(strength_of(row, with), FactorStrength::passkey);
    EXPECT_EQ(strength_of(row, without), FactorStrength::passkey_device) << "its own word";
    row.attested = true;
    EXPECT_TRUE(vouched_for(row, with));
    EXPECT_FALSE(vouched_for(row, without)) << "the roots were taken away";
    EXPECT_EQ(strength_of(row, with), FactorStrength::passkey_device);
    row.backup_eligible = true;
    EXPECT_FALSE(vouched_for(row, with));
    EXPECT_EQ(strength_of(row, with), FactorStrength::passkey);
}

TEST_F(PasskeysTest, ASyncedPasskeyIsWeaker) {
    auto person = house->activated("sato");
    const auto session = house->signed_in(person);
    const Authenticator key;
    Touch synced;
    synced.eligible = synced.backed_up = true;
    ASSERT_EQ(add(session.session->id_hash, key, synced).outcome, PasskeyOutcome::proven);
    EXPECT_EQ(prove(key, synced).proof->strength(), FactorStrength::passkey);
}

TEST_F(PasskeysTest, AQuestionIsAnsweredOnceByTheBrowserItWasPutTo) {
    auto person = house->activated("sato");
    const auto session = house->signed_in(person);
    const Authenticator key;
    ASSERT_EQ(add(session.session->id_hash, key).outcome, PasskeyOutcome::proven);
    const auto question = passkeys().ask_sign_in(browser);
    const auto parts = key.get(question.challenge);
    const PasskeyAnswer answer{key.id(), handle, parts.answer()};
    EXPECT_EQ(passkeys().prove(sha256({}), question.ticket, answer)->outcome, PasskeyOutcome::expired);
    EXPECT_EQ(passkeys().prove(browser, "nonsense", answer)->outcome, PasskeyOutcome::expired);
    EXPECT_EQ(passkeys().prove(browser, passkeys().ask_sign_in(browser).ticket, answer)->reason, "challenge");
    EXPECT_EQ(passkeys().step_up(session.session->id_hash, question.ticket, answer)->outcome,
              PasskeyOutcome::expired);
    std::atomic<int> proven{0};
    at_once(8, [&](std::size_t) {
        if (passkeys().prove(browser, question.ticket, answer)->proof) ++proven;
    });
    EXPECT_EQ(proven, 1);
    EXPECT_EQ(passkeys().prove(browser, question.ticket, answer)->reason, "replayed");
    const auto late = passkeys().ask_sign_in(browser);
    const auto again = key.get(late.challenge);
    clock.advance(passkey_question_lifetime);
    EXPECT_EQ(passkeys().prove(browser, late.ticket, {key.id(), handle, again.answer()})->outcome,
              PasskeyOutcome::expired);
    const auto before = passkeys().ask_sign_in(browser);
    restart();
    const auto old = key.get(before.challenge);
    EXPECT_EQ(passkeys().prove(browser, before.ticket, {key.id(), handle, old.answer()})->outcome,
              PasskeyOutcome::expired);
}

TEST_F(PasskeysTest, RefusesWhoIsNotWhoTheySay) {
    auto sato = house->activated("sato"), kondo = house->activated("kondo");
    const auto of_sato = house->signed_in(sato), of_kondo = house->signed_in(kondo);
    const Authenticator key, other, stranger;
    ASSERT_EQ(add(of_kondo.session->id_hash, other).outcome, PasskeyOutcome::proven);
    ASSERT_EQ(add(of_sato.session->id_hash, key).outcome, PasskeyOutcome::proven);
    EXPECT_EQ(prove(stranger).outcome, PasskeyOutcome::unknown);
    EXPECT_EQ(prove(other).reason, "user_handle");  // with sato's handle
    handle.clear();
    EXPECT_EQ(prove(key).reason, "user_handle");
    const auto question = passkeys().ask_step_up(of_sato.session->id_hash).value();
    const auto parts = other.get(question.challenge);
    EXPECT_EQ(passkeys()
                  .step_up(of_sato.session->id_hash, question.ticket, {other.id(), {}, parts.answer()})
                  ->outcome,
              PasskeyOutcome::unknown);
}

TEST_F(PasskeysTest, IsTheWayPastAnAccountsCap) {
    auto person = house->activated("sato");
    const auto session = house->signed_in(person);
    const Authenticator key;
    ASSERT_EQ(add(session.session->id_hash, key).outcome, PasskeyOutcome::proven);
    auto thief = person;
    thief.known_browser.clear();
    for (std::uint32_t i = 0; i < 8; ++i) house->try_code(thief, "000000", 0x0b000000 + i * 0x10000);
    EXPECT_EQ(house->try_code(thief, house->code(person), 0x0c000000).outcome, SignInOutcome::slow_down);
    const auto result = prove(key);
    ASSERT_TRUE(result.proof);
    EXPECT_EQ(sign_in(*result.proof, 0x0c000000).outcome, SignInOutcome::signed_in);
}

TEST_F(PasskeysTest, StepUpProvesItForTheSessionAndItsAge) {
    auto person = house->activated("sato");
    auto session = house->signed_in(person);
    const Authenticator key;
    const auto sso = add(session.session->id_hash, key).session.value().session->id_hash;
    clock.advance(Seconds{1200});
    EXPECT_EQ(passkeys().ask_new(sso).error().code(), Errc::timed_out);
    const auto question = passkeys().ask_step_up(sso).value();
    ASSERT_EQ(question.known.size(), 1U);
    const auto parts = key.get(question.challenge);
    const auto result = passkeys().step_up(sso, question.ticket, {key.id(), {}, parts.answer()}).value();
    ASSERT_TRUE(result.session) << result.reason;
    EXPECT_EQ(result.session->session->strength, FactorStrength::passkey_device);
    EXPECT_EQ(result.session->session->proven_at, clock.wall());
    EXPECT_TRUE(passkeys().ask_new(result.session->session->id_hash));
}

// A code takes nothing from a session that stands on a passkey, and is proof enough to change a factor.
TEST_F(PasskeysTest, ACodeDoesNotLowerIt) {
    auto person = house->activated("sato");
    const Authenticator key;
    ASSERT_EQ(add(house->signed_in(person).session->id_hash, key).outcome, PasskeyOutcome::proven);
    const auto opened = sign_in(prove(key).proof.value());
    const auto by_passkey = clock.wall();
    clock.advance(Seconds{1200});
    const auto sso = opened.session->session->id_hash;
    EXPECT_EQ(passkeys().ask_new(sso).error().code(), Errc::timed_out);
    const auto result = house->sign_in->step_up(sso, house->code(person), {address(1), "b", ""}).value();
    ASSERT_EQ(result.outcome, StepUpOutcome::confirmed);
    const auto& session = *result.session->session;
    EXPECT_EQ(session.strength, FactorStrength::passkey_device);
    EXPECT_EQ(session.proven_at, by_passkey) << "as old as it was";
    EXPECT_EQ(session.lesser, FactorStrength::otp);
    EXPECT_EQ(session.lesser_at, clock.wall());
    EXPECT_TRUE(passkeys().ask_new(session.id_hash));
}

TEST_F(PasskeysTest, RegisteringOneEndsTheOthersSessionsAndRenewsThisId) {
    auto person = house->activated("sato");
    const auto elsewhere = house->signed_in(person), here = house->signed_in(person);
    const Authenticator key;
    const auto added = add(here.session->id_hash, key);
    ASSERT_EQ(added.outcome, PasskeyOutcome::proven);
    EXPECT_FALSE(house->sessions->find(elsewhere.session->id_hash));
    ASSERT_TRUE(added.session);
    EXPECT_NE(added.session->session->id_hash, here.session->id_hash);
    EXPECT_EQ(house->log.why_ended(elsewhere.session->id_hash), EndReason::changed);
}

// R20: what others have open ends before the store hears of a change.
TEST_F(PasskeysTest, OthersAreOutWhileTheDiskStandsStill) {
    auto person = house->activated("sato");
    const Authenticator first, second;
    auto sso = add(house->signed_in(person).session->id_hash, first).session.value().session->id_hash;
    const auto question = passkeys().ask_new(sso).value();
    const auto made = second.make(question.challenge, {});
    const std::function<void()> acts[] = {
        [&] {
            const auto added = passkeys().add(sso, question.ticket, as_bytes(made.client_data),
                                              made.attestation_object, "b", "");
            sso = added.value().session.value().session->id_hash;
        },
        [&] { EXPECT_TRUE(passkeys().remove(sso, passkey_id(second.id())).value().session); }};
    for (const auto& act : acts) {
        const auto other = house->signed_in(person);
        const auto blocker = Database::open(directory / "sekisho.db").value();
        ASSERT_TRUE(blocker->execute("BEGIN IMMEDIATE"));
        std::atomic<bool> returned{false};
        std::thread acting([&] {
            act();
            returned = true;
        });
        const auto began = std::chrono::steady_clock::now();
        while (house->sessions->find(other.session->id_hash) &&
               std::chrono::steady_clock::now() - began < std::chrono::seconds{2})
            std::this_thread::yield();
        EXPECT_FALSE(house->sessions->find(other.session->id_hash)) << "an end waited for the disk";
        EXPECT_FALSE(returned) << "the disk did not stand still";
        ASSERT_TRUE(blocker->execute("COMMIT"));
        acting.join();
    }
}

TEST_F(PasskeysTest, WhatIsRegisteredAfterARecoveryStaysLimited) {
    auto person = house->activated("sato");
    const auto thief = house->try_code(person, person.recovery_codes[0]);
    ASSERT_EQ(thief.outcome, SignInOutcome::signed_in);
    const auto sso = thief.session->session->id_hash;
    EXPECT_EQ(passkeys().ask_new(sso).error().code(), Errc::denied);
    const auto offer = house->activation->offer_enrolment(sso).value();
    person.totp_secret = AuthHouse::secret_of(offer);
    const auto enrolled =
        house->activation->confirm_enrolment(sso, offer.ticket, house->code(person)).value();
    const Authenticator key;
    ASSERT_EQ(add(enrolled.session->session->id_hash, key).outcome, PasskeyOutcome::proven);
    const auto proof = prove(key).proof.value();
    EXPECT_EQ(proof.limited_until(), enrolled.session->session->limited_until);
    EXPECT_GT(proof.limited_until(), clock.wall() + Seconds{23 * 3600});
    EXPECT_EQ(sign_in(proof).session->session->limited_until, proof.limited_until());
    clock.advance(Seconds{25 * 3600});
    EXPECT_EQ(prove(key).proof->limited_until(), WallTime{});
}

TEST_F(PasskeysTest, RemovingOneEndsTheOthersSessionsAndItsProofs) {
    auto person = house->activated("sato");
    const auto session = house->signed_in(person);
    const Authenticator key;
    const auto added = add(session.session->id_hash, key);
    const auto proof = prove(key).proof.value();
    const auto elsewhere = sign_in(prove(key).proof.value());
    const auto id = passkey_id(added.row.id);
    const auto sso = added.session->session->id_hash;
    EXPECT_EQ(passkeys().remove(sso, "0000000000")->outcome, PasskeyRemoval::not_found);
    const auto removed = passkeys().remove(sso, id).value();
    ASSERT_EQ(removed.outcome, PasskeyRemoval::removed);
    EXPECT_FALSE(house->sessions->find(elsewhere.session->session->id_hash));
    EXPECT_TRUE(house->sessions->find(removed.session->session->id_hash));
    EXPECT_EQ(sign_in(proof).outcome, SignInOutcome::failed) << "proven before it was removed";
    EXPECT_EQ(prove(key).outcome, PasskeyOutcome::unknown);
}

TEST_F(PasskeysTest, ADisabledAccountsPasskeyOpensNothing) {
    auto person = house->activated("sato");
    const auto session = house->signed_in(person);
    const Authenticator key;
    ASSERT_EQ(add(session.session->id_hash, key).outcome, PasskeyOutcome::proven);
    ASSERT_TRUE(house->accounts->disable("sato"));
    EXPECT_EQ(sign_in(prove(key).proof.value()).outcome, SignInOutcome::disabled);
    ASSERT_TRUE(house->accounts->enable("sato"));
    ASSERT_TRUE(house->accounts->reset_factors("sato"));
    EXPECT_EQ(prove(key).outcome, PasskeyOutcome::unknown);
}

TEST_F(PasskeysTest, KeepsNamesAndBounds) {
    auto person = house->activated("sato");
    auto sso = house->signed_in(person).session->id_hash;
    std::vector<Authenticator> keys;
    for (std::size_t i = 0; i < passkeys_per_person_max; ++i) {
        keys.emplace_back();
        const auto added = add(sso, keys.back());
        ASSERT_EQ(added.outcome, PasskeyOutcome::proven);
        sso = added.session->session->id_hash;
    }
    EXPECT_EQ(passkeys().ask_new(sso).error().code(), Errc::too_large);
    const auto id = passkey_id(keys[3].id());
    EXPECT_TRUE(passkeys().rename(sso, id, "  金庫の鍵 "));
    const auto named = [&](const std::string& name) {
        const auto rows = passkeys().list("sato").value();
        return std::count_if(rows.begin(), rows.end(), [&](const auto& row) { return row.name == name; });
    };
    EXPECT_EQ(named("金庫の鍵"), 1);
    EXPECT_TRUE(passkeys().rename(sso, id, std::string(80, 'a')));
    EXPECT_EQ(named(std::string(passkey_name_bytes_max, 'a')), 1);
    for (const std::string& bad :
         {std::string(), std::string("  "), std::string("a\nb"), std::string("\xff")})
        EXPECT_EQ(passkeys().rename(sso, id, bad).error().code(), Errc::malformed);
    EXPECT_EQ(passkeys().rename(sso, "0000000000", "x").error().code(), Errc::not_found);
}

TEST_F(PasskeysTest, ACounterThatWentBackIsTold) {
    auto person = house->activated("sato");
    const auto session = house->signed_in(person);
    const Authenticator key;
    Touch touch;
    touch.count = 7;
    ASSERT_EQ(add(session.session->id_hash, key, touch).outcome, PasskeyOutcome::proven);
    touch.count = 8;
    EXPECT_FALSE(prove(key, touch).counter_alarm);
    touch.count = 7;
    const auto copy = prove(key, touch);
    EXPECT_TRUE(copy.proof);
    EXPECT_TRUE(copy.counter_alarm);
}

TEST_F(PasskeysTest, TheLastFactorStays) {
    auto person = house->activated("sato");
    const auto session = house->signed_in(person);
    const Authenticator key;
    const auto added = add(session.session->id_hash, key);
    // An account whose only factor is a passkey, as one restored from elsewhere might be.
    auto row = house->store->passkeys("sato").value().front();
    ASSERT_TRUE(house->store->forget_factors("sato"));
    ASSERT_TRUE(house->store->set_status("sato", AccountStatus::active));
    const auto epoch = house->store->account("sato")->epoch;
    ASSERT_TRUE(house->store->add_passkey(row, epoch, 10).value());
    EXPECT_FALSE(house->store->add_passkey(row, epoch, 1).value()) << "has as many as allowed";
    EXPECT_FALSE(house->store->remove_passkey("sato", row.id).value());
    row.id.back() ^= 1;
    ASSERT_TRUE(house->store->add_passkey(row, epoch, 10).value());
    EXPECT_EQ(house->store->add_passkey(row, epoch, 10).error().code(), Errc::exists);
    EXPECT_TRUE(house->store->remove_passkey("sato", row.id).value());
    EXPECT_GT(house->store->account("sato")->epoch, epoch);
}

}  // namespace
}  // namespace sekisho::auth::test
