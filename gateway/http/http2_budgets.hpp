#pragma once
// Http2Budgets is how much of each kind of work a peer may cause on one connection that brings no request
// forward: a burst, and what grows back. A flood is told by what it spends, not by its name.
#include "base/clock.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace sekisho::gateway {

enum class Http2Spending : std::uint8_t {
    reset,         // a stream the peer opened and reset (CVE-2023-44487)
    made_reset,    // a stream we had to reset or refuse for what the peer did (CVE-2025-8671)
    settings,      // SETTINGS (CVE-2019-9515)
    ping,          // PING (CVE-2019-9512)
    priority,      // PRIORITY and PRIORITY_UPDATE (CVE-2019-9513)
    empty,         // DATA without bytes or end, unknown frames (CVE-2019-9518)
    window,        // WINDOW_UPDATE beyond what our DATA asks for
    small_window,  // DATA cut to less than kSmallWindowBytes by the peer's window (CVE-2019-9511)
};
inline constexpr std::size_t kHttp2Spendings = 8;
inline constexpr std::size_t kSmallWindowBytes = 256;

// Why a connection is over; names as in the metric.
enum class Http2Fault : std::uint8_t {
    none,
    reset_flood,
    made_reset_flood,
    settings_flood,
    ping_flood,
    priority_flood,
    empty_flood,
    window_flood,
    small_window_flood,
    continuation_flood,  // too many CONTINUATION frames in one field section, or empty ones
    head_flood,          // a field section beyond four times what a head may have
    slow_head,           // a field section that takes longer than a head may
    protocol,            // the peer broke HTTP/2
    peer_left,           // GOAWAY with nothing open; no fault
};
std::string_view to_text(Http2Fault fault) noexcept;

struct Http2Budget {
    std::uint16_t burst;
    std::uint16_t per_second;
};
// In the order of Http2Spending (docs/limits.md).
inline constexpr std::array<Http2Budget, kHttp2Spendings> kHttp2Budgets = {{
    {300, 30},    // reset: a browser that leaves a page resets what it loads
    {100, 10},    // made_reset
    {20, 2},      // settings
    {50, 5},      // ping: gRPC clients ping every some seconds, and with the data they get
    {500, 50},    // priority
    {100, 10},    // empty
    {1000, 500},  // window
    {500, 50},    // small_window
}};

class Http2Budgets {
public:
    // spend: false when this budget is empty.
    bool spend(Http2Spending what, SteadyTime now) noexcept;
    // earn gives back: our DATA is worth some WINDOW_UPDATE.
    void earn(Http2Spending what, std::uint32_t times) noexcept;

private:
    struct Left {
        std::uint32_t spent = 0;
        SteadyTime since{};
    };
    std::array<Left, kHttp2Spendings> left_{};
};

}  // namespace sekisho::gateway
