#pragma once
// ScriptedStream is a ByteStream without a socket: it gives what a test put there and takes as much as a test
// allows, so that each moment of a connection can be stood still.
#include "gateway/net/byte_stream.hpp"

#include <algorithm>
#include <deque>
#include <string>

namespace sekisho::gateway {

class ScriptedStream final : public ByteStream {
public:
    static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

    // What the peer does: pieces come one by one, then `after_pieces`.
    std::deque<std::string> pieces;
    IoState after_pieces = IoState::would_block;
    // What the peer takes: so many bytes, then no more until the test allows it.
    std::size_t room = unlimited;
    std::size_t holds_at_most = 0;  // bytes taken beyond that and held here, as TLS does with a record
    bool write_fails = false;
    // What came of it.
    std::string wrote;
    bool shut = false;

    IoResult read(std::span<std::uint8_t> into) override {
        if (push_held() == IoState::failed) return {IoState::failed, 0};
        if (pieces.empty()) return {after_pieces, 0};
        auto& piece = pieces.front();
        const auto bytes = std::min(into.size(), piece.size());
        std::copy_n(piece.begin(), bytes, into.begin());
        piece.erase(0, bytes);
        if (piece.empty()) pieces.pop_front();
        return {IoState::done, bytes};
    }
    IoResult write(ByteView from) override {
        if (write_fails || shut) return {IoState::failed, 0};
        if (push_held() != IoState::done) return {IoState::would_block, 0};
        const auto sent = std::min(room, from.size());
        take(as_text(from.first(sent)));
        const auto held = std::min(holds_at_most, from.size() - sent);
        held_ = as_text(from.subspan(sent, held));
        return sent + held > 0 ? IoResult{IoState::done, sent + held} : IoResult{IoState::would_block, 0};
    }
    IoState flush() override { return write_fails ? IoState::failed : push_held(); }
    bool holds_output() const noexcept override { return !held_.empty(); }
    IoState shutdown() override {
        if (write_fails) return IoState::failed;
        if (push_held() != IoState::done) return IoState::would_block;
        shut = true;
        return IoState::done;
    }
    void close() noexcept override { write_fails = true; }
    bool truncated() const noexcept override { return false; }
    std::string_view fault() const noexcept override { return {}; }
    void attach(Waiter&) override {}
    void attach(ReadyHook&) override {}
    void detach() noexcept override {}

private:
    void take(std::string_view bytes) {
        wrote += bytes;
        if (room != unlimited) room -= bytes.size();
    }
    IoState push_held() {
        if (write_fails) return held_.empty() ? IoState::done : IoState::failed;
        const auto sent = std::min(room, held_.size());
        take(std::string_view(held_).substr(0, sent));
        held_.erase(0, sent);
        return held_.empty() ? IoState::done : IoState::would_block;
    }
    std::string held_;
};

}  // namespace sekisho::gateway
