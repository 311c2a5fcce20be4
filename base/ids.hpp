#pragma once
// Strong ids: two ids of different things never mix, and none converts to a number by itself.
#include <compare>
#include <cstdint>
#include <functional>

namespace sekisho {

template <class Tag>
struct Id {
    std::uint32_t value = 0;
    friend constexpr auto operator<=>(Id, Id) = default;
};

// Index of an app, rule, upstream in the configuration it was compiled from; valid within one generation
// only.
using AppId = Id<struct AppTag>;
using RuleId = Id<struct RuleTag>;
using UpstreamId = Id<struct UpstreamTag>;

// What kind of person: each person is exactly one; `none` has no access anywhere (R1).
enum class PersonKind : std::uint8_t { none, staff, contractor, ops };

// Strength of the proof of a second factor, weakest first.
enum class FactorStrength : std::uint8_t { none, password, recovery, otp };

enum class Language : std::uint8_t { en, ja };

}  // namespace sekisho

template <class Tag>
struct std::hash<sekisho::Id<Tag>> {
    std::size_t operator()(sekisho::Id<Tag> id) const noexcept {
        return std::hash<std::uint32_t>{}(id.value);
    }
};
