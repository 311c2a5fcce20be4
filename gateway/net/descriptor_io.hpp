#pragma once
// Descriptor is a socket known to a Reactor, with what is known of its readiness.
#include "gateway/net/byte_stream.hpp"

namespace sekisho::gateway {

class Reactor;
class Waiter;

// UniqueFd closes what it holds.
class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) noexcept : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept;
    ~UniqueFd() { reset(); }
    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    int release() noexcept;
    void reset() noexcept;

private:
    int fd_ = -1;
};

// ReadyHook is told of new readiness at once, before any waiter resumes: listeners and idle pooled
// connections. It may close descriptors, its own too, and wake waiters; it must not block.
class ReadyHook {
public:
    virtual void ready() noexcept = 0;

protected:
    ~ReadyHook() = default;
};

// Slot is the reactor's record of one descriptor; only Reactor and Descriptor know it.
struct Slot {
    Reactor* reactor = nullptr;
    Waiter* waiter = nullptr;
    ReadyHook* hook = nullptr;
    Slot* next = nullptr;  // in the free list
    int fd = -1;
    int error = 0;  // errno of the last failure
    bool readable = false;
    bool writable = false;
    bool hung_up = false;
};

// Descriptor owns its socket. Registered once, edge-triggered, for its whole life; `readable` and `writable`
// are set by the reactor and cleared by the call that finds the socket drained: a short read means drained,
// so no EAGAIN is ever asked for. Must not outlive its reactor.
class Descriptor {
public:
    Descriptor() = default;
    Descriptor(Descriptor&& other) noexcept : slot_(other.slot_) { other.slot_ = nullptr; }
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor() { close(); }

    explicit operator bool() const noexcept { return slot_ != nullptr; }
    int fd() const noexcept { return slot_ ? slot_->fd : -1; }
    bool readable() const noexcept { return slot_ && slot_->readable; }
    bool writable() const noexcept { return slot_ && slot_->writable; }
    bool hung_up() const noexcept { return slot_ && slot_->hung_up; }
    int error() const noexcept { return slot_ ? slot_->error : 0; }
    Reactor& reactor() const noexcept { return *slot_->reactor; }

    IoResult read(std::span<std::uint8_t> into) noexcept;
    // peek looks at what has come and leaves it there; when it is too little, wait: new bytes wake the
    // waiter. look_again before the next read.
    IoResult peek(std::span<std::uint8_t> into) noexcept;
    void look_again() noexcept;
    IoResult write(ByteView from) noexcept;
    void end_writing() noexcept;  // FIN
    void close() noexcept;

    void attach(Waiter& waiter) noexcept;
    void attach(ReadyHook& hook) noexcept;
    void detach() noexcept;

private:
    friend class Reactor;
    explicit Descriptor(Slot* slot) noexcept : slot_(slot) {}
    Slot* slot_ = nullptr;
};

// fault_text names an errno in static text, as far as sockets meet it.
std::string_view fault_text(int error) noexcept;

}  // namespace sekisho::gateway
