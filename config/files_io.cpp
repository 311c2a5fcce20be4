// Reading configuration text from the disk.
#include "config/files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace sekisho::config {
namespace {

Errc code_of(int error) noexcept {
    if (error == ENOENT || error == ENOTDIR) return Errc::not_found;
    if (error == EACCES || error == EPERM) return Errc::denied;
    return Errc::unavailable;
}

Result<std::string> drain(int descriptor, const std::string& path, std::size_t bytes_max) {
    std::string text;
    std::array<char, 65536> chunk{};
    for (;;) {
        const auto got = ::read(descriptor, chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error(code_of(errno), path);
        if (got == 0) return text;
        text.append(chunk.data(), static_cast<std::size_t>(got));
        if (text.size() > bytes_max) return Error(Errc::too_large, path);
    }
}

}  // namespace

Result<std::string> DiskFiles::read(const std::string& path, std::size_t bytes_max) const {
    // O_NONBLOCK: a FIFO in an included folder must not stop the start.
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) return Error(code_of(errno), path);
    struct stat facts {};
    const bool regular = ::fstat(descriptor, &facts) == 0 && S_ISREG(facts.st_mode);
    auto text =
        regular ? drain(descriptor, path, bytes_max) : Result<std::string>(Error(Errc::unavailable, path));
    ::close(descriptor);
    return text;
}

std::vector<std::string> DiskFiles::glob(const std::string& pattern) const {
    const auto folder = folder_of(pattern);
    const auto last = std::string_view(pattern).substr(pattern.rfind('/') + 1);
    std::vector<std::string> found;
    std::error_code error;
    std::filesystem::directory_iterator entries(folder.empty() ? "." : folder, error), end;
    while (!error && entries != end) {
        const auto name = entries->path().filename().string();
        if (glob_matches(last, name) && entries->is_regular_file(error))
            found.push_back(resolve_path(folder, name));
        entries.increment(error);
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace sekisho::config
