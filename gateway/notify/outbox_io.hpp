#pragma once
// Outbox delivers what Notices kept, each channel on a thread of its own: at least once, again after a
// growing wait while it fails, given up and recorded in the end. What waits survives a restart.
#include "gateway/net/resolver_io.hpp"
#include "gateway/notify/notice.hpp"

#include <array>

namespace sekisho::gateway {

class Outbox {
public:
    static constexpr Millis looked_every{1000};

    // All outlive the outbox. It starts at once.
    Outbox(auth::Store& store, Notices& notices, Resolver& resolver, const Clock& clock,
           telemetry::Registry& registry, telemetry::Log& log, telemetry::AuditWriter& audit);
    // Ends what is being delivered; it goes out again after the next start.
    ~Outbox();

private:
    class Line;
    std::array<std::unique_ptr<Line>, 3> lines_;
    Notices& notices_;
};

}  // namespace sekisho::gateway
