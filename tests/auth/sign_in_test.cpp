// Goal: only the right password with a right and fresh code opens a session; nobody learns which part was
// wrong; guessing is bounded whatever comes at once.
// Method: the whole floor over a real store, a manual clock, cheap hashes; storms of threads.
#include "base/text.hpp"
#include "tests/auth/auth_house.hpp"

#include <fmt/format.h>

#include <atomic>

namespace sekisho::auth {
namespace {

using test::address;
using test::at_once;
using SignInTest = test::AuthTest;
using test::Person;

TEST_F(SignInTest, BothFactorsOpenASession) {
    auto sato = house->activated("sato");
    const auto result = house->try_code(sato, house->code(sato));
    ASSERT_EQ(result.outcome, SignInOutcome::signed_in) << to_text(result.finding);
    EXPECT_EQ(result.session->session->user, "sato");
    EXPECT_EQ(result.session->session->strength, FactorStrength::otp);
    EXPECT_EQ(result.recovery_codes_left, 10u);
    EXPECT_FALSE(result.known_browser.empty());
    EXPECT_EQ(token_hash(result.session->cookie_value), result.session->session->id_hash);
    EXPECT_EQ(house->accounts->list().value().front().last_sign_in, clock.wall());
}

TEST_F(SignInTest, WhateverIsWrongTheAnswerIsTheSame) {
    auto sato = house->activated("sato");
    const auto code = house->code(sato);
    Person wrong_password = sato, unknown = sato, no_name = sato;
    wrong_password.password = "not the one at all";
    unknown.name = "nobody";
    no_name.name = "no such/name";
    const struct {
        const Person& who;
        std::string code;
        Finding finding;
    } rows[] = {{wrong_password, code, Finding::wrong_password}, {sato, "000000", Finding::wrong_code},
                {sato, "not a code", Finding::wrong_code},       {sato, "", Finding::wrong_code},
                {unknown, code, Finding::unknown_account},       {no_name, code, Finding::unknown_account}};
    std::uint32_t from = 1;
    for (const auto& row : rows) {
        const auto result = house->try_code(row.who, row.code, from++);
        EXPECT_EQ(result.outcome, SignInOutcome::failed);
        EXPECT_EQ(result.finding, row.finding) << to_text(result.finding);
        EXPECT_FALSE(result.session);
        EXPECT_EQ(result.known_browser, "");
        clock.advance(Seconds{0});
    }
    // A wrong password did not use the code up.
    clock.advance(Seconds{3600});
    EXPECT_EQ(house->try_code(sato, house->code(sato), 99).outcome, SignInOutcome::signed_in);
}

TEST_F(SignInTest, TheFirstStepSaysNothing) {
    auto sato = house->activated("sato");
    const Origin origin{address(1), "b", ""};
    const auto right = house->sign_in->begin("sato", sato.password, origin).value();
    const auto wrong = house->sign_in->begin("sato", "not the one at all", origin).value();
    const auto nobody = house->sign_in->begin("mori", "not the one at all", origin).value();
    for (const auto& step : {right, wrong, nobody}) EXPECT_EQ(step.outcome, SignInOutcome::ask_code);
    EXPECT_EQ(right.ticket.size(), wrong.ticket.size());
    EXPECT_EQ(right.ticket.size(), nobody.ticket.size());
    EXPECT_EQ(house->sign_in->account_of(right.ticket), "sato");
}

TEST_F(SignInTest, ATicketEndsAfterTenMinutesAndOnlyOursIsRead) {
    auto sato = house->activated("sato");
    const Origin origin{address(1), "b", ""};
    const auto step = house->sign_in->begin(" SATO ", sato.password, origin).value();
    auto damaged = step.ticket;
    damaged[damaged.size() / 2] = damaged[damaged.size() / 2] == 'A' ? 'B' : 'A';
    for (const auto& ticket : {std::string(), std::string("x"), damaged, step.ticket + "A"})
        EXPECT_EQ(house->sign_in->finish(ticket, house->code(sato), origin, {}).value().outcome,
                  SignInOutcome::expired);
    clock.advance(Seconds{600});
    EXPECT_EQ(house->sign_in->finish(step.ticket, house->code(sato), origin, {}).value().outcome,
              SignInOutcome::signed_in);
    clock.advance(Seconds{1});
    EXPECT_EQ(house->sign_in->finish(step.ticket, house->code(sato), origin, {}).value().outcome,
              SignInOutcome::expired);
}

TEST_F(SignInTest, ATicketFromBeforeAChangeOfPasswordIsWorthNothing) {
    auto sato = house->activated("sato");
    const Origin origin{address(1), "b", ""};
    const auto step = house->sign_in->begin("sato", sato.password, origin).value();
    const auto sso = house->signed_in(sato).session->id_hash;
    ASSERT_EQ(house->sign_in->change_password(sso, sato.password, "four deaf rats sit").value().outcome,
              ChangeOutcome::changed);
    const auto result = house->sign_in->finish(step.ticket, house->code(sato), origin, {}).value();
    EXPECT_EQ(result.outcome, SignInOutcome::failed);
    EXPECT_EQ(result.finding, Finding::changed_meanwhile);
}

TEST_F(SignInTest, AChangeOfPasswordLeavesACopyOfTheCookieNothing) {
    auto sato = house->activated("sato");
    const auto sso = house->signed_in(sato).session->id_hash;
    const auto code = house->sessions->issue_code(sso, "wiki.example", Digest{1}).value();
    const auto wiki =
        house->sessions->redeem_code(code, "wiki.example", Digest{1}, address(1), "b").value().session;
    const auto done = house->sign_in->change_password(sso, sato.password, "four deaf rats sit").value();
    ASSERT_EQ(done.outcome, ChangeOutcome::changed);
    EXPECT_FALSE(house->sessions->find(sso));
    EXPECT_FALSE(house->sessions->find(wiki->id_hash));
    EXPECT_TRUE(house->sessions->find(done.session->session->id_hash));
}

TEST_F(SignInTest, DisabledIsShownOnlyToSomebodyWhoProvedBoth) {
    auto sato = house->activated("sato");
    ASSERT_TRUE(house->accounts->disable("sato"));
    EXPECT_EQ(house->try_code(sato, "000000").outcome, SignInOutcome::failed);
    Person wrong = sato;
    wrong.password = "not the one at all";
    EXPECT_EQ(house->try_code(wrong, house->code(sato)).outcome, SignInOutcome::failed);
    const auto result = house->try_code(sato, house->code(sato));
    EXPECT_EQ(result.outcome, SignInOutcome::disabled);
    EXPECT_FALSE(result.session);
}

TEST_F(SignInTest, ACodeIsGoodOnceAndAnOlderOneNotAfterIt) {
    auto sato = house->activated("sato");
    const auto before = house->code(sato, Seconds{-30}), code = house->code(sato);
    EXPECT_EQ(house->try_code(sato, code).outcome, SignInOutcome::signed_in);
    EXPECT_EQ(house->try_code(sato, code).finding, Finding::code_replayed);
    EXPECT_EQ(house->try_code(sato, before).finding, Finding::code_replayed);
    EXPECT_EQ(house->try_code(sato, house->code(sato, Seconds{30})).outcome, SignInOutcome::signed_in);
}

TEST_F(SignInTest, OneCodeSentAThousandTimesAtOnceIsAcceptedOnce) {
    auto sato = house->activated("sato");
    const auto step = totp_step_at(clock.wall());
    std::atomic<int> accepted{0};
    at_once(50, [&](std::size_t) {
        for (int i = 0; i < 20; ++i)
            accepted += house->store->accept_otp("sato", first_otp, step, 0, clock.wall()).value();
    });
    EXPECT_EQ(accepted, 1);

    clock.advance(Seconds{60});
    std::atomic<int> signed_in{0}, refused{0};
    const auto code = house->code(sato);
    at_once(50, [&](std::size_t thread) {
        for (std::uint32_t i = 0; i < 20; ++i) {
            const auto from = static_cast<std::uint32_t>(thread) * 20 + i;
            const auto outcome = house->try_code(sato, code, from).outcome;
            ++(outcome == SignInOutcome::signed_in ? signed_in : refused);
        }
    });
    EXPECT_EQ(signed_in, 1);
    EXPECT_EQ(refused, 999);
    EXPECT_EQ(house->sessions->list("sato").size(), 1u);
}

TEST_F(SignInTest, AThousandWrongCodesAtOnceAreEvaluatedFiveTimesWhileTheOwnerSignsIn) {
    auto sato = house->activated("sato");
    (void)house->signed_in(sato);  // from now on this browser is known
    ASSERT_FALSE(sato.known_browser.empty());
    Person thief = sato;  // even with the right password
    thief.known_browser.clear();
    const auto right = house->code(sato);
    std::atomic<int> evaluated{0}, slowed{0}, owner{0};
    at_once(50, [&](std::size_t thread) {
        if (thread == 25) owner += house->try_code(sato, right).outcome == SignInOutcome::signed_in;
        for (std::uint32_t i = 0; i < 20; ++i) {
            const auto number = static_cast<std::uint32_t>(thread) * 20 + i;
            auto guess = fmt::format("{:06}", number);
            if (guess == right) guess = "999999";
            const auto outcome = house->try_code(thief, guess, number).outcome;
            ++(outcome == SignInOutcome::slow_down ? slowed : evaluated);
        }
    });
    EXPECT_LE(evaluated, 5);
    EXPECT_EQ(evaluated + slowed, 1000);
    EXPECT_EQ(owner, 1);
}

TEST_F(SignInTest, AnUnknownAccountIsSlowedExactlyLikeAKnownOne) {
    auto sato = house->activated("sato");
    Person nobody = sato;
    nobody.name = "nobody";
    for (std::uint32_t i = 0; i < 12; ++i) {
        const auto known = house->try_code(sato, "000000", i);
        const auto unknown = house->try_code(nobody, "000000", i);
        EXPECT_EQ(known.outcome, unknown.outcome) << i;
        EXPECT_EQ(known.wait, unknown.wait) << i;
        if (known.outcome == SignInOutcome::slow_down) clock.advance(known.wait);
    }
}

TEST_F(SignInTest, ARestartKeepsTheCountAndTheWait) {
    auto sato = house->activated("sato");
    for (std::uint32_t i = 0; i < 5; ++i)
        EXPECT_EQ(house->try_code(sato, "000000", i).outcome, SignInOutcome::failed);
    const auto wait = house->try_code(sato, "000000", 99).wait;
    EXPECT_GT(wait, Millis{0});
    restart();
    const auto result = house->try_code(sato, house->code(sato), 100);
    EXPECT_EQ(result.outcome, SignInOutcome::slow_down);
    EXPECT_EQ(result.wait, wait);
    clock.advance(wait);
    EXPECT_EQ(house->try_code(sato, house->code(sato), 100).outcome, SignInOutcome::signed_in);
}

TEST_F(SignInTest, AKnownBrowserCountsOnlyForItsOwnAccount) {
    auto sato = house->activated("sato");
    auto mori = house->activated("mori");
    (void)house->signed_in(mori);
    for (std::uint32_t i = 0; i < 5; ++i) (void)house->try_code(sato, "000000", i);
    auto pretender = sato;
    pretender.known_browser = mori.known_browser;
    EXPECT_EQ(house->try_code(pretender, house->code(sato), 50).outcome, SignInOutcome::slow_down);
}

TEST_F(SignInTest, ARecoveryCodeWorksOnceAndReachesEnrolmentOnly) {
    auto sato = house->activated("sato");
    ASSERT_EQ(sato.recovery_codes.size(), 10u);
    auto typed = sato.recovery_codes[3];
    for (auto& c : typed) c = to_lower(c);
    const auto result = house->try_code(sato, " " + typed);
    ASSERT_EQ(result.outcome, SignInOutcome::signed_in);
    EXPECT_EQ(result.session->session->strength, FactorStrength::recovery);
    EXPECT_EQ(result.recovery_codes_left, 9u);
    EXPECT_EQ(result.known_browser, "");
    EXPECT_EQ(house->try_code(sato, typed).outcome, SignInOutcome::failed);
    const auto sso = result.session->session->id_hash;
    EXPECT_EQ(house->sign_in->change_password(sso, sato.password, "four deaf rats sit").value().outcome,
              ChangeOutcome::session_gone);
    EXPECT_FALSE(house->activation->renew_recovery_codes(sso));

    auto offer = house->activation->offer_enrolment(sso).value();
    Person renewed = sato;
    renewed.totp_secret = test::AuthHouse::secret_of(offer);
    EXPECT_EQ(house->activation->confirm_enrolment(sso, offer.ticket, "000000").value().outcome,
              EnrolOutcome::code_wrong);
    offer = house->activation->offer_again(sso, offer.ticket).value();
    EXPECT_TRUE(test::AuthHouse::secret_of(offer).matches(renewed.totp_secret.reveal()));
    const auto done = house->activation->confirm_enrolment(sso, offer.ticket, house->code(renewed)).value();
    ASSERT_EQ(done.outcome, EnrolOutcome::done);
    ASSERT_TRUE(done.session);
    EXPECT_EQ(done.session->session->strength, FactorStrength::otp);
    EXPECT_EQ(done.session->session->limited_until, clock.wall() + Seconds{24 * 3600});
    // The old factor and its codes are gone; the new factor stays limited for the day.
    clock.advance(Seconds{60});
    EXPECT_EQ(house->try_code(sato, house->code(sato)).outcome, SignInOutcome::failed);
    EXPECT_EQ(house->try_code(sato, sato.recovery_codes[5]).outcome, SignInOutcome::failed);
    EXPECT_GT(house->signed_in(renewed).session->limited_until, clock.wall());
    clock.advance(Seconds{24 * 3600});
    EXPECT_EQ(house->signed_in(renewed).session->limited_until, WallTime{});
}

TEST_F(SignInTest, OneRecoveryCodeSentByManyAtOnceIsAcceptedOnce) {
    auto sato = house->activated("sato");
    std::atomic<int> signed_in{0};
    at_once(20, [&](std::size_t i) {
        signed_in += house->try_code(sato, sato.recovery_codes[0], static_cast<std::uint32_t>(i)).outcome ==
                     SignInOutcome::signed_in;
    });
    EXPECT_EQ(signed_in, 1);
}

TEST_F(SignInTest, StepUpProvesAgainUnderANewId) {
    auto sato = house->activated("sato");
    const auto first = house->signed_in(sato);
    const Origin origin{address(1), "b", ""};
    const auto sso = first.session->id_hash;
    EXPECT_EQ(house->sign_in->step_up(sso, "000000", origin).value().outcome, StepUpOutcome::code_wrong);
    const auto code = house->code(sato);
    const auto result = house->sign_in->step_up(sso, code, origin).value();
    ASSERT_EQ(result.outcome, StepUpOutcome::confirmed);
    EXPECT_EQ(result.session->session->proven_at, clock.wall());
    EXPECT_NE(result.session->session->id_hash, sso);
    EXPECT_EQ(house->sessions->find(sso)->proven_at, first.session->proven_at);  // old id, old rights
    EXPECT_EQ(house->sign_in->step_up(result.session->session->id_hash, code, origin).value().outcome,
              StepUpOutcome::code_used);
    for (int i = 0; i < 4; ++i)
        (void)house->sign_in->step_up(result.session->session->id_hash, "000000", origin);
    EXPECT_EQ(house->sign_in->step_up(result.session->session->id_hash, "000000", origin).value().outcome,
              StepUpOutcome::slow_down);
}

TEST_F(SignInTest, ChangeOfPasswordEndsTheOthersAndKeepsThisOne) {
    auto sato = house->activated("sato");
    const auto here = house->signed_in(sato), elsewhere = house->signed_in(sato);
    const auto sso = here.session->id_hash;
    EXPECT_EQ(house->sign_in->change_password(sso, "not the one", "four deaf rats sit").value().outcome,
              ChangeOutcome::wrong_password);
    const auto refused = house->sign_in->change_password(sso, sato.password, "password123").value();
    EXPECT_EQ(refused.outcome, ChangeOutcome::refused);
    EXPECT_EQ(refused.fault, PasswordFault::common);
    const auto changed = house->sign_in->change_password(sso, sato.password, "four deaf rats sit").value();
    ASSERT_EQ(changed.outcome, ChangeOutcome::changed);
    EXPECT_FALSE(house->sessions->find(elsewhere.session->id_hash));
    EXPECT_TRUE(house->sessions->find(changed.session->session->id_hash));
    EXPECT_EQ(house->try_code(sato, house->code(sato)).outcome, SignInOutcome::failed);
    sato.password = "four deaf rats sit";
    EXPECT_EQ(house->try_code(sato, house->code(sato)).outcome, SignInOutcome::signed_in);
}

}  // namespace
}  // namespace sekisho::auth
