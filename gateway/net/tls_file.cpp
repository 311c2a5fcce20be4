#include "gateway/net/tls_file.hpp"

#include "base/clock.hpp"
#include "config/files.hpp"

#include <fmt/format.h>

#include <utility>

namespace sekisho::gateway {
namespace {
constexpr Seconds settles{2};
}

ChangingFile::Stamp ChangingFile::stamp() const {
    std::error_code failed;
    Stamp found;
    found.written = std::filesystem::last_write_time(path_, failed);
    if (failed) return {};
    found.bytes = std::filesystem::file_size(path_, failed);
    found.exists = !failed;
    return found;
}

Result<std::optional<Bytes>> ChangingFile::read_if_changed() {
    const auto now = stamp();
    if (seen_ == now) return std::optional<Bytes>{};
    // Two writes within one tick of the file system's clock have one stamp: what was written a moment ago is
    // looked at again, and compared.
    const bool settled = !now.exists || std::filesystem::file_time_type::clock::now() - now.written > settles;
    seen_ = settled ? std::optional(now) : std::nullopt;
    if (!now.exists) return Error(Errc::not_found, fmt::format("{}: no such file", path_));
    auto text = config::DiskFiles().read(path_, bytes_max_);
    if (!text) return Error(text.error().code(), fmt::format("{}: {}", path_, text.error().detail()));
    const auto digest = sha256(as_bytes(*text));
    if (digest == std::exchange(read_, digest)) return std::optional<Bytes>{};
    return std::optional<Bytes>(Bytes(text->begin(), text->end()));
}

}  // namespace sekisho::gateway
