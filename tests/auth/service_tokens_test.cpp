// Goal: a service token opens what it was made for, as long as it was made for, until it is ended, and what
// is kept of it opens nothing.
// Method: values with one damage each; the owner of tokens over a store on disk, with a clock moved by hand
// and the store closed and opened again; what the workers would see is read from the log.
#include "auth/store/sqlite_io.hpp"
#include "tests/auth/auth_house.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

using test::all_bytes;
using test::AuthTest;

constexpr Seconds day{86400};

TEST(ServiceTokenValue, IsReadBackToTheHashThatIsKept) {
    const auto token = make_service_token();
    EXPECT_EQ(token.text.size(), 53u);
    EXPECT_TRUE(token.text.starts_with("skt_"));
    EXPECT_EQ(service_token_hash(token.text), token.hash);
    EXPECT_NE(make_service_token().text, token.text);
}

TEST(ServiceTokenValue, AnyDamageIsSeen) {
    const auto token = make_service_token();
    for (std::size_t size = 0; size < token.text.size(); ++size)
        EXPECT_FALSE(service_token_hash(token.text.substr(0, size))) << size;
    for (std::size_t i = 0; i < token.text.size(); ++i)
        for (int byte = 0; byte < 256; ++byte) {
            auto damaged = token.text;
            damaged[i] = static_cast<char>(byte);
            if (damaged != token.text) {
                EXPECT_FALSE(service_token_hash(damaged)) << i << " " << byte;
            }
        }
    for (const auto& wrong : {" " + token.text, token.text + " ", token.text + "=", "v1." + token.text})
        EXPECT_FALSE(service_token_hash(wrong));
}

// One secret never serves in the other's place: a cookie's id made of a token's bits has another hash.
TEST(ServiceTokenValue, IsNoCookie) {
    const auto token = make_service_token();
    const auto cookie = token_hash("v1." + token.text.substr(4, 43));
    ASSERT_TRUE(cookie);
    EXPECT_NE(*cookie, token.hash);
    EXPECT_FALSE(token_hash(token.text));
}

class ServiceTokensTest : public AuthTest {
protected:
    ServiceTokensTest() {
        house->activated("sato");
        house->activated("mori");
    }
    Result<IssuedServiceToken> make(std::string name, std::string owner = "sato",
                                    std::vector<std::string> apps = {"wiki"}, Seconds lifetime = 10 * day) {
        return house->tokens->create({std::move(name), std::move(owner), std::move(apps), lifetime});
    }
    // seen is what a worker would find for a value.
    SessionPtr seen(const std::string& value) {
        const auto hash = service_token_hash(value);
        SessionTable table;
        table.catch_up(house->log);
        return hash ? table.find_shared(*hash) : nullptr;
    }
    EndReason why(const IssuedServiceToken& token) { return house->log.why_ended(token.row.hash).value(); }
};

TEST_F(ServiceTokensTest, IsSeenByWorkersAsItsOwnerWithinItsApps) {
    const auto made = make("nightly", "SATO", {"wiki", "files", "wiki"}).value();
    const auto session = seen(made.value);
    ASSERT_TRUE(session);
    EXPECT_EQ(session->kind, Session::Kind::token);
    EXPECT_EQ(session->user, "sato");
    EXPECT_EQ(session->name, "nightly");
    EXPECT_EQ(session->apps, (std::vector<std::string>{"files", "wiki"}));
    EXPECT_EQ(session->strength, FactorStrength::none);
    EXPECT_EQ(session->absolute_end, clock.wall() + 10 * day);
    EXPECT_TRUE(session->public_id.starts_with("token-"));
    EXPECT_EQ(Session(*session).apps, session->apps) << "a copy carries them too";
}

TEST_F(ServiceTokensTest, OutlivesARestartAndItsValueIsNowhere) {
    const auto made = make("nightly").value();
    restart();
    EXPECT_TRUE(seen(made.value));
    const auto bytes = all_bytes(directory.path());
    EXPECT_EQ(bytes.find(made.value), std::string::npos);
    EXPECT_EQ(bytes.find(made.value.substr(4, 43)), std::string::npos);
    EXPECT_NE(bytes.find("nightly"), std::string::npos) << "the search finds what is there";
}

TEST_F(ServiceTokensTest, RefusesWhatMakesNoToken) {
    struct Row {
        const char *name, *owner;
        std::vector<std::string> apps;
        Seconds lifetime;
        Errc code;
    };
    make("taken").value();
    house->accounts->add("invited").value();
    const Row rows[] = {
        {"", "sato", {"wiki"}, day, Errc::malformed},
        {"two words", "sato", {"wiki"}, day, Errc::malformed},
        {"token-7K3M9", "sato", {"wiki"}, day, Errc::malformed},
        {"a", "", {"wiki"}, day, Errc::malformed},
        {"a", "sato", {}, day, Errc::malformed},
        {"a", "sato", {""}, day, Errc::malformed},
        {"a", "sato", {"wi ki"}, day, Errc::malformed},
        {"a", "sato", std::vector<std::string>(65, "wiki"), day, Errc::malformed},
        {"a", "sato", {"wiki"}, Seconds{59}, Errc::malformed},
        {"a", "sato", {"wiki"}, 366 * day + Seconds{1}, Errc::malformed},
        {"Taken", "mori", {"wiki"}, day, Errc::exists},
        {"a", "nobody", {"wiki"}, day, Errc::denied},
        {"a", "invited", {"wiki"}, day, Errc::denied},
    };
    for (const auto& row : rows) {
        const auto made = make(row.name, row.owner, row.apps, row.lifetime);
        ASSERT_FALSE(made) << row.name;
        EXPECT_EQ(made.error().code(), row.code) << row.name << " " << row.owner;
    }
    EXPECT_EQ(house->tokens->list().size(), 1u);
    EXPECT_TRUE(make("shortest", "sato", {"wiki"}, Seconds{60}));
    EXPECT_TRUE(make("longest", "sato", {"wiki"}, 366 * day));
}

TEST_F(ServiceTokensTest, EndsByNameOrIdAndIsGoneForGood) {
    const auto by_name = make("one").value(), by_id = make("two").value(), kept = make("three").value();
    EXPECT_EQ(house->tokens->end("one", EndReason::ended_by_admin).value().id, by_name.row.id);
    EXPECT_TRUE(house->tokens->end(by_id.row.id, EndReason::ended_by_person, "sato"));
    EXPECT_EQ(house->tokens->end("three", EndReason::ended_by_person, "mori").error().code(),
              Errc::not_found);
    EXPECT_EQ(house->tokens->end("one", EndReason::ended_by_admin).error().code(), Errc::not_found);
    EXPECT_EQ(house->tokens->end("", EndReason::ended_by_admin).error().code(), Errc::not_found);
    for (int round = 0; round < 2; ++round, restart()) {
        EXPECT_FALSE(seen(by_name.value));
        EXPECT_FALSE(seen(by_id.value));
        EXPECT_TRUE(seen(kept.value));
        ASSERT_EQ(house->tokens->list().size(), 1u);
        if (round == 0) {
            EXPECT_EQ(why(by_name), EndReason::ended_by_admin);
            EXPECT_EQ(why(by_id), EndReason::ended_by_person);
        }
    }
    EXPECT_TRUE(make("one")) << "the name is free again";
}

TEST_F(ServiceTokensTest, AnExpiredOneStaysOverWhateverTheClockSays) {
    const auto made = make("short", "sato", {"wiki"}, day).value();
    clock.advance(day - Seconds{1});
    EXPECT_TRUE(house->tokens->sweep());
    ASSERT_TRUE(seen(made.value));
    EXPECT_FALSE(house->tokens->list().front().over);
    clock.advance(Seconds{1});
    EXPECT_TRUE(seen(made.value)->over(clock.wall())) << "over for the workers before any sweep";
    EXPECT_TRUE(house->tokens->list().front().over);
    EXPECT_TRUE(house->tokens->sweep());
    EXPECT_FALSE(seen(made.value));
    EXPECT_EQ(why(made), EndReason::absolute);
    clock.step_wall(-2 * day);
    restart();
    EXPECT_FALSE(seen(made.value)) << "a clock set back revives nothing";
    ASSERT_EQ(house->tokens->list().size(), 1u) << "it is listed a while";
    EXPECT_TRUE(house->tokens->list().front().over);
    EXPECT_TRUE(make("short")) << "its name is free";
    EXPECT_EQ(house->tokens->list().size(), 1u);
    clock.advance(60 * day);
    EXPECT_TRUE(house->tokens->sweep());
    EXPECT_TRUE(house->tokens->list().empty());
}

TEST_F(ServiceTokensTest, ExpiresWhileNothingRuns) {
    const auto made = make("short", "sato", {"wiki"}, day).value();
    clock.advance(2 * day);
    restart();
    clock.step_wall(-2 * day);
    restart();
    EXPECT_FALSE(seen(made.value));
}

TEST_F(ServiceTokensTest, GoesForGoodWithADisabledOwnerAndWithNothingLess) {
    auto sato = house->activated("ueda");
    const auto mine = make("mine", "ueda").value(), other = make("other", "mori").value();
    house->signed_in(sato);
    EXPECT_TRUE(house->store->set_password("ueda", "another hash"));
    EXPECT_TRUE(house->sessions->end_all("ueda", EndReason::signed_out));
    EXPECT_TRUE(house->accounts->reset_factors("ueda"));
    EXPECT_TRUE(seen(mine.value)) << "password, sessions and factors are the person's, not the token's";
    EXPECT_EQ(house->accounts->disable("ueda").value().tokens_ended, 1u);
    EXPECT_FALSE(seen(mine.value));
    EXPECT_EQ(why(mine), EndReason::account);
    EXPECT_TRUE(house->accounts->enable("ueda"));
    restart();
    EXPECT_FALSE(seen(mine.value)) << "enabling brings nothing back";
    EXPECT_TRUE(seen(other.value));
}

TEST_F(ServiceTokensTest, KeepsTheDayOfItsLastUseAndNoMore) {
    const auto made = make("nightly").value();
    EXPECT_EQ(house->tokens->list().front().last_used_day, 0);
    const auto today = static_cast<std::int32_t>(clock.wall().time_since_epoch() / Millis{day});
    seen(made.value)->touch(clock.wall());
    EXPECT_EQ(house->tokens->list().front().last_used_day, today);
    EXPECT_TRUE(house->tokens->sweep());
    restart();
    EXPECT_EQ(house->tokens->list().front().last_used_day, today);
    clock.advance(3 * day);
    seen(made.value)->touch(clock.wall());
    EXPECT_TRUE(house->tokens->flush_last_used());
    restart();
    EXPECT_EQ(house->store->service_tokens().value().front().last_used_day, today + 3);
}

TEST_F(ServiceTokensTest, AreAtMostAThousand) {
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(make("t" + std::to_string(i)));
    EXPECT_EQ(make("more").error().code(), Errc::too_large);
    EXPECT_TRUE(house->tokens->end("t0", EndReason::ended_by_admin));
    EXPECT_TRUE(make("more"));
    EXPECT_EQ(house->tokens->list("sato").size(), 1000u);
    EXPECT_TRUE(house->tokens->list("mori").empty());
}

// R8 and R20: a disk that stands still holds up no end, and a token made meanwhile does not outlive its
// owner.
TEST_F(ServiceTokensTest, EndsTakeEffectWhileTheDiskStandsStill) {
    const auto revoked = make("revoked").value(), short_lived = make("short", "sato", {"wiki"}, day).value(),
               owned = make("owned", "mori").value();
    SessionTable worker;
    worker.catch_up(house->log);
    const auto blocker = Database::open(directory / "sekisho.db").value();
    ASSERT_TRUE(blocker->execute("BEGIN IMMEDIATE"));
    clock.advance(day);
    std::atomic<int> returned{0};
    std::vector<std::thread> threads;
    threads.emplace_back([&] {  // waits for the disk, and holds whatever it holds
        EXPECT_FALSE(make("late", "mori")) << "a token outlived its owner";
        ++returned;
    });
    while (!house->tokens->making()) std::this_thread::yield();
    threads.emplace_back([&] {
        EXPECT_TRUE(house->tokens->end("revoked", EndReason::ended_by_admin));
        ++returned;
    });
    threads.emplace_back([&] {
        EXPECT_TRUE(house->accounts->disable("mori"));
        ++returned;
    });
    threads.emplace_back([&] {
        EXPECT_TRUE(house->tokens->sweep());
        ++returned;
    });
    const auto began = std::chrono::steady_clock::now();
    while (worker.size() != 0 && std::chrono::steady_clock::now() - began < std::chrono::seconds{1})
        worker.catch_up(house->log);
    EXPECT_EQ(worker.size(), 0u) << "an end waited for the disk";
    EXPECT_EQ(returned, 0) << "the disk stood still for nobody";
    ASSERT_TRUE(blocker->execute("COMMIT"));
    for (auto& thread : threads) thread.join();
    restart();
    EXPECT_FALSE(seen(revoked.value));
    EXPECT_FALSE(seen(short_lived.value));
    EXPECT_FALSE(seen(owned.value));
    EXPECT_TRUE(house->tokens->list("mori").empty());
}

// A token's last day of use is kept although it expired on it.
TEST_F(ServiceTokensTest, AnExpiredOneSaysWhenItWasLastUsed) {
    const auto made = make("short", "sato", {"wiki"}, day).value();
    seen(made.value)->touch(clock.wall());
    const auto today = static_cast<std::int32_t>(clock.wall().time_since_epoch() / Millis{day});
    clock.advance(2 * day);
    EXPECT_TRUE(house->tokens->sweep());
    restart();
    ASSERT_EQ(house->tokens->list().size(), 1u);
    EXPECT_TRUE(house->tokens->list().front().over);
    EXPECT_EQ(house->tokens->list().front().last_used_day, today);
}

TEST_F(ServiceTokensTest, ADisableAmidCreationLeavesNone) {
    for (int round = 0; round < 20; ++round) {
        const auto name = "racer" + std::to_string(round);
        house->activated(name);
        test::at_once(4, [&](std::size_t i) {
            if (i == 0)
                EXPECT_TRUE(house->accounts->disable(name));
            else
                (void)make(name + "-" + std::to_string(i), name);
        });
        EXPECT_TRUE(house->tokens->list(name).empty());
        SessionTable table;
        table.catch_up(house->log);
        EXPECT_EQ(table.size(), 0u);
    }
}

}  // namespace
}  // namespace sekisho::auth
