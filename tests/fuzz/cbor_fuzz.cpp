// Whatever is read as CBOR and written again in the one canonical form is the very bytes that came in.
#include "auth/cbor.hpp"

#include <cstdlib>

namespace {

using namespace sekisho;
using auth::CborItem;

void head(Bytes& out, int major, std::uint64_t argument) {
    const auto first = static_cast<std::uint8_t>(major << 5);
    if (argument < 24) return out.push_back(static_cast<std::uint8_t>(first | argument));
    int size = 1, info = 24;
    for (; size < 8 && argument >> (8 * size) != 0; size *= 2) ++info;
    out.push_back(static_cast<std::uint8_t>(first | info));
    for (int i = size - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(argument >> (8 * i)));
}

void write(Bytes& out, const CborItem& item) {
    switch (item.kind) {
        case CborItem::Kind::natural:
            return head(out, 0, item.number);
        case CborItem::Kind::negative:
            return head(out, 1, item.number);
        case CborItem::Kind::bytes:
        case CborItem::Kind::text:
            head(out, item.kind == CborItem::Kind::bytes ? 2 : 3, item.bytes.size());
            out.insert(out.end(), item.bytes.begin(), item.bytes.end());
            return;
        case CborItem::Kind::array:
            head(out, 4, item.items.size());
            for (const auto& one : item.items) write(out, one);
            return;
        case CborItem::Kind::map:
            head(out, 5, item.items.size());
            for (std::size_t i = 0; i < item.items.size(); ++i) {
                write(out, item.keys[i]);
                write(out, item.items[i]);
            }
            return;
        case CborItem::Kind::truth:
            return head(out, 7, 20 + item.number);
        case CborItem::Kind::null:
            return head(out, 7, 22);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView bytes(data, size);
    ByteView rest = bytes;
    const auto item = auth::parse_cbor_front(rest);
    if (!item) {
        if (rest.size() != size || auth::parse_cbor(bytes)) std::abort();
        return 0;
    }
    Bytes again;
    write(again, *item);
    again.insert(again.end(), rest.begin(), rest.end());
    if (again.size() != size || !std::equal(again.begin(), again.end(), data)) std::abort();
    if (auth::parse_cbor(bytes).has_value() != rest.empty()) std::abort();
    return 0;
}
