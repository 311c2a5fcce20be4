// Goal: nothing is active before the first right code, a link works once and not for ever, and what operators
// do to accounts is recorded and takes effect at once.
// Method: the pages' calls in order, then out of order, late and twice.
#include "auth/store/sqlite_io.hpp"
#include "tests/auth/auth_house.hpp"

#include <atomic>

namespace sekisho::auth {
namespace {

using test::Person;
using ActivationTest = test::AuthTest;

TEST_F(ActivationTest, NothingIsActiveUntilTheCodeWasRight) {
    const auto added = house->accounts->add("Sato").value();
    EXPECT_EQ(added.record.event, "account.added");
    EXPECT_EQ(added.record.user, "sato");
    ASSERT_EQ(added.record.detail.size(), 1u);
    const auto& token = added.link->token;
    EXPECT_EQ(added.link->expires, clock.wall() + activation_lifetime);
    auto& activation = *house->activation;
    Person sato{"sato", "three blind mice run", {}, {}, {}};
    const auto status = [&] { return house->accounts->list().value().front().status; };

    EXPECT_FALSE(activation.look(token).value().password_set);
    EXPECT_EQ(activation.confirm(token, "000000").value().outcome, EnrolOutcome::password_missing);
    EXPECT_EQ(activation.set_password(token, "short").value(), PasswordFault::too_short);
    EXPECT_EQ(activation.set_password(token, sato.password).value(), std::nullopt);
    EXPECT_TRUE(activation.look(token).value().password_set);
    EXPECT_EQ(activation.confirm(token, "000000").value().outcome, EnrolOutcome::code_wrong)
        << "no offer yet";
    const auto offer = activation.offer_totp(token).value();
    EXPECT_EQ(activation.offer_totp(token).value().spaced, offer.spaced) << "the same, however often shown";
    EXPECT_TRUE(offer.uri.starts_with("otpauth://totp/Mihon%20Bank:sato?secret=")) << offer.uri;
    sato.totp_secret = test::AuthHouse::secret_of(offer);
    EXPECT_EQ(house->try_code(sato, house->code(sato)).outcome, SignInOutcome::failed);
    EXPECT_EQ(activation.confirm(token, house->code(sato, Seconds{300})).value().outcome,
              EnrolOutcome::code_wrong);
    EXPECT_EQ(status(), AccountStatus::invited);
    const auto code = house->code(sato);
    const auto done = activation.confirm(token, code).value();
    ASSERT_EQ(done.outcome, EnrolOutcome::done);
    EXPECT_EQ(done.recovery_codes.size(), 10u);
    EXPECT_EQ(status(), AccountStatus::active);
    EXPECT_EQ(house->try_code(sato, code).finding, Finding::code_replayed) << "it was used to enrol";
    clock.advance(Seconds{30});
    EXPECT_EQ(house->try_code(sato, house->code(sato)).outcome, SignInOutcome::signed_in);
}

TEST_F(ActivationTest, AUsedLateReplacedOrForeignLinkIsNone) {
    auto& activation = *house->activation;
    const auto first = house->accounts->add("sato").value().link->token;
    const auto second = house->accounts->activate("sato").value().link->token;
    EXPECT_EQ(activation.look(first).error().code(), Errc::not_found);
    Person sato{"sato", "three blind mice run", {}, {}, {}};
    house->walk(second, sato);
    for (const auto& token : {first, second, std::string("v1.x"), std::string(), make_token().text}) {
        EXPECT_EQ(activation.look(token).error().code(), Errc::not_found);
        EXPECT_EQ(activation.set_password(token, sato.password).error().code(), Errc::not_found);
        EXPECT_EQ(activation.offer_totp(token).error().code(), Errc::not_found);
        EXPECT_EQ(activation.confirm(token, "000000").error().code(), Errc::not_found);
    }
    const auto late = house->accounts->add("mori", Seconds{60}).value().link->token;
    clock.advance(Seconds{60});
    EXPECT_EQ(activation.look(late).error().code(), Errc::not_found);
}

TEST_F(ActivationTest, ALinkUsedByTwoAtOnceActivatesOnce) {
    const auto token = house->accounts->add("sato").value().link->token;
    Person sato{"sato", "three blind mice run", {}, {}, {}};
    ASSERT_FALSE(house->activation->set_password(token, sato.password).value());
    sato.totp_secret = test::AuthHouse::secret_of(house->activation->offer_totp(token).value());
    std::atomic<int> done{0};
    test::at_once(8, [&](std::size_t) {
        const auto result = house->activation->confirm(token, house->code(sato));
        done += result && result->outcome == EnrolOutcome::done;
    });
    EXPECT_EQ(done, 1);
}

TEST_F(ActivationTest, ADisabledAccountsLinkIsNone) {
    const auto token = house->accounts->add("sato").value().link->token;
    ASSERT_TRUE(house->accounts->disable("sato"));
    EXPECT_EQ(house->activation->look(token).error().code(), Errc::not_found);
    EXPECT_EQ(house->accounts->enable("sato").value().record.detail.front().second, "invited");
    EXPECT_TRUE(house->activation->look(token));
}

TEST_F(ActivationTest, ResetTakesEverythingAndBeginsAnew) {
    auto sato = house->activated("sato");
    const auto issued = house->signed_in(sato);
    const auto act = house->accounts->reset_factors("sato").value();
    EXPECT_EQ(act.record.event, "account.factors_reset");
    EXPECT_EQ(act.sessions_ended, 1u);
    EXPECT_FALSE(house->sessions->find(issued.session->id_hash));
    EXPECT_EQ(house->try_code(sato, house->code(sato)).outcome, SignInOutcome::failed);
    EXPECT_EQ(house->try_code(sato, sato.recovery_codes[0]).outcome, SignInOutcome::failed);
    Person again{"sato", "four deaf rats sit", {}, {}, {}};
    house->walk(act.link->token, again);
    EXPECT_EQ(house->try_code(again, house->code(again), 77).outcome, SignInOutcome::signed_in);
}

TEST_F(ActivationTest, AccountsSayWhatIsWrong) {
    auto& accounts = *house->accounts;
    for (const char* name : {"", "has space", "-dash", "sl/ash", "名前", "a.b@c"})
        EXPECT_EQ(accounts.add(name).error().code(), Errc::malformed) << name;
    EXPECT_EQ(accounts.add(std::string(65, 'a')).error().code(), Errc::malformed);
    ASSERT_TRUE(accounts.add("sato"));
    EXPECT_EQ(accounts.add("SATO").error().code(), Errc::exists);
    EXPECT_EQ(accounts.disable("kato").error().code(), Errc::not_found);
    EXPECT_EQ(accounts.enable("sato").error().code(), Errc::denied);
    auto mori = house->activated("mori");
    EXPECT_EQ(accounts.activate("mori").error().code(), Errc::denied);
    EXPECT_EQ(accounts.disable("mori").value().record.event, "account.disabled");
    EXPECT_EQ(accounts.activate("mori").error().code(), Errc::denied);
    EXPECT_EQ(accounts.enable("mori").value().record.detail.front().second, "active");
    EXPECT_EQ(house->try_code(mori, house->code(mori)).outcome, SignInOutcome::signed_in);
    const auto list = accounts.list().value();
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0].name, "mori");
    EXPECT_EQ(list[0].code_tokens, 1u);
    EXPECT_EQ(list[0].recovery_codes_left, 10u);
    EXPECT_EQ(list[0].sessions, 1u);
    EXPECT_EQ(list[1].code_tokens, 0u);
}

// R20: what others have open ends before the store hears of a change.
TEST_F(ActivationTest, OthersAreOutWhileTheDiskStandsStill) {
    auto sato = house->activated("sato");
    auto& activation = *house->activation;
    const auto mine = house->signed_in(sato);
    auto sso = mine.session->id_hash;
    const auto offer = activation.offer_enrolment(sso).value();
    Person renewed = sato;
    renewed.totp_secret = test::AuthHouse::secret_of(offer);
    const auto link = house->activation->issue("sato").value().token;
    ASSERT_FALSE(activation.set_password(link, "seven kind cats nap").value());
    Person by_link = sato;
    by_link.totp_secret = test::AuthHouse::secret_of(activation.offer_totp(link).value());
    const std::function<void()> acts[] = {
        [&] { sso = activation.renew_recovery_codes(sso).value().session->session->id_hash; },
        [&] {
            const auto done = activation.confirm_enrolment(sso, offer.ticket, house->code(renewed)).value();
            ASSERT_EQ(done.outcome, EnrolOutcome::done);
            sato = renewed;
        },
        [&] {
            EXPECT_EQ(activation.confirm(link, house->code(by_link)).value().outcome, EnrolOutcome::done);
        }};
    for (const auto& act : acts) {
        clock.advance(Seconds{60});  // no code works twice
        const auto other = house->signed_in(sato);
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

TEST_F(ActivationTest, EnrolmentNeedsAFreshProofAndItsOwnTicket) {
    auto sato = house->activated("sato");
    auto mori = house->activated("mori");
    auto& activation = *house->activation;
    const auto mine = house->signed_in(sato), other = house->signed_in(sato), theirs = house->signed_in(mori);
    const auto sso = mine.session->id_hash;
    const auto offer = activation.offer_enrolment(sso).value();
    Person renewed = sato;
    renewed.totp_secret = test::AuthHouse::secret_of(offer);
    for (const auto& stranger : {theirs.session->id_hash, other.session->id_hash})
        EXPECT_EQ(activation.confirm_enrolment(stranger, offer.ticket, house->code(renewed)).value().outcome,
                  EnrolOutcome::expired);
    const auto done = activation.confirm_enrolment(sso, offer.ticket, house->code(renewed)).value();
    ASSERT_EQ(done.outcome, EnrolOutcome::done);
    EXPECT_EQ(done.session->session->limited_until, WallTime{});
    EXPECT_FALSE(house->sessions->find(other.session->id_hash)) << "the other browsers are out";
    EXPECT_TRUE(house->sessions->find(theirs.session->id_hash));
    const auto renewed_sso = done.session->session->id_hash;
    clock.advance(Seconds{60});  // no code works twice
    const auto second = house->signed_in(renewed);
    const auto codes = activation.renew_recovery_codes(renewed_sso).value();
    EXPECT_EQ(codes.codes.size(), 10u);
    EXPECT_FALSE(house->sessions->find(second.session->id_hash)) << "the other browsers are out again";
    const auto last_sso = codes.session->session->id_hash;
    EXPECT_NE(last_sso, renewed_sso) << "this one goes on under a new id";
    clock.advance(Seconds{901});
    EXPECT_EQ(activation.offer_enrolment(last_sso).error().code(), Errc::timed_out);
    EXPECT_EQ(activation.renew_recovery_codes(last_sso).error().code(), Errc::timed_out);
    EXPECT_EQ(activation.offer_enrolment(sha256(as_bytes("x"))).error().code(), Errc::denied);
}

}  // namespace
}  // namespace sekisho::auth
