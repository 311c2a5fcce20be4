#pragma once
// Plain files read and written in pieces, every failure with its file's name.
#include "base/bytes.hpp"
#include "base/result.hpp"
#include "gateway/net/descriptor_io.hpp"

#include <filesystem>
#include <functional>

namespace sekisho::gateway {

// Errors of all: Errc::unavailable with the system's words (Errc::not_found and Errc::exists where they fit).
Result<UniqueFd> open_to_read(const std::filesystem::path& path);
Result<UniqueFd> create_new(const std::filesystem::path& path);  // mode 0600
Result<std::uint64_t> size_of(const UniqueFd& file);
// each_piece gives `count` bytes from `at` on, at most 1 MiB at a time, until `take` fails.
Result<> each_piece(const UniqueFd& file, std::uint64_t at, std::uint64_t count,
                    const std::function<Result<>(ByteView)>& take);
// last_whole: how many of the first `size` bytes end with `mark`; what follows it is still being written.
Result<std::uint64_t> last_whole(const UniqueFd& file, std::uint64_t size, std::string_view mark);
Result<> write_whole(int output, ByteView bytes);
Result<> sync(const UniqueFd& file, const std::filesystem::path& path);
Result<> sync_folders(const std::vector<std::filesystem::path>& folders);

}  // namespace sekisho::gateway
