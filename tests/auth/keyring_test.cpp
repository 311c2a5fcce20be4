// Goal: keys survive a restart, open only under their master key and in their place, rotate without locking
// anything out, and are gone when erased.
// Method: a real store in a directory of its own; files with wrong modes and sizes.
#include "auth/recovery.hpp"
#include "tests/auth/auth_house.hpp"

#include <sys/stat.h>

namespace sekisho::auth {
namespace {

using KeyringTest = test::AuthTest;

TEST(MasterKey, IsMadeOnceForItsOwnerOnly) {
    test::Directory directory;
    const auto path = directory / "master.key";
    EXPECT_EQ(read_master_key(path).error().code(), Errc::not_found);
    ASSERT_TRUE(create_master_key(path));
    struct stat facts {};
    ASSERT_EQ(::stat(path.c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777, 0600u);
    EXPECT_EQ(facts.st_size, 32);
    EXPECT_EQ(create_master_key(path).error().code(), Errc::exists);
    EXPECT_EQ(read_master_key(path).value().size_bytes(), 32u);
    ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
    EXPECT_EQ(read_master_key(path).error().code(), Errc::denied);
    ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
    for (const std::size_t size : {0, 31, 33}) {
        std::ofstream(path, std::ios::binary) << std::string(size, 'k');
        EXPECT_EQ(read_master_key(path).error().code(), Errc::malformed) << size;
    }
}

TEST_F(KeyringTest, KeysSurviveARestartAndOpenUnderTheirMasterKeyOnly) {
    const auto pepper = house->keys->active(KeyPurpose::password_pepper);
    const auto audit = house->keys->audit_key();
    restart();
    EXPECT_EQ(house->keys->active(KeyPurpose::password_pepper).id, pepper.id);
    EXPECT_TRUE(house->keys->active(KeyPurpose::password_pepper).key.matches(pepper.key.reveal()));
    EXPECT_EQ(house->keys->audit_key().key->public_bytes(), audit.key->public_bytes());
    const auto wrong = Keyring::open(*house->store, clock, Secret(as_bytes("another master key")));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code(), Errc::denied);
}

TEST_F(KeyringTest, AWrappedKeyMovedToAnotherRowDoesNotOpen) {
    auto rows = house->store->keys().value();
    auto& row = rows.front();
    row.wrapped = rows.back().wrapped;
    ASSERT_TRUE(house->store->put_key(row));
    EXPECT_FALSE(Keyring::open(*house->store, clock, Secret(as_bytes("master key of thirty-two bytes!!"))));
}

TEST_F(KeyringTest, SealedBytesOpenInTheirContextAndAfterARotation) {
    auto& keys = *house->keys;
    const auto sealed = keys.seal(KeyPurpose::browser_seal, as_bytes("wanted"), "here");
    EXPECT_EQ(keys.open(KeyPurpose::browser_seal, sealed, "here").value().reveal_text(), "wanted");
    EXPECT_FALSE(keys.open(KeyPurpose::browser_seal, sealed, "there"));
    EXPECT_FALSE(keys.open(KeyPurpose::totp_wrap, sealed, "here"));
    for (std::size_t n = 0; n < sealed.size(); ++n)
        EXPECT_FALSE(keys.open(KeyPurpose::browser_seal, ByteView(sealed).first(n), "here")) << n;
    clock.advance(Seconds{10});
    const auto before = keys.active(KeyPurpose::browser_seal).id;
    const auto after = keys.rotate(KeyPurpose::browser_seal).value().id;
    EXPECT_EQ(keys.all(KeyPurpose::browser_seal).front().id, after);
    EXPECT_EQ(keys.find(KeyPurpose::browser_seal, before)->state, KeyState::verify_only);
    EXPECT_TRUE(keys.open(KeyPurpose::browser_seal, sealed, "here"));
    restart();
    EXPECT_EQ(house->keys->active(KeyPurpose::browser_seal).id, after);
    EXPECT_TRUE(house->keys->open(KeyPurpose::browser_seal, sealed, "here"));
    EXPECT_EQ(house->keys->retire(KeyPurpose::browser_seal, clock.wall()).value(), 1u);
    EXPECT_FALSE(house->keys->open(KeyPurpose::browser_seal, sealed, "here"));
    EXPECT_EQ(house->keys->active(KeyPurpose::browser_seal).id, after);
}

TEST_F(KeyringTest, WhatProtectsThingsWithoutAgeIsNeverRetired) {
    for (const auto purpose : {KeyPurpose::password_pepper, KeyPurpose::totp_wrap, KeyPurpose::recovery}) {
        ASSERT_TRUE(house->keys->rotate(purpose));
        EXPECT_EQ(house->keys->retire(purpose, clock.wall() + Seconds{1}).value(), 0u);
        EXPECT_EQ(house->keys->all(purpose).size(), 2u);
    }
}

TEST_F(KeyringTest, SignInOutlivesTheRotationOfEveryKeyBehindIt) {
    auto sato = house->activated("sato");
    for (const auto purpose :
         {KeyPurpose::password_pepper, KeyPurpose::totp_wrap, KeyPurpose::recovery, KeyPurpose::browser_seal})
        ASSERT_TRUE(house->keys->rotate(purpose));
    EXPECT_EQ(house->try_code(sato, house->code(sato)).outcome, SignInOutcome::signed_in);
    EXPECT_EQ(house->try_code(sato, sato.recovery_codes[0]).outcome, SignInOutcome::signed_in);
}

TEST_F(KeyringTest, MacsAreBoundToContextAndPurpose) {
    auto& keys = *house->keys;
    const auto mac = keys.mac(KeyPurpose::browser_seal, "csrf", as_bytes("m"));
    EXPECT_TRUE(keys.mac_matches(KeyPurpose::browser_seal, "csrf", as_bytes("m"), mac));
    EXPECT_FALSE(keys.mac_matches(KeyPurpose::browser_seal, "csr", as_bytes("fm"), mac));
    EXPECT_FALSE(keys.mac_matches(KeyPurpose::recovery, "csrf", as_bytes("m"), mac));
    ASSERT_TRUE(keys.rotate(KeyPurpose::browser_seal));
    EXPECT_TRUE(keys.mac_matches(KeyPurpose::browser_seal, "csrf", as_bytes("m"), mac));
}

TEST_F(KeyringTest, APersonsKeyIsMadeOnceAndErasedForGood) {
    auto& keys = *house->keys;
    EXPECT_EQ(keys.find_key_for("sato").error().code(), Errc::not_found);
    std::vector<Secret> made(16);
    test::at_once(16, [&](std::size_t i) { made[i] = keys.key_for("sato").value(); });
    for (const auto& key : made) EXPECT_TRUE(key.matches(made[0].reveal()));
    EXPECT_TRUE(keys.key_for("").has_value());
    EXPECT_EQ(keys.people(), (std::vector<std::string>{"", "sato"}));
    restart();
    EXPECT_TRUE(house->keys->find_key_for("sato").value().matches(made[0].reveal()));
    const auto row = [&] {
        for (const auto& key : house->store->keys().value())
            if (key.purpose == "person:sato") return key;
        return KeyRow{};
    }();
    const std::string wrapped(as_text(row.wrapped));
    ASSERT_NE(test::all_bytes(directory.path()).find(wrapped), std::string::npos);
    ASSERT_TRUE(house->keys->erase("sato"));
    EXPECT_FALSE(house->keys->find_key_for("sato"));
    EXPECT_EQ(test::all_bytes(directory.path()).find(wrapped), std::string::npos) << "not even in the file";
    EXPECT_FALSE(house->keys->erase("sato"));
    EXPECT_FALSE(house->keys->key_for("sato").value().matches(made[0].reveal())) << "a new key, not the old";
}

TEST_F(KeyringTest, RecoveryCodesAreReadAsPeopleTypeThem) {
    const auto codes = make_recovery_codes(*house->keys, "sato");
    ASSERT_EQ(codes.shown.size(), recovery_code_count);
    ASSERT_EQ(codes.shown[0].size(), 19u);
    EXPECT_EQ(recovery_digests(*house->keys, "sato", codes.shown[0]).front(), codes.kept[0]);
    EXPECT_NE(recovery_digests(*house->keys, "mori", codes.shown[0]).front(), codes.kept[0]);
    EXPECT_EQ(recovery_digests(*house->keys, "sato", "o0iIlL11-aaaa bbbb"),
              recovery_digests(*house->keys, "sato", "00111111AAAABBBB"));
    for (const char* typed :
         {"", "AAAA-BBBB-CCCC-DDD", "AAAA-BBBB-CCCC-DDDDD", "AAAA-BBBB-CCCC-DDDU", "AAAA_BBBB_CCCC_DDDD"})
        EXPECT_TRUE(recovery_digests(*house->keys, "sato", typed).empty()) << typed;
}

TEST(DataDirectory, IsLockedAgainstASecondOwner) {
    test::Directory directory;
    const auto path = directory / "data";
    auto first = DataDirectory::open(path);
    ASSERT_TRUE(first);
    EXPECT_EQ(DataDirectory::open(path).error().code(), Errc::exists);
    auto moved = std::move(*first);
    EXPECT_EQ(DataDirectory::open(path).error().code(), Errc::exists);
    { const auto gone = std::move(moved); }
    EXPECT_TRUE(DataDirectory::open(path));
}

}  // namespace
}  // namespace sekisho::auth
