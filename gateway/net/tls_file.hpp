#pragma once
// ChangingFile is a file somebody else replaces from time to time; it is read again when it did change.
#include "base/bytes.hpp"
#include "base/crypto.hpp"
#include "base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace sekisho::gateway {

class ChangingFile {
public:
    ChangingFile(std::string path, std::size_t bytes_max) : path_(std::move(path)), bytes_max_(bytes_max) {}
    const std::string& path() const noexcept { return path_; }

    // read_if_changed gives the whole file when it is another one than last time, else nothing.
    // Errors: Errc::not_found or too_large; said once, until the file changes again.
    Result<std::optional<Bytes>> read_if_changed();

private:
    struct Stamp {
        std::filesystem::file_time_type written{};
        std::uintmax_t bytes = 0;
        bool exists = false;
        friend bool operator==(const Stamp&, const Stamp&) = default;
    };
    Stamp stamp() const;
    std::string path_;
    std::size_t bytes_max_;
    std::optional<Stamp> seen_;
    Digest read_{};
};

}  // namespace sekisho::gateway
