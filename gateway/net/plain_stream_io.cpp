#include "gateway/net/plain_stream_io.hpp"

namespace sekisho::gateway {

IoState PlainStream::shutdown() {
    if (!socket_) return IoState::failed;
    socket_.end_writing();
    return IoState::done;
}

std::string_view PlainStream::fault() const noexcept {
    return socket_ ? fault_text(socket_.error()) : std::string_view("closed by us");
}

}  // namespace sekisho::gateway
