#pragma once
// UpstreamConnect makes one new connection to an upstream: name, address, TLS and the protocol agreed on.
#include "gateway/forward/upstream_pool_io.hpp"
#include "gateway/http/message_fault.hpp"
#include "gateway/http/upstream_side.hpp"

#include <memory>
#include <optional>

namespace sekisho::gateway {

class UpstreamConnect {
public:
    // Begins at once. `waiter` is woken when step() has something to do; deadline() is its to keep.
    UpstreamConnect(UpstreamPool& pool, Waiter& waiter);

    // step: done (then take()), would_block, or failed with fault(). The attempt is counted once, here.
    IoState step();
    std::unique_ptr<UpstreamConnection> take() noexcept { return std::move(connection_); }
    UpstreamFault fault() const noexcept { return fault_; }
    MessageFault message_fault() const noexcept { return message_fault_; }
    SteadyTime deadline() const noexcept;
    // expire is called when deadline() has passed: the next address is tried, or step() fails.
    void expire(SteadyTime now);

private:
    enum class Phase : std::uint8_t { resolving, dialling, greeting, ready, failed };
    struct Lookup {
        std::optional<Resolver::Answer> answer;
    };

    bool advance_lookup();
    bool advance_dial();
    bool advance_greeting();
    void greeted();
    void fail(UpstreamFault fault, ConnectResult result, MessageFault message = {});

    UpstreamPool& pool_;
    std::optional<UpstreamPool::Use> dialling_;  // until connection_ counts
    Waiter& waiter_;
    std::shared_ptr<Lookup> lookup_;
    std::optional<Dial> dial_;
    std::unique_ptr<UpstreamConnection> connection_;
    TlsStream* greeting_ = nullptr;  // while the handshake goes on
    SteadyTime began_, greeting_began_{};
    Phase phase_ = Phase::resolving;
    UpstreamFault fault_ = UpstreamFault::none;
    MessageFault message_fault_;
};

}  // namespace sekisho::gateway
