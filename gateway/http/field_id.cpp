#include "gateway/http/field_id.hpp"

#include <cstring>

namespace sekisho::gateway {
namespace {

constexpr std::size_t kSlots = 512;

constexpr unsigned char low(char c) noexcept { return static_cast<unsigned char>(c) | 0x20U; }

// Length and four letters tell all names of the table apart; the two factors were searched for once so that
// no two share a slot. fill_slots() refuses to compile when a new name breaks that: search again.
constexpr std::size_t slot_of(const char* name, std::size_t size) noexcept {
    const std::uint32_t letters = static_cast<std::uint32_t>(low(name[0])) |
                                  static_cast<std::uint32_t>(low(name[size - 1])) << 8 |
                                  static_cast<std::uint32_t>(low(name[size / 2])) << 16 |
                                  static_cast<std::uint32_t>(low(name[size * 3 / 4])) << 24;
    return (letters * 0x384eddcfU + static_cast<std::uint32_t>(size) * 0xe9812c4bU) >> 23U;
}

struct Slots {
    std::array<std::uint8_t, kSlots> id{};
    bool collided = false;
};

constexpr Slots fill_slots() noexcept {
    Slots slots;
    for (std::size_t i = 1; i < kFieldCount; ++i) {
        const auto name = kFieldTraits[i].name;
        std::uint8_t& slot = slots.id[slot_of(name.data(), name.size())];
        if (slot != 0) slots.collided = true;
        slot = static_cast<std::uint8_t>(i);
    }
    return slots;
}
constexpr Slots kSlotTable = fill_slots();
static_assert(!kSlotTable.collided, "two field names share a slot: search for new factors");

// same_name: bit 0x20 tells letters' case apart, and among token bytes it maps nothing else onto the letters,
// digits and '-' of the table.
bool same_name(const char* sent, const char* lower, std::size_t size) noexcept {
    constexpr std::uint64_t kLow = 0x2020202020202020U;
    std::size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        std::uint64_t a = 0;
        std::uint64_t b = 0;
        std::memcpy(&a, sent + i, 8);
        std::memcpy(&b, lower + i, 8);
        if ((a | kLow) != b) return false;
    }
    for (; i < size; ++i)
        if (low(sent[i]) != static_cast<unsigned char>(lower[i])) return false;
    return true;
}

}  // namespace

FieldId find_field_id(std::string_view name) noexcept {
    if (name.empty()) return FieldId::other;
    const std::uint8_t id = kSlotTable.id[slot_of(name.data(), name.size())];
    const std::string_view known = kFieldTraits[id].name;
    if (known.size() != name.size() || !same_name(name.data(), known.data(), name.size()))
        return FieldId::other;
    return static_cast<FieldId>(id);
}

}  // namespace sekisho::gateway
