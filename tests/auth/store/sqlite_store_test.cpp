// Goal: the file is its owner's alone, a newer schema is refused, migration copies first, and a stolen file
// holds nothing that opens a door.
// Method: planted secrets searched for in every byte of the directory; versions set by hand.
#include "auth/store/schema.hpp"
#include "tests/auth/auth_house.hpp"

#include <sys/stat.h>

namespace sekisho::auth {
namespace {

using SqliteStoreTest = test::AuthTest;

unsigned mode_of(const std::string& path) {
    struct stat facts {};
    return ::stat(path.c_str(), &facts) == 0 ? facts.st_mode & 0777u : 0u;
}

TEST_F(SqliteStoreTest, FilesAreTheOwnersAlone) {
    (void)house->activated("sato");
    for (const char* name : {"sekisho.db", "sekisho.db-wal", "sekisho.db-shm"})
        EXPECT_EQ(mode_of(directory / name), 0600u) << name;
}

TEST_F(SqliteStoreTest, ANewerSchemaIsRefusedAndNothingIsChanged) {
    house.reset();
    const auto path = directory / "sekisho.db";
    { ASSERT_TRUE(Database::open(path).value()->execute("PRAGMA user_version=99")); }
    const auto opened = open_sqlite_store(path);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code(), Errc::denied);
    auto database = Database::open(path).value();
    auto version = database->query("PRAGMA user_version");
    ASSERT_TRUE(version.next());
    EXPECT_EQ(version.integer(0), 99);
}

TEST(Schema, AMigrationThatFailsLeavesTheOldSchemaAndACopy) {
    test::Directory directory;
    const auto path = directory / "store.db";
    auto database = Database::open(path).value();
    // A store that claims an older version but holds a table of the first one: the step fails half way.
    ASSERT_TRUE(database->execute("CREATE TABLE keys (id TEXT) STRICT; INSERT INTO keys VALUES ('kept')"));
    EXPECT_FALSE(migrate(*database, path));
    auto tables = database->query("SELECT count(*) FROM sqlite_master WHERE name='accounts'");
    ASSERT_TRUE(tables.next());
    EXPECT_EQ(tables.integer(0), 0) << "rolled back";
}

TEST(Schema, AnAuthenticatorAppOfAnOlderStoreBecomesTheFirstToken) {
    test::Directory directory;
    const auto path = directory / "store.db";
    {
        auto database = Database::open(path).value();
        ASSERT_TRUE(migrate(*database, path));
        // As the fourth schema left it.
        ASSERT_TRUE(
            database->execute("DROP TABLE otp_tokens; ALTER TABLE passkeys DROP COLUMN host;"
                              "CREATE TABLE totp (user TEXT PRIMARY KEY, wrapped_secret BLOB NOT NULL,"
                              " last_step INTEGER NOT NULL, enrolled INTEGER NOT NULL,"
                              " limited_until INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
                              "INSERT INTO accounts VALUES ('sato', 1, 'hash', 3, 0, 0, 0);"
                              "INSERT INTO totp VALUES ('sato', x'0102', 100, 5000, 7000);"
                              "PRAGMA user_version=4"));
    }
    const auto store = open_sqlite_store(path).value();
    const auto rows = store->otp_tokens("sato").value();
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].id, first_otp);
    EXPECT_EQ(rows[0].kind, OtpKind::totp);
    EXPECT_EQ(rows[0].wrapped_secret, (Bytes{1, 2}));
    EXPECT_EQ(rows[0].next, 101);
    EXPECT_EQ(rows[0].enrolled, WallTime{Millis{5000}});
    EXPECT_EQ(rows[0].limited_until, WallTime{Millis{7000}});
    EXPECT_FALSE(store->accept_otp("sato", first_otp, 100, 0, {}).value()) << "used before the change";
    EXPECT_TRUE(std::filesystem::exists(path + ".before-" + std::to_string(schema_version())));
}

TEST(Schema, AnOlderStoreIsCopiedBeforeItIsTouched) {
    test::Directory directory;
    const auto path = directory / "store.db";
    auto database = Database::open(path).value();
    ASSERT_TRUE(migrate(*database, path));
    for (int version = 0; version <= schema_version(); ++version)
        EXPECT_FALSE(std::filesystem::exists(path + ".before-" + std::to_string(version)))
            << "an empty store needs no copy";
    ASSERT_TRUE(migrate(*database, path)) << "nothing to do";
    ASSERT_TRUE(database->execute("CREATE TABLE mark (x TEXT) STRICT"));
    ASSERT_TRUE(copy_store(*database, path + ".before-9"));
    EXPECT_EQ(mode_of(path + ".before-9"), 0600u);
    auto copy = Database::open(path + ".before-9").value();
    auto mark = copy->query("SELECT count(*) FROM sqlite_master WHERE name='mark'");
    ASSERT_TRUE(mark.next());
    EXPECT_EQ(mark.integer(0), 1);
}

TEST_F(SqliteStoreTest, AStolenDirectoryHoldsNoSecret) {
    auto sato = house->activated("sato", "a password planted in the store");
    const auto issued = house->signed_in(sato);
    const Digest transaction = sha256(as_bytes("t"));
    const auto code =
        house->sessions->issue_code(issued.session->id_hash, "wiki.example", transaction).value();
    const auto app =
        house->sessions->redeem_code(code, "wiki.example", transaction, test::address(1), "b").value();
    const auto link = house->accounts->add("mori").value().link.value();
    ASSERT_FALSE(house->activation->set_password(link.token, "another planted password").value());
    const auto offered = test::AuthHouse::secret_of(house->activation->offer_totp(link.token).value());
    (void)house->try_code({"typed-my-password-here", "x", {}, {}, {}}, "000000");
    const auto pepper = house->keys->active(KeyPurpose::password_pepper);
    const auto signing = house->keys->audit_key().key->private_der();
    ASSERT_TRUE(house->sessions->flush_last_seen());

    const auto bytes = test::all_bytes(directory.path());
    ASSERT_NE(bytes.find("sato"), std::string::npos) << "we do look at the store";
    const auto raw = [](const std::string& token) {
        return std::string(as_text(from_base64url(token.substr(3)).value()));
    };
    std::vector<std::string> planted = {sato.password,
                                        "another planted password",
                                        issued.cookie_value,
                                        raw(issued.cookie_value),
                                        app.cookie_value,
                                        raw(app.cookie_value),
                                        code,
                                        raw(code),
                                        link.token,
                                        raw(link.token),
                                        sato.known_browser,
                                        raw(sato.known_browser),
                                        "typed-my-password-here"};
    for (const auto& secret : {sato.totp_secret, offered, pepper.key, signing}) {
        planted.emplace_back(secret.reveal_text());
        planted.push_back(base32(secret.reveal()));
        planted.push_back(hex(secret.reveal()));
        planted.push_back(base64(secret.reveal()));
    }
    for (const auto& shown : sato.recovery_codes) {
        planted.push_back(shown);
        auto plain = shown;
        std::erase(plain, '-');
        planted.push_back(plain);
    }
    for (const auto& secret : planted) EXPECT_EQ(bytes.find(secret), std::string::npos) << secret;
}

}  // namespace
}  // namespace sekisho::auth
