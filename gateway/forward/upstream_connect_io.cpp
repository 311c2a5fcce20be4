#include "gateway/forward/upstream_connect_io.hpp"

namespace sekisho::gateway {
namespace {

constexpr int dial_attempts_worth = 4;  // connect time-outs that all addresses together may take

}  // namespace

UpstreamConnect::UpstreamConnect(UpstreamPool& pool, Waiter& waiter)
    : pool_(pool),
      dialling_(pool.dialling()),
      waiter_(waiter),
      lookup_(std::make_shared<Lookup>()),
      began_(pool.reactor().now()) {
    if (auto known = pool_.resolver().peek(pool_.upstream().host)) {
        lookup_->answer = std::move(*known);
        return;
    }
    pool_.resolver().resolve(
        pool_.reactor(), pool_.upstream().host,
        [lookup = lookup_, ticket = waiter_.ticket(), &reactor = pool_.reactor()](Resolver::Answer answer) {
            lookup->answer = std::move(answer);
            reactor.wake(ticket, Wake::control);
        });
}

IoState UpstreamConnect::step() {
    for (;;) {
        switch (phase_) {
            case Phase::resolving:
                if (!advance_lookup()) return IoState::would_block;
                break;
            case Phase::dialling:
                if (!advance_dial()) return IoState::would_block;
                break;
            case Phase::greeting:
                if (!advance_greeting()) return IoState::would_block;
                break;
            case Phase::ready:
                return IoState::done;
            case Phase::failed:
                return IoState::failed;
        }
    }
}

bool UpstreamConnect::advance_lookup() {
    if (!lookup_->answer) return false;
    if (!*lookup_->answer || lookup_->answer->value().empty()) {
        fail(UpstreamFault::refused, ConnectResult::resolve);
        return true;
    }
    dial_.emplace(pool_.reactor(), waiter_, std::move(lookup_->answer->value()), pool_.upstream().port,
                  pool_.upstream().connect_timeout);
    lookup_.reset();
    phase_ = Phase::dialling;
    return true;
}

bool UpstreamConnect::advance_dial() {
    const auto state = dial_->step();
    if (state == IoState::would_block) return false;
    if (state != IoState::done) {
        const bool late = dial_->error().code() == Errc::timed_out;
        fail(UpstreamFault::refused, late ? ConnectResult::timed_out : ConnectResult::refused);
        return true;
    }
    if (pool_.tls()) {
        auto stream = std::make_unique<TlsStream>(
            dial_->take(), std::static_pointer_cast<const TlsClientContext>(pool_.tls()));
        greeting_ = stream.get();
        connection_ = std::make_unique<UpstreamConnection>(pool_, std::move(stream));
        connection_->stream().attach(waiter_);
        phase_ = Phase::greeting;
        greeting_began_ = pool_.reactor().now();
    } else {
        connection_ =
            std::make_unique<UpstreamConnection>(pool_, std::make_unique<PlainStream>(dial_->take()));
        greeted();
    }
    dial_.reset();
    dialling_.reset();
    return true;
}

bool UpstreamConnect::advance_greeting() {
    const auto state = greeting_->handshake();
    if (state == IoState::would_block) return false;
    const bool http2 = pool_.upstream().protocol == config::UpstreamProtocol::http2;
    if (state != IoState::done) {
        if (http2 && greeting_->handshake_fault() == HandshakeFault::alpn)
            fail(UpstreamFault::protocol, ConnectResult::protocol, MessageFault::Late::not_http2);
        else
            fail(UpstreamFault::tls, ConnectResult::tls);
    } else if (http2 && greeting_->facts().alpn != "h2") {
        fail(UpstreamFault::protocol, ConnectResult::protocol, MessageFault::Late::not_http2);
    } else {
        greeted();
    }
    greeting_ = nullptr;
    return true;
}

void UpstreamConnect::greeted() {
    pool_.count_connect(ConnectResult::connected, began_);
    phase_ = Phase::ready;
}

void UpstreamConnect::fail(UpstreamFault fault, ConnectResult result, MessageFault message) {
    pool_.count_connect(result, began_);
    fault_ = fault;
    message_fault_ = message;
    dialling_.reset();
    phase_ = Phase::failed;
}

SteadyTime UpstreamConnect::deadline() const noexcept {
    switch (phase_) {
        case Phase::greeting:
            return greeting_began_ + pool_.upstream().connect_timeout;
        case Phase::resolving:
            return began_ + pool_.upstream().connect_timeout;
        case Phase::dialling:
            return dial_->deadline();
        default:
            return SteadyTime::max();
    }
}

void UpstreamConnect::expire(SteadyTime now) {
    if (phase_ == Phase::ready || phase_ == Phase::failed) return;
    const bool next_address =
        phase_ == Phase::dialling && now < began_ + dial_attempts_worth * pool_.upstream().connect_timeout;
    if (!next_address) fail(UpstreamFault::timed_out, ConnectResult::timed_out);
}

}  // namespace sekisho::gateway
