#pragma once
// Files is where configuration text comes from: the disk, or memory in tests and fuzzing.
#include "base/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::config {

class Files {
public:
    virtual ~Files() = default;
    // read gives the whole file. Errors: Errc::not_found, denied, too_large above `bytes_max`.
    virtual Result<std::string> read(const std::string& path, std::size_t bytes_max) const = 0;
    // glob lists the regular files that match, sorted by name; `*` and `?` in the last part of the path only.
    virtual std::vector<std::string> glob(const std::string& pattern) const = 0;
};

class DiskFiles final : public Files {
public:
    Result<std::string> read(const std::string& path, std::size_t bytes_max) const override;
    std::vector<std::string> glob(const std::string& pattern) const override;
};

class MemoryFiles final : public Files {
public:
    MemoryFiles& put(std::string path, std::string text);
    Result<std::string> read(const std::string& path, std::size_t bytes_max) const override;
    std::vector<std::string> glob(const std::string& pattern) const override;

private:
    std::map<std::string, std::string> texts_;
};

// glob_matches: `*` is any run of characters but '/', `?` any one of them; a leading dot is never matched by
// either.
bool glob_matches(std::string_view pattern, std::string_view name) noexcept;
// resolve_path joins a relative path to a folder; an absolute one stays.
std::string resolve_path(std::string_view folder, std::string_view path);
std::string folder_of(std::string_view path);
// has_end_marker: the last line that is neither blank nor a comment is YAML's "..." (R14).
bool has_end_marker(std::string_view text) noexcept;

}  // namespace sekisho::config
