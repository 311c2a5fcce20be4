#include "gateway/tunnel/tunnel.hpp"

namespace sekisho::gateway {
namespace {

constexpr std::size_t first_block = static_cast<std::size_t>(BlockSize::small);
constexpr std::size_t bulk_block = static_cast<std::size_t>(BlockSize::large);
constexpr std::uint64_t step_bytes_max = 512u << 10;  // each way; then others have their turn

}  // namespace

bool Tunnel::step(SteadyTime now) {
    bool moved = false;
    paused_ = false;
    up_.pause_at = up_.bytes + step_bytes_max;
    down_.pause_at = down_.bytes + step_bytes_max;
    while (state_ == State::running && !paused_) {
        const bool again = static_cast<int>(pump(up_)) | static_cast<int>(pump(down_));
        if (up_.failed || down_.failed)
            state_ = State::failed;
        else if (up_.sink_told && down_.sink_told)
            state_ = State::ended;
        if (!again) break;
        moved = true;
    }
    if (moved)
        moved_at_ = now;
    else if (state_ == State::running && now >= deadline())
        state_ = State::idle_too_long;
    return moved;
}

bool Tunnel::say_why(std::uint16_t code, std::string_view reason) {
    if (!down_.watched || down_.failed || down_.sink_told || !frames_.between() || frames_.closing())
        return false;
    if (down_.to.flush() != IoState::done) return false;
    const auto frame = close_frame(code, reason);
    const auto wrote = down_.to.write(as_bytes(frame));
    return wrote.bytes == frame.size() && down_.to.flush() == IoState::done;
}

bool Tunnel::pump(Direction& direction) {
    bool moved = false;
    for (;;) {
        if (!direction.held.empty()) {
            const auto wrote = direction.to.write(direction.held.readable());
            if (wrote.state == IoState::failed || wrote.state == IoState::closed) {
                direction.failed = true;
                return true;
            }
            if (wrote.bytes == 0) return moved;
            if (direction.watched) frames_.pass(direction.held.readable().first(wrote.bytes));
            direction.held.consume(wrote.bytes);
            direction.bytes += wrote.bytes;
            moved = true;
            if (direction.bytes >= direction.pause_at) {
                paused_ = true;
                return true;
            }
            continue;
        }
        if (direction.source_ended) {
            if (direction.sink_told) return moved;
            // What the stream itself still holds goes before its end; a broken stream hears of none.
            if (direction.to.shutdown() == IoState::would_block) return moved;
            direction.sink_told = true;
            return true;
        }
        // A direction that moved much is a bulk transfer: larger pieces, fewer system calls.
        const auto space = direction.held.room(1, direction.bytes > bulk_block ? bulk_block : first_block);
        const auto got = direction.from.read(space);
        if (got.state == IoState::done && got.bytes != 0) {
            direction.held.commit(got.bytes);
            moved = true;
            continue;
        }
        direction.held.release();
        if (got.state == IoState::would_block) {
            if (!direction.to.holds_output() || direction.to.flush() != IoState::failed) return moved;
            direction.failed = true;
        }
        if (got.state == IoState::failed) direction.failed = true;
        direction.source_ended = true;
        if (direction.failed) return true;
    }
}

}  // namespace sekisho::gateway
