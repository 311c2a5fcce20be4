#include "base/password_list_io.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sekisho {

Result<PasswordList> PasswordList::open(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0)
        return errno == EACCES ? Error(Errc::denied, "permission denied")
                               : Error(Errc::not_found, "there is no such file");
    PasswordList list(descriptor, 0);
    struct stat status {};
    if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        return Error(Errc::malformed, "it is no regular file");
    list.size_bytes_ = static_cast<std::uint64_t>(status.st_size);
    if (auto judged = judge_list(list.reader(), list.size_bytes_); !judged) return judged.error();
    return list;
}

PasswordList::PasswordList(PasswordList&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_bytes_(other.size_bytes_) {}

PasswordList::~PasswordList() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

ReadAt PasswordList::reader() const {
    return [this](std::uint64_t offset, std::span<char> into) -> Result<std::size_t> {
        std::size_t filled = 0;
        while (filled < into.size()) {
            const auto got = ::pread(descriptor_, into.data() + filled, into.size() - filled,
                                     static_cast<off_t>(offset + filled));
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return Error(Errc::unavailable, "the list cannot be read");
            if (got == 0) break;
            filled += static_cast<std::size_t>(got);
        }
        return filled;
    };
}

Result<bool> PasswordList::holds(std::string_view password) const {
    const auto found = list_holds(reader(), size_bytes_, password_list_entry(password));
    if (!found)
        return Error(Errc::unavailable, "list of refused passwords: " + std::string(found.error().detail()));
    return *found;
}

}  // namespace sekisho
