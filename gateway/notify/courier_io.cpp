#include "gateway/notify/courier_io.hpp"

#include "gateway/net/dial_io.hpp"
#include "gateway/net/plain_stream_io.hpp"
#include "gateway/net/tls_stream_io.hpp"

#include <array>
#include <optional>

namespace sekisho::gateway {

// One delivery, from the look-up to its end. Its coroutine only waits; what to do is decided here.
struct Courier::Trip {
    Trip(const Destination& to, Conversation& with, std::shared_ptr<const TlsClientContext> trust)
        : destination(to), conversation(with), context(std::move(trust)) {}

    using Next = Conversation::Next;
    const Destination& destination;
    Conversation& conversation;
    const std::shared_ptr<const TlsClientContext> context;
    std::optional<Resolver::Answer> addresses;
    std::optional<Dial> dial;
    Descriptor plain;  // before TLS
    std::unique_ptr<TlsStream> secure;
    std::string out;
    std::optional<Result<>> result;
    enum class Phase : std::uint8_t { lookup, dialling, handshake, talk } phase = Phase::lookup;

    void end(Result<> how) {
        if (!result) result = std::move(how);
    }
    // step goes as far as it can without waiting.
    void step(Reactor& reactor, Waiter& waiter);

private:
    bool look_up(Reactor& reactor, Waiter& waiter);
    bool connect(Waiter& waiter);
    bool shake_hands(Waiter& waiter);
    void begin_tls(Waiter& waiter);
    bool talk(Waiter& waiter);
    bool act(Next next, Waiter& waiter);
    IoResult read(std::span<std::uint8_t> into) { return secure ? secure->read(into) : plain.read(into); }
    IoResult write(ByteView from) { return secure ? secure->write(from) : plain.write(from); }
};

bool Courier::Trip::look_up(Reactor& reactor, Waiter& waiter) {
    if (!addresses) return false;
    if (!*addresses) {
        end(addresses->error());
        return true;
    }
    dial.emplace(reactor, waiter, std::move(addresses->value()), destination.port, connect_timeout);
    phase = Phase::dialling;
    return true;
}

bool Courier::Trip::connect(Waiter& waiter) {
    const auto state = dial->step();
    if (state == IoState::would_block) return false;
    if (state != IoState::done) {
        end(dial->error());
        return true;
    }
    plain = dial->take();
    plain.attach(waiter);
    if (destination.tls_from_the_start) {
        begin_tls(waiter);
        return true;
    }
    phase = Phase::talk;
    return act(conversation.begin(), waiter);
}

void Courier::Trip::begin_tls(Waiter& waiter) {
    secure = std::make_unique<TlsStream>(std::move(plain), context);
    secure->attach(waiter);
    phase = Phase::handshake;
}

bool Courier::Trip::shake_hands(Waiter& waiter) {
    const auto state = secure->handshake();
    if (state == IoState::would_block) return false;
    if (state != IoState::done) {
        end(Error(Errc::unavailable, "no TLS with " + destination.host + ": " + secure->handshake_detail()));
        return true;
    }
    phase = Phase::talk;
    return act(destination.tls_from_the_start ? conversation.begin() : conversation.secured(), waiter);
}

bool Courier::Trip::act(Next next, Waiter& waiter) {
    out += conversation.take_output();
    switch (next) {
        case Next::talk:
            break;
        case Next::secure:
            begin_tls(waiter);
            break;
        case Next::done:
            // A farewell goes out if it can; nobody waits for its answer.
            if (!out.empty()) (void)write(as_bytes(out));
            if (secure) (void)secure->shutdown();
            end({});
            break;
        case Next::failed:
            end(conversation.error());
            break;
    }
    return true;
}

// True when something moved.
bool Courier::Trip::talk(Waiter& waiter) {
    bool moved = false;
    while (!out.empty()) {
        const auto wrote = write(as_bytes(out));
        if (wrote.state == IoState::would_block) break;
        if (wrote.state != IoState::done) {
            end(Error(Errc::unavailable, destination.host + " broke the connection"));
            return true;
        }
        out.erase(0, wrote.bytes);
        moved = true;
    }
    if (secure && secure->holds_output()) (void)secure->flush();
    std::array<std::uint8_t, 4096> buffer;
    const auto got = read(buffer);
    if (got.state == IoState::would_block) return moved;
    if (got.state == IoState::done)
        return act(conversation.received(as_text(ByteView(buffer.data(), got.bytes))), waiter);
    const auto next = conversation.closed();
    return act(next == Next::talk ? Next::failed : next, waiter);
}

void Courier::Trip::step(Reactor& reactor, Waiter& waiter) {
    bool moved = true;
    while (moved && !result) {
        switch (phase) {
            case Phase::lookup:
                moved = look_up(reactor, waiter);
                break;
            case Phase::dialling:
                moved = connect(waiter);
                break;
            case Phase::handshake:
                moved = shake_hands(waiter);
                break;
            case Phase::talk:
                moved = talk(waiter);
                break;
        }
    }
}

Flow Courier::travel(Reactor& reactor, Trip* trip) {
    Waiter waiter(reactor);
    const auto deadline = reactor.now() + timeout;
    resolver_.resolve(reactor, trip->destination.host,
                      [trip, ticket = waiter.ticket(), &reactor](Resolver::Answer answer) {
                          trip->addresses = std::move(answer);
                          reactor.wake(ticket, Wake::control);
                      });
    for (;;) {
        trip->step(reactor, waiter);
        if (trip->result) break;
        // A question that was asked is waited for: its answer comes to this frame.
        const bool asked = trip->phase == Trip::Phase::lookup;
        if (!asked && waiter.cancelled()) trip->end(Error(Errc::closed, "the gateway is stopping"));
        if (!asked && reactor.now() >= deadline)
            trip->end(Error(Errc::timed_out, trip->destination.host + " took too long"));
        if (trip->result) break;
        auto until = asked ? SteadyTime::max() : deadline;
        if (trip->phase == Trip::Phase::dialling) until = std::min(until, trip->dial->deadline());
        co_await waiter.wait(until);
    }
    trip->dial.reset();
    trip->secure.reset();
    trip->plain.close();
}

Result<> Courier::carry(const Destination& destination, Conversation& conversation) {
    auto context = TlsClientContext::create(destination.ca_path, destination.host, destination.application);
    if (!context) return context.error();
    Trip trip(destination, conversation, std::move(*context));
    reactor_.turn();  // so that its time is of now
    travel(reactor_, &trip);
    while (!trip.result || reactor_.live_flows() > 0) reactor_.turn(Millis{1000});
    return std::move(*trip.result);
}

void Courier::give_up() noexcept {
    reactor_.post([this] { reactor_.cancel_all(); });
}

}  // namespace sekisho::gateway
