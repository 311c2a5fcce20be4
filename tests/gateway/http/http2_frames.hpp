#pragma once
// HTTP/2 frames by hand, for tests: written as a peer might, well or badly, and read back.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sekisho::gateway::frames {

enum Type : std::uint8_t {
    data = 0,
    headers = 1,
    priority = 2,
    reset = 3,
    settings = 4,
    push = 5,
    ping = 6,
    goaway = 7,
    window = 8,
    continuation = 9
};
inline constexpr std::uint8_t end_stream = 1, ack = 1, end_headers = 4;

inline std::string u32(std::uint32_t value) {
    return {static_cast<char>(value >> 24U), static_cast<char>(value >> 16U), static_cast<char>(value >> 8U),
            static_cast<char>(value)};
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                         std::string_view payload) {
    std::string out = u32(static_cast<std::uint32_t>(payload.size())).substr(1);
    out += static_cast<char>(type);
    out += static_cast<char>(flags);
    return out + u32(stream) + std::string(payload);
}

// field: a literal that enters no table (RFC 7541 section 6.2.2); texts of up to 126 bytes.
inline std::string field(std::string_view name, std::string_view value) {
    std::string out(1, '\0');
    out += static_cast<char>(name.size());
    out += name;
    out += static_cast<char>(value.size());
    return out + std::string(value);
}

inline std::string fields(const std::vector<std::pair<std::string, std::string>>& pairs) {
    std::string out;
    for (const auto& [name, value] : pairs) out += field(name, value);
    return out;
}

inline std::string request_fields(std::string_view path = "/", std::string_view method = "GET") {
    return field(":method", method) + field(":scheme", "https") + field(":authority", "wiki.test") +
           field(":path", path);
}

inline std::string preface() {
    return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings, 0, 0, "") + frame(settings, ack, 0, "");
}

struct Frame {
    std::uint8_t type, flags;
    std::uint32_t stream;
    std::string payload;
};

inline std::uint32_t read_u32(std::string_view text, std::size_t at = 0) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<std::uint8_t>(text[at + i]);
    return value;
}

inline std::vector<Frame> read(std::string_view text) {
    std::vector<Frame> all;
    while (text.size() >= 9) {
        const auto size = read_u32(std::string(1, '\0') + std::string(text.substr(0, 3)));
        all.push_back({static_cast<std::uint8_t>(text[3]), static_cast<std::uint8_t>(text[4]),
                       read_u32(text, 5), std::string(text.substr(9, size))});
        text.remove_prefix(9 + size);
    }
    return all;
}

}  // namespace sekisho::gateway::frames
