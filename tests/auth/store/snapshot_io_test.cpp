// Goal: a snapshot is one moment of a store in use, and nothing that ended may return from it.
// Method: a real store with a row of each kind, copied while it is open and written to.
#include "auth/store/snapshot_io.hpp"

#include "auth/store/schema.hpp"
#include "auth/store/sqlite_store.hpp"
#include "auth/totp.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace sekisho::auth {
namespace {

class Snapshot : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "sekisho-snapshot-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        path_ = (folder_ / "sekisho.db").string();
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string put(const Bytes& bytes) const {
        const auto path = (folder_ / "copy.db").string();
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        return path;
    }
    AccountRow account(const std::string& name) const {
        AccountRow row;
        row.name = name;
        row.status = AccountStatus::active;
        row.created = now_;
        return row;
    }
    const WallTime now_{std::chrono::duration_cast<WallTime::duration>(Seconds{1'790'000'000})};
    std::filesystem::path folder_;
    std::string path_;
};

TEST_F(Snapshot, IsOneMomentOfAStoreInUse) {
    const auto store = open_sqlite_store(path_).value();
    ASSERT_TRUE(store->add_account(account("sato")));
    const auto bytes = snapshot_store(path_);
    ASSERT_TRUE(bytes) << bytes.error().detail();
    EXPECT_EQ(schema_of(*bytes), schema_version());
    ASSERT_TRUE(store->add_account(account("suzuki")));
    const auto copy = open_sqlite_store(put(*bytes)).value();
    EXPECT_TRUE(copy->account("sato"));
    EXPECT_FALSE(copy->account("suzuki"));
}

TEST_F(Snapshot, NothingThatMayHaveEndedReturns) {
    {
        const auto store = open_sqlite_store(path_).value();
        ASSERT_TRUE(store->add_account(account("sato")));
        NewFactors factors{"sato", "hash", {}, {Digest{1}, Digest{2}}};
        factors.otp.user = "sato";
        factors.otp.wrapped_secret = Bytes(40, 1);
        factors.otp.next = 6;
        ASSERT_TRUE(store->replace_factors(factors, 0, now_).value());
        ASSERT_TRUE(store->put_activation({Digest{3}, "sato", now_ + Seconds{100}, "", {}}));
        ASSERT_TRUE(store->put_known_browser({Digest{4}, "sato", now_ + Seconds{100}}));
        ServiceTokenRow token;
        token.hash = Digest{5};
        token.id = token.name = "nightly";
        token.owner = "sato";
        ASSERT_TRUE(store->insert_service_token(token).value());
        auto session = std::make_shared<Session>();
        session->id_hash = Digest{6};
        session->user = "sato";
        const auto epoch = store->account("sato").value().epoch;
        ASSERT_TRUE(store->insert_session(*session, epoch).value());
    }
    const auto gone = forget_what_may_not_return(path_, now_);
    ASSERT_TRUE(gone) << gone.error().detail();
    EXPECT_EQ(gone->sessions, 1);
    EXPECT_EQ(gone->tokens, 1);
    EXPECT_EQ(gone->links, 1);
    EXPECT_EQ(gone->browsers, 1);
    EXPECT_EQ(gone->codes, 2);
    const auto store = open_sqlite_store(path_).value();
    EXPECT_TRUE(store->sessions().value().empty());
    EXPECT_TRUE(store->service_tokens().value().empty());
    EXPECT_FALSE(store->activation(Digest{3}, now_));
    EXPECT_EQ(store->recovery_codes_left("sato").value(), 0u);
    EXPECT_EQ(store->otp_tokens("sato").value().at(0).next, totp_step_at(now_) + 2);
    EXPECT_FALSE(store->accept_otp("sato", first_otp, totp_step_at(now_), 0, now_).value());
    EXPECT_TRUE(store->account("sato"));
}

TEST_F(Snapshot, NoStoreAndNoDatabaseAreTold) {
    EXPECT_EQ(snapshot_store(path_).error().code(), Errc::not_found);
    EXPECT_EQ(schema_of(Bytes(100, 0)), 0);
    EXPECT_EQ(schema_of({}), 0);
}

}  // namespace
}  // namespace sekisho::auth
