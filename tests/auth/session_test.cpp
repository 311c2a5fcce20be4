// Goal: sessions begin only where they may, hand-over codes work once and only where they belong, and every
// end reaches every worker's table. Method: the service over a real store with a manual clock; tables that
// catch up late, and too late.
#include "auth/store/sqlite_io.hpp"
#include "tests/auth/auth_house.hpp"

#include <atomic>
#include <cstring>
#include <set>

namespace sekisho::auth {
namespace {

using test::address;
using test::at_once;

const Digest transaction = sha256(as_bytes("transaction")), other_transaction = sha256(as_bytes("other"));

class Sessions : public test::AuthTest {
protected:
    void SetUp() override {
        AccountRow row;
        row.name = "sato";
        row.status = AccountStatus::active;
        row.created = clock.wall();
        ASSERT_TRUE(house->store->add_account(row));
        row.name = "mori";
        ASSERT_TRUE(house->store->add_account(row));
    }
    NewSession wanted(std::string user = "sato") {
        NewSession out;
        out.user = std::move(user);
        out.strength = FactorStrength::otp;
        out.limits = {Seconds{12 * 3600}, Seconds{1800}, 50};
        out.from = address(7);
        out.agent = "b";
        return out;
    }
    Issued sso(std::string user = "sato") {
        return house->sessions->issue_sso(wanted(std::move(user))).value();
    }
    Issued app(const Issued& from, std::string_view host = "wiki.example") {
        const auto code = house->sessions->issue_code(from.session->id_hash, host, transaction).value();
        return house->sessions->redeem_code(code, host, transaction, address(8), "b").value();
    }
    bool live(const Issued& issued) { return house->sessions->find(issued.session->id_hash) != nullptr; }
};

TEST_F(Sessions, AnAppSessionInheritsFromItsParent) {
    const auto parent = sso();
    clock.advance(Seconds{600});
    const auto child = app(parent).session;
    EXPECT_EQ(child->kind, Session::Kind::app);
    EXPECT_EQ(child->parent, parent.session->id_hash);
    EXPECT_EQ(child->host, "wiki.example");
    EXPECT_EQ(child->user, "sato");
    EXPECT_EQ(child->absolute_end, parent.session->absolute_end);
    EXPECT_EQ(child->proven_at, parent.session->proven_at);
    EXPECT_EQ(child->strength, FactorStrength::otp);
    EXPECT_EQ(house->sessions->counts().sso, 1u);
    EXPECT_EQ(house->sessions->counts().app, 1u);
}

TEST_F(Sessions, NoneBeginsForAnAccountThatIsNotActiveOrChangedMeanwhile) {
    auto stale = wanted();
    stale.account_epoch = 1;
    EXPECT_EQ(house->sessions->issue_sso(stale).error().code(), Errc::denied);
    ASSERT_TRUE(house->accounts->disable("sato"));
    auto fresh = wanted();
    fresh.account_epoch = house->store->account("sato").value().epoch;
    EXPECT_EQ(house->sessions->issue_sso(fresh).error().code(), Errc::denied);
    EXPECT_EQ(house->sessions->issue_sso(wanted("nobody")).error().code(), Errc::denied);
}

TEST_F(Sessions, ACodeIsBoundToHostTransactionSessionAndHalfAMinute) {
    const auto parent = sso();
    const auto& id = parent.session->id_hash;
    auto& sessions = *house->sessions;
    const auto refused = [&](std::string_view code, std::string_view host, const Digest& bound) {
        const auto result = sessions.redeem_code(code, host, bound, address(8), "b");
        return !result && result.error().code() == Errc::denied;
    };
    const auto make = [&] { return sessions.issue_code(id, "wiki.example", transaction).value(); };
    EXPECT_TRUE(refused(make(), "files.example", transaction));
    EXPECT_TRUE(refused(make(), "wiki.example", other_transaction));
    EXPECT_TRUE(refused("v1.short", "wiki.example", transaction));
    EXPECT_TRUE(refused(make_token().text, "wiki.example", transaction));
    const auto burnt = make();
    EXPECT_TRUE(refused(burnt, "files.example", transaction));
    EXPECT_TRUE(refused(burnt, "wiki.example", transaction)) << "a code shown in the wrong place is used up";
    const auto late = make();
    clock.advance(Seconds{30});
    EXPECT_TRUE(refused(late, "wiki.example", transaction));
    const auto in_time = make();
    clock.advance(Seconds{30} - Millis{1});
    EXPECT_TRUE(sessions.redeem_code(in_time, "wiki.example", transaction, address(8), "b"));
    EXPECT_TRUE(refused(in_time, "wiki.example", transaction));
    const auto orphan = make();
    ASSERT_TRUE(sessions.sign_out(id));
    EXPECT_TRUE(refused(orphan, "wiki.example", transaction));
}

TEST_F(Sessions, AnAppSessionHandsNothingOver) {
    const auto child = app(sso());
    EXPECT_FALSE(house->sessions->issue_code(child.session->id_hash, "files.example", transaction));
}

TEST_F(Sessions, ACodeRedeemedByManyAtOnceWorksOnce) {
    const auto parent = sso();
    for (int round = 0; round < 20; ++round) {
        const auto code =
            house->sessions->issue_code(parent.session->id_hash, "wiki.example", transaction).value();
        std::atomic<int> redeemed{0};
        at_once(16, [&](std::size_t) {
            redeemed +=
                house->sessions->redeem_code(code, "wiki.example", transaction, address(8), "b").has_value();
        });
        ASSERT_EQ(redeemed, 1);
    }
}

TEST_F(Sessions, CodesUnderWayAreBoundedPerSession) {
    const auto parent = sso();
    for (int i = 0; i < 64; ++i)
        ASSERT_TRUE(house->sessions->issue_code(parent.session->id_hash, "wiki.example", transaction));
    EXPECT_EQ(
        house->sessions->issue_code(parent.session->id_hash, "wiki.example", transaction).error().code(),
        Errc::too_large);
    clock.advance(Seconds{30});
    EXPECT_TRUE(house->sessions->issue_code(parent.session->id_hash, "wiki.example", transaction));
}

TEST_F(Sessions, SigningOutAnywhereInAFamilyEndsTheFamilyAndNobodyElse) {
    const auto here = sso(), there = sso(), mori = sso("mori");
    const auto wiki = app(here), files = app(here, "files.example"), theirs = app(there);
    const auto ended = house->sessions->sign_out(files.session->id_hash).value();
    EXPECT_EQ(ended.size(), 3u);
    for (const auto* gone : {&here, &wiki, &files}) EXPECT_FALSE(live(*gone));
    for (const auto* kept : {&there, &theirs, &mori}) EXPECT_TRUE(live(*kept));
    EXPECT_EQ(house->log.why_ended(wiki.session->id_hash), EndReason::signed_out);
    EXPECT_TRUE(house->sessions->sign_out(files.session->id_hash).value().empty());
}

TEST_F(Sessions, EndingByWhatPeopleSee) {
    const auto here = sso(), there = sso();
    const auto wiki = app(there), files = app(there, "files.example");
    auto& sessions = *house->sessions;
    EXPECT_EQ(sessions.end_one("mori", wiki.session->public_id, EndReason::ended_by_person).error().code(),
              Errc::not_found);
    EXPECT_EQ(sessions.end_one("sato", wiki.session->public_id, EndReason::ended_by_person).value().size(),
              1u);
    EXPECT_TRUE(live(files));
    EXPECT_EQ(sessions.end_any(there.session->public_id, EndReason::ended_by_admin).value().size(), 2u);
    EXPECT_FALSE(live(files));
    EXPECT_TRUE(live(here));
    EXPECT_FALSE(sessions.end_any("0000000000", EndReason::ended_by_admin));
}

TEST_F(Sessions, EverywhereMayLeaveThisOne) {
    const auto here = sso(), there = sso(), mori = sso("mori");
    const auto mine = app(here), theirs = app(there);
    EXPECT_EQ(
        house->sessions->end_all("sato", EndReason::ended_by_person, here.session->id_hash).value().size(),
        2u);
    EXPECT_TRUE(live(here) && live(mine) && live(mori));
    EXPECT_FALSE(live(there) || live(theirs));
    EXPECT_EQ(house->sessions->end_all("sato", EndReason::ended_by_person).value().size(), 2u);
    EXPECT_TRUE(house->sessions->list("sato").empty());
}

TEST_F(Sessions, DisablingAndResettingEndEverything) {
    const auto here = sso();
    const auto wiki = app(here);
    EXPECT_EQ(house->accounts->disable("sato").value().sessions_ended, 2u);
    EXPECT_FALSE(live(here) || live(wiki));
    EXPECT_EQ(house->log.why_ended(wiki.session->id_hash), EndReason::account);
    const auto mori = sso("mori");
    EXPECT_EQ(house->accounts->reset_factors("mori").value().sessions_ended, 1u);
    EXPECT_FALSE(live(mori));
}

TEST_F(Sessions, AFamilyIdlesTogether) {
    const auto used = sso(), unused = sso();
    const auto wiki = app(used), quiet = app(unused);
    clock.advance(Seconds{1799});
    EXPECT_TRUE(house->sessions->sweep().value().empty());
    wiki.session->touch(clock.wall());  // work in the app keeps the portal's session too
    clock.advance(Seconds{1});
    EXPECT_EQ(house->sessions->sweep().value().size(), 2u);
    EXPECT_TRUE(live(used) && live(wiki));
    EXPECT_FALSE(live(unused) || live(quiet));
    EXPECT_EQ(house->log.why_ended(quiet.session->id_hash), EndReason::idle);
    clock.advance(Seconds{1800});
    EXPECT_EQ(house->sessions->sweep().value().size(), 2u);
}

TEST_F(Sessions, UseDoesNotMoveTheAbsoluteEnd) {
    const auto here = sso();
    const auto wiki = app(here);
    for (int i = 0; i < 719; ++i) {
        clock.advance(Seconds{60});
        wiki.session->touch(clock.wall());
    }
    EXPECT_TRUE(house->sessions->sweep().value().empty());
    clock.advance(Seconds{60});
    EXPECT_TRUE(wiki.session->over(clock.wall()));
    EXPECT_FALSE(live(here)) << "not even before the sweep";
    EXPECT_EQ(house->sessions->sweep().value().size(), 2u);
    EXPECT_EQ(house->log.why_ended(wiki.session->id_hash), EndReason::absolute);
}

TEST_F(Sessions, ANewIdKeepsTheFamilyAndTheOldIdLastsHalfAMinuteWithItsOldRights) {
    const auto before = sso();
    const auto wiki = app(before);
    clock.advance(Seconds{900});
    const NewProof proof{FactorStrength::otp, clock.wall(), {}};
    const auto after = house->sessions->rotate(before.session->id_hash, proof).value();
    EXPECT_NE(after.session->id_hash, before.session->id_hash);
    EXPECT_EQ(after.session->public_id, before.session->public_id);
    const auto child = house->sessions->find(wiki.session->id_hash);
    EXPECT_EQ(child->parent, after.session->id_hash);
    EXPECT_EQ(child->proven_at, proof.proven_at);
    EXPECT_EQ(house->sessions->find(before.session->id_hash)->proven_at, before.session->proven_at);
    EXPECT_EQ(house->sessions->list("sato").size(), 2u) << "the old id is not shown beside the new one";
    EXPECT_FALSE(house->sessions->rotate(before.session->id_hash)) << "an old id gets no further id";

    const auto code =
        house->sessions->issue_code(before.session->id_hash, "files.example", transaction).value();
    const auto late =
        house->sessions->redeem_code(code, "files.example", transaction, address(8), "b").value();
    EXPECT_EQ(late.session->parent, after.session->id_hash);
    EXPECT_EQ(late.session->proven_at, before.session->proven_at) << "old rights";

    clock.advance(Seconds{30});
    EXPECT_FALSE(live(before)) << "not even before the sweep";
    EXPECT_EQ(house->sessions->sweep().value().size(), 1u);
    EXPECT_TRUE(live(after) && live(wiki) && live(late));
}

TEST_F(Sessions, BegunAnewNothingOfTheOldIdIsLeft) {
    const auto before = sso(), elsewhere = sso();
    const auto wiki = app(before), other = app(elsewhere);
    const auto code =
        house->sessions->issue_code(before.session->id_hash, "files.example", transaction).value();
    const auto after = house->sessions->begin_anew(before.session->id_hash).value();
    EXPECT_FALSE(live(before)) << "not for its last seconds either";
    EXPECT_FALSE(live(wiki));
    EXPECT_EQ(house->log.why_ended(before.session->id_hash), EndReason::changed);
    EXPECT_FALSE(house->sessions->issue_code(before.session->id_hash, "wiki.example", transaction));
    EXPECT_FALSE(house->sessions->redeem_code(code, "files.example", transaction, address(8), "b"));
    EXPECT_TRUE(live(after) && live(elsewhere) && live(other));
    EXPECT_TRUE(live(app(after))) << "the new id hands over";
    restart();
    EXPECT_TRUE(live(after));
    EXPECT_FALSE(live(before) || live(wiki));
}

TEST_F(Sessions, TheOldIdGoesWithItsFamily) {
    const auto before = sso();
    const auto after = house->sessions->rotate(before.session->id_hash).value();
    EXPECT_EQ(house->sessions->sign_out(before.session->id_hash).value().size(), 2u);
    EXPECT_FALSE(live(before) || live(after));
}

TEST_F(Sessions, ARestartBringsBackWhatIsStillGood) {
    const auto here = sso(), out = sso(), late = sso("mori");
    const auto wiki = app(here);
    ASSERT_TRUE(house->sessions->sign_out(out.session->id_hash));
    clock.advance(Seconds{1500});
    wiki.session->touch(clock.wall());
    ASSERT_TRUE(house->sessions->sweep());  // flushes last_seen, a minute has passed
    clock.advance(Seconds{400});
    restart();
    EXPECT_TRUE(live(here) && live(wiki));
    EXPECT_FALSE(live(out)) << "signed out stays signed out";
    EXPECT_FALSE(live(late)) << "idle for longer than it may";
    const auto again = house->sessions->find(wiki.session->id_hash);
    EXPECT_EQ(again->agent, "b");
    EXPECT_EQ(again->from, address(8));
    EXPECT_EQ(again->last_seen(), std::chrono::floor<Seconds>(clock.wall() - Seconds{400}));
    SessionTable table;
    EXPECT_TRUE(table.catch_up(house->log));
    EXPECT_EQ(table.size(), 2u);
    ASSERT_TRUE(house->sessions->sign_out(here.session->id_hash));
    restart();
    EXPECT_TRUE(house->sessions->list_all().empty());
}

TEST_F(Sessions, APersonsSessionsAndAnAppsAreBounded) {
    const auto first = sso();
    for (int i = 0; i < 50; ++i) (void)sso();
    EXPECT_FALSE(live(first));
    EXPECT_EQ(house->sessions->counts().sso, 50u);
    const auto parent = sso("mori");
    const auto oldest = app(parent);
    for (int i = 0; i < 16; ++i) (void)app(parent);
    EXPECT_FALSE(live(oldest));
    EXPECT_EQ(house->sessions->counts().app, 16u);
    EXPECT_EQ(house->log.why_ended(oldest.session->id_hash), EndReason::too_many);
}

TEST_F(Sessions, AKindOfPersonHasItsOwnMost) {
    auto few = wanted();
    few.limits.concurrent = 2;
    const auto first = house->sessions->issue_sso(few).value();
    const auto wiki = app(first);
    const auto second = house->sessions->issue_sso(few).value();
    EXPECT_TRUE(live(first) && live(wiki) && live(second));
    const auto third = house->sessions->issue_sso(few).value();
    EXPECT_FALSE(live(first) || live(wiki)) << "the oldest makes room, and takes its app sessions along";
    EXPECT_TRUE(live(second) && live(third));
    EXPECT_TRUE(house->sessions->rotate(second.session->id_hash))
        << "an old id in its last seconds counts not";
    (void)sso("mori");
    EXPECT_EQ(house->sessions->list("sato").size(), 2u);
}

TEST_F(Sessions, NoneOutlivesWhatItWasGivenFor) {
    auto until_evening = wanted();
    until_evening.no_longer_than = clock.wall() + Seconds{3600};
    const auto here = house->sessions->issue_sso(until_evening).value();
    EXPECT_EQ(here.session->absolute_end, clock.wall() + Seconds{3600});
    EXPECT_EQ(app(here).session->absolute_end, clock.wall() + Seconds{3600});
}

TEST_F(Sessions, ALostDeviceTakesItsSessionsAndIsForgotten) {
    const auto token = make_token();
    ASSERT_TRUE(house->store->put_known_browser({token.hash, "sato", clock.wall() + Seconds{1000}}));
    auto on_device = wanted();
    on_device.device = token.hash;
    const auto there = house->sessions->issue_sso(on_device).value();
    const auto wiki = app(there);
    EXPECT_EQ(wiki.session->device, token.hash);
    const auto here = sso();
    restart();
    EXPECT_EQ(house->sessions->find(there.session->id_hash)->device, token.hash) << "it is kept on disk";
    EXPECT_TRUE(house->sessions->end_device("mori", token.hash, EndReason::device).value().empty());
    EXPECT_TRUE(live(there)) << "somebody else's word";
    EXPECT_EQ(house->sessions->end_device("sato", token.hash, EndReason::device).value().size(), 2u);
    EXPECT_FALSE(live(there) || live(wiki));
    EXPECT_TRUE(live(here));
    EXPECT_EQ(house->store->known_browser_user(token.hash, clock.wall()).value(), std::nullopt);
    EXPECT_TRUE(house->sessions->end_device("sato", Digest{}, EndReason::device).value().empty())
        << "no device is not one that many share";
    EXPECT_TRUE(live(here));
}

TEST_F(Sessions, WhatIsChosenEndsWithItsFamily) {
    const auto sato = sso(), mori = sso("mori");
    const auto wiki = app(sato), files = app(sato, "files.example"), hers = app(mori);
    const auto on_wiki = [](const Session& session) { return session.host == "wiki.example"; };
    EXPECT_EQ(house->sessions->end_where(on_wiki, EndReason::ended_by_admin).value().size(), 2u);
    EXPECT_FALSE(live(wiki) || live(hers));
    EXPECT_TRUE(live(sato) && live(files) && live(mori));
    const auto all = [](const Session&) { return true; };
    EXPECT_EQ(house->sessions->end_where(all, EndReason::ended_by_admin).value().size(), 3u);
    restart();
    EXPECT_TRUE(house->sessions->list_all().empty());
}

// However many ends wait for the disk, the next takes effect, and whoever ends leaves the writing to others.
TEST_F(Sessions, AnEndThatIsWrittenLaterWaitsForNothing) {
    std::vector<Issued> many;
    for (int i = 0; i < 20; ++i) many.push_back(sso());
    const auto idle = sso("mori");
    const auto blocker = Database::open(directory / "sekisho.db").value();
    ASSERT_TRUE(blocker->execute("BEGIN IMMEDIATE"));
    std::atomic<bool> returned{false};
    std::thread held_up([&] {
        EXPECT_TRUE(house->sessions->sign_out(many[0].session->id_hash));
        returned = true;
    });
    while (live(many[0])) std::this_thread::yield();
    const auto began = std::chrono::steady_clock::now();
    for (const auto& one : many)
        EXPECT_TRUE(house->sessions->sign_out(one.session->id_hash, EndReason::signed_out, Writing::later));
    clock.advance(Seconds{1800});
    EXPECT_EQ(house->sessions->end_due().size(), 1u);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{1});
    for (const auto& one : many) EXPECT_FALSE(live(one));
    EXPECT_FALSE(live(idle));
    EXPECT_FALSE(returned) << "the disk did not stand still";
    EXPECT_EQ(house->sessions->unwritten(), 21u);
    ASSERT_TRUE(blocker->execute("COMMIT"));
    held_up.join();
    EXPECT_TRUE(house->sessions->settle());
    EXPECT_EQ(house->sessions->unwritten(), 0u);
    restart();
    EXPECT_TRUE(house->sessions->list_all().empty());
}

// With nothing to write there is nothing to wait for, whoever writes meanwhile.
TEST_F(Sessions, NothingToWriteWaitsForNobody) {
    const auto mori = sso("mori");
    const auto blocker = Database::open(directory / "sekisho.db").value();
    ASSERT_TRUE(blocker->execute("BEGIN IMMEDIATE"));
    std::thread writer([&] { EXPECT_TRUE(house->sessions->issue_sso(wanted())); });
    while (!house->sessions->beginning()) std::this_thread::yield();
    const auto began = std::chrono::steady_clock::now();
    EXPECT_TRUE(house->sessions->settle());
    EXPECT_TRUE(house->sessions->sweep().value().empty());
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{1});
    ASSERT_TRUE(blocker->execute("COMMIT"));
    writer.join();
    EXPECT_TRUE(live(mori));
}

TEST_F(Sessions, AnEndCountsFromWhenItWasDueHoweverLateItIsFound) {
    const auto here = sso();
    (void)house->sessions->end_due();
    clock.advance(Seconds{1800} + Millis{700});
    ASSERT_EQ(house->sessions->end_due().size(), 1u);
    EXPECT_EQ(house->log.end_of(here.session->id_hash)->accepted, clock.steady() - Millis{700});
    // A clock set forward says nothing of how long ago: no earlier than the look that did not find it.
    const auto next = sso();
    (void)house->sessions->end_due();
    const auto looked = clock.steady();
    clock.advance(Millis{300});
    clock.step_wall(Seconds{24 * 3600});
    ASSERT_EQ(house->sessions->end_due().size(), 1u);
    EXPECT_EQ(house->log.end_of(next.session->id_hash)->accepted, looked);
}

TEST_F(Sessions, AWeakerProofLowersNothingAndIsAsFreshAsItIs) {
    auto strong = wanted();
    strong.strength = FactorStrength::passkey;
    const auto before = house->sessions->issue_sso(strong).value();
    const auto wiki = app(before);
    const auto by_passkey = clock.wall();
    clock.advance(Seconds{900});
    const NewProof code{FactorStrength::otp, clock.wall(), {}};
    const auto after = house->sessions->rotate(before.session->id_hash, code).value();
    const auto late = app(after, "files.example");
    for (const auto& id : {after.session->id_hash, wiki.session->id_hash, late.session->id_hash}) {
        const auto session = house->sessions->find(id);
        EXPECT_EQ(session->strength, FactorStrength::passkey);
        EXPECT_EQ(session->proven_at, by_passkey);
        EXPECT_EQ(session->lesser, FactorStrength::otp);
        EXPECT_EQ(session->last_proof(), clock.wall());
    }
    // The stronger one again: nothing is left beside it.
    clock.advance(Seconds{60});
    const auto again =
        house->sessions
            ->rotate(after.session->id_hash, NewProof{FactorStrength::passkey_device, clock.wall(), {}})
            .value();
    EXPECT_EQ(again.session->strength, FactorStrength::passkey_device);
    EXPECT_EQ(again.session->lesser, FactorStrength::none);
    EXPECT_EQ(again.session->last_proof(), clock.wall());
}

// R16: a limited factor beside an unlimited one limits the session.
TEST_F(Sessions, ALimitedWeakerProofLimits) {
    auto strong = wanted();
    strong.strength = FactorStrength::passkey;
    const auto before = house->sessions->issue_sso(strong).value();
    const auto until = clock.wall() + Seconds{86400};
    const auto after =
        house->sessions->rotate(before.session->id_hash, NewProof{FactorStrength::otp, clock.wall(), until})
            .value();
    EXPECT_EQ(after.session->limited_until, until);
}

TEST_F(Sessions, ARestartKnowsAnOldIdForOneOfItsFamily) {
    const auto before = sso();
    const auto wiki = app(before);
    const auto after = house->sessions->rotate(before.session->id_hash).value();
    restart();
    ASSERT_TRUE(live(before)) << "its 30 s are not over";
    EXPECT_EQ(house->sessions->counts().sso, 1u);
    EXPECT_EQ(house->sessions->list("sato").size(), 2u) << "one browser and its app";
    EXPECT_FALSE(house->sessions->rotate(before.session->id_hash)) << "an old id gets no further id";
    EXPECT_EQ(house->sessions->sign_out(after.session->id_hash).value().size(), 3u);
    EXPECT_FALSE(live(before) || live(after) || live(wiki));
}

TEST_F(Sessions, NarrowerBoundsHoldAtOnceAndAfterARestart) {
    const auto oldest = sso(), here = sso(), hers = sso("mori");
    const auto wiki = app(here);
    SessionTable worker;
    worker.catch_up(house->log);
    const auto bound_of = [](std::string_view user) {
        return user == "sato" ? SessionBound{{Seconds{8 * 3600}, Seconds{900}, 1}, WallTime::max()}
                              : SessionBound{{Seconds{24 * 3600}, Seconds{7200}, 9}, WallTime::max()};
    };
    ASSERT_TRUE(house->sessions->narrow(bound_of));
    const auto narrow = [&] {
        for (const auto& id : {here.session->id_hash, wiki.session->id_hash}) {
            const auto session = house->sessions->find(id);
            ASSERT_TRUE(session);
            EXPECT_EQ(session->absolute_end, here.session->created + Seconds{8 * 3600});
            EXPECT_EQ(session->idle, Seconds{900});
        }
        EXPECT_EQ(house->sessions->find(hers.session->id_hash)->absolute_end, hers.session->absolute_end);
        EXPECT_EQ(house->sessions->find(hers.session->id_hash)->idle, hers.session->idle) << "never longer";
    };
    narrow();
    EXPECT_FALSE(live(oldest)) << "one more than a person may have now";
    EXPECT_EQ(house->log.why_ended(oldest.session->id_hash), EndReason::too_many);
    const auto losses = worker.losses();
    worker.catch_up(house->log);
    EXPECT_GT(worker.losses(), losses) << "what is open is asked again";
    EXPECT_EQ(worker.find(wiki.session->id_hash)->idle, Seconds{900});
    restart();
    narrow();
    clock.advance(Seconds{900});
    EXPECT_EQ(house->sessions->sweep().value().size(), 2u);
    EXPECT_TRUE(live(hers));
}

TEST(SessionLogOf, TheEndOfAsManyAsThereMayBeIsRemembered) {
    SessionLog log;
    std::vector<SessionChange> changes;
    for (std::uint32_t i = 0; i < 50'000; ++i) {
        Digest id{};
        std::memcpy(id.data(), &i, sizeof i);
        changes.push_back({nullptr, id, EndReason::ended_by_admin, SteadyTime{Seconds{1}}});
    }
    const auto first = changes.front().ended;
    log.publish(std::move(changes));
    ASSERT_TRUE(log.end_of(first));
    EXPECT_EQ(log.end_of(first)->reason, EndReason::ended_by_admin);
}

// R8 and R20: a disk that stands still holds up nobody's end, and no sign-in overtakes an end.
TEST_F(Sessions, EndsTakeEffectWhileTheDiskStandsStill) {
    const auto sato = sso(), mori = sso("mori");
    SessionTable worker;
    worker.catch_up(house->log);
    const auto blocker = Database::open(directory / "sekisho.db").value();
    ASSERT_TRUE(blocker->execute("BEGIN IMMEDIATE"));
    std::atomic<int> returned{0};
    std::vector<std::thread> threads;
    std::atomic<bool> issued{false};
    threads.emplace_back([&] {  // a sign-in that waits for the disk
        issued = house->sessions->issue_sso(wanted("mori")).has_value();
        ++returned;
    });
    while (!house->sessions->beginning()) std::this_thread::yield();
    const auto began = std::chrono::steady_clock::now();
    threads.emplace_back([&] {
        EXPECT_TRUE(house->sessions->sign_out(sato.session->id_hash));
        ++returned;
    });
    threads.emplace_back([&] {
        EXPECT_TRUE(house->accounts->disable("mori"));
        ++returned;
    });
    while (worker.size() != 0 && std::chrono::steady_clock::now() - began < std::chrono::seconds{1})
        worker.catch_up(house->log);
    EXPECT_EQ(worker.size(), 0u) << "an end waited for the disk";
    EXPECT_EQ(returned, 0) << "the disk stood still for nobody";
    ASSERT_TRUE(blocker->execute("COMMIT"));
    for (auto& thread : threads) thread.join();
    EXPECT_FALSE(issued) << "a sign-in overtook the end of the account";
    restart();
    EXPECT_TRUE(house->sessions->list_all().empty());
}

TEST_F(Sessions, ARotationOvertakenByAnEndLeavesNothing) {
    for (int round = 0; round < 30; ++round) {
        const auto here = sso();
        const auto wiki = app(here), files = app(here, "files.example");
        Result<Issued> renewed = Error(Errc::denied, "");
        at_once(2, [&](std::size_t i) {
            if (i == 0)
                renewed = house->sessions->rotate(here.session->id_hash);
            else
                (void)house->sessions->end_all("sato", EndReason::changed);
        });
        EXPECT_TRUE(house->sessions->list("sato").empty()) << round;
        EXPECT_TRUE(house->store->sessions().value().empty()) << round;
        SessionTable table;
        table.catch_up(house->log);
        EXPECT_EQ(table.size(), 0u) << round;
    }
}

TEST_F(Sessions, NobodyIsRevivedByAClockThatStepsBack) {
    const auto here = sso(), there = sso();
    ASSERT_TRUE(house->sessions->sign_out(there.session->id_hash));
    clock.advance(Seconds{12 * 3600});
    ASSERT_TRUE(house->sessions->sweep());
    EXPECT_FALSE(live(here));
    clock.step_wall(-Seconds{24 * 3600});
    ASSERT_TRUE(house->sessions->sweep());
    restart();
    EXPECT_FALSE(live(here) || live(there));
    const auto later = sso();
    clock.step_wall(Seconds{1700});  // less than the idle limit
    ASSERT_TRUE(house->sessions->sweep());
    EXPECT_TRUE(live(later)) << "ended early by more than the step";
}

TEST_F(Sessions, TablesFollowTheLogAndTakeASnapshotWhenTooLate) {
    SessionTable eager, lazy;
    std::atomic<int> woken{0};
    const auto hook = house->log.on_change([&] { ++woken; });
    const auto first = sso();
    EXPECT_TRUE(eager.catch_up(house->log));
    EXPECT_FALSE(eager.catch_up(house->log));
    EXPECT_EQ(eager.find(first.session->id_hash)->user, "sato");
    EXPECT_EQ(eager.losses(), 0u) << "what begins takes nothing away";
    EXPECT_EQ(eager.find(sha256(as_bytes("x"))), nullptr);
    EXPECT_EQ(woken, 1);
    house->log.drop_hook(hook);

    SessionLog small(4);
    std::vector<SessionChange> many;
    for (int i = 0; i < 10; ++i) {
        auto session = std::make_shared<Session>();
        session->id_hash = sha256({reinterpret_cast<const std::uint8_t*>(&i), sizeof i});
        many.push_back({std::move(session), {}, {}});
    }
    const auto gone = many[3].begun->id_hash;
    small.publish(many);
    small.publish({{nullptr, gone, EndReason::idle}});
    std::vector<SessionChange> out;
    EXPECT_FALSE(small.since(0, out));
    EXPECT_FALSE(small.since(99, out));
    EXPECT_TRUE(small.since(7, out));
    EXPECT_EQ(out.size(), 4u);
    const auto losses = lazy.losses();
    EXPECT_TRUE(lazy.catch_up(small));
    EXPECT_GT(lazy.losses(), losses) << "what was lost meanwhile is unknown, so anything may be";
    EXPECT_EQ(lazy.size(), 9u);
    EXPECT_EQ(lazy.find(gone), nullptr);
    EXPECT_EQ(small.head(), 11u);
}

TEST_F(Sessions, TablesAgreeWithTheServiceWhateverHappensMeanwhile) {
    std::atomic<bool> stop{false};
    std::vector<std::thread> workers;
    for (int i = 0; i < 2; ++i)
        workers.emplace_back([&] {
            SessionTable table;
            while (!stop) table.catch_up(house->log);
            table.catch_up(house->log);
            EXPECT_EQ(table.size(), house->sessions->list_all().size());
        });
    for (int i = 0; i < 40; ++i) {
        const auto here = sso();
        (void)app(here);
        if (i % 2 == 0) (void)house->sessions->sign_out(here.session->id_hash);
    }
    stop = true;
    for (auto& worker : workers) worker.join();
}

// 256 bits of each are drawn: over many, none comes twice and every bit is sometimes set and sometimes not.
TEST(Token, EachIsNewInAllItsBits) {
    std::set<Digest> seen;
    Digest ever{}, always{};
    always.fill(0xff);
    for (int i = 0; i < 512; ++i) {
        const auto token = make_token();
        EXPECT_TRUE(seen.insert(token.hash).second);
        const auto drawn = from_base64url(std::string_view(token.text).substr(3)).value();
        ASSERT_EQ(drawn.size(), ever.size());
        for (std::size_t n = 0; n < drawn.size(); ++n) {
            ever[n] |= drawn[n];
            always[n] &= drawn[n];
        }
    }
    for (std::size_t n = 0; n < ever.size(); ++n) {
        EXPECT_EQ(ever[n], 0xff) << n;
        EXPECT_EQ(always[n], 0) << n;
    }
}

TEST(Token, OnlyTheExactFormIsRead) {
    const auto token = make_token();
    ASSERT_EQ(token.text.size(), 46u);
    EXPECT_EQ(token_hash(token.text), token.hash);
    for (std::size_t n = 0; n < token.text.size(); ++n)
        EXPECT_FALSE(token_hash(std::string_view(token.text).substr(0, n))) << n;
    for (const auto& other : {token.text + "A", token.text + "=", " " + token.text,
                              "v2." + token.text.substr(3), "V1." + token.text.substr(3)})
        EXPECT_FALSE(token_hash(other)) << other;
    EXPECT_NE(make_token().text, token.text);
    EXPECT_EQ(make_public_id().size(), 10u);
}

}  // namespace
}  // namespace sekisho::auth
