#pragma once
// ClientConnection is what every client connection has, whatever is spoken on it: its bytes, who is at the
// other end, its place among the open ones.
#include "gateway/http/request_run_io.hpp"

#include <memory>

namespace sekisho::gateway {

enum class ConnectionKind : std::uint8_t { tls, redirect };

// serve_connection runs one accepted connection to its end.
Flow serve_connection(Reactor& reactor, Worker& worker, AcceptedSocket socket, ConnectionKind kind);

class ClientConnection {
public:
    ClientConnection(Worker& worker, AcceptedSocket socket, ConnectionKind kind);
    ~ClientConnection();
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    enum class Greeting : std::uint8_t { waits, done, failed };
    // greet goes one step of the handshake; done at once on a plain connection.
    Greeting greet(Wakes wakes);
    SteadyTime greeting_ends() const noexcept { return greeting_ends_; }
    bool speaks_http2() const noexcept { return origin_.version == HttpVersion::http2; }

    Worker& worker() noexcept { return worker_; }
    Waiter& waiter() noexcept { return waiter_; }
    ByteStream& stream() noexcept { return *stream_; }
    const RequestOrigin& origin() const noexcept { return origin_; }
    ConnectionKind kind() const noexcept { return kind_; }

private:
    void greeted();

    Worker& worker_;
    Waiter waiter_;
    ConnectionLease lease_;
    std::unique_ptr<ByteStream> stream_;
    TlsStream* tls_ = nullptr;
    RequestOrigin origin_;
    SteadyTime began_, greeting_ends_;
    ConnectionKind kind_;
};

}  // namespace sekisho::gateway
