// Goal: what auth expects of any store: single use is single, epochs guard, ends stay ended.
// Method: one suite, run against every store in the table at the end.
#include "tests/auth/auth_house.hpp"

#include <algorithm>
#include <atomic>

namespace sekisho::auth {
namespace {

using test::at_once;

// Maker opens the store of a kind on a directory; opening the same directory again gives what was kept.
struct Maker {
    const char* name;
    std::unique_ptr<Store> (*open)(const std::string& directory);
};

class StoreContract : public ::testing::TestWithParam<Maker> {
protected:
    void SetUp() override { again(); }
    void again() {
        store.reset();
        store = GetParam().open(directory.path());
    }
    void account(std::string name, AccountStatus status = AccountStatus::active) {
        AccountRow row;
        row.name = std::move(name);
        row.status = status;
        row.password_hash = "hash";
        row.created = now;
        EXPECT_TRUE(store->add_account(row));
    }
    NewFactors factors(std::string user) {
        auto row = otp(user, std::string(first_otp));
        row.limited_until = now + Seconds{5};
        return {std::move(user), "new hash", std::move(row), {digest("r1"), digest("r2")}};
    }
    OtpRow otp(std::string user, std::string id, OtpKind kind = OtpKind::totp) {
        OtpRow row;
        row.user = std::move(user);
        row.id = std::move(id);
        row.kind = kind;
        row.wrapped_secret = {1, 2, 3};
        row.next = 101;
        row.enrolled = now;
        return row;
    }
    // accepts_step uses a code of the token the account was activated with.
    bool accepts_step(std::string_view user, std::int64_t step) {
        return store->accept_otp(user, first_otp, step, 0, now).value();
    }
    std::uint64_t epoch_of(std::string_view user) { return store->account(user).value().epoch; }
    static Digest digest(std::string_view text) { return sha256(as_bytes(text)); }
    std::shared_ptr<Session> session(std::string_view id, std::string user = "sato") {
        auto out = std::make_shared<Session>();
        out->id_hash = digest(id);
        out->user = std::move(user);
        out->host = "wiki.example";
        out->strength = FactorStrength::otp;
        out->proven_at = now;
        out->created = now + Millis{1};
        out->absolute_end = now + Seconds{9};
        out->idle = Seconds{77};
        out->from = test::address(5);
        out->agent = "agent \xE9\x96\xA2";
        out->public_id = "ABC";
        out->limited_until = now + Seconds{3};
        out->last_seen_seconds = 42;
        return out;
    }

    test::Directory directory;
    std::unique_ptr<Store> store;
    const WallTime now = test::morning();
};

TEST_P(StoreContract, AccountsAreKeptByName) {
    account("sato", AccountStatus::invited);
    account("mori");
    AccountRow twice;
    twice.name = "sato";
    EXPECT_EQ(store->add_account(twice).error().code(), Errc::exists);
    again();
    const auto row = store->account("sato").value();
    EXPECT_EQ(row.status, AccountStatus::invited);
    EXPECT_EQ(row.password_hash, "hash");
    EXPECT_EQ(row.created, now);
    EXPECT_FALSE(row.activated);
    EXPECT_EQ(store->account("kato").error().code(), Errc::not_found);
    const auto rows = store->accounts().value();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].name, "mori");
    ASSERT_TRUE(store->note_sign_in("sato", now));
    EXPECT_EQ(store->account("sato").value().last_sign_in, now);
}

TEST_P(StoreContract, ManyAccountsAreAddedWithTheirLinksOrNone) {
    account("kato");
    const auto row = [](std::string name) {
        AccountRow out;
        out.name = std::move(name);
        return out;
    };
    const ActivationRow link{digest("link"), "sato", now + Seconds{9}, "", {}};
    EXPECT_EQ(store->add_accounts({row("sato"), row("kato")}, {link}).error().code(), Errc::exists);
    EXPECT_EQ(store->account("sato").error().code(), Errc::not_found) << "nothing was kept";
    EXPECT_EQ(store->activation(digest("link"), now).error().code(), Errc::not_found);
    ASSERT_TRUE(store->add_accounts({row("sato"), row("mori")}, {link}));
    again();
    EXPECT_EQ(store->accounts().value().size(), 3u);
    EXPECT_EQ(store->activation(digest("link"), now).value().user, "sato");
}

TEST_P(StoreContract, WhatMustStopSignInsUnderWayRaisesTheEpoch) {
    account("sato");
    const auto epoch = [&] { return store->account("sato").value().epoch; };
    EXPECT_EQ(epoch(), 0u);
    ASSERT_TRUE(store->set_status("sato", AccountStatus::disabled));
    EXPECT_EQ(epoch(), 1u);
    ASSERT_TRUE(store->set_password("sato", "second"));
    EXPECT_EQ(epoch(), 2u);
    ASSERT_TRUE(store->forget_factors("sato"));
    EXPECT_EQ(epoch(), 3u);
    EXPECT_EQ(store->account("sato").value().status, AccountStatus::disabled);
    EXPECT_FALSE(store->replace_password_hash("sato", "second", "third").value());
    EXPECT_TRUE(store->replace_password_hash("sato", "", "third").value());
    EXPECT_EQ(epoch(), 3u) << "the same password at another cost";
    EXPECT_EQ(store->set_status("kato", AccountStatus::active).error().code(), Errc::not_found);
    EXPECT_EQ(store->set_password("kato", "x").error().code(), Errc::not_found);
    EXPECT_EQ(store->forget_factors("kato").error().code(), Errc::not_found);
}

TEST_P(StoreContract, AStepIsAcceptedOnceAndNeverBackwards) {
    account("sato");
    ASSERT_TRUE(store->replace_factors(factors("sato"), 0, now).value());
    EXPECT_FALSE(accepts_step("sato", 100));
    std::atomic<int> accepted{0};
    at_once(32, [&](std::size_t) { accepted += accepts_step("sato", 101); });
    EXPECT_EQ(accepted, 1);
    EXPECT_TRUE(accepts_step("sato", 105));
    EXPECT_FALSE(accepts_step("sato", 103));
    EXPECT_FALSE(accepts_step("kato", 103));
    again();
    EXPECT_FALSE(accepts_step("sato", 105));
    EXPECT_EQ(store->otp_tokens("sato").value().at(0).next, 106);
    EXPECT_TRUE(store->otp_tokens("kato").value().empty());
}

TEST_P(StoreContract, CodeTokensAreSeveralAndEachUsesUpItsOwnCodes) {
    account("sato");
    ASSERT_TRUE(store->replace_factors(factors("sato"), 0, now).value());
    const auto epoch = epoch_of("sato");
    auto counter = otp("sato", "B", OtpKind::hotp);
    counter.name = "key ring";
    counter.next = 7;
    counter.enrolled = now + Seconds{1};
    EXPECT_FALSE(store->add_otp(counter, epoch + 1, 4, "").value()) << "the account changed meanwhile";
    EXPECT_FALSE(store->add_otp(counter, epoch, 1, "").value()) << "no more than these";
    ASSERT_TRUE(store->add_otp(counter, epoch, 2, "").value());
    EXPECT_FALSE(store->add_otp(otp("sato", "C"), epoch, 2, "").value());
    EXPECT_EQ(epoch_of("sato"), epoch) << "one more stops nothing";
    EXPECT_TRUE(store->accept_otp("sato", "B", 9, 0, now + Seconds{2}).value());
    EXPECT_FALSE(store->accept_otp("sato", "B", 8, 0, now).value());
    EXPECT_FALSE(store->accept_otp("sato", "none", 90, 0, now).value());
    EXPECT_TRUE(store->accept_otp("sato", first_otp, 101, -6, now + Seconds{3}).value());
    ASSERT_TRUE(store->rename_otp("sato", "B", "belt"));
    EXPECT_EQ(store->rename_otp("sato", "none", "x").error().code(), Errc::not_found);
    EXPECT_EQ(store->rename_otp("mori", "B", "x").error().code(), Errc::not_found);
    again();
    const auto rows = store->otp_tokens("sato").value();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].drift, -6);
    EXPECT_EQ(rows[0].next, 102);
    EXPECT_EQ(rows[1].id, "B");
    EXPECT_EQ(rows[1].name, "belt");
    EXPECT_EQ(rows[1].kind, OtpKind::hotp);
    EXPECT_EQ(rows[1].next, 10);
    EXPECT_EQ(rows[1].last_used, now + Seconds{2});
}

TEST_P(StoreContract, ReplacingAndRemovingTokensStopSignInsUnderWayAndLeaveOneFactor) {
    account("sato");
    ASSERT_TRUE(store->replace_factors(factors("sato"), 0, now).value());
    auto epoch = epoch_of("sato");
    EXPECT_FALSE(store->add_otp(otp("sato", "B"), epoch, 4, "none").value());
    ASSERT_TRUE(store->add_otp(otp("sato", "B"), epoch, 1, first_otp).value()) << "its place, not one more";
    EXPECT_EQ(epoch_of("sato"), ++epoch);
    ASSERT_EQ(store->otp_tokens("sato").value().size(), 1u);
    EXPECT_FALSE(store->remove_otp("sato", "B").value()) << "the last factor";
    ASSERT_TRUE(store->add_otp(otp("sato", "C"), epoch, 4, "").value());
    EXPECT_FALSE(store->remove_otp("mori", "B").value());
    EXPECT_TRUE(store->remove_otp("sato", "B").value());
    EXPECT_EQ(epoch_of("sato"), ++epoch);
    PasskeyRow passkey;
    passkey.id = Bytes(16, 1);
    passkey.user = "sato";
    passkey.user_handle = passkey.public_key = passkey.aaguid = Bytes(16, 2);
    ASSERT_TRUE(store->add_passkey(passkey, epoch, 8).value());
    EXPECT_TRUE(store->remove_otp("sato", "C").value()) << "a passkey is left";
    EXPECT_FALSE(store->remove_passkey("sato", passkey.id).value());
}

TEST_P(StoreContract, PasskeysAreOfTheHostTheyWereRegisteredAt) {
    account("sato");
    account("mori");
    const auto passkey = [](std::uint8_t id, std::string user, std::string host) {
        PasskeyRow row;
        row.id = Bytes(16, id);
        row.user = std::move(user);
        row.host = std::move(host);
        row.user_handle = row.public_key = row.aaguid = Bytes(16, 9);
        return row;
    };
    ASSERT_TRUE(store->add_passkey(passkey(1, "sato", "old.example"), 0, 8).value());
    ASSERT_TRUE(store->add_passkey(passkey(2, "sato", "portal.example"), 0, 8).value());
    ASSERT_TRUE(store->add_passkey(passkey(3, "mori", ""), 0, 8).value());
    using Hosts = std::vector<std::pair<std::string, std::size_t>>;
    EXPECT_EQ(store->passkey_hosts("portal.example").value(),
              (Hosts{{"old.example", 1}, {"portal.example", 2}}));
    EXPECT_EQ(store->passkey(Bytes(16, 3)).value().host, "portal.example") << "of before hosts were kept";
    EXPECT_EQ(store->forget_passkeys_of("old.example").value(), 1u);
    EXPECT_EQ(store->forget_passkeys_of("old.example").value(), 0u);
    EXPECT_EQ(epoch_of("sato"), 1u);
    EXPECT_EQ(epoch_of("mori"), 0u) << "loses nothing";
    again();
    EXPECT_EQ(store->passkey_hosts("other.example").value(), (Hosts{{"portal.example", 2}}));
}

TEST_P(StoreContract, AnOldCopysCountersAreForgottenAndItsClocksGoOn) {
    account("sato");
    ASSERT_TRUE(store->replace_factors(factors("sato"), 0, now).value());
    ASSERT_TRUE(store->add_otp(otp("sato", "B", OtpKind::hotp), epoch_of("sato"), 4, "").value());
    ASSERT_TRUE(store->accept_otp("sato", first_otp, 200, 12, now).value());
    ASSERT_TRUE(store->distrust_past(now, 1));
    const auto rows = store->otp_tokens("sato").value();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].next, totp_step_at(now) + 2 + 3) << "as far ahead as its clock is";
}

TEST_P(StoreContract, ARecoveryCodeIsConsumedOnce) {
    account("sato");
    account("mori");
    ASSERT_TRUE(store->replace_factors(factors("sato"), 0, now).value());
    EXPECT_EQ(store->recovery_codes_left("sato").value(), 2u);
    EXPECT_FALSE(store->consume_recovery_code("mori", digest("r1")).value());
    EXPECT_TRUE(store->has_recovery_code("sato", digest("r1")).value());
    std::atomic<int> consumed{0};
    at_once(32, [&](std::size_t) { consumed += store->consume_recovery_code("sato", digest("r1")).value(); });
    EXPECT_EQ(consumed, 1);
    again();
    EXPECT_FALSE(store->has_recovery_code("sato", digest("r1")).value());
    ASSERT_TRUE(store->replace_recovery_codes("sato", {digest("n")}));
    EXPECT_FALSE(store->has_recovery_code("sato", digest("r2")).value());
    EXPECT_EQ(store->recovery_codes_left("sato").value(), 1u);
}

TEST_P(StoreContract, FactorsAreReplacedWholeAndOnlyAsLongAsNothingChanged) {
    account("sato");
    ASSERT_TRUE(store->put_known_browser({digest("k"), "sato", now + Seconds{9}}));
    EXPECT_FALSE(store->replace_factors(factors("sato"), 1, now).value());
    auto keep = factors("sato");
    keep.password_hash.clear();
    ASSERT_TRUE(store->replace_factors(keep, 0, now).value());
    const auto row = store->account("sato").value();
    EXPECT_EQ(row.password_hash, "hash");
    EXPECT_EQ(row.epoch, 1u);
    const auto totp = store->otp_tokens("sato").value().at(0);
    EXPECT_EQ(totp.wrapped_secret, (Bytes{1, 2, 3}));
    EXPECT_EQ(totp.limited_until, now + Seconds{5});
    EXPECT_FALSE(store->known_browser_user(digest("k"), now).value());
    ASSERT_TRUE(store->set_status("sato", AccountStatus::disabled));
    EXPECT_FALSE(store->replace_factors(keep, 2, now).value()) << "not for a disabled account";
}

TEST_P(StoreContract, ALinkActivatesOnce) {
    account("sato", AccountStatus::invited);
    const ActivationRow first{digest("first"), "sato", now + Seconds{9}, "", {}};
    const ActivationRow second{digest("second"), "sato", now + Seconds{9}, "", {}};
    ASSERT_TRUE(store->put_activation(first));
    ASSERT_TRUE(store->put_activation(second));
    EXPECT_EQ(store->activation(digest("first"), now).error().code(), Errc::not_found) << "replaced";
    EXPECT_EQ(store->activation(digest("second"), now + Seconds{9}).error().code(), Errc::not_found);
    ASSERT_TRUE(store->stage_activation(digest("second"), "staged", {}));
    ASSERT_TRUE(store->stage_activation(digest("second"), "", Bytes{7}));
    ASSERT_TRUE(store->stage_activation(digest("second"), "staged again", Bytes{8}));
    const auto row = store->activation(digest("second"), now).value();
    EXPECT_EQ(row.password_hash, "staged again");
    EXPECT_EQ(row.wrapped_secret, Bytes{7}) << "a secret once shown stays";
    EXPECT_EQ(store->stage_activation(digest("x"), "y", {}).error().code(), Errc::not_found);
    EXPECT_FALSE(store->complete_activation(digest("second"), factors("sato"), now + Seconds{9}).value());
    std::atomic<int> done{0};
    at_once(16, [&](std::size_t) {
        done += store->complete_activation(digest("second"), factors("sato"), now).value();
    });
    EXPECT_EQ(done, 1);
    const auto active = store->account("sato").value();
    EXPECT_EQ(active.status, AccountStatus::active);
    EXPECT_EQ(active.password_hash, "new hash");
    EXPECT_EQ(active.activated, now);
}

TEST_P(StoreContract, ForgettingFactorsTakesLinksToo) {
    account("sato");
    ASSERT_TRUE(store->replace_factors(factors("sato"), 0, now).value());
    ASSERT_TRUE(store->put_activation({digest("link"), "sato", now + Seconds{9}, "", {}}));
    ASSERT_TRUE(store->put_known_browser({digest("k"), "sato", now + Seconds{9}}));
    ASSERT_TRUE(store->forget_factors("sato"));
    EXPECT_EQ(store->account("sato").value().status, AccountStatus::invited);
    EXPECT_EQ(store->account("sato").value().password_hash, "");
    EXPECT_TRUE(store->otp_tokens("sato").value().empty());
    EXPECT_EQ(store->recovery_codes_left("sato").value(), 0u);
    EXPECT_FALSE(store->activation(digest("link"), now));
    EXPECT_FALSE(store->known_browser_user(digest("k"), now).value());
}

TEST_P(StoreContract, TheNewestTwentyBrowsersAreKnown) {
    account("sato");
    for (int i = 0; i < 22; ++i)
        ASSERT_TRUE(store->put_known_browser({digest(std::to_string(i)), "sato", now + Seconds{9}}));
    EXPECT_FALSE(store->known_browser_user(digest("1"), now).value());
    EXPECT_EQ(store->known_browser_user(digest("2"), now).value(), "sato");
    EXPECT_FALSE(store->known_browser_user(digest("2"), now + Seconds{9}).value());
}

TEST_P(StoreContract, SessionsBeginUnderGuardAndComeBackWhole) {
    account("sato");
    EXPECT_FALSE(store->insert_session(*session("a"), 1).value());
    EXPECT_TRUE(store->insert_session(*session("a"), 0).value());
    auto child = session("b");
    child->kind = Session::Kind::app;
    child->parent = digest("nobody");
    EXPECT_FALSE(store->insert_child(*child).value());
    child->parent = digest("a");
    EXPECT_TRUE(store->insert_child(*child).value());
    ASSERT_TRUE(store->touch_sessions({{digest("a"), 50}, {digest("b"), 41}, {digest("gone"), 9}}));
    again();
    const auto rows = store->sessions().value();
    ASSERT_EQ(rows.size(), 2u);
    const auto& sso = rows[0]->kind == Session::Kind::sso ? rows[0] : rows[1];
    const auto& app = rows[0]->kind == Session::Kind::sso ? rows[1] : rows[0];
    const auto model = session("a");
    EXPECT_EQ(sso->id_hash, model->id_hash);
    EXPECT_EQ(sso->user, model->user);
    EXPECT_EQ(sso->host, model->host);
    EXPECT_EQ(sso->strength, model->strength);
    EXPECT_EQ(sso->proven_at, model->proven_at);
    EXPECT_EQ(sso->created, model->created);
    EXPECT_EQ(sso->absolute_end, model->absolute_end);
    EXPECT_EQ(sso->idle, model->idle);
    EXPECT_EQ(sso->from, model->from);
    EXPECT_EQ(sso->agent, model->agent);
    EXPECT_EQ(sso->public_id, model->public_id);
    EXPECT_EQ(sso->limited_until, model->limited_until);
    EXPECT_EQ(sso->last_seen_seconds, 50);
    EXPECT_EQ(app->parent, sso->id_hash);
    EXPECT_EQ(app->last_seen_seconds, 42) << "use never moves backwards";
    ASSERT_TRUE(store->delete_sessions({digest("a"), digest("b"), digest("c")}));
    again();
    EXPECT_TRUE(store->sessions().value().empty());
}

TEST_P(StoreContract, ServiceTokensBelongToActiveAccountsAndComeBackWhole) {
    account("sato");
    account("mori", AccountStatus::invited);
    const ServiceTokenRow row{digest("t"),       "token-ABC", "nightly",       "sato",
                              {"files", "wiki"}, now,         now + Seconds{9}};
    auto other = row;
    other.hash = digest("u");
    other.owner = "mori";
    EXPECT_FALSE(store->insert_service_token(other).value());
    other.owner = "nobody";
    EXPECT_FALSE(store->insert_service_token(other).value());
    ASSERT_TRUE(store->insert_service_token(row).value());
    other.owner = "sato";
    ASSERT_TRUE(store->insert_service_token(other).value());
    ASSERT_TRUE(store->touch_service_tokens({{row.hash, 20'000}}));
    ASSERT_TRUE(store->touch_service_tokens({{row.hash, 19'999}}));
    ASSERT_TRUE(store->expire_service_tokens({row.hash}));
    ASSERT_TRUE(store->delete_service_tokens({other.hash, digest("none")}));
    again();
    const auto rows = store->service_tokens().value();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].hash, row.hash);
    EXPECT_EQ(rows[0].id, row.id);
    EXPECT_EQ(rows[0].name, row.name);
    EXPECT_EQ(rows[0].owner, row.owner);
    EXPECT_EQ(rows[0].apps, row.apps);
    EXPECT_EQ(rows[0].created, row.created);
    EXPECT_EQ(rows[0].expires, row.expires);
    EXPECT_EQ(rows[0].last_used_day, 20'000) << "a use never moves back";
    EXPECT_TRUE(rows[0].over);
    ASSERT_TRUE(store->set_status("sato", AccountStatus::disabled));
    again();
    EXPECT_TRUE(store->service_tokens().value().empty());
}

TEST_P(StoreContract, ThrottleRowsAndKeysComeBack) {
    const ThrottleRow row{digest("t"), 6, now, now + Seconds{30}, true};
    ASSERT_TRUE(store->put_throttle({row, {digest("u"), 1, now, now, false}}, {}));
    ASSERT_TRUE(store->put_throttle({}, {digest("u")}));
    ASSERT_TRUE(store->put_key({"old", "p", KeyState::active, now, {1}, {}}));
    ASSERT_TRUE(store->put_key({"new", "p", KeyState::active, now, {2}, {3}}, "old"));
    again();
    const auto rows = store->throttle_rows().value();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].key, row.key);
    EXPECT_EQ(rows[0].attempts, 6u);
    EXPECT_EQ(rows[0].next, row.next);
    EXPECT_TRUE(rows[0].pinned);
    auto keys = store->keys().value();
    ASSERT_EQ(keys.size(), 2u);
    std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    EXPECT_EQ(keys[0].state, KeyState::active);
    EXPECT_EQ(keys[0].public_bytes, Bytes{3});
    EXPECT_EQ(keys[1].state, KeyState::verify_only);
    ASSERT_TRUE(store->delete_key("old"));
    EXPECT_EQ(store->keys().value().size(), 1u);
}

TEST_P(StoreContract, NoticesWaitTheirTurnAndSurvive) {
    const auto notice = [&](std::string id, NoticeChannel channel, WallTime due) {
        return NoticeRow{std::move(id), channel, "kind", "sato", "sato@x.example", "ja", "件名",
                         "本文",        now,     due,    0};
    };
    ASSERT_TRUE(
        store
            ->put_notices({notice("a", NoticeChannel::mail, now), notice("a", NoticeChannel::folder, now),
                           notice("b", NoticeChannel::mail, now - Seconds{5})},
                          10)
            .value());
    again();
    auto rows = store->due_notices(NoticeChannel::mail, now, 10).value();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].id, "b") << "the longest due first";
    EXPECT_EQ(rows[1].subject, "件名");
    EXPECT_EQ(rows[1].address, "sato@x.example");
    EXPECT_EQ(store->due_notices(NoticeChannel::mail, now, 1).value().size(), 1u);
    ASSERT_TRUE(store->put_off_notice("b", NoticeChannel::mail, now + Seconds{60}));
    EXPECT_EQ(store->due_notices(NoticeChannel::mail, now, 10).value().size(), 1u);
    rows = store->due_notices(NoticeChannel::mail, now + Seconds{60}, 10).value();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[1].attempts, 1u);
    // Put off while the clock stood a year ahead: due now.
    ASSERT_TRUE(store->put_off_notice("b", NoticeChannel::mail, now + std::chrono::hours{24 * 365}));
    EXPECT_EQ(store->due_notices(NoticeChannel::mail, now, 10).value().size(), 2u);
    ASSERT_TRUE(store->delete_notice("a", NoticeChannel::mail));
    EXPECT_EQ(store->notices_waiting(NoticeChannel::mail).value(), 1u);
    EXPECT_EQ(store->notices_waiting(NoticeChannel::folder).value(), 1u) << "each channel for itself";
    // All or none within the bound.
    EXPECT_FALSE(
        store->put_notices({notice("c", NoticeChannel::mail, now), notice("d", NoticeChannel::mail, now)}, 3)
            .value());
    EXPECT_EQ(store->notices_waiting(NoticeChannel::mail).value(), 1u);
}

TEST_P(StoreContract, TheHeadGrowsWithWhatMustNotRollBack) {
    account("sato");
    const auto begun = store->head().value();
    EXPECT_GT(begun, 0);
    ASSERT_TRUE(store->set_password("sato", "x"));
    const auto after = store->head().value();
    EXPECT_GT(after, begun);
    ASSERT_TRUE(store->note_sign_in("sato", now));
    EXPECT_EQ(store->head().value(), after) << "what a power cut may take does not count";
    again();
    EXPECT_EQ(store->head().value(), after);
}

TEST_P(StoreContract, AnOldCopyIsBelievedInNothingThatCanBeRevokedOrUsedUp) {
    account("sato");
    ASSERT_TRUE(store->replace_factors(factors("sato"), 0, now).value());
    const auto epoch = store->account("sato").value().epoch;
    ASSERT_TRUE(store->insert_session(*session("one"), epoch).value());
    ASSERT_TRUE(store->put_known_browser({digest("browser"), "sato", now + Seconds{99}}));
    ASSERT_TRUE(store->put_activation({digest("link"), "sato", now + Seconds{99}, {}, {}}));
    ServiceTokenRow token;
    token.hash = digest("token");
    token.owner = "sato";
    ASSERT_TRUE(store->insert_service_token(token).value());
    ASSERT_TRUE(store->distrust_past(now, 5000));
    EXPECT_GT(store->head().value(), 5000);
    EXPECT_TRUE(store->sessions().value().empty());
    EXPECT_TRUE(store->service_tokens().value().empty());
    EXPECT_EQ(store->recovery_codes_left("sato").value(), 0u);
    EXPECT_FALSE(store->known_browser_user(digest("browser"), now).value());
    EXPECT_EQ(store->activation(digest("link"), now).error().code(), Errc::not_found);
    EXPECT_GT(store->account("sato").value().epoch, epoch);
    const auto step = std::chrono::floor<Seconds>(now.time_since_epoch()).count() / 30;
    EXPECT_FALSE(accepts_step("sato", step)) << "a code that may have been used";
    EXPECT_TRUE(accepts_step("sato", step + 2));
    EXPECT_EQ(store->account("sato").value().status, AccountStatus::active);
}

std::unique_ptr<Store> open_sqlite(const std::string& directory) {
    return open_sqlite_store(directory + "/sekisho.db").value();
}

INSTANTIATE_TEST_SUITE_P(Every, StoreContract, ::testing::Values(Maker{"Sqlite", open_sqlite}),
                         [](const auto& given) { return given.param.name; });

}  // namespace
}  // namespace sekisho::auth
