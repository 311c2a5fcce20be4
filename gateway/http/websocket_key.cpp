#include "gateway/http/websocket_key.hpp"

#include "base/base64.hpp"
#include "base/crypto_sha1.hpp"

namespace sekisho::gateway {

std::string accept_of(std::string_view key) {
    std::string joined(key);
    joined += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    return base64(sha1(as_bytes(std::string_view(joined))));
}

}  // namespace sekisho::gateway
