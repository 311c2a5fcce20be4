#pragma once
// Dial connects to the first address that answers, one after the other, without blocking.
#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/result.hpp"
#include "gateway/net/descriptor_io.hpp"

#include <vector>

namespace sekisho::gateway {

class Dial {
public:
    // `waiter` is woken when step() has something to do; give wait() a deadline of at most deadline().
    Dial(Reactor& reactor, Waiter& waiter, std::vector<IpAddress> addresses, std::uint16_t port,
         Millis attempt_timeout);

    // step: done (then take()), would_block, or failed with error().
    IoState step();
    SteadyTime deadline() const noexcept { return deadline_; }  // of this attempt
    Descriptor take() noexcept { return std::move(socket_); }
    // error: of the last attempt; Errc::timed_out, unavailable, or denied (an address R33 forbids).
    const Error& error() const noexcept { return error_; }
    const IpAddress& address() const noexcept { return address_; }  // of this attempt

private:
    bool begin();
    void give_up(Errc code, std::string_view why);

    Reactor& reactor_;
    Waiter& waiter_;
    std::vector<IpAddress> addresses_;
    std::size_t next_ = 0;
    std::uint16_t port_;
    Millis attempt_timeout_;
    SteadyTime deadline_ = SteadyTime::max();
    IpAddress address_;
    Descriptor socket_;
    Error error_;
};

}  // namespace sekisho::gateway
