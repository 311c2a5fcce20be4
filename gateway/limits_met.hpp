#pragma once
// The configured limits that a peer can meet, as sekisho_limits_reached_total names them.
#include "telemetry/metrics.hpp"

#include <string>
#include <vector>

namespace sekisho::gateway {

enum class MetLimit : std::uint8_t {
    connections,
    connections_per_address,
    handshakes_per_address,
    handshake_rate,
    head,
    target,
    body,
    descriptors,
    hash_queue,
    page_queue
};

// limit_labels gives each of them its label, in the order of the enum.
inline std::vector<telemetry::LabelId> limit_labels(telemetry::Registry& registry) {
    return registry.name_labels(
        telemetry::Label::limit,
        {"connections", "connections_per_address", "handshakes_per_address", "handshake_rate", "head",
         "target", "body", "descriptors", "hash_queue", "page_queue"});
}

}  // namespace sekisho::gateway
