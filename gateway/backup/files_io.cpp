#include "gateway/backup/files_io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sekisho::gateway {
namespace {

constexpr std::size_t piece_bytes = 1u << 20;

Error os_error(const std::filesystem::path& path) {
    const auto code = errno == ENOENT ? Errc::not_found : errno == EEXIST ? Errc::exists : Errc::unavailable;
    return Error(code, fmt::format("{}: {}", path.string(), std::strerror(errno)));
}

}  // namespace

Result<UniqueFd> open_to_read(const std::filesystem::path& path) {
    UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return os_error(path);
    return file;
}

Result<UniqueFd> create_new(const std::filesystem::path& path) {
    UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return os_error(path);
    return file;
}

Result<std::uint64_t> size_of(const UniqueFd& file) {
    struct stat facts {};
    if (::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode))
        return Error(Errc::unavailable, "this is no file");
    return static_cast<std::uint64_t>(facts.st_size);
}

Result<> each_piece(const UniqueFd& file, std::uint64_t at, std::uint64_t count,
                    const std::function<Result<>(ByteView)>& take) {
    Bytes piece(static_cast<std::size_t>(std::min<std::uint64_t>(count, piece_bytes)));
    while (count > 0) {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(count, piece.size()));
        const auto got = ::pread(file.get(), piece.data(), wanted, static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return Error(Errc::unavailable, "a file became shorter, or cannot be read");
        if (auto taken = take(ByteView(piece).first(static_cast<std::size_t>(got))); !taken) return taken;
        at += static_cast<std::uint64_t>(got);
        count -= static_cast<std::uint64_t>(got);
    }
    return {};
}

Result<std::uint64_t> last_whole(const UniqueFd& file, std::uint64_t size, std::string_view mark) {
    const auto window = std::min<std::uint64_t>(size, 4 * piece_bytes);
    std::string tail;
    if (auto read = each_piece(file, size - window, window,
                               [&](ByteView piece) {
                                   tail += as_text(piece);
                                   return Result<>();
                               });
        !read)
        return read.error();
    const auto found = tail.rfind(mark);
    return found == std::string::npos ? std::uint64_t{0} : size - window + found + mark.size();
}

Result<> write_whole(int output, ByteView bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(output, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0)
            return Error(Errc::unavailable, fmt::format("cannot write: {}", std::strerror(errno)));
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

Result<> sync(const UniqueFd& file, const std::filesystem::path& path) {
    if (::fsync(file.get()) != 0) return os_error(path);
    return {};
}

Result<> sync_folders(const std::vector<std::filesystem::path>& folders) {
    for (const auto& folder : folders) {
        const UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!opened || ::fsync(opened.get()) != 0) return os_error(folder);
    }
    return {};
}

}  // namespace sekisho::gateway
