#pragma once
// MessageFault is why a message of a client or an upstream was refused, under one name for log and metric
// whichever part found it: a HeadFault, a BodyFault, or what only time and order show.
#include "gateway/http/body.hpp"
#include "gateway/http/head_rules.hpp"
#include "telemetry/metrics_table.hpp"

namespace sekisho::gateway {

class MessageFault {
public:
    enum class Late : std::uint8_t {
        head_timeout,   // a head not whole within its time
        slow_body,      // a client that sends below the least rate
        slow_read,      // a client that reads below it
        interim_storm,  // an upstream with more 1xx than are passed on
        not_http2,      // an upstream that does not speak HTTP/2 where that is configured
        http2_broken,   // one whose HTTP/2 connection was ended for what it sent
        stream_reset,   // one that reset the request's stream
        other,
    };
    constexpr MessageFault() noexcept = default;  // none
    constexpr MessageFault(HeadFault fault) noexcept : name_(static_cast<std::uint8_t>(fault)) {}
    constexpr MessageFault(BodyFault fault) noexcept
        : name_(fault == BodyFault::none ? std::uint8_t{0}
                                         : static_cast<std::uint8_t>(heads + static_cast<unsigned>(fault))) {}
    constexpr MessageFault(Late fault) noexcept
        : name_(static_cast<std::uint8_t>(heads + bodies + 1 + static_cast<unsigned>(fault))) {}

    constexpr explicit operator bool() const noexcept { return name_ != 0; }
    // As label_values::message_fault; only when there is one.
    constexpr std::uint8_t label() const noexcept { return static_cast<std::uint8_t>(name_ - 1); }
    constexpr std::string_view text() const noexcept {
        return telemetry::label_values::message_fault[label()];
    }
    friend constexpr bool operator==(MessageFault, MessageFault) noexcept = default;

private:
    static constexpr unsigned heads = static_cast<unsigned>(HeadFault::length_forbidden);  // the last ones
    static constexpr unsigned bodies = static_cast<unsigned>(BodyFault::truncated);
    std::uint8_t name_ = 0;
    static_assert(heads + bodies + 1 + static_cast<unsigned>(Late::other) ==
                      std::size(telemetry::label_values::message_fault),
                  "a fault without a name in telemetry/metrics_table.hpp");
};

}  // namespace sekisho::gateway
