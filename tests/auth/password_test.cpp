// Goal: what people type means the same on every keyboard, bad passwords are named, and a stored string never
// makes us do more than the ceiling.
// Method: tables of inputs; damaged and expensive stored strings; the pool counted.
#include "auth/password.hpp"

#include "auth/common_passwords.hpp"
#include "tests/auth/auth_house.hpp"

namespace sekisho::auth {
namespace {

using PasswordTest = test::AuthTest;

std::string normal(std::string_view typed) {
    const auto out = normal_password(typed);
    return out ? std::string(out->reveal_text()) : "(none)";
}

TEST(Password, NormalFormIsTheSameHoweverItWasTyped) {
    EXPECT_EQ(normal("e\xCC\x81t\xC3\xA9"), "\xC3\xA9t\xC3\xA9");   // e + combining acute
    EXPECT_EQ(normal("\xE3\x81\x8B\xE3\x82\x99"), "\xE3\x81\x8C");  // か + dakuten = が
    EXPECT_EQ(normal("a\xE3\x80\x80z\xC2\xA0y"), "a z y");          // ideographic and no-break space
    EXPECT_EQ(normal("\xEF\xBC\xA1"), "\xEF\xBC\xA1");              // full width stays (no NFKC)
    EXPECT_EQ(normal(" Aa "), " Aa ");                              // case and blanks count
}

TEST(Password, WhatIsNotTextIsRefused) {
    for (const std::string& typed :
         {std::string(), std::string("tab\there"), std::string("nul\0nul", 7), std::string("\x7f"),
          std::string("bad \xff utf8"), std::string("\xED\xA0\x80"), std::string("\xC2\x85"),
          std::string(1025, 'a')})
        EXPECT_EQ(normal(typed), "(none)");
    EXPECT_EQ(normal(std::string(1024, 'a')).size(), 1024u);
}

TEST(Password, FaultsAreNamed) {
    const struct {
        const char* typed;
        std::optional<PasswordFault> fault;
    } rows[] = {{"", PasswordFault::too_short},
                {"seven77", PasswordFault::too_short},
                {"六文字の秘密", PasswordFault::too_short},
                {"八文字の秘密です", std::nullopt},
                {"Password123", PasswordFault::common},
                {"1QAZ2wsx", PasswordFault::common},
                {"sato2024", PasswordFault::like_name},
                {"Sato-san", PasswordFault::like_name},
                {"control\x01", PasswordFault::not_text},
                {"sato likes three mice", std::nullopt},
                {"three blind mice run", std::nullopt}};
    for (const auto& row : rows) EXPECT_EQ(fault_of(row.typed, "sato"), row.fault) << row.typed;
    EXPECT_EQ(fault_of(std::string(1025, 'x'), "sato"), PasswordFault::too_long);
    EXPECT_TRUE(is_common_password("iloveyou"));
    EXPECT_FALSE(is_common_password("iloveyo"));
}

TEST_F(PasswordTest, TheOperatorsListIsLookedUpAsTypedAndInLowerCase) {
    const auto path = directory / "refused.txt";
    std::vector<std::string> entries;
    for (const char* listed : {"tasty Tea leaf", "tasty tea leaf", "\xE3\x81\x8C\xE3\x81\x8Cgagaga"})
        entries.push_back(password_list_entry(listed));
    std::sort(entries.begin(), entries.end());
    std::ofstream file(path);
    for (const auto& entry : entries) file << entry << "\n";
    file.close();
    PasswordHasher plain(*house->keys, house->pool, test::cheap),
        hasher(*house->keys, house->pool, test::cheap);
    auto list = PasswordList::open(path);
    ASSERT_TRUE(list);
    hasher.refuse(std::move(*list));
    const std::pair<const char*, bool> rows[] = {{"tasty tea leaf", true},
                                                 {"TASTY tea leaf", true},
                                                 {"tasty tea leaves", false},
                                                 {"\xE3\x81\x8B\xE3\x82\x99\xE3\x81\x8Cgagaga", true}};
    for (const auto& [typed, refused] : rows) {
        EXPECT_EQ(plain.judge(typed, "sato").value(), std::nullopt) << typed;
        EXPECT_EQ(hasher.judge(typed, "sato").value().has_value(), refused) << typed;
    }
    EXPECT_EQ(hasher.judge("Password123", "sato").value(), PasswordFault::common)
        << "the built-in list counts too";
    std::filesystem::resize_file(path, 0);
    EXPECT_EQ(hasher.judge("tasty tea leaves", "sato").error().code(), Errc::unavailable);
}

TEST(Password, StoredStringsAreReadStrictly) {
    const std::string salt(22, 'A'), hash(43, 'A');
    const auto stored = [&](std::string_view cost) {
        return "K1$argon2id$v=19$" + std::string(cost) + "$" + salt + "$" + hash;
    };
    ASSERT_TRUE(parse_stored_hash(stored("m=19456,t=2,p=1")));
    EXPECT_EQ(parse_stored_hash(stored("m=19456,t=2,p=1"))->cost, (HashCost{19456, 2}));
    EXPECT_TRUE(parse_stored_hash(stored("m=262144,t=10,p=1")));
    for (const char* cost : {"m=262145,t=2,p=1", "m=19456,t=11,p=1", "m=19456,t=2,p=2", "m=19456,t=0,p=1",
                             "m=7,t=1,p=1", "m=019456,t=2,p=1", "m=4294967297,t=2,p=1", "t=2,m=19456,p=1",
                             "m=19456,t=2,p=1,x=1", "m=-1,t=2,p=1", ""})
        EXPECT_FALSE(parse_stored_hash(stored(cost))) << cost;
    const auto good = stored("m=19456,t=2,p=1");
    for (std::size_t n = 0; n < good.size(); ++n)
        EXPECT_FALSE(parse_stored_hash(std::string_view(good).substr(0, n))) << n;
    EXPECT_FALSE(parse_stored_hash(good + "A"));
    EXPECT_FALSE(parse_stored_hash(good.substr(2)));
}

TEST_F(PasswordTest, HashesVerifyOnlyTheirPassword) {
    auto& hasher = *house->hasher;
    const auto stored = hasher.hash(*normal_password("three blind mice run")).value();
    EXPECT_TRUE(hasher.verify("three blind mice run", stored).value().right);
    EXPECT_TRUE(hasher
                    .verify("three\xE3\x80\x80"
                            "blind mice run",
                            stored)
                    .value()
                    .right);
    EXPECT_FALSE(hasher.verify("three blind mice ran", stored).value().right);
    EXPECT_FALSE(hasher.verify("", stored).value().right);
    EXPECT_FALSE(hasher.verify("three blind mice run", "").value().right);
    EXPECT_FALSE(hasher.verify("three blind mice run", stored.substr(0, stored.size() - 1)).value().right);
    EXPECT_NE(stored, hasher.hash(*normal_password("three blind mice run")).value());
}

TEST_F(PasswordTest, WithoutThePepperAHashIsWorthless) {
    const auto stored = house->hasher->hash(*normal_password("three blind mice run")).value();
    test::Directory other;
    test::AuthHouse stranger(other.path(), clock);
    EXPECT_FALSE(stranger.hasher->verify("three blind mice run", stored).value().right);
    const auto parsed = parse_stored_hash(stored).value();
    const auto planted = stranger.keys->active(KeyPurpose::password_pepper).id + std::string(parsed.phc);
    EXPECT_FALSE(stranger.hasher->verify("three blind mice run", planted).value().right);
}

TEST_F(PasswordTest, AHashThatFellBehindIsRenewedAndOneThatDidNotIsNot) {
    auto& hasher = *house->hasher;
    const auto stored = hasher.hash(*normal_password("three blind mice run")).value();
    EXPECT_EQ(hasher.verify("three blind mice run", stored).value().better, "");
    PasswordHasher dearer(*house->keys, house->pool, {16, 2});
    const auto verdict = dearer.verify("three blind mice run", stored).value();
    EXPECT_EQ(parse_stored_hash(verdict.better).value().cost, (HashCost{16, 2}));
    EXPECT_TRUE(dearer.verify("three blind mice run", verdict.better).value().right);
    EXPECT_EQ(dearer.verify("wrong", stored).value().better, "");
    ASSERT_TRUE(house->keys->rotate(KeyPurpose::password_pepper));
    EXPECT_NE(hasher.verify("three blind mice run", stored).value().better, "");
}

TEST_F(PasswordTest, AnUnknownAccountCostsAWholeVerification) {
    const auto before = house->pool.stats().done;
    EXPECT_FALSE(house->hasher->verify("whatever it is", "").value().right);
    EXPECT_EQ(house->pool.stats().done, before + 1);
}

TEST_F(PasswordTest, TheRealCostIsTheOnePublished) {
    PasswordHasher real(*house->keys, house->pool);
    const auto stored = real.hash(*normal_password("three blind mice run")).value();
    EXPECT_NE(stored.find("$argon2id$v=19$m=19456,t=2,p=1$"), std::string::npos) << stored;
    EXPECT_TRUE(real.verify("three blind mice run", stored).value().right);
}

TEST(HashPool, AFullQueueRefusesAndWhatRunsIsCounted) {
    HashPool pool(1, 1, Millis{60'000});
    std::atomic<int> began{0}, late{0};
    std::mutex hold;
    hold.lock();
    const auto slow = [&] {
        ++began;
        const std::lock_guard lock(hold);
    };
    ASSERT_TRUE(pool.post(slow, [&] { ++late; }));
    while (began == 0) std::this_thread::yield();
    ASSERT_TRUE(pool.post(slow, [&] { ++late; }));
    EXPECT_EQ(pool.post([] {}, [] {}).error().code(), Errc::unavailable);
    EXPECT_EQ(pool.run([] {}).error().code(), Errc::unavailable);
    EXPECT_EQ(pool.stats().queued, 1u);
    EXPECT_EQ(pool.stats().busy, 1u);
    EXPECT_EQ(pool.stats().refused, 2u);
    hold.unlock();
    while (pool.stats().queued + pool.stats().busy != 0) std::this_thread::yield();
    EXPECT_EQ(began, 2);
    EXPECT_EQ(late, 0);
    EXPECT_EQ(pool.stats().done, 2u);
}

TEST(HashPool, AJobPastItsDeadlineFailsInsteadOfRunning) {
    HashPool pool(1, 4, Millis{0});
    bool ran = false;
    EXPECT_EQ(pool.run([&] { ran = true; }).error().code(), Errc::timed_out);
    EXPECT_FALSE(ran);
    EXPECT_EQ(pool.stats().expired, 1u);
}

TEST(HashPool, AJobMayRunAnotherOnItsOwnThread) {
    HashPool pool(1, 4);
    int depth = 0;
    ASSERT_TRUE(pool.run([&] { EXPECT_TRUE(pool.run([&] { depth = 2; })); }));
    EXPECT_EQ(depth, 2);
}

}  // namespace
}  // namespace sekisho::auth
