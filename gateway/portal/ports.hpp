#pragma once
// Ports are what the portal needs from the rest of the gateway and does not know itself.
#include "gateway/portal/pages.hpp"

namespace sekisho::gateway {

// StatusSource reads the figures of the ops page: rates and percentiles over the last minute, gauges now.
// Thread: any.
class StatusSource {
public:
    virtual ~StatusSource() = default;
    virtual OpsStatus status(Language language) const = 0;
};

}  // namespace sekisho::gateway
