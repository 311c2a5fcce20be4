// What the kernel knows about this process, read from /proc at scrape.
#include "base/clock.hpp"
#include "telemetry/metrics.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sekisho::telemetry {
namespace {

// Fields of /proc/self/stat after the program's name, which may hold blanks; [0] is field 3 of proc(5).
std::vector<double> stat_fields() {
    std::ifstream file("/proc/self/stat");
    std::string text;
    std::getline(file, text);
    std::istringstream rest(text.substr(std::min(text.size(), text.rfind(')') + 2)));
    std::string state;
    rest >> state;
    std::vector<double> fields{0};
    for (double value = 0; rest >> value;) fields.push_back(value);
    fields.resize(std::max<std::size_t>(fields.size(), 50));
    return fields;
}

double boot_time() {
    std::ifstream file("/proc/stat");
    for (std::string word; file >> word;)
        if (double seconds = 0; word == "btime" && file >> seconds) return seconds;
    return 0;
}

// The lowest memory.max from this process's control group (version 2) up to the root; what the machine has
// where none says less.
double memory_limit_bytes() {
    double least =
        static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
    std::ifstream groups("/proc/self/cgroup");
    std::string line, group;
    while (std::getline(groups, line))
        if (line.starts_with("0::")) group = line.substr(3);
    for (std::filesystem::path at = group; !at.empty(); at = at.parent_path()) {
        std::ifstream file("/sys/fs/cgroup" + at.string() + "/memory.max");
        // "max" reads as no number.
        if (double value = 0; file >> value && value > 0) least = std::min(least, value);
        if (at == at.parent_path()) break;
    }
    return least;
}

double descriptor_limit() {
    rlimit limit{};
    return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<double>(limit.rlim_cur) : 0;
}

Scrape one(double (*value)()) {
    return [value] { return std::vector<Sample>{{{}, value()}}; };
}

// Field numbers of proc(5) less 3.
double cpu_seconds() {
    const auto fields = stat_fields();
    return (fields[11] + fields[12]) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}
double threads() { return stat_fields()[17]; }
double virtual_bytes() { return stat_fields()[20]; }
double resident_bytes() { return stat_fields()[21] * static_cast<double>(::sysconf(_SC_PAGESIZE)); }
double start_time() { return boot_time() + stat_fields()[19] / static_cast<double>(::sysconf(_SC_CLK_TCK)); }

std::string compiler() {
#ifdef __clang__
    return fmt::format("clang {}", __clang_major__);
#else
    return fmt::format("g++ {}", __GNUC__);
#endif
}

}  // namespace

std::uint64_t open_descriptors() {
    // Linux 6.2 and later say the number as the folder's size; before, it is 0 and they are counted.
    struct stat folder {};
    if (::stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0)
        return static_cast<std::uint64_t>(folder.st_size);
    std::error_code error;
    std::uint64_t count = 0;
    for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end;
         at.increment(error))
        ++count;
    return count;
}

void use_process_metrics(Registry& registry, std::string_view version, std::string_view tls_library) {
    registry.on_scrape(Metric::build_info, [labels = std::vector<std::string>{
                                                std::string(version), compiler(), std::string(tls_library)}] {
        return std::vector<Sample>{{labels, 1}};
    });
    registry.on_scrape(Metric::process_cpu, one(cpu_seconds));
    registry.on_scrape(Metric::process_resident, one(resident_bytes));
    registry.on_scrape(Metric::process_memory_limit, one(memory_limit_bytes));
    registry.on_scrape(Metric::process_virtual, one(virtual_bytes));
    registry.on_scrape(Metric::process_threads, one(threads));
    registry.on_scrape(Metric::process_start_time, one(start_time));
    registry.on_scrape(Metric::process_open_fds, one([] { return static_cast<double>(open_descriptors()); }));
    registry.on_scrape(Metric::process_max_fds, one(descriptor_limit));
}

}  // namespace sekisho::telemetry
