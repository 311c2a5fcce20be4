#pragma once
// ByteStream is a connection seen as bytes: it never blocks and never suspends.
// Who finds nothing to do waits on its Waiter, which the stream's readiness wakes.
#include "base/bytes.hpp"

namespace sekisho::gateway {

class Waiter;
class ReadyHook;

enum class IoState : std::uint8_t {
    done,         // something moved
    would_block,  // nothing now; the waiter is woken when that may have changed
    closed,       // the peer ended its direction properly: FIN on plain, close_notify on TLS
    failed,       // broken, reset or cut short; see truncated() and fault()
};

struct IoResult {
    IoState state = IoState::would_block;
    std::size_t bytes = 0;  // above 0 exactly when state is done
};

class ByteStream {
public:
    ByteStream() = default;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;
    virtual ~ByteStream() = default;

    // read fills the front of `into`, which must not be empty. Read on until it does not answer `done`: a
    // waiter is woken by new readiness only, never for bytes left unread.
    virtual IoResult read(std::span<std::uint8_t> into) = 0;

    // write takes bytes from the front of `from`. Bytes taken count as sent for the caller, who may forget
    // them; a part may still be held here (holds_output). Every later read, write, flush and shutdown first
    // pushes it. After would_block the caller may come back with other bytes.
    virtual IoResult write(ByteView from) = 0;

    // flush: done when nothing is held.
    virtual IoState flush() = 0;
    virtual bool holds_output() const noexcept = 0;

    // shutdown ends our direction: close_notify on TLS, then FIN. would_block: call again when woken. Reading
    // goes on. To be sure the peer got everything, read to the end (with a deadline) before close().
    virtual IoState shutdown() = 0;

    // close releases the descriptor at once. Every later call answers `failed`.
    virtual void close() noexcept = 0;

    // truncated: the peer's bytes ended without close_notify (RFC 8446 section 6.1). Always false on plain
    // streams.
    virtual bool truncated() const noexcept = 0;

    // fault names why the last call failed: "connection reset by peer". Static text; empty when nothing
    // failed.
    virtual std::string_view fault() const noexcept = 0;

    // attach says who is woken by new readiness from now on, instead of whoever was. It wakes nobody by
    // itself: try to read and write first, then wait.
    virtual void attach(Waiter& waiter) = 0;
    virtual void attach(ReadyHook& hook) = 0;
    virtual void detach() noexcept = 0;
};

}  // namespace sekisho::gateway
