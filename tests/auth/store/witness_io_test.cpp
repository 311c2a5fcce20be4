// Goal: the witness keeps the newest head across restarts, and a file that is not its own is an error, not a
// fresh start. Method: real files in a folder of their own.
#include "auth/store/witness_io.hpp"

#include "tests/auth/auth_house.hpp"

namespace sekisho::auth {
namespace {

TEST(StoreWitness, KeepsTheNewestHead) {
    const test::Directory folder;
    StoreWitness witness(folder / "w");
    EXPECT_EQ(witness.last().value(), 0) << "none yet";
    ASSERT_TRUE(witness.note(7));
    ASSERT_TRUE(witness.note(6));
    EXPECT_EQ(StoreWitness(folder / "w").last().value(), 7);
    ASSERT_TRUE(witness.note(12));
    EXPECT_EQ(StoreWitness(folder / "w").last().value(), 12);
    EXPECT_FALSE(std::filesystem::exists(folder / "w.new"));
}

TEST(StoreWitness, DamageIsNoFreshStart) {
    const test::Directory folder;
    for (const char* text : {"", "7\n", "sekisho-store-head 1 7", "sekisho-store-head 1 -7\n",
                             "sekisho-store-head 1 99999999999999999999\n", "sekisho-store-head 2 7\n"}) {
        std::ofstream(folder / "w") << text;
        EXPECT_EQ(StoreWitness(folder / "w").last().error().code(), Errc::malformed) << text;
    }
    EXPECT_EQ(StoreWitness("").last().value(), 0);
    EXPECT_TRUE(StoreWitness("").note(3));
    EXPECT_EQ(StoreWitness(folder / "no/such/w").note(3).error().code(), Errc::unavailable);
}

}  // namespace
}  // namespace sekisho::auth
