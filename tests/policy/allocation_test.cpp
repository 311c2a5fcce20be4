// Goal: decide allocates nothing, whatever it is asked.
// Method: every operator new of this program is counted; one residual with every kind of condition is asked
// across a year of hours, open and closed.
#include "tests/support/policies.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> allocations{0};
}

// Every form is replaced, so that what one allocates another of ours frees. Not inlined: else the compiler
// sees malloc meet delete.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
    if (void* memory = ::operator new(size, std::nothrow)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return ::operator new(size, std::nothrow);
}
[[gnu::noinline]] void* operator new[](std::size_t size) { return ::operator new(size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace sekisho::policy {
namespace {

using namespace std::chrono_literals;
using testing::at;
using testing::contractor;
using testing::hours;
using testing::World;

TEST(Decide, AllocatesNothing) {
    World world;
    world.network("office", {"10.0.0.0/8"});
    world.add(contractor("ishii").of("aoba").working(hours("mon-fri", "08:00", "20:00", "America/New_York")));
    world.allow("rule", "any")
        .paths({"/a", "/b"})
        .mfa(FactorStrength::otp, Seconds{12h})
        .network({"office"})
        .during(hours("all", "00:00", "23:00"));
    world.deny("night", "any").during(hours("all", "03:00", "04:00"));
    const auto program = compile(world.model).value();
    const auto now = at("2026-11-24T14:00:00Z");
    const auto residual = specialise(*program, {"ishii", FactorStrength::otp, now - 1h}, AppId{0});
    const auto before = allocations.load();
    int allowed = 0;
    for (int hour = 0; hour < 24 * 400; ++hour) {  // over both changes of offset
        const RequestFacts request{"GET", hour % 2 == 0 ? "/a/x" : "/c", parse_ip("10.1.1.1"),
                                   now + std::chrono::hours(hour)};
        allowed += decide(*residual, request).allow ? 1 : 0;
    }
    EXPECT_EQ(allocations.load(), before);
    EXPECT_GT(allowed, 0);
    EXPECT_GT(before, 0u);  // the counter counts
}

}  // namespace
}  // namespace sekisho::policy
