#include "auth/data_directory.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sekisho::auth {

Result<DataDirectory> DataDirectory::open(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return Error(Errc::unavailable, "cannot make the data directory " + path);
    const int descriptor = ::open((path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return Error(Errc::unavailable, "cannot open the lock in " + path);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        const bool held = errno == EWOULDBLOCK;
        ::close(descriptor);
        return held ? Error(Errc::exists, "another process works in " + path)
                    : Error(Errc::unavailable, "cannot lock " + path);
    }
    return DataDirectory(path, descriptor);
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

DataDirectory& DataDirectory::operator=(DataDirectory&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

DataDirectory::~DataDirectory() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace sekisho::auth
