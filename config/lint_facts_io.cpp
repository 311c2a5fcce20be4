// Reading what the lint judges from the disk and the kernel.
#include "config/files.hpp"
#include "config/lint_facts.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

namespace sekisho::config {
namespace {

constexpr std::size_t pem_bytes_max = 1u << 20;
constexpr int parents_max = 64;

std::optional<CertificateFacts> certificate_at(const std::string& path) {
    const auto pem = DiskFiles().read(path, pem_bytes_max);
    if (!pem) return std::nullopt;
    auto facts = read_chain(*pem);
    if (!facts) return std::nullopt;
    return std::move(*facts);
}

std::uint32_t mode_of(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777u : 0u;
}

}  // namespace

std::optional<DiskFacts> disk_facts(const std::string& path) {
    auto at = path;
    for (int i = 0; i < parents_max; ++i) {
        struct stat status {};
        struct statvfs space {};
        if (::stat(at.c_str(), &status) == 0 && ::statvfs(at.c_str(), &space) == 0)
            return DiskFacts{status.st_dev, std::uint64_t{space.f_blocks} * space.f_frsize,
                             std::uint64_t{space.f_bavail} * space.f_frsize};
        if (at == "/" || at == ".") break;
        at = folder_of(at);
        if (at.empty()) at = ".";
    }
    return std::nullopt;
}

std::optional<bool> clock_synchronised() {
    struct timex state {};
    const int answer = ::adjtimex(&state);
    if (answer < 0) return std::nullopt;
    return answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

LintFacts gather_lint_facts(const Model& model, WallTime now) {
    LintFacts facts;
    facts.now = now;
    for (const auto& certificate : model.tls.certificates)
        facts.certificates.push_back({certificate_at(certificate.chain_path), mode_of(certificate.key_path)});
    for (const auto& upstream : model.upstreams)
        facts.authorities.push_back(upstream.ca_path.empty() ? std::nullopt
                                                             : certificate_at(upstream.ca_path));
    facts.data = disk_facts(model.store.data_directory);
    facts.audit = disk_facts(model.audit.directory);
    if (!model.audit.checkpoint_path.empty()) facts.checkpoints = disk_facts(model.audit.checkpoint_path);
    facts.clock_synchronised = clock_synchronised();
    return facts;
}

}  // namespace sekisho::config
