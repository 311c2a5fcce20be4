#pragma once
// PlainStream is a ByteStream straight over a socket.
#include "gateway/net/descriptor_io.hpp"

namespace sekisho::gateway {

class PlainStream final : public ByteStream {
public:
    explicit PlainStream(Descriptor socket) noexcept : socket_(std::move(socket)) {}

    IoResult read(std::span<std::uint8_t> into) override { return socket_.read(into); }
    IoResult write(ByteView from) override { return socket_.write(from); }
    IoState flush() override { return IoState::done; }
    bool holds_output() const noexcept override { return false; }
    IoState shutdown() override;
    void close() noexcept override { socket_.close(); }
    bool truncated() const noexcept override { return false; }
    std::string_view fault() const noexcept override;
    void attach(Waiter& waiter) override { socket_.attach(waiter); }
    void attach(ReadyHook& hook) override { socket_.attach(hook); }
    void detach() noexcept override { socket_.detach(); }

private:
    Descriptor socket_;
};

}  // namespace sekisho::gateway
