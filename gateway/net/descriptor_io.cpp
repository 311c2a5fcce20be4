#include "gateway/net/descriptor_io.hpp"

#include "gateway/net/reactor_io.hpp"

#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace sekisho::gateway {

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = other.release();
    }
    return *this;
}

int UniqueFd::release() noexcept { return std::exchange(fd_, -1); }

void UniqueFd::reset() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        close();
        slot_ = std::exchange(other.slot_, nullptr);
    }
    return *this;
}

namespace {
bool drained(int error) { return error == EAGAIN || error == EWOULDBLOCK; }
}  // namespace

IoResult Descriptor::read(std::span<std::uint8_t> into) noexcept {
    if (!slot_ || slot_->fd < 0) return {IoState::failed, 0};
    if (!slot_->readable) return {IoState::would_block, 0};
    ssize_t got = 0;
    do {
        got = ::recv(slot_->fd, into.data(), into.size(), 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        const auto bytes = static_cast<std::size_t>(got);
        // After a hang-up no further edge comes: read on until recv gives 0.
        if (bytes < into.size() && !slot_->hung_up) slot_->readable = false;
        return {IoState::done, bytes};
    }
    if (got == 0) return {IoState::closed, 0};
    if (drained(errno)) {
        slot_->readable = false;
        return {IoState::would_block, 0};
    }
    slot_->error = errno;
    return {IoState::failed, 0};
}

void Descriptor::look_again() noexcept {
    if (slot_) slot_->readable = true;
}

IoResult Descriptor::peek(std::span<std::uint8_t> into) noexcept {
    if (!slot_ || slot_->fd < 0) return {IoState::failed, 0};
    slot_->readable = false;  // only so is the next edge news
    const auto got = ::recv(slot_->fd, into.data(), into.size(), MSG_PEEK);
    if (got > 0) return {IoState::done, static_cast<std::size_t>(got)};
    if (got == 0) return {IoState::closed, 0};
    return {drained(errno) || errno == EINTR ? IoState::would_block : IoState::failed, 0};
}

IoResult Descriptor::write(ByteView from) noexcept {
    if (!slot_ || slot_->fd < 0) return {IoState::failed, 0};
    if (!slot_->writable || from.empty()) return {IoState::would_block, 0};
    ssize_t sent = 0;
    do {
        sent = ::send(slot_->fd, from.data(), from.size(), MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        slot_->writable = false;
        if (drained(errno)) return {IoState::would_block, 0};
        slot_->error = errno;
        return {IoState::failed, 0};
    }
    const auto bytes = static_cast<std::size_t>(sent);
    if (bytes < from.size()) slot_->writable = false;
    return bytes > 0 ? IoResult{IoState::done, bytes} : IoResult{IoState::would_block, 0};
}

void Descriptor::end_writing() noexcept {
    if (slot_ && slot_->fd >= 0) ::shutdown(slot_->fd, SHUT_WR);
}

void Descriptor::close() noexcept {
    if (auto* slot = std::exchange(slot_, nullptr)) slot->reactor->release(slot);
}

void Descriptor::attach(Waiter& waiter) noexcept {
    if (!slot_) return;
    slot_->waiter = &waiter;
    slot_->hook = nullptr;
}

void Descriptor::attach(ReadyHook& hook) noexcept {
    if (!slot_) return;
    slot_->waiter = nullptr;
    slot_->hook = &hook;
}

void Descriptor::detach() noexcept {
    if (!slot_) return;
    slot_->waiter = nullptr;
    slot_->hook = nullptr;
}

std::string_view fault_text(int error) noexcept {
    switch (error) {
        case 0:
            return "";
        case ECONNRESET:
            return "connection reset by peer";
        case EPIPE:
            return "peer stopped reading";
        case ETIMEDOUT:
            return "peer stopped answering";
        case ECONNREFUSED:
            return "connection refused";
        case EHOSTUNREACH:
            return "host unreachable";
        case ENETUNREACH:
            return "network unreachable";
        case EADDRINUSE:
            return "address already in use";
        case EADDRNOTAVAIL:
            return "no such address on this machine";
        case EACCES:
            return "not permitted";
        case EMFILE:
        case ENFILE:
            return "out of file descriptors";
        case ENOBUFS:
        case ENOMEM:
            return "out of memory";
        default:
            return "socket error";
    }
}

}  // namespace sekisho::gateway
