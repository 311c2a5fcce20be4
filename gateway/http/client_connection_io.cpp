#include "gateway/http/client_connection_io.hpp"

#include "gateway/http/http1_session_io.hpp"
#include "gateway/http/http2_session_io.hpp"

#include <algorithm>

namespace sekisho::gateway {
namespace {

using telemetry::Metric;

template <std::size_t N>
std::uint8_t index_of(const std::string_view (&values)[N], std::string_view text) noexcept {
    const auto* found = std::find(std::begin(values), std::end(values), text);
    return static_cast<std::uint8_t>(
        found == std::end(values) ? N - 1 : static_cast<std::size_t>(found - std::begin(values)));
}

// As label_values::tls_fault.
std::uint8_t fault_label(HandshakeFault fault, bool timed_out) noexcept {
    if (timed_out) return 2;
    switch (fault) {
        case HandshakeFault::unknown_name:
            return 1;
        case HandshakeFault::closed:
            return 3;
        case HandshakeFault::not_tls:
        case HandshakeFault::version:
        case HandshakeFault::cipher:
        case HandshakeFault::alpn:
            return 0;
        case HandshakeFault::certificate:
            return 4;
        default:
            return 5;
    }
}

}  // namespace

Flow serve_connection(Reactor&, Worker& worker, AcceptedSocket socket, ConnectionKind kind) {
    ClientConnection connection(worker, std::move(socket), kind);
    auto greeting = connection.greet({});
    Wakes wakes;
    while (greeting == ClientConnection::Greeting::waits) {
        wakes = co_await connection.waiter().wait(connection.greeting_ends());
        greeting = connection.greet(wakes);
    }
    if (greeting == ClientConnection::Greeting::failed) co_return;
    if (connection.speaks_http2()) {
        const auto session = std::make_unique<Http2Session>(connection);
        while (session->step(wakes)) wakes = co_await connection.waiter().wait(session->deadline());
    } else {
        Http1Session session(connection);
        while (session.step(wakes)) wakes = co_await connection.waiter().wait(session.deadline());
    }
}

ClientConnection::ClientConnection(Worker& worker, AcceptedSocket socket, ConnectionKind kind)
    : worker_(worker),
      waiter_(worker.reactor()),
      lease_(std::move(socket.lease)),
      origin_{{{}, socket.peer}, to_text(socket.peer), {}, HttpVersion::http11},
      began_(worker.reactor().now()),
      greeting_ends_(began_ + worker.snapshot()->model->limits.handshake_timeout),
      kind_(kind) {
    auto descriptor =
        socket.descriptor ? std::move(socket.descriptor) : worker.reactor().adopt(std::move(socket.fd), true);
    if (kind != ConnectionKind::tls) lease_.settled();
    if (kind == ConnectionKind::tls) {
        auto stream = std::make_unique<TlsStream>(std::move(descriptor), worker.snapshot()->tls);
        tls_ = stream.get();
        stream_ = std::move(stream);
    } else {
        stream_ = std::make_unique<PlainStream>(std::move(descriptor));
    }
    stream_->attach(waiter_);
    const auto listener = static_cast<std::uint8_t>(kind);
    worker.recorder().shard().count<Metric::connections>(listener);
    worker.recorder().shard().add<Metric::connections_open>(1, listener);
}

ClientConnection::~ClientConnection() {
    worker_.recorder().shard().add<Metric::connections_open>(-1, static_cast<std::uint8_t>(kind_));
}

ClientConnection::Greeting ClientConnection::greet(Wakes wakes) {
    if (wakes.has(Wake::cancel)) return Greeting::failed;
    if (!tls_) return Greeting::done;
    const auto state = tls_->handshake();
    if (state == IoState::done) {
        lease_.settled();
        greeted();
        return Greeting::done;
    }
    const bool timed_out = state == IoState::would_block && worker_.reactor().now() >= greeting_ends_;
    if (state == IoState::would_block && !timed_out) return Greeting::waits;
    worker_.recorder().shard().count<Metric::tls_handshakes_failed>(
        fault_label(tls_->handshake_fault(), timed_out));
    return Greeting::failed;
}

void ClientConnection::greeted() {
    using namespace telemetry::label_values;
    const auto facts = tls_->facts();
    origin_.peer.server_name = facts.server_name;
    origin_.peer.proof = tls_->client_proof();
    origin_.tls_version = facts.version;
    if (facts.alpn == "h2") origin_.version = HttpVersion::http2;
    auto& shard = worker_.recorder().shard();
    const std::uint8_t resumed = facts.resumed ? 1 : 0;
    shard.count<Metric::tls_handshakes>(index_of(version, facts.version), index_of(group, facts.group),
                                        resumed);
    shard.observe<Metric::tls_handshake_duration>((worker_.reactor().now() - began_).count(), resumed);
}

}  // namespace sekisho::gateway
