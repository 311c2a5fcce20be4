#pragma once
// ServiceManager tells whoever started the gateway how it is: ready, stopping, alive. Plain datagrams; no
// library, no error ever matters to service.
// Source: sd_notify(3), sd_watchdog_enabled(3).
#include "base/clock.hpp"

#include <string>
#include <string_view>

namespace sekisho::gateway {

class ServiceManager {
public:
    // take reads and removes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
    // Thread: call once, before any other thread exists.
    static ServiceManager take();
    ServiceManager() = default;

    // Each sends one datagram, or nothing when nobody asked to be told. Never blocks.
    void ready(std::string_view status) const noexcept;
    // stopping asks for the time a drain may take.
    void stopping(Millis drain) const noexcept;
    void alive() const noexcept;  // only when a watchdog waits for it

private:
    void tell(std::string_view lines) const noexcept;
    std::string address_;  // a path, or '@' and an abstract name
    bool watched_ = false;
};

}  // namespace sekisho::gateway
