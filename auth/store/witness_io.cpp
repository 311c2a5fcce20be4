#include "auth/store/witness_io.hpp"

#include "base/text.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace sekisho::auth {
namespace {

constexpr std::string_view mark = "sekisho-store-head 1 ";

Error trouble(const std::string& path, const char* what) {
    return Error(Errc::unavailable, "the store's witness " + path + " cannot be " + what);
}

}  // namespace

Result<std::int64_t> StoreWitness::last() const {
    if (path_.empty()) return 0;
    const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) return 0;
    if (file < 0) return trouble(path_, "read");
    std::array<char, 128> buffer;
    const auto got = ::read(file, buffer.data(), buffer.size());
    ::close(file);
    if (got < 0) return trouble(path_, "read");
    const std::string_view line(buffer.data(), static_cast<std::size_t>(got));
    if (!line.starts_with(mark) || !line.ends_with('\n'))
        return Error(Errc::malformed, "the store's witness " + path_ + " is damaged");
    const auto head = parse_unsigned(line.substr(mark.size(), line.size() - mark.size() - 1), INT64_MAX);
    if (!head) return Error(Errc::malformed, "the store's witness " + path_ + " is damaged");
    return static_cast<std::int64_t>(*head);
}

Result<> StoreWitness::note(std::int64_t head) {
    const std::lock_guard lock(mutex_);
    if (path_.empty() || head <= noted_) return {};
    const auto line = std::string(mark) + std::to_string(head) + "\n", beside = path_ + ".new";
    const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return trouble(path_, "written");
    bool good =
        ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(file) == 0;
    good = ::close(file) == 0 && good && ::rename(beside.c_str(), path_.c_str()) == 0;
    if (!good) return trouble(path_, "written");
    noted_ = head;
    return {};
}

}  // namespace sekisho::auth
