#include "gateway/net/client_hello.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

constexpr std::size_t before_name = 5;  // list length, type, name length
constexpr std::size_t name_bytes_max = 255;
constexpr std::uint8_t type_host_name = 0;

std::size_t u16(ByteView bytes, std::size_t at) noexcept {
    return static_cast<std::size_t>(bytes[at] << 8 | bytes[at + 1]);
}

// No byte that a log, a map or another reader could take for something else.
bool is_plain(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

}  // namespace

std::string host_name_of(ByteView extension) {
    if (extension.size() <= before_name || extension.size() > before_name + name_bytes_max) return {};
    if (u16(extension, 0) != extension.size() - 2 || extension[2] != type_host_name ||
        u16(extension, 3) != extension.size() - before_name)
        return {};
    std::string name(as_text(extension.subspan(before_name)));
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return std::ranges::all_of(name, is_plain) ? name : std::string();
}

}  // namespace sekisho::gateway
