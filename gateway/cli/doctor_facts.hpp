#pragma once
// MachineFacts is what `sekisho doctor` finds on this machine; examine judges it without touching anything.
#include "config/diagnostics.hpp"
#include "config/lint_facts.hpp"
#include "config/model.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sekisho::gateway::cli {

struct UpstreamFacts {
    std::string name, target;  // "10.8.0.20:8443"
    std::string resolve_error, connect_error, handshake_error;
};

struct PortFacts {
    std::string address;  // "0.0.0.0:443"
    int error = 0;        // errno of an attempt to bind; 0 = free
};

// What the kernel does not say is absent, and not judged.
struct MachineFacts {
    std::optional<std::uint64_t> descriptors;  // hard limit of RLIMIT_NOFILE
    std::optional<std::uint64_t> accept_backlog, syn_backlog, descriptors_of_all, overcommit;
    std::optional<std::uint64_t> port_first, port_last;
    std::optional<bool> clock_synchronised;
    bool random_ready = true;
    std::optional<config::DiskFacts> data, audit;
    std::optional<Millis> sync_time;         // of a small write in the audit's folder
    std::optional<std::uint32_t> data_mode;  // permission bits
    bool data_is_ours = true;
    bool is_root = false;
    bool gateway_runs = false;  // then its ports are taken by itself
    std::vector<UpstreamFacts> upstreams;
    std::vector<PortFacts> ports;
};

// gather asks the kernel, writes and syncs one small file beside the audit record, looks up and connects to
// each upstream, and tries each port. Bounded: some seconds for each upstream that does not answer.
MachineFacts gather(const config::Model& model);

// examine gives what should be changed, worst first; empty when nothing should.
std::vector<config::Diagnostic> examine(const config::Model& model, const MachineFacts& facts);

}  // namespace sekisho::gateway::cli
