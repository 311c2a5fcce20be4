#include "auth/cbor.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace sekisho::auth {
namespace {

using Kind = CborItem::Kind;

class Reader {
public:
    explicit Reader(ByteView bytes) : rest_(bytes) {}

    std::optional<CborItem> item(int depth);
    ByteView rest() const noexcept { return rest_; }

private:
    struct Head {
        std::uint8_t major = 0;
        std::uint64_t argument = 0;
    };
    std::optional<Head> head();
    bool string(CborItem& out, std::uint64_t size);
    bool array(CborItem& out, std::uint64_t size, int depth);
    bool map(CborItem& out, std::uint64_t size, int depth);
    // Every item takes a byte at least: a longer promise is a lie, found out before anything is reserved.
    bool may_hold(std::uint64_t items) const noexcept { return items <= rest_.size(); }

    ByteView rest_;
    std::size_t items_ = 0;
};

std::optional<Reader::Head> Reader::head() {
    if (rest_.empty()) return std::nullopt;
    Head out;
    out.major = rest_[0] >> 5;
    const auto info = static_cast<std::uint8_t>(rest_[0] & 0x1f);
    rest_ = rest_.subspan(1);
    if (info < 24) {
        out.argument = info;
        return out;
    }
    if (info > 27) return std::nullopt;  // reserved, or an indefinite length
    const std::size_t size = std::size_t{1} << (info - 24);
    if (rest_.size() < size) return std::nullopt;
    for (const auto byte : rest_.first(size)) out.argument = out.argument << 8 | byte;
    rest_ = rest_.subspan(size);
    // The shortest form: a value that would have fitted the next smaller size is not canonical.
    const std::uint64_t least = info == 24 ? 24 : std::uint64_t{1} << (size * 4);
    if (out.argument < least) return std::nullopt;
    return out;
}

bool Reader::string(CborItem& out, std::uint64_t size) {
    if (size > rest_.size()) return false;
    out.bytes = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return out.kind == Kind::bytes || is_utf8(out.text());
}

bool Reader::array(CborItem& out, std::uint64_t size, int depth) {
    if (!may_hold(size)) return false;
    for (std::uint64_t i = 0; i < size; ++i) {
        auto element = item(depth + 1);
        if (!element) return false;
        out.items.push_back(std::move(*element));
    }
    return true;
}

// Keys are sorted by major type, then by length, then by their bytes; for encoded keys of one major type that
// is the order of encoded length and bytes.
bool before(ByteView a, ByteView b) {
    if (a[0] >> 5 != b[0] >> 5) return a[0] >> 5 < b[0] >> 5;
    if (a.size() != b.size()) return a.size() < b.size();
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
}

bool Reader::map(CborItem& out, std::uint64_t size, int depth) {
    if (!may_hold(size)) return false;
    ByteView last;
    for (std::uint64_t i = 0; i < size; ++i) {
        const ByteView at_key = rest_;
        auto key = item(depth + 1);
        if (!key || key->kind > Kind::text) return false;
        const ByteView written = at_key.first(at_key.size() - rest_.size());
        if (!last.empty() && !before(last, written)) return false;
        last = written;
        auto value = item(depth + 1);
        if (!value) return false;
        out.keys.push_back(std::move(*key));
        out.items.push_back(std::move(*value));
    }
    return true;
}

std::optional<CborItem> Reader::item(int depth) {
    if (depth > cbor_depth_max || ++items_ > cbor_items_max) return std::nullopt;
    const auto head = this->head();
    if (!head) return std::nullopt;
    CborItem out;
    bool good = true;
    switch (head->major) {
        case 0:
        case 1:
            out.kind = head->major == 0 ? Kind::natural : Kind::negative;
            out.number = head->argument;
            break;
        case 2:
        case 3:
            out.kind = head->major == 2 ? Kind::bytes : Kind::text;
            good = string(out, head->argument);
            break;
        case 4:
            out.kind = Kind::array;
            good = array(out, head->argument, depth);
            break;
        case 5:
            out.kind = Kind::map;
            good = map(out, head->argument, depth);
            break;
        case 7:
            // false, true, null; the longer forms of simple values, and floats, have arguments from 24 on.
            out.kind = head->argument == 22 ? Kind::null : Kind::truth;
            out.number = head->argument == 21 ? 1 : 0;
            good = head->argument >= 20 && head->argument <= 22;
            break;
        default:
            good = false;  // a tag
    }
    if (!good) return std::nullopt;
    return out;
}

}  // namespace

bool CborItem::is_number(std::int64_t value) const noexcept {
    if (value >= 0) return kind == Kind::natural && number == static_cast<std::uint64_t>(value);
    return kind == Kind::negative && number == static_cast<std::uint64_t>(-(value + 1));
}

const CborItem* CborItem::at(std::string_view key) const noexcept {
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (keys[i].kind == Kind::text && keys[i].text() == key) return &items[i];
    return nullptr;
}

const CborItem* CborItem::at(std::int64_t key) const noexcept {
    for (std::size_t i = 0; i < keys.size(); ++i)
        if (keys[i].is_number(key)) return &items[i];
    return nullptr;
}

std::optional<CborItem> parse_cbor_front(ByteView& bytes) {
    if (bytes.size() > cbor_bytes_max) return std::nullopt;
    Reader reader(bytes);
    auto out = reader.item(0);
    if (out) bytes = reader.rest();
    return out;
}

std::optional<CborItem> parse_cbor(ByteView bytes) {
    auto out = parse_cbor_front(bytes);
    if (!bytes.empty()) return std::nullopt;
    return out;
}

}  // namespace sekisho::auth
