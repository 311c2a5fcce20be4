#pragma once
// Truth is Kleene's three-valued logic: unknown is neither, and only polarity at the rule's root resolves it
// (R34).
#include <algorithm>
#include <cstdint>
#include <optional>

namespace sekisho::policy {

enum class Truth : std::uint8_t { no, unknown, yes };  // in this order "and" is the smaller one

constexpr Truth both(Truth a, Truth b) noexcept { return std::min(a, b); }
constexpr Truth negate(Truth a) noexcept { return static_cast<Truth>(2 - static_cast<int>(a)); }
constexpr Truth truth(bool holds) noexcept { return holds ? Truth::yes : Truth::no; }

constexpr Truth truth(std::optional<bool> holds) noexcept { return holds ? truth(*holds) : Truth::unknown; }

}  // namespace sekisho::policy
