// Goal: a buffer is a queue of bytes that loses and doubles none, blocks come back to be lent again, and
// nothing is held while idle. Method: random operations against a std::string; blocks followed by address.
#include "gateway/http/buffer_pool.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <type_traits>

namespace sekisho::gateway {
namespace {

constexpr std::size_t kSmall = static_cast<std::size_t>(BlockSize::small);
constexpr std::size_t kLarge = static_cast<std::size_t>(BlockSize::large);

static_assert(!std::is_move_constructible_v<FlatBuffer> && !std::is_copy_constructible_v<FlatBuffer>,
              "a moved-from buffer would still claim its bytes");

TEST(BufferPool, LendsABlockAgainOnceItCameBack) {
    BufferPool pool;
    for (const std::size_t size : {kSmall, kLarge}) {
        auto first = pool.take(size);
        EXPECT_EQ(first.size_bytes(), size);
        const auto* memory = first.data();
        auto second = pool.take(size);
        EXPECT_NE(second.data(), memory);
        EXPECT_EQ(pool.lent_bytes(), 2 * size);
        first = Block();
        EXPECT_FALSE(first);
        EXPECT_EQ(pool.lent_bytes(), size);
        EXPECT_EQ(pool.take(size).data(), memory);
    }
    EXPECT_EQ(pool.lent_bytes(), 0u);
}

TEST(BufferPool, ABlockMovesWithItsMemory) {
    BufferPool pool;
    auto first = pool.take(kSmall);
    const auto* memory = first.data();
    Block second(std::move(first));
    EXPECT_EQ(second.data(), memory);
    auto third = pool.take(kSmall);
    EXPECT_NE(third.data(), memory) << "lent twice";
    third = std::move(second);
    EXPECT_EQ(third.data(), memory);
}

TEST(BufferPool, OddSizesAreLentAsAsked) {
    BufferPool pool;
    const auto block = pool.take(kLarge + 1);
    EXPECT_EQ(block.size_bytes(), kLarge + 1);
}

TEST(FlatBuffer, HoldsNothingBeforeItsFirstByteAndAfterItsLast) {
    BufferPool pool;
    FlatBuffer buffer(pool);
    EXPECT_TRUE(buffer.empty());
    EXPECT_EQ(buffer.text(), "");
    buffer.append(std::string_view());
    EXPECT_TRUE(buffer.empty());
    const auto* memory = buffer.room(1).data();
    buffer.release();
    EXPECT_EQ(pool.take(kSmall).data(), memory) << "an idle buffer kept its block";
}

TEST(FlatBuffer, RoomIsAtLeastWhatWasAskedFor) {
    struct Row {
        std::size_t held, least, block;
        std::size_t wanted;  // bytes writable
    };
    constexpr Row kRows[] = {{0, 1, kSmall, kSmall},
                             {0, kSmall + 1, kSmall, kSmall + 1},
                             {0, 1, kLarge, kLarge},
                             {kSmall - 1, 1, kSmall, 1},
                             {kSmall, 1, kSmall, 1},
                             {kSmall, kSmall, kSmall, kSmall},
                             {kSmall, 1, kLarge, kLarge - kSmall}};
    for (const Row& row : kRows) {
        SCOPED_TRACE(std::to_string(row.held) + " held, " + std::to_string(row.least) + " wanted");
        BufferPool pool;
        FlatBuffer buffer(pool);
        const std::string held(row.held, 'h');
        buffer.append(held);
        EXPECT_EQ(buffer.room(row.least, row.block).size(), row.wanted);
        EXPECT_EQ(buffer.text(), held);
    }
}

TEST(FlatBuffer, MovesWhatItHoldsToTheFrontBeforeItGrows) {
    BufferPool pool;
    FlatBuffer buffer(pool);
    buffer.append(std::string(kSmall, 'a'));
    buffer.consume(kSmall - 10);
    const auto space = buffer.room(100);
    EXPECT_EQ(space.size(), kSmall - 10);
    EXPECT_EQ(buffer.text(), std::string(10, 'a'));
}

TEST(FlatBuffer, IsAQueueOfBytesWhateverIsDoneToIt) {
    std::mt19937 random(20'261'122);
    const auto draw = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
    BufferPool pool;
    for (int round = 0; round < 40; ++round) {
        FlatBuffer buffer(pool);
        std::string model;
        for (int turn = 0; turn < 300; ++turn) {
            const auto block = draw(2) == 0 ? kSmall : kLarge;
            switch (draw(4)) {
                case 0: {
                    std::string more(draw(draw(3) == 0 ? 40'000 : 300), ' ');
                    for (char& c : more) c = static_cast<char>(random());
                    buffer.append(more);
                    model += more;
                    break;
                }
                case 1: {
                    const auto least = 1 + draw(3'000);
                    const auto space = buffer.room(least, block);
                    ASSERT_GE(space.size(), least);
                    const auto used = draw(least + 1);
                    for (std::size_t i = 0; i < used; ++i)
                        model.push_back(static_cast<char>(space[i] = static_cast<std::uint8_t>(random())));
                    buffer.commit(used);
                    break;
                }
                case 2: {
                    const auto gone = draw(3) == 0 ? model.size() : draw(model.size() + 1);
                    buffer.consume(gone);
                    model.erase(0, gone);
                    break;
                }
                default:
                    if (model.empty()) buffer.release();
            }
            ASSERT_EQ(buffer.size_bytes(), model.size());
            ASSERT_EQ(buffer.empty(), model.empty());
            ASSERT_TRUE(buffer.text() == model) << "round " << round << " turn " << turn;
        }
    }
}

}  // namespace
}  // namespace sekisho::gateway
