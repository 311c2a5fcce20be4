#pragma once
// Strong ids: two ids of different things never mix, and none converts to a number by itself.
#include <compare>
#include <cstdint>
#include <functional>
#include <string_view>

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

// Strength of a proof, weakest first: the second factor of a sign-in, or a passkey, which is both in one. A
// passkey that is copied between devices counts for less than one that never leaves its own. The numbers are
// kept in stores: they never change.
enum class FactorStrength : std::uint8_t {
    none,
    password,
    recovery,
    otp,
    passkey,
    passkey_device,
    certificate,
};
// to_text names a strength as rules and records do: "passkey-device".
constexpr std::string_view to_text(FactorStrength strength) noexcept {
    constexpr std::string_view names[] = {"none",    "password",       "recovery",   "otp",
                                          "passkey", "passkey-device", "certificate"};
    return names[static_cast<std::size_t>(strength)];
}

enum class Language : std::uint8_t { en, ja };

}  // namespace sekisho

template <class Tag>
struct std::hash<sekisho::Id<Tag>> {
    std::size_t operator()(sekisho::Id<Tag> id) const noexcept {
        return std::hash<std::uint32_t>{}(id.value);
    }
};
