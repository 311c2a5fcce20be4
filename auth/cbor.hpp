#pragma once
// Cbor reads CBOR (RFC 8949) in the one form CTAP2 allows: shortest integers and lengths, all lengths
// definite, keys of maps sorted and none twice. There are no tags, floats or other simple values than false,
// true and null, and text is UTF-8. A second way to write the same thing is a fault here, never a synonym.
// Source: CTAP 2.1 section 8 (message encoding); W3C WebAuthn Level 3 section 1 asks the same of clients.
#include "base/bytes.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace sekisho::auth {

constexpr std::size_t cbor_bytes_max = 16 * 1024;
constexpr std::size_t cbor_items_max = 256;
constexpr int cbor_depth_max = 4;

// CborItem views the bytes it was read from, which must outlive it.
struct CborItem {
    enum class Kind : std::uint8_t { natural, negative, bytes, text, array, map, truth, null };
    Kind kind = Kind::null;
    std::uint64_t number = 0;     // natural: itself; negative: -1 - number; truth: 0 or 1
    ByteView bytes;               // of bytes and text
    std::vector<CborItem> items;  // of an array; of a map its values, in the order of their keys
    std::vector<CborItem> keys;   // of a map

    std::string_view text() const noexcept { return as_text(bytes); }
    // is_number: exactly this integer.
    bool is_number(std::int64_t value) const noexcept;
    // at: the member of a map under a text or an integer key; null when there is none, or this is no map.
    const CborItem* at(std::string_view key) const noexcept;
    const CborItem* at(std::int64_t key) const noexcept;
};

// parse_cbor reads exactly one item; bytes left over are a fault. Nothing: not canonical, or past a bound.
std::optional<CborItem> parse_cbor(ByteView bytes);
// parse_cbor_front reads one item and cuts it off the front of `bytes`, which is left alone on a fault.
std::optional<CborItem> parse_cbor_front(ByteView& bytes);

}  // namespace sekisho::auth
