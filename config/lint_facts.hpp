#pragma once
// LintFacts is what the lint knows beside the model: certificates, disks, the clock. Gathered at one moment,
// so that every rule can be tested without touching a disk.
#include "base/clock.hpp"
#include "base/x509.hpp"
#include "config/accepted.hpp"
#include "config/model.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace sekisho::config {

struct CertificateOnDisk {
    std::optional<CertificateFacts> facts;  // absent: unreadable, which config/check complains about
    std::uint32_t key_mode = 0;             // permission bits of the key's file; 0 = unknown
};

struct DiskFacts {
    std::uint64_t device = 0;  // two places with the same number share a file system
    std::uint64_t total_bytes = 0, free_bytes = 0;
};

struct LintFacts {
    WallTime now{};                               // 0 = unknown: nothing is judged by date
    std::vector<CertificateOnDisk> certificates;  // as Model::tls.certificates; empty = not looked at
    std::vector<std::optional<CertificateFacts>>
        authorities;                                    // as Model::upstreams: the first certificate of `ca`
    std::optional<DiskFacts> data, audit, checkpoints;  // of the nearest folder that exists
    std::vector<Acceptance> accepted;                   // as the configuration has them
    std::optional<bool> clock_synchronised;             // absent: the kernel does not say
};

// gather_lint_facts reads the disk and the kernel's clock. It never fails: what cannot be read is absent.
LintFacts gather_lint_facts(const Model& model, WallTime now);

// disk_facts: the file system that holds `path`, or would when it is made.
std::optional<DiskFacts> disk_facts(const std::string& path);
// clock_synchronised asks the kernel whether something disciplines its clock.
std::optional<bool> clock_synchronised();

}  // namespace sekisho::config
