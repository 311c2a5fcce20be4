// Asking the kernel, the disk and the network, one after the other.
#include "base/text.hpp"
#include "config/scalar.hpp"
#include "gateway/cli/doctor_facts.hpp"
#include "gateway/control/admin_socket_io.hpp"
#include "gateway/net/tls_probe_io.hpp"

#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sekisho::gateway::cli {
namespace {

constexpr Millis probe_timeout{3'000};

// The numbers of one file under /proc/sys.
std::vector<std::uint64_t> kernel_setting(const std::string& name) {
    std::ifstream file("/proc/sys/" + name);
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t number = 0; numbers.size() < 4 && file >> number;) numbers.push_back(number);
    return numbers;
}

std::optional<std::uint64_t> kernel_number(const std::string& name) {
    const auto numbers = kernel_setting(name);
    return numbers.empty() ? std::nullopt : std::optional(numbers.front());
}

// How long a small write takes to be on the disk; nothing when the folder cannot be written to.
std::optional<Millis> sync_time(const std::string& folder) {
    auto path = folder + "/.doctor-XXXXXX";
    const int fd = ::mkstemp(path.data());
    if (fd < 0) return std::nullopt;
    const std::string block(4096, '\0');
    const auto begin = std::chrono::steady_clock::now();
    const bool written =
        ::write(fd, block.data(), block.size()) == static_cast<ssize_t>(block.size()) && ::fsync(fd) == 0;
    const auto took = std::chrono::steady_clock::now() - begin;
    ::close(fd);
    ::unlink(path.c_str());
    if (!written) return std::nullopt;
    return std::chrono::duration_cast<Millis>(took);
}

void gather_kernel(MachineFacts& facts) {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) facts.descriptors = files.rlim_max;
    facts.accept_backlog = kernel_number("net/core/somaxconn");
    facts.syn_backlog = kernel_number("net/ipv4/tcp_max_syn_backlog");
    facts.descriptors_of_all = kernel_number("fs/file-max");
    facts.overcommit = kernel_number("vm/overcommit_memory");
    if (const auto range = kernel_setting("net/ipv4/ip_local_port_range"); range.size() == 2) {
        facts.port_first = range[0];
        facts.port_last = range[1];
    }
    facts.clock_synchronised = config::clock_synchronised();
    char byte = 0;
    facts.random_ready = ::getrandom(&byte, 1, GRND_NONBLOCK) == 1;
}

void gather_disk(const config::Model& model, MachineFacts& facts) {
    facts.data = config::disk_facts(model.store.data_directory);
    facts.audit = config::disk_facts(model.audit.directory);
    facts.sync_time = sync_time(model.audit.directory);
    struct stat status {};
    if (::stat(model.store.data_directory.c_str(), &status) != 0) return;
    facts.data_mode = status.st_mode & 0777u;
    facts.data_is_ours = status.st_uid == ::geteuid() || ::geteuid() == 0;
}

void gather_ports(const config::Model& model, MachineFacts& facts) {
    const auto& key = *config::find_key("ops.listen");
    auto all = model.listen.https;
    all.insert(all.end(), model.listen.http_redirect.begin(), model.listen.http_redirect.end());
    all.push_back(model.ops.listen);
    for (const auto& endpoint : all)
        if (endpoint.port != 0)
            facts.ports.push_back(
                {config::print_one(key, endpoint), bind_error(endpoint.address, endpoint.port)});
}

void gather_upstreams(const config::Model& model, MachineFacts& facts) {
    using Step = ProbeResult::Step;
    for (const auto& upstream : model.upstreams) {
        const auto probe = probe_upstream(upstream, std::min(probe_timeout, upstream.connect_timeout));
        UpstreamFacts found{upstream.name, upstream.host + ":" + std::to_string(upstream.port), {}, {}, {}};
        if (probe.failed == Step::resolve) found.resolve_error = probe.why;
        if (probe.failed == Step::connect) found.connect_error = probe.why;
        if (probe.failed == Step::handshake) found.handshake_error = probe.why;
        facts.upstreams.push_back(std::move(found));
    }
}

}  // namespace

MachineFacts gather(const config::Model& model) {
    MachineFacts facts;
    gather_kernel(facts);
    gather_disk(model, facts);
    facts.is_root = ::geteuid() == 0;
    facts.gateway_runs = admin_call(model.ops.admin_socket, R"({"verb":"status","args":{}})").has_value();
    gather_ports(model, facts);
    gather_upstreams(model, facts);
    return facts;
}

}  // namespace sekisho::gateway::cli
